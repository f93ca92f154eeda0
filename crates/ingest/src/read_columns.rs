//! Reads a small table whole into typed columns: predictions and other tables that this program wrote.

use std::path::Path;

use nta_data::{Order, Schema};
use polars_core::prelude::DataFrame;

use crate::IngestError;
use crate::cells::{Cell, Cells};
use crate::table::{self, BlockSize};

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
    let mut table = table::open(path, &any_columns())?;
    let names = table.columns().to_vec();
    let mut collected: Vec<Vec<Owned>> = names.iter().map(|_| Vec::new()).collect();
    while let Some(block) = table.next_block(BlockSize { rows: 1 << 16, bytes: 16 << 20 })? {
        for (name, into) in names.iter().zip(&mut collected) {
            collect(&block.frame, name, into);
        }
    }
    let columns = names.into_iter().zip(collected).map(|(name, cells)| (name, settle(cells))).collect();
    Ok(Columns { columns })
}

/// A schema that knows no column, for files of any kind.
pub(crate) fn any_columns() -> Schema {
    Schema {
        name: String::new(),
        description: String::new(),
        header: Vec::new(),
        optional: Vec::new(),
        delimiter: None,
        aliases: std::collections::BTreeMap::new(),
        label: None,
        family: None,
        capture: None,
        time: None,
        duration: None,
        duration_unit: nta_data::TimeUnit::default(),
        entity: nta_data::EntityRole::default(),
        order: Order::None,
        categorical: Vec::new(),
        numeric: Vec::new(),
        ignored: Vec::new(),
    }
}

enum Owned {
    Missing,
    Text(String),
    Float(f64),
    Integer(i64),
    Flag(bool),
}

fn collect(frame: &DataFrame, name: &str, into: &mut Vec<Owned>) {
    let Some(cells) = frame.column(name).ok().and_then(|c| Cells::of(c.as_materialized_series())) else { return };
    let _: Result<(), ()> = cells.try_each(|_, cell| {
        into.push(match cell {
            Cell::Missing => Owned::Missing,
            Cell::Text(text) => Owned::Text(text.to_owned()),
            Cell::Float(value) => Owned::Float(value),
            Cell::Integer(value) | Cell::Time(value) => Owned::Integer(value),
            Cell::Flag(value) => Owned::Flag(value),
        });
        Ok(())
    });
}

fn settle(cells: Vec<Owned>) -> ColumnValues {
    let flag = |cell: &Owned| match cell {
        Owned::Flag(value) => Some(*value),
        Owned::Text(text) if text == "true" => Some(true),
        Owned::Text(text) if text == "false" => Some(false),
        _ => None,
    };
    let integer = |cell: &Owned| match cell {
        Owned::Integer(value) => Some(*value),
        Owned::Text(text) => text.parse().ok(),
        _ => None,
    };
    let float = |cell: &Owned| match cell {
        Owned::Missing => Some(f64::NAN),
        Owned::Float(value) => Some(*value),
        Owned::Integer(value) => Some(*value as f64),
        Owned::Text(text) => text.parse().ok(),
        Owned::Flag(_) => None,
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

fn text(cell: Owned) -> Option<String> {
    match cell {
        Owned::Missing => None,
        Owned::Text(text) => Some(text),
        Owned::Float(value) => Some(value.to_string()),
        Owned::Integer(value) => Some(value.to_string()),
        Owned::Flag(value) => Some(value.to_string()),
    }
}
