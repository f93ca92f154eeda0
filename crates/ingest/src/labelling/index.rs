//! Labels by key and time, in memory: 32 bytes a row of the table, whatever its columns.

use crate::error::{IngestError, Position};

/// Most rows of a table of labels: 3.2 GB of memory.
pub(crate) const MOST_ROWS: usize = 100_000_000;

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) key: u64,
    /// Microseconds since 1970; 0 where the key needs no time.
    pub(crate) time: i64,
    /// Code of the label.
    pub(crate) label: u32,
    /// Where it stands: a line, or a row of a file without lines.
    pub(crate) place: u64,
}

/// All of them, by key and time.
#[derive(Debug)]
pub(crate) struct Index {
    entries: Vec<Entry>,
}

/// What the table says of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Label(u32),
    /// Several rows are near enough, and their labels differ.
    Ambiguous,
    Nothing,
}

impl Index {
    /// Refuses two rows of one key and time that say different things; `place` words where a row stands.
    pub(crate) fn new(
        mut entries: Vec<Entry>,
        file: &str,
        told: &[(String, String)],
        place: impl Fn(u64) -> Position,
    ) -> Result<Index, IngestError> {
        entries.sort_unstable();
        if let Some(pair) = entries.windows(2).find(|p| same_flow(&p[0], &p[1]) && p[0].label != p[1].label) {
            let mut rows = [pair[0], pair[1]];
            rows.sort_by_key(|entry| entry.place);
            let says = |entry: Entry| match &told[entry.label as usize] {
                (label, family) if family.is_empty() => format!("`{label}`"),
                (label, family) => format!("`{label}` ({family})"),
            };
            return Err(IngestError::LabelsDiffer {
                file: file.to_owned(),
                first: place(rows[0].place),
                second: place(rows[1].place),
                labels: rows.map(says),
            });
        }
        entries.dedup_by(|b, a| same_flow(a, b));
        entries.shrink_to_fit();
        Ok(Index { entries })
    }

    /// What is said of the flow of `key` that began at `time`: by a row of that very time, else by those that are no
    /// further from it than `tolerance` microseconds.
    pub(crate) fn find(&self, key: u64, time: i64, tolerance: i64) -> Found {
        let from = |time: i64| self.entries.partition_point(|e| (e.key, e.time) < (key, time));
        let first = from(time.saturating_sub(tolerance));
        let near =
            self.entries[first..].iter().take_while(|e| e.key == key && e.time <= time.saturating_add(tolerance));
        let mut found = Found::Nothing;
        for entry in near {
            if entry.time == time {
                return Found::Label(entry.label);
            }
            found = match found {
                Found::Nothing => Found::Label(entry.label),
                Found::Label(label) if label == entry.label => found,
                _ => Found::Ambiguous,
            };
        }
        found
    }
}

fn same_flow(a: &Entry, b: &Entry) -> bool {
    (a.key, a.time) == (b.key, b.time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: u64, time: i64, label: u32, place: u64) -> Entry {
        Entry { key, time, label, place }
    }

    fn index(entries: Vec<Entry>) -> Result<Index, IngestError> {
        let told = ["benign", "scan"].map(|label| (label.to_owned(), String::new()));
        Index::new(entries, "l.csv", &told, Position::Line)
    }

    #[test]
    fn the_very_time_goes_before_near_ones_and_doubt_is_no_label() {
        let index =
            index(vec![entry(1, 100, 0, 2), entry(1, 200, 1, 3), entry(2, 0, 1, 4), entry(1, 200, 1, 9)]).unwrap();
        assert_eq!(index.entries.len(), 3);
        assert_eq!(
            [100, 150, 90, 300, 301].map(|t| index.find(1, t, 100)),
            [Found::Label(0), Found::Ambiguous, Found::Label(0), Found::Label(1), Found::Nothing]
        );
        assert_eq!((index.find(2, 5, 5), index.find(3, 0, i64::MAX)), (Found::Label(1), Found::Nothing));
    }

    #[test]
    fn two_labels_of_one_flow_are_refused_with_both_lines() {
        let message = index(vec![entry(1, 5, 1, 7), entry(1, 5, 0, 3)]).unwrap_err().to_string();
        assert!(message.contains("l.csv, line 3 and line 7") && message.contains("`benign` and `scan`"), "{message}");
    }
}
