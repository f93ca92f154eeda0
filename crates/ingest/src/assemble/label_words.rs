//! The words of people and tools that stand where a label should: those that say nothing, and those for benign traffic.

/// Written where there is no label: the usual words for a missing value, and what flow meters write until a person has
/// looked (CICFlowMeter's `NeedManualLabel` and `No Label`).
const NO_LABEL: [&str; 17] = [
    "",
    "?",
    "na",
    "n/a",
    "#n/a",
    "<na>",
    "nan",
    "null",
    "none",
    "nil",
    "(empty)",
    "needmanuallabel",
    "needslabel",
    "nolabel",
    "notlabeled",
    "unlabeled",
    "unlabelled",
];

const BENIGN: [&str; 18] = [
    "benign",
    "normal",
    "background",
    "legitimate",
    "legit",
    "clean",
    "safe",
    "harmless",
    "good",
    "goodware",
    "nonattack",
    "noattack",
    "notattack",
    "nonmalicious",
    "notmalicious",
    "0",
    "false",
    "no",
];

/// What may follow such a word: `BenignTraffic`, `Normal_Flow`.
const NOUNS: [&str; 11] = [
    "traffic",
    "flow",
    "flows",
    "activity",
    "activities",
    "connection",
    "connections",
    "network",
    "data",
    "user",
    "final",
];

/// Whether a label says that there is none: empty, `-`, `NeedManualLabel`, `No Label`, the words for a missing value.
/// Without regard to case, spaces, `_` and `-`.
pub fn says_no_label(text: &str) -> bool {
    let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '_' | '-')).collect();
    NO_LABEL.contains(&bare.to_lowercase().trim())
}

/// Whether a label is a usual word for benign traffic: `BENIGN`, `normal.`, `Benign_Traffic`, `0`, and behind a key,
/// as Argus labels flows, `flow=Background-UDP` and `flow=From-Normal-V42`.
pub(crate) fn is_benign(text: &str) -> bool {
    if let Some((_, value)) = text.split_once('=') {
        let mut words = value.split('-').skip_while(|word| ["From", "To"].contains(word));
        return words.next().is_some_and(is_benign);
    }
    let bare: String = text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let word = NOUNS.iter().find_map(|noun| bare.strip_suffix(noun)).unwrap_or(&bare);
    BENIGN.contains(&word) || BENIGN.contains(&bare.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_labels() {
        for text in
            ["", "-", " ", "NeedManualLabel", "No Label", "no_label", "NaN", "None", "N/A", "?", "(empty)", "--"]
        {
            assert!(says_no_label(text), "{text}");
        }
        for text in ["0", "1", "Benign", "neptune", "nmap", "Nonstandard", "back", "inf"] {
            assert!(!says_no_label(text), "{text}");
        }
    }

    #[test]
    fn words_for_benign_traffic_are_known_however_written() {
        for text in ["BENIGN", "normal.", "BenignTraffic", "Benign_Traffic", "Benign_Final", "Background", "0", "FALSE"]
        {
            assert!(is_benign(text), "{text}");
        }
        for text in ["DDoS", "abnormal", "Infiltration", "1", "Attempted", "flow", ""] {
            assert!(!is_benign(text), "{text}");
        }
    }
}
