//! How the numbers of [`nta_metrics`]' list of metrics are written for people.

use nta_metrics::{Metric, Unit};

/// A metric's value in a table, or a dash where it is undefined.
pub(crate) fn cell(metric: &Metric, value: Option<f64>) -> String {
    value.map_or("–".into(), |value| write(metric.unit, value))
}

fn write(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Share => nta_plots::percent_in_column(value),
        Unit::Index | Unit::Nats => nta_plots::decimal(value),
        Unit::Score => nta_plots::threshold(value),
        Unit::Count => nta_plots::thousands(value as u64),
        Unit::YesNo => if value > 0.0 { "yes" } else { "no" }.into(),
    }
}

/// A difference of two values with its sign: `+0.0123`, `−2.30 pp`, `0`.
pub(crate) fn difference(metric: &Metric, difference: f64) -> String {
    let text = match metric.unit {
        Unit::Share => format!("{:.2} pp", difference.abs() * 100.0),
        Unit::Index | Unit::Nats => format!("{:.4}", difference.abs()),
        Unit::Score => nta_plots::threshold(difference.abs()),
        Unit::Count | Unit::YesNo => nta_plots::thousands(difference.abs() as u64),
    };
    if !text.contains(|c: char| c.is_ascii_digit() && c != '0') {
        return "0".into();
    }
    format!("{}{text}", if difference > 0.0 { '+' } else { '−' })
}

/// Whether tables of rates show it: counts stand in the confusion matrices.
pub(crate) fn is_no_count(metric: &Metric) -> bool {
    metric.unit != Unit::Count
}

#[cfg(test)]
mod tests {
    use nta_metrics::metric;

    use super::*;

    #[test]
    fn each_unit_has_its_way_of_writing() {
        let text = |name: &str, value: f64| cell(metric(name).unwrap(), Some(value));
        assert_eq!(text("recall", 0.5), "50.00\u{a0}%");
        assert_eq!([text("roc_auc", 0.5), text("log_loss", 1.25)], ["0.5000", "1.2500"]);
        assert_eq!([text("threshold", 0.000_213_44), text("fp", 1234.0)], ["0.0002134", "1,234"]);
        assert_eq!([text("promise.kept", 1.0), text("promise.kept", 0.0)], ["yes", "no"]);
        assert_eq!(cell(metric("f1").unwrap(), None), "–");
    }

    #[test]
    fn differences_carry_their_sign_and_unit() {
        let text = |name: &str, value: f64| difference(metric(name).unwrap(), value);
        assert_eq!(text("roc_auc", 0.01234), "+0.0123");
        assert_eq!(text("recall", -0.023), "−2.30 pp");
        assert_eq!(text("roc_auc", -0.000_01), "0");
        assert_eq!(text("fp", -1200.0), "−1,200");
    }
}
