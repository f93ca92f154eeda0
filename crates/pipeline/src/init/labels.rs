//! Labels by the names of files, where no column holds them: one kind of traffic a file.

use std::path::{Path, PathBuf};

use super::target::name_of;

/// Words in the name of a file of benign flows.
const BENIGN: [&str; 5] = ["benign", "normal", "legit", "background", "clean"];

/// The label of each file, `benign` or what its name says. `None` unless some names say benign and some do not.
pub(super) fn by_name(files: &[PathBuf]) -> Option<Vec<String>> {
    let label = |file: &PathBuf| {
        let name = name_of(Path::new(file)).to_lowercase();
        if BENIGN.iter().any(|word| name.contains(word)) { "benign".to_owned() } else { name }
    };
    let labels: Vec<String> = files.iter().map(label).collect();
    let benign = labels.iter().filter(|label| *label == "benign").count();
    (benign > 0 && benign < labels.len()).then_some(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_only_where_both_kinds_are_named() {
        let labels = |names: &[&str]| by_name(&names.iter().map(PathBuf::from).collect::<Vec<_>>());
        let found = labels(&["d/Benign_Traffic.csv", "d/mirai.csv", "d/SYN-flood.csv.gz"]).unwrap();
        assert_eq!(found, ["benign", "mirai", "syn-flood"]);
        assert_eq!((labels(&["monday.csv", "tuesday.csv"]), labels(&["benign.csv"])), (None, None));
    }
}
