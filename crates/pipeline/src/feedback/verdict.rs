//! What an analyst may say of a flow.

use std::fmt;

use nta_data::{LabelMatch, LabelRole};

/// The column that holds it.
pub(crate) const VERDICT: &str = "verdict";

/// The words that are understood.
pub(super) const WORDS: &str = "`false_alarm`, `benign`, `attack`, `attack:FAMILY`, or `withdrawn` to take one back";

/// A verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was flagged, and should not have been.
    FalseAlarm,
    Benign,
    /// An attack, of a family where that is known.
    Attack(Option<String>),
    /// What was said before holds no more.
    Withdrawn,
}

/// The label of a flow whose verdict was taken back; such flows are left out of training.
const WITHDRAWN: &str = "withdrawn";

impl Verdict {
    /// Without regard to case; spaces and hyphens stand for `_`.
    pub(crate) fn parse(text: &str) -> Result<Verdict, String> {
        let word = text.trim().to_lowercase().replace([' ', '-'], "_");
        match word.as_str() {
            "false_alarm" | "false_positive" => return Ok(Verdict::FalseAlarm),
            "benign" => return Ok(Verdict::Benign),
            "attack" => return Ok(Verdict::Attack(None)),
            WITHDRAWN => return Ok(Verdict::Withdrawn),
            _ => {}
        }
        let family = text.trim().split_once(':').filter(|(attack, _)| attack.trim().eq_ignore_ascii_case("attack"));
        match family.map(|(_, family)| family.trim()) {
            Some(family) if !family.is_empty() => Ok(Verdict::Attack(Some(family.to_owned()))),
            _ => Err(format!("`{text}` is no verdict; say {WORDS}")),
        }
    }

    /// The label of the flow in training.
    pub(super) fn label(&self) -> &str {
        match self {
            Verdict::FalseAlarm | Verdict::Benign => "benign",
            Verdict::Attack(family) => family.as_deref().unwrap_or("attack"),
            Verdict::Withdrawn => WITHDRAWN,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::FalseAlarm => f.write_str("false_alarm"),
            Verdict::Benign => f.write_str("benign"),
            Verdict::Attack(None) => f.write_str("attack"),
            Verdict::Attack(Some(family)) => write!(f, "attack:{family}"),
            Verdict::Withdrawn => f.write_str(WITHDRAWN),
        }
    }
}

/// How a column of verdicts, or of labels made from them, is read: flows that are no attack are called benign there.
pub(super) fn role(column: &str) -> LabelRole {
    let benign = ["benign", "false_alarm", "false alarm", "false-alarm", "false_positive"].map(str::to_owned).to_vec();
    let matching = LabelMatch::Whole;
    LabelRole { column: column.to_owned(), benign, attack: Vec::new(), ignore: Vec::new(), matching }
}

/// The same for labels that are learned: flows whose verdict was taken back are left out.
pub(super) fn learned_role(column: &str) -> LabelRole {
    LabelRole { ignore: vec![WITHDRAWN.to_owned()], ..role(column) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_one_of_few_words() {
        for text in ["false_alarm", "False alarm", "false-positive"] {
            assert_eq!(Verdict::parse(text), Ok(Verdict::FalseAlarm));
        }
        let scan = Verdict::parse(" attack: Port Scan ").unwrap();
        assert_eq!((scan.to_string().as_str(), scan.label()), ("attack:Port Scan", "Port Scan"));
        assert_eq!(Verdict::parse("attack").map(|v| v.label().to_owned()), Ok("attack".to_owned()));
        for text in ["", "fp", "attack:", "atack"] {
            assert!(Verdict::parse(text).unwrap_err().contains("is no verdict"), "{text}");
        }
    }
}
