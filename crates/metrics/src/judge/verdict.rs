//! Whether the hybrid pays, said plainly.

use super::member::MemberEvaluation;
use crate::Named;
use crate::percent::percent;

/// Differences below this are none.
const MARGIN: f64 = 0.001;

/// One measure of hybrid and best member.
struct Contest<'a> {
    hybrid: f64,
    member: f64,
    name: &'a str,
}

impl Contest<'_> {
    fn gain(&self) -> f64 {
        let gain = self.hybrid - self.member;
        // A hair's breadth of tolerance: 0.998 - 0.997 comes out as 0.0010000000000000009.
        if gain.abs() < MARGIN - 1e-12 { 0.0 } else { gain }
    }
}

/// Compares `hybrid` with the best of the other members in average precision, in recall at each one's own threshold,
/// and in detection rate at 1 % false positives.
pub(crate) fn verdict(members: &Named<MemberEvaluation>, hybrid: &str) -> String {
    let Some(fused) = members.get(hybrid) else { return "There is no hybrid to compare.".to_owned() };
    let others: Vec<(&str, &MemberEvaluation)> = members.iter().filter(|(name, _)| *name != hybrid).collect();
    if others.is_empty() {
        return "There is no member to compare the hybrid with.".to_owned();
    }
    let contest = |value: &dyn Fn(&MemberEvaluation) -> Option<f64>| best(fused, &others, value);
    let precision = contest(&|m| m.average_precision);
    let recall = contest(&|m| m.at_budget.recall);
    let ranking = contest(&|m| m.detection_rate_at_fpr_0_01);
    let (Some(precision), Some(recall)) = (precision, recall) else {
        return "The test part has no attack: nothing can be said about the hybrid.".to_owned();
    };
    let rate = |name: &str| members.get(name).and_then(|m| m.at_budget.fpr);
    let alarms = Alarms { hybrid: rate(hybrid), member: rate(recall.name) };
    let mut sentence = headline(&precision, &recall, &alarms);
    sentence += &format!(
        ": average precision {:.4} against {:.4} ({}); at its own threshold it flags {} of attacks{} where {} flags {}{}",
        precision.hybrid,
        precision.member,
        precision.name,
        percent(recall.hybrid),
        at_rate(alarms.hybrid),
        recall.name,
        percent(recall.member),
        at_rate(alarms.member),
    );
    if let Some(ranking) = ranking {
        let (ours, theirs) = (percent(ranking.hybrid), percent(ranking.member));
        sentence += &format!("; detection rate at 1 % false positives {ours} against {theirs} ({})", ranking.name);
    }
    sentence + "."
}

/// False positive rates at the thresholds compared.
struct Alarms {
    hybrid: Option<f64>,
    member: Option<f64>,
}

impl Alarms {
    /// Whether the hybrid's recall is bought with more false alarms than the member's.
    fn dearer(&self) -> bool {
        matches!((self.hybrid, self.member), (Some(ours), Some(theirs)) if ours > theirs * 1.1 + 1e-4)
    }
}

fn headline(precision: &Contest<'_>, recall: &Contest<'_>, alarms: &Alarms) -> String {
    let (area, caught) = (precision.gain(), recall.gain());
    let text = match (area.total_cmp(&0.0), caught.total_cmp(&0.0)) {
        (std::cmp::Ordering::Greater, std::cmp::Ordering::Greater) if alarms.dearer() => {
            "The hybrid ranks better than its best member, and flags more attacks at more false alarms"
        }
        (std::cmp::Ordering::Greater, std::cmp::Ordering::Greater) => "The hybrid pays",
        (std::cmp::Ordering::Greater, std::cmp::Ordering::Equal) => {
            "The hybrid ranks better than its best member, but flags no more attacks"
        }
        (std::cmp::Ordering::Equal, std::cmp::Ordering::Greater) => {
            "The hybrid ranks no better than its best member, but flags more attacks"
        }
        (std::cmp::Ordering::Greater, std::cmp::Ordering::Less) => {
            "The hybrid ranks better than its best member, but flags fewer attacks"
        }
        (std::cmp::Ordering::Less, std::cmp::Ordering::Greater) => {
            "The hybrid ranks worse than its best member, but flags more attacks"
        }
        (std::cmp::Ordering::Equal, std::cmp::Ordering::Equal) => "The hybrid does not pay, it equals its best member",
        _ => "The hybrid does not pay",
    };
    let dearer = alarms.dearer() && caught > 0.0 && area <= 0.0;
    if dearer { format!("{text} at more false alarms") } else { text.to_owned() }
}

fn at_rate(rate: Option<f64>) -> String {
    rate.map_or_else(String::new, |rate| format!(" at {} false alarms", percent(rate)))
}

/// The hybrid's value and the highest of the others', the first of equals.
fn best<'a>(
    hybrid: &MemberEvaluation,
    others: &[(&'a str, &MemberEvaluation)],
    value: &dyn Fn(&MemberEvaluation) -> Option<f64>,
) -> Option<Contest<'a>> {
    let mut found: Option<Contest<'a>> = None;
    for (name, member) in others {
        let theirs = value(member)?;
        if found.as_ref().is_none_or(|best| theirs > best.member) {
            found = Some(Contest { hybrid: value(hybrid)?, member: theirs, name });
        }
    }
    found
}
#[cfg(test)]
mod tests {
    use super::*;

    fn headline_of(area: (f64, f64), caught: (f64, f64), rates: (f64, f64)) -> String {
        let contest = |(hybrid, member)| Contest { hybrid, member, name: "forest" };
        let alarms = Alarms { hybrid: Some(rates.0), member: Some(rates.1) };
        headline(&contest(area), &contest(caught), &alarms)
    }

    #[test]
    fn a_hybrid_that_does_not_pay_is_told_so() {
        assert_eq!(headline_of((0.99, 0.98), (0.9, 0.8), (0.01, 0.01)), "The hybrid pays");
        assert_eq!(headline_of((0.975, 0.99), (0.7, 0.8), (0.01, 0.01)), "The hybrid does not pay");
        let equal = headline_of((0.9905, 0.99), (0.8, 0.8005), (0.01, 0.01));
        assert_eq!(equal, "The hybrid does not pay, it equals its best member");
        assert_eq!(headline_of((0.97, 0.99), (0.8, 0.8), (0.01, 0.01)), "The hybrid does not pay");
        let areas_alone = headline_of((0.9871, 0.9836), (0.9, 0.91), (0.01, 0.01));
        assert_eq!(areas_alone, "The hybrid ranks better than its best member, but flags fewer attacks");
    }

    #[test]
    fn recall_bought_with_false_alarms_is_called_that() {
        let dear = headline_of((0.99, 0.98), (0.9, 0.8), (0.05, 0.01));
        assert_eq!(dear, "The hybrid ranks better than its best member, and flags more attacks at more false alarms");
        let dear = headline_of((0.97, 0.98), (0.9, 0.8), (0.05, 0.01));
        assert_eq!(dear, "The hybrid ranks worse than its best member, but flags more attacks at more false alarms");
    }
}
