//! What a file may ask of memory: stated limits, each refused by name. Ordinary traffic stays far below all of them.

use crate::error::{IngestError, Position};

/// Most columns of a file, of any format.
pub(crate) const MOST_COLUMNS: usize = 16_384;

/// Longest name of a column, in bytes; names of nested JSON are joined first.
pub(crate) const LONGEST_NAME: usize = 1_024;

/// More different labels than any data set has: the column is something else.
pub(crate) const MOST_LABELS: usize = 1_000;

/// Longest line, and longest record that quotes hold together, in bytes.
pub(crate) const LONGEST_RECORD: usize = 16 << 20;

/// Text in a row that holds no flow: blank lines, header lines of a format's own. In bytes.
pub(crate) const LONGEST_GAP: u64 = 16 << 20;

/// Lines in a row that are left out and counted: CIC-IDS2017 ends in 24 MiB of separators. In bytes.
pub(crate) const LONGEST_LEFT_OUT: u64 = 256 << 20;

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

/// Refuses more text without a flow than is read; it goes from `from` (line, offset) to the offset `to`.
pub(crate) fn refuse_gap(from: (u64, u64), to: u64, file: &str) -> Result<(), IngestError> {
    refuse_without_flow(LONGEST_GAP, from, to, file)
}

/// Refuses more bytes without a flow than `most`.
pub(crate) fn refuse_without_flow(most: u64, from: (u64, u64), to: u64, file: &str) -> Result<(), IngestError> {
    if to.saturating_sub(from.1) <= most {
        return Ok(());
    }
    let problem = format!(
        "more than {} MiB of blank lines, comments or repeated headers begin here, without a flow among them; remove \
         them, or export the file again",
        most >> 20
    );
    Err(IngestError::BadLine { file: file.to_owned(), at: Position::Line(from.0), problem })
}

/// Refuses more columns than are read.
pub(crate) fn refuse_wide(n_columns: usize, file: &str) -> Result<(), IngestError> {
    if n_columns <= MOST_COLUMNS {
        return Ok(());
    }
    Err(IngestError::TooManyColumns { file: file.to_owned(), found: n_columns, limit: MOST_COLUMNS })
}
