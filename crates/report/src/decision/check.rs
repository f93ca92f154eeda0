//! A check of the promotion rule in words, for the page as for the terminal.

use nta_metrics::{Check, Checked};
use nta_plots::percent;
use serde::Serialize;

/// What was asked of a challenger, what was found, and what that had to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToldCheck {
    /// What was asked.
    pub words: String,
    /// What was found. A change of recall is below 0 where recall is lost.
    pub found: String,
    /// `above …`, `at least …` or `at most …`.
    pub limit: String,
    /// Whether it holds.
    pub passed: bool,
}

/// The check in words.
pub fn tell_check(checked: &Checked) -> ToldCheck {
    let limit = checked.limit;
    let (words, shown, limit): (String, fn(f64) -> String, String) = match &checked.check {
        Check::Gain => {
            ("gain in recall beyond chance, lower end".to_owned(), |x| format!("{x:+.3}"), format!("above {limit:+.3}"))
        }
        Check::McNemar => ("McNemar's mid-p value".to_owned(), p_value, format!("at most {limit}")),
        Check::OldTest => ("change of recall on the old test part".to_owned(), fall_as_change, at_least(limit)),
        Check::FreshFamily(name) => (format!("change of recall on {name}, fresh"), fall_as_change, at_least(limit)),
        Check::OldFamily(name) => (format!("change of recall on {name}, old"), fall_as_change, at_least(limit)),
        Check::Promise => {
            ("false positive rate in service, lower end".to_owned(), percent, format!("at most {}", percent(limit)))
        }
    };
    let found = checked.found.map_or_else(|| "too few attacks apart".to_owned(), shown);
    ToldCheck { words, found, limit, passed: checked.passed }
}

/// The rule measures what is lost, people read what has changed: a gain must not read as a loss of less than nothing.
fn fall_as_change(fall: f64) -> String {
    format!("{:+.3}", 0.0 - fall)
}

fn at_least(margin: f64) -> String {
    format!("at least {}", fall_as_change(margin))
}

pub(super) fn p_value(p: f64) -> String {
    if p < 1e-4 { "< 0.0001".to_owned() } else { format!("{p:.4}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_reads_as_a_gain() {
        let told = |check, found, limit| {
            let ToldCheck { words, found, limit, .. } =
                tell_check(&Checked { check, found: Some(found), limit, passed: true });
            format!("{words}: {found}, {limit}")
        };
        let scan = Check::FreshFamily("scan".to_owned());
        assert_eq!(told(scan, -0.228, 0.2), "change of recall on scan, fresh: +0.228, at least -0.200");
        assert_eq!(told(Check::OldTest, 0.0, 0.1), "change of recall on the old test part: +0.000, at least -0.100");
        assert_eq!(told(Check::Gain, 0.013, 0.02), "gain in recall beyond chance, lower end: +0.013, above +0.020");
        assert_eq!(told(Check::McNemar, 1e-9, 0.05), "McNemar's mid-p value: < 0.0001, at most 0.05");
    }
}
