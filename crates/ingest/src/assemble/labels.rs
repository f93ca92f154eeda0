//! What a label cell says: benign, attack, left out, or something the schema does not know.

use nta_data::{LabelMatch, LabelRole};

use crate::assemble::label_words::{is_benign, says_no_label};

/// The lists of a label role, ready for comparison.
#[derive(Debug, Clone)]
pub(crate) struct LabelRule {
    benign: Vec<Listed>,
    attack: Vec<Listed>,
    ignore: Vec<Listed>,
    matching: LabelMatch,
}

#[derive(Debug, Clone)]
struct Listed {
    written: String,
    canonical: String,
}

/// What one label says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Benign,
    Attack,
    Ignored,
    /// A placeholder, or nothing.
    Unlabelled,
    Unknown,
    /// Matches a benign and an attack value.
    Ambiguous {
        benign: String,
        attack: String,
    },
}

impl LabelRule {
    /// The rule of `role`.
    pub(crate) fn new(role: &LabelRole) -> Self {
        let list = |values: &[String]| -> Vec<Listed> {
            let listed = |v: &String| Listed { written: v.clone(), canonical: canonical(v, role.matching) };
            values.iter().map(listed).collect()
        };
        let (benign, attack, ignore) = (list(&role.benign), list(&role.attack), list(&role.ignore));
        LabelRule { benign, attack, ignore, matching: role.matching }
    }

    /// What the cell `text` says.
    pub(crate) fn judge(&self, text: &str) -> Verdict {
        let cell = canonical(text, self.matching);
        let find = |list: &[Listed]| {
            let hit = |l: &&Listed| match self.matching {
                // Listed nothing, or `-`, stands in every cell.
                LabelMatch::Contains if !says_no_label(&l.written) => cell.contains(&l.canonical),
                _ => l.canonical == cell,
            };
            list.iter().find(hit).map(|l| l.written.clone())
        };
        if find(&self.ignore).is_some() {
            return Verdict::Ignored;
        }
        match (find(&self.benign), find(&self.attack)) {
            (Some(benign), Some(attack)) => Verdict::Ambiguous { benign, attack },
            (Some(_), None) => Verdict::Benign,
            (None, Some(_)) => Verdict::Attack,
            (None, None) if says_no_label(text) => Verdict::Unlabelled,
            (None, None) if self.attack.is_empty() => Verdict::Attack,
            (None, None) => Verdict::Unknown,
        }
    }

    /// How a label that is given from outside the file is spelled in this rule: a usual word for benign traffic that no
    /// list holds is the first one listed as benign.
    pub(crate) fn spelled(&self, given: &str) -> String {
        let is_listed = |list: &[Listed]| list.iter().any(|l| l.canonical == canonical(given, self.matching));
        let benign = self.benign.first().filter(|_| is_benign(given));
        match benign {
            Some(benign) if ![&self.benign, &self.attack, &self.ignore].into_iter().any(|l| is_listed(l)) => {
                benign.written.clone()
            }
            _ => given.to_owned(),
        }
    }

    /// The family that a label names when no column does: the label, without KDD99's trailing dot.
    pub(crate) fn family<'t>(&self, text: &'t str) -> &'t str {
        match self.matching {
            LabelMatch::Whole => text.strip_suffix('.').unwrap_or(text),
            LabelMatch::Contains => text,
        }
    }

    /// The known values, for messages.
    pub(crate) fn known(&self) -> String {
        let list = |name: &str, values: &[Listed]| {
            let values: Vec<&str> = values.iter().map(|l| l.written.as_str()).collect();
            (!values.is_empty()).then(|| format!("{name}: {}", values.join(", ")))
        };
        let lists = [("benign", &self.benign), ("attack", &self.attack), ("ignore", &self.ignore)];
        lists.iter().filter_map(|(name, values)| list(name, values)).collect::<Vec<_>>().join("; ")
    }
}

/// The role with other values that mean benign; they leave the lists of attacks and of ignored labels.
pub fn with_benign(role: &LabelRole, benign: &[String]) -> LabelRole {
    let stands_in_benign =
        |v: &String| benign.iter().any(|b| canonical(b, role.matching) == canonical(v, role.matching));
    let mut changed = role.clone();
    changed.benign = benign.to_vec();
    changed.attack.retain(|v| !stands_in_benign(v));
    changed.ignore.retain(|v| !stands_in_benign(v));
    changed
}

/// Trimmed and lower-cased; as a whole also without a trailing dot, `1.0` as `1`, `true` as `1` and `false` as `0`.
fn canonical(text: &str, matching: LabelMatch) -> String {
    let lower = text.trim().to_lowercase();
    if matching == LabelMatch::Contains {
        return lower;
    }
    let bare = lower.strip_suffix('.').unwrap_or(&lower);
    match bare {
        "true" => "1".to_owned(),
        "false" => "0".to_owned(),
        _ => match bare.parse::<f64>() {
            Ok(value) if value.fract() == 0.0 && value.abs() < 9e15 => (value as i64).to_string(),
            _ => bare.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(yaml: &str, benign: &[&str]) -> LabelRule {
        let role: LabelRole = serde_saphyr::from_str(yaml).unwrap();
        let benign: Vec<String> = benign.iter().map(|b| (*b).to_owned()).collect();
        LabelRule::new(&if benign.is_empty() { role } else { with_benign(&role, &benign) })
    }

    #[test]
    fn numbers_text_and_flags_are_the_same_labels_however_written() {
        let rule = rule("{ column: label, benign: ['0', normal], attack: ['1', anomaly] }", &[]);
        for text in ["0", "0.0", "false", " FALSE ", "Normal", "normal."] {
            assert_eq!(rule.judge(text), Verdict::Benign, "{text}");
        }
        for text in ["1", "1.0", "True", "Anomaly"] {
            assert_eq!(rule.judge(text), Verdict::Attack, "{text}");
        }
        assert_eq!(rule.judge("neptune"), Verdict::Unknown);
        assert_eq!(rule.known(), "benign: 0, normal; attack: 1, anomaly");
    }

    #[test]
    fn without_a_list_of_attacks_all_else_is_one() {
        let rule = rule("{ column: label, benign: [normal], ignore: [unknown] }", &[]);
        assert_eq!(rule.judge("smurf."), Verdict::Attack);
        assert_eq!(rule.judge("Unknown"), Verdict::Ignored);
        assert_eq!(rule.family("smurf."), "smurf");
    }

    #[test]
    fn parts_of_a_label_decide_where_the_schema_says_so() {
        let yaml = "{ column: Label, match: contains, benign: [Background, Normal], attack: [Botnet] }";
        let rule = rule(yaml, &[]);
        assert_eq!(rule.judge("flow=From-Botnet-V48-TCP"), Verdict::Attack);
        assert_eq!(rule.judge("flow=To-Background-UDP"), Verdict::Benign);
        assert_eq!(rule.judge("flow=Malware-TCP"), Verdict::Unknown);
        let both = Verdict::Ambiguous { benign: "Normal".to_owned(), attack: "Botnet".to_owned() };
        assert_eq!(rule.judge("From-Normal-Botnet"), both);
    }

    #[test]
    fn a_placeholder_is_no_label_unless_the_schema_lists_it() {
        let open = rule("{ column: l, benign: [normal] }", &[]);
        for text in ["", "-", "NeedManualLabel", "No Label", "nan"] {
            assert_eq!(open.judge(text), Verdict::Unlabelled, "{text}");
        }
        let dash = rule("{ column: l, benign: ['-', ''] }", &[]);
        assert_eq!(
            [dash.judge("-"), dash.judge(""), dash.judge("None")].map(|v| v == Verdict::Benign),
            [true, true, false]
        );
        let parts = rule("{ column: l, match: contains, benign: ['-'], ignore: [''], attack: [Botnet] }", &[]);
        assert_eq!(parts.judge("From-Botnet"), Verdict::Attack);
        assert_eq!((parts.judge("-"), parts.judge("")), (Verdict::Benign, Verdict::Ignored));
    }

    #[test]
    fn a_label_from_outside_is_spelled_as_the_schema_spells_it() {
        let rule = rule("{ column: l, benign: [BENIGN], ignore: [background] }", &[]);
        let spelled = ["normal", "benign", "Background", "mirai"].map(|l| rule.spelled(l));
        assert_eq!(spelled, ["BENIGN", "benign", "Background", "mirai"]);
    }

    #[test]
    fn benign_given_by_the_user_takes_the_place_of_the_schemas() {
        let rule = rule("{ column: l, benign: [a], attack: [b, c] }", &["b"]);
        assert_eq!(rule.judge("b"), Verdict::Benign);
        assert_eq!(rule.judge("a"), Verdict::Unknown);
        assert_eq!(rule.judge("c"), Verdict::Attack);
    }
}
