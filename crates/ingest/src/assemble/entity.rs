//! Whose sequence each row belongs to: keyed hashes of capture and hosts.

use nta_data::entity_hash;

use crate::assemble::columns::{Kept, is_kept};
use crate::assemble::fault::Fault;
use crate::assemble::role;
use crate::block::Texts;
use crate::values::cell::TypedColumn;

/// Texts that identify whose sequence a row belongs to (a capture, a host); none may be missing.
pub(crate) fn identifiers(cells: &TypedColumn<'_>, kept: Kept<'_>) -> Result<Texts, Fault> {
    let mut texts = Texts::default();
    let mut scratch = String::new();
    cells.try_each(|row, cell| {
        if !is_kept(kept, row) {
            return Ok(());
        }
        let text = role::identifier(cell, &mut scratch).map_err(|kind| Fault::new(row, cell, kind))?;
        texts.push(text.as_bytes());
        Ok(())
    })?;
    Ok(texts)
}

/// Keyed hashes of `n_rows` (capture, hosts…).
pub(crate) fn entities(key: &[u8; 16], n_rows: usize, capture: &Capture, hosts: &[Texts]) -> Vec<u64> {
    (0..n_rows)
        .map(|i| {
            let capture = match capture {
                Capture::Sensor(name) => name.as_bytes(),
                Capture::Column(texts) => texts.get(i),
            };
            match hosts {
                [] => entity_hash(key, &[capture]),
                [host] => entity_hash(key, &[capture, host.get(i)]),
                [src, dst, ..] => entity_hash(key, &[capture, src.get(i), dst.get(i)]),
            }
        })
        .collect()
}

/// What names a row's capture.
#[derive(Debug)]
pub(crate) enum Capture {
    /// One name for all rows: the sensor's, or (in models of the old kind) the file's index in decimal.
    Sensor(String),
    /// The capture column's text, one a row.
    Column(Texts),
}
