//! A share of flows as alerts a day: what a team can look at is counted in those.

const DAY: f64 = 86_400e6;
/// Traffic over less than this says little of a day, in microseconds.
const LEAST: i64 = 3_600_000_000;

/// Flows a day, of `rows` flows that began from `first` until `last` (microseconds); `None` where that is less than an hour.
pub fn flows_per_day(rows: u64, first: i64, last: i64) -> Option<f64> {
    let span = last.saturating_sub(first);
    (span >= LEAST && rows > 1).then(|| rows as f64 * DAY / span as f64)
}

/// Share of alerts that are right, where `attack_share` of flows are attacks, of which `recall` raise one, as `false_positive_rate` of
/// the others do; `None` where there is no alert.
pub fn implied_precision(recall: f64, false_positive_rate: f64, attack_share: f64) -> Option<f64> {
    let (right, wrong) = (recall * attack_share, false_positive_rate * (1.0 - attack_share));
    (right + wrong > 0.0).then(|| right / (right + wrong))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_attacks_drown_in_few_false_alarms() {
        // One flow in 1,000 an attack, all found, 1 % false alarms: 1 of 10.99 alerts is right.
        let found = implied_precision(1.0, 0.01, 0.001).unwrap();
        assert!((found - 1.0 / 10.99).abs() < 1e-9, "{found}");
        assert_eq!(implied_precision(0.5, 0.0, 0.1), Some(1.0));
        assert_eq!(implied_precision(0.0, 0.0, 0.1), None);
    }

    #[test]
    fn a_day_is_told_from_an_hour_on() {
        assert_eq!(flows_per_day(1_000, 0, 43_200_000_000), Some(2_000.0));
        assert_eq!(flows_per_day(1_000, 0, 3_599_000_000), None);
        assert_eq!(flows_per_day(1_000, 7, i64::MIN), None);
    }
}
