//! Which words stand for no value: a short list for every kind of column, a long one where only a number can stand.

/// Whether a trimmed cell stands for no value in a column of any kind: empty, `-`, NaN, ±Infinity, and Zeek's
/// `(empty)`. Models were trained on texts by this list: a word that joins it takes a category from them.
pub(crate) fn is_missing(trimmed: &str) -> bool {
    match trimmed.as_bytes() {
        [] | [b'-'] => true,
        [first, ..] if first.is_ascii_digit() => false,
        _ => is_missing_word(trimmed),
    }
}

#[cold]
fn is_missing_word(trimmed: &str) -> bool {
    if trimmed == "(empty)" {
        return true;
    }
    let unsigned = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    ["nan", "inf", "infinity"].iter().any(|word| unsigned.eq_ignore_ascii_case(word))
}

/// What databases, spreadsheets, R, pandas and log shippers write for a value that is not there.
const WORDS: [&str; 38] = [
    "na",
    "n/a",
    "n.a.",
    "<na>",
    "#n/a",
    "#n/a n/a",
    "#na",
    "null",
    "(null)",
    "<null>",
    "#null!",
    "none",
    "(none)",
    "<none>",
    "nil",
    "<nil>",
    "(nil)",
    "?",
    "--",
    "---",
    ".",
    "empty",
    "missing",
    "undefined",
    "unset",
    "(unset)",
    "(undefined)",
    "\\n",
    "#div/0!",
    "#value!",
    "#num!",
    "#ref!",
    "#name?",
    "-1.#ind",
    "1.#ind",
    "-1.#qnan",
    "1.#qnan",
    "1.#inf",
];

/// Whether a trimmed cell of a column of numbers or times stands for no value: also by the usual words.
pub(crate) fn is_no_value(trimmed: &str) -> bool {
    is_missing(trimmed) || WORDS.iter().any(|word| trimmed.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_words_are_no_value_where_a_number_can_stand_and_texts_elsewhere() {
        for word in ["NA", "N/A", "null", "NULL", "None", "nil", "?", "empty", "\\N", "#N/A", "#DIV/0!", "<NA>", "--"] {
            assert!(is_no_value(word) && !is_missing(word), "{word}");
        }
        for word in ["", "-", "NaN", "-nan", "inf", "-Infinity", "(empty)"] {
            assert!(is_no_value(word) && is_missing(word), "{word}");
        }
        for word in ["0", "tcp", "none at all", "N"] {
            assert!(!is_no_value(word), "{word}");
        }
    }
}
