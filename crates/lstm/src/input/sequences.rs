//! What sequences must be before rows are read along them.

use nta_data::Sequences;

use crate::LstmError;

/// Refuses sequences that do not hold each of `n_rows` rows exactly once.
pub(crate) fn check_sequences(part: &'static str, sequences: &Sequences, n_rows: usize) -> Result<(), LstmError> {
    let refuse = |why: String| Err(LstmError::BadSequences { part, rows: n_rows, why });
    let ends = (sequences.bounds.first(), sequences.bounds.last());
    if ends != (Some(&0), Some(&(sequences.rows.len() as u32))) || !sequences.bounds.is_sorted() {
        return refuse("their bounds do not run from 0 to the number of rows listed".into());
    }
    let mut seen = vec![false; n_rows];
    for &row in &sequences.rows {
        match seen.get_mut(row as usize) {
            None => return refuse(format!("row {row} is listed")),
            Some(seen) if *seen => return refuse(format!("row {row} is listed twice")),
            Some(seen) => *seen = true,
        }
    }
    match seen.iter().position(|s| !s) {
        None => Ok(()),
        Some(row) => refuse(format!("row {row} is in none")),
    }
}
