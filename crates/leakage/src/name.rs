//! What a column's name speaks of.

/// Words of names for what is known after the fact.
const JUDGEMENTS: [&str; 33] = [
    "label",
    "labels",
    "class",
    "target",
    "truth",
    "attack",
    "attacks",
    "malicious",
    "malware",
    "anomaly",
    "anomalous",
    "intrusion",
    "alert",
    "alerts",
    "alarm",
    "severity",
    "priority",
    "risk",
    "threat",
    "verdict",
    "category",
    "cat",
    "family",
    "signature",
    "detection",
    "detected",
    "score",
    "prediction",
    "predicted",
    "incident",
    "ticket",
    "infected",
    "suspicious",
];

/// Words of names for what is measured of a flow.
const MEASUREMENTS: [&str; 36] = [
    "byte", "bytes", "byts", "octets", "packet", "packets", "pkt", "pkts", "duration", "dur", "length", "len", "size",
    "rate", "load", "port", "sport", "dport", "ttl", "win", "window", "iat", "mean", "std", "avg", "min", "max", "sum",
    "var", "flags", "jitter", "jit", "loss", "rtt", "seconds", "entropy",
];

/// Whether the name speaks of what is known after the fact.
pub(crate) fn says_judgement(name: &str) -> bool {
    words(name).iter().any(|word| JUDGEMENTS.contains(&word.as_str()))
}

/// Whether the name speaks of a measurement. Such a column is taken at its word where its numbers look dealt out or counted:
/// a file sorted by it, or a sparse one, does that to durations and sizes.
pub(crate) fn says_measurement(name: &str) -> bool {
    words(name).iter().any(|word| MEASUREMENTS.contains(&word.as_str()))
}

/// The words of a name in lower case: `AttackType`, `attack_type` and `Attack Type` are two words each.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        let begins = !c.is_alphanumeric() || (c.is_uppercase() && was_lower);
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_words() {
        assert_eq!(words("AttackType"), ["attack", "type"]);
        assert_eq!(words("detailed-label"), ["detailed", "label"]);
        assert_eq!(words("Fwd IAT Std"), ["fwd", "iat", "std"]);
        assert!(!says_judgement("classification_port") && says_judgement("attack_cat"));
        assert!(says_measurement("Flow Duration") && says_measurement("TotBytes") && !says_measurement("pkSeqID"));
    }
}
