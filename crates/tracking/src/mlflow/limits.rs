//! What an MLflow server takes: names of metrics, lengths of values. It cuts longer ones without a word, so they are cut
//! here and say so.

use sha2::{Digest, Sha256};

/// Metrics in one batch; a batch of all kinds holds no more.
pub(crate) const METRICS_A_BATCH: usize = 1_000;
/// Metrics of a model in one batch: of more, MLflow 3.17 refuses a second time what it holds (`_log_model_metrics` looks
/// for a hundred names at a time and adds all others again).
pub(crate) const MODEL_METRICS_A_BATCH: usize = 100;
/// Params in one batch, and tags.
pub(crate) const PAIRS_A_BATCH: usize = 100;
/// A request holds at most a megabyte; this leaves room around the entries.
pub(crate) const BYTES_A_BATCH: usize = 900_000;
const LONGEST_KEY: usize = 250;
const LONGEST_PARAM: usize = 6_000;
const LONGEST_TAG: usize = 8_000;
const LONGEST_DIGEST: usize = 36;
const LONGEST_DATASET: usize = 500;

/// A metric's or param's name as the server takes it: letters, digits and `_-. :/`, no empty or dotted step, at most 250.
/// One that had to change ends in eight digits of its SHA-256, so that two names stay two.
pub(crate) fn key(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-. :/".contains(c);
    let steps = name.split('/').map(|step| match step {
        "" | "." | ".." => "_".to_owned(),
        step => step.chars().map(|c| if fits(c) { c } else { '_' }).collect(),
    });
    let clean = steps.collect::<Vec<String>>().join("/");
    if clean == name && clean.len() <= LONGEST_KEY {
        return clean;
    }
    let digest = Sha256::digest(name.as_bytes());
    let mark: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    // ASCII by now: any byte is a border.
    format!("{}-{mark}", &clean[..clean.len().min(LONGEST_KEY - 9)])
}

pub(crate) fn param(value: &str) -> String {
    cut(value, LONGEST_PARAM)
}

pub(crate) fn tag(value: &str) -> String {
    cut(value, LONGEST_TAG)
}

pub(crate) fn dataset_name(name: &str) -> String {
    cut(name, LONGEST_DATASET)
}

/// The beginning of a digest: 36 digits are all that a dataset's holds.
pub(crate) fn digest(digest: &str) -> &str {
    let end = digest.char_indices().nth(LONGEST_DIGEST).map_or(digest.len(), |(at, _)| at);
    &digest[..end]
}

fn cut(text: &str, most: usize) -> String {
    let n_chars = text.chars().count();
    if n_chars <= most {
        return text.to_owned();
    }
    let mark = format!(" … (cut, {n_chars} characters in the run's folder)");
    text.chars().take(most - mark.chars().count()).chain(mark.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_fit_stay_and_others_stay_apart() {
        for good in ["test/hybrid/roc_auc", "a b", "x:y", "families.guess-passwd"] {
            assert_eq!(key(good), good);
        }
        for bad in ["a%b", "a@b", "", "/a", "a//b", "a/../b", "./a", "tést", "a/", &"x".repeat(300)] {
            let made = key(bad);
            assert!(made.len() <= 250 && made.is_ascii() && key(&made) == made, "{bad}: {made}");
            assert!(!made.split('/').any(|step| matches!(step, "" | "." | "..")), "{made}");
        }
        assert_ne!(key("a%b"), key("a@b"));
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        let long = "ü".repeat(9_000);
        assert_eq!(param(&long).chars().count(), 6_000);
        assert!(
            tag(&long).chars().count() == 8_000 && tag(&long).ends_with("(cut, 9000 characters in the run's folder)")
        );
        assert_eq!(param("short"), "short");
        assert_eq!(digest(&"a".repeat(64)).len(), 36);
        assert_eq!(digest("short"), "short");
    }
}
