//! Flows as columns.

use nta_data::Schema;
use nta_flowmeter::{COLUMNS, Column, Flow, Kind, N_ZEEK_COLUMNS, Value};
use polars_core::prelude::{Column as Series, DataFrame, IntoColumn, NamedFrom, PlSmallStr, Series as Values};

use crate::schema::layout::known_names;

/// Conn.log's columns, and of the others those that the schema names: a schema for Zeek's logs fits a capture.
pub(crate) fn columns_for(schema: &Schema) -> Vec<&'static Column> {
    let known = known_names(schema);
    let (of_zeek, others) = all().split_at(N_ZEEK_COLUMNS);
    of_zeek.iter().chain(others.iter().filter(|column| known.contains(&column.name))).collect()
}

/// Every column.
pub(crate) fn all() -> &'static [Column] {
    &COLUMNS
}

/// `flows` as a table of `columns`.
pub(crate) fn frame(flows: &[Box<Flow>], columns: &[&Column]) -> Result<DataFrame, String> {
    let columns = columns.iter().map(|column| series(flows, column)).collect();
    DataFrame::new(flows.len(), columns).map_err(|e| e.to_string())
}

fn series(flows: &[Box<Flow>], column: &Column) -> Series {
    let name = PlSmallStr::from_static(column.name);
    let values = flows.iter().map(|flow| (column.value)(flow));
    match column.kind {
        Kind::Float => {
            let cells: Vec<Option<f64>> =
                values.map(|value| if let Value::Float(v) = value { Some(v) } else { None }).collect();
            Values::new(name, cells)
        }
        Kind::Integer => {
            let whole = |value| if let Value::Integer(v) = value { i64::try_from(v).ok() } else { None };
            Values::new(name, values.map(whole).collect::<Vec<Option<i64>>>())
        }
        Kind::Text => {
            let text = |value| if let Value::Text(v) = value { Some(v) } else { None };
            Values::new(name, values.map(text).collect::<Vec<Option<String>>>())
        }
    }
    .into_column()
}
