//! Reads a small table whole into typed columns: predictions and other tables that this program wrote.

use std::path::Path;

use nta_data::Contact;
use polars_core::prelude::DataFrame;

use crate::block::BlockLimit;
use crate::error::IngestError;
use crate::format;
use crate::input::file::Input;
use crate::input::tap::Hashing;
use crate::rejects::reject::BadRows;
use crate::schema::any::any_columns;
use crate::values::cell::{CellValue, TypedColumn};

/// A table in memory, columns in file order.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns {
    columns: Vec<(String, ColumnValues)>,
}

/// One column of [`Columns`], all values of one kind.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnValues {
    /// Numbers; NaN where a cell is empty.
    Float(Vec<f64>),
    /// Whole numbers, none missing.
    Integer(Vec<i64>),
    /// True or false, none missing.
    Flag(Vec<bool>),
    /// Text; `None` where a cell is empty.
    Text(Vec<Option<String>>),
}

impl Columns {
    /// Column names, in file order.
    pub fn names(&self) -> Vec<&str> {
        self.columns.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// A column by name.
    pub fn get(&self, name: &str) -> Option<&ColumnValues> {
        self.columns.iter().find(|(n, _)| n == name).map(|(_, values)| values)
    }

    /// A column by name, taken out.
    pub fn take(&mut self, name: &str) -> Option<ColumnValues> {
        let place = self.columns.iter().position(|(n, _)| n == name)?;
        Some(self.columns.remove(place).1)
    }

    /// Rows.
    pub fn n_rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, values)| values.len())
    }
}

impl ColumnValues {
    /// Values in the column.
    pub fn len(&self) -> usize {
        match self {
            ColumnValues::Float(v) => v.len(),
            ColumnValues::Integer(v) => v.len(),
            ColumnValues::Flag(v) => v.len(),
            ColumnValues::Text(v) => v.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Reads the CSV or Parquet file at `path`. A CSV column is whole numbers, numbers or flags where every cell is one,
/// else text.
pub fn read_columns(path: &Path) -> Result<Columns, IngestError> {
    read_wanted(path, |_| true)
}

/// As [`read_columns`], of the columns of these names alone; a name that the table has not is passed over.
pub fn read_columns_named(path: &Path, names: &[&str]) -> Result<Columns, IngestError> {
    read_wanted(path, |name| names.contains(&name))
}

fn read_wanted(path: &Path, is_wanted: impl Fn(&str) -> bool) -> Result<Columns, IngestError> {
    let input = Input::new(path, true).open(&Contact::default())?;
    let mut reader = format::open(&input, &any_columns(), BadRows::Refuse, Hashing::No)?.reader;
    let mut names = reader.columns().to_vec();
    let n_columns = names.len();
    names.retain(|name| is_wanted(name));
    if names.len() < n_columns {
        reader.project(&names);
    }
    let mut collected: Vec<Vec<OwnedValue>> = names.iter().map(|_| Vec::new()).collect();
    while let Some(block) = reader.next_block(BlockLimit { rows: 1 << 16, bytes: 16 << 20, deadline: None })? {
        for (name, into) in names.iter().zip(&mut collected) {
            collect(&block.frame, name, into);
        }
    }
    let columns = names.into_iter().zip(collected).map(|(name, cells)| (name, settle(cells))).collect();
    Ok(Columns { columns })
}

enum OwnedValue {
    Missing,
    Text(String),
    Float(f64),
    Integer(i64),
    Flag(bool),
}

fn collect(frame: &DataFrame, name: &str, into: &mut Vec<OwnedValue>) {
    let Some(cells) = frame.column(name).ok().and_then(|c| TypedColumn::of(c.as_materialized_series())) else { return };
    let _: Result<(), ()> = cells.try_each(|_, cell| {
        into.push(match cell {
            CellValue::Missing => OwnedValue::Missing,
            CellValue::Text(text) => OwnedValue::Text(text.to_owned()),
            CellValue::Float(value) => OwnedValue::Float(value),
            CellValue::Integer(value) | CellValue::Time(value) => OwnedValue::Integer(value),
            CellValue::Flag(value) => OwnedValue::Flag(value),
        });
        Ok(())
    });
}

fn settle(cells: Vec<OwnedValue>) -> ColumnValues {
    let flag = |cell: &OwnedValue| match cell {
        OwnedValue::Flag(value) => Some(*value),
        OwnedValue::Text(text) if text == "true" => Some(true),
        OwnedValue::Text(text) if text == "false" => Some(false),
        _ => None,
    };
    let integer = |cell: &OwnedValue| match cell {
        OwnedValue::Integer(value) => Some(*value),
        OwnedValue::Text(text) => text.parse().ok(),
        _ => None,
    };
    let float = |cell: &OwnedValue| match cell {
        OwnedValue::Missing => Some(f64::NAN),
        OwnedValue::Float(value) => Some(*value),
        OwnedValue::Integer(value) => Some(*value as f64),
        OwnedValue::Text(text) => text.parse().ok(),
        OwnedValue::Flag(_) => None,
    };
    if let Some(values) = cells.iter().map(flag).collect() {
        ColumnValues::Flag(values)
    } else if let Some(values) = cells.iter().map(integer).collect() {
        ColumnValues::Integer(values)
    } else if let Some(values) = cells.iter().map(float).collect() {
        ColumnValues::Float(values)
    } else {
        ColumnValues::Text(cells.into_iter().map(text).collect())
    }
}

fn text(cell: OwnedValue) -> Option<String> {
    match cell {
        OwnedValue::Missing => None,
        OwnedValue::Text(text) => Some(text),
        OwnedValue::Float(value) => Some(value.to_string()),
        OwnedValue::Integer(value) => Some(value.to_string()),
        OwnedValue::Flag(value) => Some(value.to_string()),
    }
}
