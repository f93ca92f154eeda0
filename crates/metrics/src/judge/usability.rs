//! Whether a detector can be used, in a word: recall counts for as much as its false alarms let it.

use super::promise::Promise;
use crate::percent::percent;
use crate::{ConfusionMatrix, INTERVAL_CONFIDENCE, clopper_pearson};

/// The budget that a detector without one is held to.
const USUAL_BUDGET: f64 = 0.01;

/// The grade, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    Useless,
    Weak,
    Usable,
    Strong,
}

impl Grade {
    /// Recall of half the attacks makes a detector usable, of nine in ten strong; a tenth is weak. Each of these takes a
    /// false positive rate within the budget; up to three times as much costs a grade, up to ten times two, and beyond
    /// nobody reads the alarms.
    fn of(recall: f64, excess: f64) -> Self {
        let by_recall = match recall {
            r if r >= 0.9 => Grade::Strong,
            r if r >= 0.5 => Grade::Usable,
            r if r >= 0.1 => Grade::Weak,
            _ => Grade::Useless,
        };
        let ladder = [Grade::Useless, Grade::Weak, Grade::Usable, Grade::Strong];
        let lost = match excess {
            e if e <= 1.0 => 0,
            e if e <= 3.0 => 1,
            e if e <= 10.0 => 2,
            _ => 3,
        };
        ladder[(by_recall as usize).saturating_sub(lost)]
    }

    fn word(self) -> &'static str {
        match self {
            Grade::Useless => "Useless",
            Grade::Weak => "Weak",
            Grade::Usable => "Usable",
            Grade::Strong => "Strong",
        }
    }
}

/// `Usable: it flags 61 % of attacks at 0.6 % false alarms, within the promised 1 %.` `None` where a class is missing.
pub(crate) fn usability(at_threshold: &ConfusionMatrix, promise: Option<&Promise>) -> Option<String> {
    let (recall, fpr) = (at_threshold.recall()?, at_threshold.fpr()?);
    let budget = promise.map_or(USUAL_BUDGET, |promise| promise.budget);
    // Within sampling error of the budget is within it.
    let low = clopper_pearson(at_threshold.fp, at_threshold.benign(), INTERVAL_CONFIDENCE).map_or(fpr, |i| i.low);
    let grade = Grade::of(recall, if low <= budget { 1.0 } else { fpr / budget });
    let of_budget = match (promise, fpr / budget) {
        (None, _) => String::new(),
        (Some(_), times) if times <= 1.0 => format!(", within the promised {}", percent(budget)),
        (Some(_), _) if low <= budget => format!(", the promised {} but for sampling error", percent(budget)),
        (Some(_), times) => format!(", {times:.1} times the promised {}", percent(budget)),
    };
    Some(format!(
        "{}: it flags {} of attacks at {} false alarms{of_budget}.",
        grade.word(),
        percent(recall),
        percent(fpr)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The word for recall and false positive rate on 10,000 flows of each class, held to 1 %.
    fn word(recall: f64, fpr: f64) -> String {
        let n = |share: f64| (share * 10_000.0).round() as u64;
        let matrix = ConfusionMatrix { tn: n(1.0 - fpr), fp: n(fpr), fn_: n(1.0 - recall), tp: n(recall) };
        usability(&matrix, None).unwrap().split(':').next().unwrap().to_owned()
    }

    #[test]
    fn seven_in_a_hundred_at_a_kept_budget_and_all_at_98_in_a_hundred_are_no_success() {
        assert_eq!(word(0.07, 0.004), "Useless");
        assert_eq!(word(1.0, 0.98), "Useless");
        assert_eq!([word(0.3, 0.004), word(0.6, 0.01), word(0.95, 0.009)], ["Weak", "Usable", "Strong"]);
        assert_eq!([word(0.95, 0.025), word(0.95, 0.08), word(0.95, 0.12)], ["Usable", "Weak", "Useless"]);
        assert_eq!(word(0.95, 0.0105), "Strong");
    }

    #[test]
    fn the_sentence_says_what_was_held_against_what() {
        let matrix = ConfusionMatrix { tn: 9_000, fp: 1_000, fn_: 100, tp: 900 };
        let promise = Promise {
            budget: 0.01,
            confidence: 0.95,
            observed_fpr: Some(0.1),
            kept: Some(false),
            false_alarms: 1_000,
            benign_rows: 10_000,
            interval: None,
            clustered: None,
        };
        let said = usability(&matrix, Some(&promise)).unwrap();
        assert!(said.starts_with("Weak: it flags") && said.contains("10.0 times the promised"), "{said}");
        assert_eq!(usability(&ConfusionMatrix { tn: 5, fp: 0, fn_: 0, tp: 0 }, None), None);
    }
}
