//! The names of a file's columns as they are read: trimmed, all different, none empty.

use std::collections::{HashMap, HashSet};

use crate::error::IngestError;
use crate::limits::{LONGEST_NAME, refuse_wide};

/// A column whose name stands before it in the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Double {
    pub(crate) name: String,
    /// Place of the column, and of the first of its name, from 0.
    pub(crate) place: usize,
    pub(crate) first: usize,
    /// The name that it goes by.
    pub(crate) read_as: String,
    /// Rows at the front of the file that were compared, and those in which both cells are equal.
    pub(crate) n_compared: u64,
    pub(crate) n_equal: u64,
}

/// Names of columns, and which of them are not as they stood.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) names: Vec<String>,
    pub(crate) doubles: Vec<Double>,
}

/// Trims header names, names the nameless after their place (`unnamed_3`) and the doubled after their number
/// (`bytes_2`), and refuses too many names and too long ones. The header alone decides, so that a file of any size, a
/// stream and a model agree on what a column is called.
pub(crate) fn clean_names(names: &[String], file: &str) -> Result<Names, IngestError> {
    refuse_wide(names.len(), file)?;
    let trimmed: Vec<&str> = names.iter().map(|name| name.trim()).collect();
    let mut taken: HashSet<String> = trimmed.iter().map(|name| (*name).to_owned()).collect();
    let mut first_of: HashMap<&str, (usize, usize)> = HashMap::with_capacity(names.len());
    let mut clean = Names::default();
    for (place, name) in trimmed.into_iter().enumerate() {
        if name.len() > LONGEST_NAME {
            let (file, found) = (file.to_owned(), name.len());
            return Err(IngestError::LongName { file, place: place + 1, found, limit: LONGEST_NAME });
        }
        if name.is_empty() {
            clean.names.push(free_name("unnamed", place + 1, &mut taken));
            continue;
        }
        let (first, count) = first_of.entry(name).or_insert((place, 0));
        *count += 1;
        if *count == 1 {
            clean.names.push(name.to_owned());
            continue;
        }
        let read_as = free_name(name, *count, &mut taken);
        clean.names.push(read_as.clone());
        let (name, first) = (name.to_owned(), *first);
        clean.doubles.push(Double { name, place, first, read_as, n_compared: 0, n_equal: 0 });
    }
    Ok(clean)
}

/// `name_n`, or with the next number that no column has.
fn free_name(name: &str, from: usize, taken: &mut HashSet<String>) -> String {
    let mut number = from;
    loop {
        let free = format!("{name}_{number}");
        if taken.insert(free.clone()) {
            return free;
        }
        number += 1;
    }
}

impl Double {
    /// Compares the cells of a row.
    pub(crate) fn compare(&mut self, cells: &[String]) {
        if let (Some(first), Some(this)) = (cells.get(self.first), cells.get(self.place)) {
            self.n_compared += 1;
            self.n_equal += u64::from(first.trim() == this.trim());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(names: &[&str]) -> Names {
        clean_names(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>(), "f").unwrap()
    }

    #[test]
    fn doubled_and_nameless_columns_get_a_name_that_no_other_column_has() {
        assert_eq!(clean(&["", " a ", "b\u{a0}"]).names, ["unnamed_1", "a", "b"]);
        let clean = clean(&["a", "a_2", "a", "", "unnamed_4", "a"]);
        assert_eq!(clean.names, ["a", "a_2", "a_3", "unnamed_5", "unnamed_4", "a_4"]);
        let doubles: Vec<(usize, usize)> = clean.doubles.iter().map(|d| (d.place, d.first)).collect();
        assert_eq!(doubles, [(2, 0), (5, 0)]);
    }
}
