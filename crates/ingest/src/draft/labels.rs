//! Guesses which column holds the truth, and which of its values mean benign.

use std::collections::BTreeSet;

use crate::assemble::label_words::{is_benign, says_no_label};
use crate::draft::label_names::{FAMILIES, LABELS, PERHAPS, names_a_flag, plain, speaks_of_truth};
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

/// So many values are few whatever the column; of more, each must come several times.
const FEW: usize = 100;

pub(crate) fn label(samples: &[Sample]) -> Option<LabelGuess> {
    let says = |s: &Sample| s.distinct.iter().any(|v| is_benign(v) && number(v, false) == Number::Bad);
    let column = named(samples, &LABELS, has_few_values)
        .or_else(|| named(samples, &PERHAPS, |s| has_few_values(s) && says(s)))
        .or_else(|| named(samples, &FAMILIES, |s| has_few_values(s) && says(s)))
        .or_else(|| speaking(samples, |s| says(s) && !is_flag(s)))
        .or_else(|| speaking(samples, |s| is_flag(s) && names_a_flag(&s.name)))
        .or_else(|| speaking(samples, |s| none_is_benign(s) && s.distinct.len() > 1))?;
    Some(of_column(column, &[]))
}

/// The labels of a column, dealt to the classes: by `benign` where that is given, else by what they say.
pub(crate) fn of_column(column: &Sample, benign: &[String]) -> LabelGuess {
    let says_nothing = |v: &String| says_no_label(v) && !(none_is_benign(column) && is_none(v));
    let (blanks, said): (Vec<String>, Vec<String>) = column.distinct.iter().cloned().partition(says_nothing);
    let shown: Vec<String> = said.iter().take(12).map(|v| format!("`{v}`")).collect();
    let mut found = shown.join(", ");
    if said.len() > shown.len() {
        found.push_str(&format!(" and {} more", said.len() - shown.len()));
    }
    let is_signed = is_signed(&column.distinct);
    if !benign.is_empty() {
        found.push_str("; what is benign was said");
    } else if is_signed {
        found.push_str("; 1 is taken for benign and what is negative for attacks");
    } else if none_is_benign(column) {
        found.push_str("; no word for benign is among them, and `none` is taken for it");
    }
    let is_said = |v: &String| benign.contains(v);
    let guessed = |v: &String| if is_signed { v == "1" } else { is_benign(v) || is_none(v) };
    let (mut known, attack): (Vec<String>, Vec<String>) =
        said.into_iter().partition(|v| if benign.is_empty() { guessed(v) } else { is_said(v) });
    // It may come later in the file.
    known.extend(benign.iter().filter(|v| !column.distinct.contains(*v)).cloned());
    let missing = (column.n_missing > 0).then(|| "an empty cell or `-`".to_owned());
    let blanks = blanks.iter().map(|b| format!("`{b}`")).chain(missing).collect();
    LabelGuess { column: column.name.clone(), benign: known, attack, found: found.replace('\n', " "), blanks }
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
    let other = || samples.iter().filter(|s| speaks_of_truth(&s.name) && is_text(s) && has_few_values(s));
    // The finest grain that is still a truth: one that says benign, in its own word or as `none`.
    let says_benign = |s: &&Sample| s.distinct.iter().any(|v| is_benign(v) || is_none(v));
    let finest = || other().filter(says_benign).rev().max_by_key(|s| s.distinct.len());
    named(samples, &FAMILIES, is_text).or_else(finest).map(|s| s.name.clone())
}

/// The column of the fewest values whose name speaks of the truth, among those that `fit`; the first of several.
fn speaking(samples: &[Sample], fits: impl Fn(&Sample) -> bool) -> Option<&Sample> {
    let speaks = |s: &&Sample| speaks_of_truth(&s.name) && has_few_values(s) && s.distinct.len() > 1 && fits(s);
    samples.iter().filter(speaks).min_by_key(|s| s.distinct.len())
}

fn is_flag(sample: &Sample) -> bool {
    let flags = |yes: &str, no: &str| sample.distinct.iter().map(|v| v.to_lowercase()).eq([no, yes].map(str::to_owned));
    flags("1", "0") || flags("true", "false")
}

fn is_none(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("none")
}

/// Whether `none` stands where no other value means benign: no attack, rather than no label.
fn none_is_benign(sample: &Sample) -> bool {
    sample.distinct.iter().any(|v| is_none(v)) && !sample.distinct.iter().any(|v| is_benign(v))
}

/// 1 for benign and negative numbers for attacks, as Kyoto 2006+ and one-class models write.
pub(super) fn is_signed(values: &BTreeSet<String>) -> bool {
    let is_negative = |v: &String| v.parse::<i32>().is_ok_and(|v| v < 0);
    (2..=4).contains(&values.len())
        && values.iter().all(|v| v == "1" || is_negative(v))
        && values.contains("-1")
        && values.contains("1")
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
    fn names_of_several_words_are_labels_by_their_values() {
        let grains = [
            sample("anomaly_alert", &["TRUE", "FALSE"]),
            sample("class1", &["Normal", "RDOS", "BruteForce"]),
            sample("class3", &["Normal", "Attack"]),
        ];
        let found = label(&grains).unwrap();
        assert_eq!((found.column.as_str(), found.benign.len(), found.attack.len()), ("class3", 1, 1));
        assert_eq!(family(&grains, Some(&found)).as_deref(), Some("class1"));
        let flagged = [sample("attack_t", &["none", "http_f"]), sample("attack_a", &["0", "1"])];
        let found = label(&flagged).unwrap();
        assert_eq!((found.column.as_str(), found.benign), ("attack_a", vec!["0".to_owned()]));
        assert_eq!(family(&flagged, Some(&flagged_label())).as_deref(), Some("attack_t"));
        let tactic = label(&[sample("label_tactic", &["none", "Discovery"])]).unwrap();
        assert_eq!((tactic.benign, tactic.blanks.len()), (vec!["none".to_owned()], 0));
        let traffic = label(&[sample("Traffic", &["normal", "DoS"]), sample("Target", &["0", "1"])]).unwrap();
        assert_eq!(traffic.column, "Traffic");
        assert!(label(&[sample("traffic", &["12", "40"]), sample("class_of_service", &["0", "8", "46"])]).is_none());
    }

    fn flagged_label() -> LabelGuess {
        label(&[sample("attack_a", &["0", "1"])]).unwrap()
    }

    #[test]
    fn signed_and_keyed_labels_are_dealt_to_the_classes() {
        let signed = label(&[sample("label", &["1", "-1", "-2"])]).unwrap();
        assert_eq!((signed.benign, signed.attack.len()), (vec!["1".to_owned()], 2));
        let keyed =
            label(&[sample("Label", &["flow=Background", "flow=From-Normal-V42", "flow=From-Botnet-Neris"])]).unwrap();
        assert_eq!((keyed.benign.len(), keyed.attack), (2, vec!["flow=From-Botnet-Neris".to_owned()]));
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
