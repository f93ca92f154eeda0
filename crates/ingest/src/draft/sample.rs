//! What the first rows of a file hold, column by column: all that a draft is made from.

use std::collections::BTreeSet;

use polars_core::prelude::DataFrame;

use crate::values::cell::{CellValue, TypedColumn};

/// What the first rows of a column hold.
#[derive(Clone)]
pub(crate) struct Sample {
    pub(crate) name: String,
    /// Cells that are.
    pub(crate) n_missing: usize,
    /// Texts of the cells that are not missing.
    pub(crate) texts: Vec<String>,
    /// The row of each.
    pub(crate) rows: Vec<u32>,
    /// Whether the file keeps times of its own kind here (Parquet).
    pub(crate) is_time: bool,
    /// Whether the file keeps durations of its own kind here (Parquet); their texts are seconds.
    pub(crate) is_duration: bool,
    pub(crate) distinct: BTreeSet<String>,
}

impl Sample {
    /// The first rows of the column `name`, which the file itself keeps as durations or not.
    pub(crate) fn of(frame: &DataFrame, name: &str, is_duration: bool) -> Sample {
        let mut sample = Sample::empty(name);
        sample.is_duration = is_duration;
        let cells = frame.column(name).ok().and_then(|c| TypedColumn::of(c.as_materialized_series()));
        let mut scratch = String::new();
        let _ = cells.map(|cells| {
            cells.try_each(|row, cell| {
                sample.is_time |= matches!(cell, CellValue::Time(_));
                if let Some(text) = cell.text(&mut scratch) {
                    sample.push(row, text);
                } else {
                    sample.n_missing += 1;
                }
                Ok::<(), ()>(())
            })
        });
        sample
    }

    fn empty(name: &str) -> Sample {
        Sample {
            name: name.to_owned(),
            n_missing: 0,
            texts: Vec::new(),
            rows: Vec::new(),
            is_time: false,
            is_duration: false,
            distinct: BTreeSet::new(),
        }
    }

    fn push(&mut self, row: usize, text: &str) {
        self.texts.push(text.to_owned());
        self.rows.push(row as u32);
        if !self.distinct.contains(text) {
            self.distinct.insert(text.to_owned());
        }
    }

    #[cfg(test)]
    pub(crate) fn of_texts(name: &str, cells: &[&str]) -> Sample {
        let mut sample = Sample::empty(name);
        cells.iter().enumerate().for_each(|(row, text)| sample.push(row, text));
        sample
    }
}
