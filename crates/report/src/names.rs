//! Names of members in file names, and in words.

/// The name that stands in file names: `rf` for the forest, as users of the original know it; else the member's own,
/// with anything a file name should not hold replaced.
pub fn file_name(member: &str) -> String {
    match member {
        "forest" => "rf".into(),
        other => other.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect(),
    }
}

/// A member's name as people say it.
pub(crate) fn spoken(member: &str) -> String {
    match member {
        "lstm" => "LSTM".into(),
        other => other.replace('_', " "),
    }
}

/// `2 warnings`, `1 warning`.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", nta_plots::thousands(count), if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forest_is_rf_in_file_names_and_nothing_leaves_the_folder() {
        assert_eq!(file_name("forest"), "rf");
        assert_eq!(file_name("hybrid"), "hybrid");
        assert_eq!(file_name("../../etc/novelty v2"), "______etc_novelty_v2");
    }
}
