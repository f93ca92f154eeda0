//! Guesses which column holds the truth, and which of its values mean benign.

use crate::assemble::label_words::{is_benign, says_no_label};
use crate::draft::sample::Sample;
use crate::limits::MOST_LABELS;
use crate::values::number::{Number, number};

/// A label column, its values dealt to the classes.
#[derive(Debug, Clone)]
pub(crate) struct LabelGuess {
    pub(crate) column: String,
    pub(crate) benign: Vec<String>,
    pub(crate) attack: Vec<String>,
    /// The values found, in words.
    pub(crate) found: String,
    /// What stands where a label should, among the rows looked at.
    pub(crate) blanks: Vec<String>,
}

/// Names of label columns, lower case, without what is neither letter nor digit.
const LABELS: [&str; 25] = [
    "label",
    "labels",
    "class",
    "classlabel",
    "labelclass",
    "isattack",
    "attack",
    "attackflag",
    "attacklabel",
    "malicious",
    "ismalicious",
    "malware",
    "ismalware",
    "truth",
    "groundtruth",
    "anomaly",
    "isanomaly",
    "intrusion",
    "isintrusion",
    "binarylabel",
    "labelbinary",
    "trafficlabel",
    "trafficclass",
    "multilabel",
    "labelmulticlass",
];

/// Names that a label may have and other columns too: taken where a value is a word for benign.
const PERHAPS: [&str; 12] = [
    "target",
    "y",
    "outcome",
    "output",
    "type",
    "category",
    "traffictype",
    "trafficcategory",
    "activity",
    "verdict",
    "status",
    "tag",
];

/// Names of the column that holds the attack's kind. Without a label it is the label.
const FAMILIES: [&str; 21] = [
    "family",
    "attackcat",
    "attacktype",
    "attackcategory",
    "attackname",
    "attackclass",
    "attackfamily",
    "attack",
    "detailedlabel",
    "labeldetailed",
    "category",
    "subcategory",
    "threat",
    "threatname",
    "malwarefamily",
    "multilabel",
    "labelmulticlass",
    "traffictype",
    "trafficcategory",
    "type",
    "class",
];

/// So many values are few whatever the column; of more, each must come several times.
const FEW: usize = 100;

pub(crate) fn label(samples: &[Sample]) -> Option<LabelGuess> {
    let says = |s: &Sample| s.distinct.iter().any(|v| is_benign(v) && number(v, false) == Number::Bad);
    let column = named(samples, &LABELS, has_few_values)
        .or_else(|| named(samples, &PERHAPS, |s| has_few_values(s) && says(s)))
        .or_else(|| named(samples, &FAMILIES, |s| has_few_values(s) && says(s)))?;
    let (blanks, said): (Vec<String>, Vec<String>) = column.distinct.iter().cloned().partition(|v| says_no_label(v));
    let shown: Vec<String> = said.iter().take(12).map(|v| format!("`{v}`")).collect();
    let mut found = shown.join(", ");
    if said.len() > shown.len() {
        found.push_str(&format!(" and {} more", said.len() - shown.len()));
    }
    let (benign, attack) = said.into_iter().partition(|v| is_benign(v));
    let missing = (column.n_missing > 0).then(|| "an empty cell or `-`".to_owned());
    let blanks = blanks.iter().map(|b| format!("`{b}`")).chain(missing).collect();
    Some(LabelGuess { column: column.name.clone(), benign, attack, found: found.replace('\n', " "), blanks })
}

pub(crate) fn family(samples: &[Sample], label: Option<&LabelGuess>) -> Option<String> {
    let label = label?;
    let is_text = |s: &Sample| {
        label.column != s.name
            && s.distinct.len() <= MOST_LABELS
            && s.texts.iter().any(|t| number(t, false) == Number::Bad && !says_no_label(t))
            // `type` and `class` may be anything: only where benign is among them.
            && (!matches!(plain(&s.name).as_str(), "type" | "class") || s.distinct.iter().any(|v| is_benign(v)))
    };
    named(samples, &FAMILIES, is_text).map(|s| s.name.clone())
}

/// Whether a column is named as a label is and says nothing: every cell is a placeholder.
pub(crate) fn is_blank_label(sample: &Sample) -> bool {
    LABELS.contains(&plain(&sample.name).as_str()) && sample.distinct.iter().all(|v| says_no_label(v))
}

fn has_few_values(sample: &Sample) -> bool {
    let said = sample.distinct.iter().filter(|v| !says_no_label(v)).count();
    let repeats = || said * 4 <= sample.texts.len() && sample.texts.iter().any(|t| number(t, false) == Number::Bad);
    let has_fractions =
        || sample.texts.iter().any(|t| matches!(number(t, false), Number::Value(v) if v.fract() != 0.0));
    (1..=MOST_LABELS).contains(&said) && (said <= FEW || repeats()) && !has_fractions()
}

/// The column of the first name in `names` that `fits`.
fn named<'s>(samples: &'s [Sample], names: &[&str], fits: impl Fn(&Sample) -> bool) -> Option<&'s Sample> {
    names.iter().find_map(|name| samples.iter().find(|s| plain(&s.name) == **name && fits(s)))
}

/// `Attack Type`, `attack_type` and `attack-type` are one name.
pub(crate) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str, texts: &[&str]) -> Sample {
        let texts: Vec<String> = texts.iter().map(|t| (*t).to_owned()).collect();
        let distinct = texts.iter().cloned().collect();
        let rows = (0..texts.len() as u32).collect();
        Sample { name: name.to_owned(), n_missing: 0, texts, rows, is_time: false, is_duration: false, distinct }
    }

    #[test]
    fn labels_are_known_by_many_names_and_other_columns_are_not() {
        for (name, values) in [
            ("Ground Truth", ["0", "1"]),
            ("is_malware", ["0", "1"]),
            ("Attack Type", ["Normal", "scan"]),
            ("target", ["normal.", "smurf."]),
            ("traffic_category", ["Background", "Bruteforce"]),
        ] {
            let found = label(&[sample("type", &["a", "b"]), sample(name, &values)]).unwrap();
            assert_eq!(
                (found.column.as_str(), found.benign, found.attack),
                (name, vec![values[0].into()], vec![values[1].into()])
            );
        }
        assert!(label(&[sample("status", &["ok", "failed"]), sample("type", &["a", "b"])]).is_none());
    }

    #[test]
    fn hundreds_of_families_are_labels_where_they_come_again() {
        let families: Vec<String> = (0..151 * 5).map(|i| format!("family_{}", i % 151)).collect();
        let texts: Vec<&str> = families.iter().map(String::as_str).collect();
        assert_eq!(label(&[sample("label", &texts)]).unwrap().attack.len(), 151);
        let ids: Vec<String> = (0..400).map(|i| format!("id_{i}")).collect();
        assert!(label(&[sample("label", &ids.iter().map(String::as_str).collect::<Vec<_>>())]).is_none());
    }

    #[test]
    fn a_binary_label_keeps_its_kinds_beside_it() {
        let samples = [sample("Label", &["0", "1"]), sample("Attack", &["Benign", "DoS"])];
        let found = label(&samples).unwrap();
        assert_eq!((found.column.as_str(), family(&samples, Some(&found)).as_deref()), ("Label", Some("Attack")));
    }

    #[test]
    fn placeholders_are_no_values() {
        let found = label(&[sample("label", &["NeedManualLabel", "BENIGN", "x"])]).unwrap();
        assert_eq!(
            (found.benign, found.attack, found.blanks),
            (vec!["BENIGN".into()], vec!["x".into()], vec!["`NeedManualLabel`".into()])
        );
        let nothing = sample("Label", &["NeedManualLabel"]);
        assert!(is_blank_label(&nothing) && label(&[nothing]).is_none());
    }
}
