//! What a file may ask of memory: stated limits, each refused by name. Ordinary traffic stays far below all of them.

use crate::error::IngestError;

/// Most columns of a file, of any format.
pub(crate) const MOST_COLUMNS: usize = 16_384;

/// Longest name of a column, in bytes; names of nested JSON are joined first.
pub(crate) const LONGEST_NAME: usize = 1_024;

/// Longest line, and longest record that quotes hold together, in bytes.
pub(crate) const LONGEST_RECORD: usize = 16 << 20;

/// Longest value of a text format, in bytes: categories are kept whole.
pub(crate) const LONGEST_VALUE: usize = 256 << 10;

/// Text that is read ahead of the first row to find a file's columns, in bytes.
pub(crate) const LOOK_BYTES: usize = 32 << 20;

/// Text of one batch, in bytes.
pub(crate) const BATCH_BYTES: usize = 64 << 20;

/// Cells of one block, empty ones too: each costs memory whatever it holds.
pub(crate) const BLOCK_CELLS: usize = 1 << 24;

/// Says which of the values of these lengths, in bytes, is too long.
pub(crate) fn refuse_long_values(lengths: impl Iterator<Item = usize>) -> Result<(), String> {
    for (place, length) in lengths.enumerate() {
        if length > LONGEST_VALUE {
            let place = place + 1;
            return Err(format!("value {place} is {length} bytes long, more than the {LONGEST_VALUE} that are read"));
        }
    }
    Ok(())
}

/// Refuses more columns than are read.
pub(crate) fn refuse_wide(n_columns: usize, file: &str) -> Result<(), IngestError> {
    if n_columns <= MOST_COLUMNS {
        return Ok(());
    }
    Err(IngestError::TooManyColumns { file: file.to_owned(), found: n_columns, limit: MOST_COLUMNS })
}
