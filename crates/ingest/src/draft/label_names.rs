//! What the names of columns say about the truth.

/// Names of label columns, lower case, without what is neither letter nor digit.
pub(super) const LABELS: [&str; 25] = [
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
pub(super) const PERHAPS: [&str; 12] = [
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
pub(super) const FAMILIES: [&str; 21] = [
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

/// Words of a name that speak of the truth, with others beside them: `class3`, `attack_a`, `label_tactic`, `Traffic`.
const WORDS: [&str; 12] = [
    "label",
    "class",
    "attack",
    "truth",
    "target",
    "threat",
    "malicious",
    "intrusion",
    "anomaly",
    "traffic",
    "tactic",
    "scenario",
];

/// Those of them that name a flag of 0 and 1, or true and false.
const OF_FLAGS: [&str; 8] = ["label", "attack", "truth", "target", "threat", "malicious", "intrusion", "anomaly"];

/// Whether a word of the name speaks of the truth, whatever stands beside it.
pub(super) fn speaks_of_truth(name: &str) -> bool {
    has_word(name, &WORDS)
}

/// The same, where the values say no more than yes and no.
pub(super) fn names_a_flag(name: &str) -> bool {
    has_word(name, &OF_FLAGS)
}

fn has_word(name: &str, known: &[&str]) -> bool {
    let mut words = name.split(|c: char| !c.is_alphabetic()).map(str::to_lowercase);
    words.any(|word| known.contains(&word.as_str()))
}

/// `Attack Type`, `attack_type` and `attack-type` are one name.
pub(crate) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
}
