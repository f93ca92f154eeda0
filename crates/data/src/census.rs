//! How many rows of which kind a table holds: numbers for people, and no row's label.

use std::collections::BTreeMap;

use crate::{Dataset, Label};

/// Rows of a table by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    /// All rows.
    pub rows: usize,
    /// Benign rows; 0 in a table without labels.
    pub benign: usize,
    /// Attacks; 0 in a table without labels.
    pub attacks: usize,
    /// Attacks among the rows that the caller marked.
    pub marked_attacks: usize,
    /// Attacks by family, where the table names families; those of no row are left out.
    pub families: BTreeMap<String, usize>,
}

impl Dataset {
    /// Counts the rows. `marked` is `(n_rows)`, or empty where none is marked.
    pub fn census(&self, marked: &[bool]) -> Census {
        let labels = self.label.as_deref().unwrap_or_default();
        let attacks = self.n_attacks();
        Census {
            rows: self.n_rows(),
            benign: labels.len() - attacks,
            attacks,
            marked_attacks: marked.iter().zip(labels).filter(|(marked, label)| **marked && label.is_attack()).count(),
            families: self.attacks_by_family(labels),
        }
    }

    fn attacks_by_family(&self, labels: &[Label]) -> BTreeMap<String, usize> {
        let Some(column) = &self.family else { return BTreeMap::new() };
        let mut n_rows = vec![0usize; column.values.len()];
        for (label, &code) in labels.iter().zip(&column.codes) {
            if let Some(n) = n_rows.get_mut(code as usize).filter(|_| label.is_attack()) {
                *n += 1;
            }
        }
        column.values.iter().cloned().zip(n_rows).filter(|(_, n)| *n > 0).collect()
    }
}
