//! What the first rows of a file hold, column by column: all that a draft is made from.

use std::collections::BTreeSet;

use polars_core::prelude::DataFrame;

use crate::values::cell::{CellValue, TypedColumn};

/// What the first rows of a column hold.
pub(crate) struct Sample {
    pub(crate) name: String,
    /// Cells that are.
    pub(crate) n_missing: usize,
    /// Texts of the cells that are not missing.
    pub(crate) texts: Vec<String>,
    /// Whether the file keeps times of its own kind here (Parquet).
    pub(crate) is_time: bool,
    pub(crate) distinct: BTreeSet<String>,
}

impl Sample {
    /// The first rows of the column `name`.
    pub(crate) fn of(frame: &DataFrame, name: &str) -> Sample {
        let mut sample = Sample {
            name: name.to_owned(),
            n_missing: 0,
            texts: Vec::new(),
            is_time: false,
            distinct: BTreeSet::new(),
        };
        let cells = frame.column(name).ok().and_then(|c| TypedColumn::of(c.as_materialized_series()));
        let mut scratch = String::new();
        let _ = cells.map(|cells| {
            cells.try_each(|_, cell| {
                sample.is_time |= matches!(cell, CellValue::Time(_));
                if let Some(text) = cell.text(&mut scratch) {
                    sample.texts.push(text.to_owned());
                    if !sample.distinct.contains(text) {
                        sample.distinct.insert(text.to_owned());
                    }
                } else {
                    sample.n_missing += 1;
                }
                Ok::<(), ()>(())
            })
        });
        sample
    }
}
