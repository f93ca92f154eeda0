//! Flows as columns.

use nta_data::Schema;
use nta_flowmeter::{COLUMNS, Column, Flow, Kind, N_ZEEK_COLUMNS, Value};
use polars_core::prelude::{
    ChunkedBuilder, Column as Series, DataFrame, Float64Type, Int64Type, IntoColumn, IntoSeries, PlSmallStr,
    PrimitiveChunkedBuilder, StringChunkedBuilder,
};

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

/// A table of flows under way: a flow's cells are made when it is pushed, while it is at hand.
pub(crate) struct FlowTable {
    columns: Vec<(&'static Column, Cells)>,
    n_rows: usize,
}

enum Cells {
    Float(PrimitiveChunkedBuilder<Float64Type>),
    Integer(PrimitiveChunkedBuilder<Int64Type>),
    Text(StringChunkedBuilder),
}

impl FlowTable {
    /// One without rows, and with room for `n_rows`.
    pub(crate) fn new(columns: impl IntoIterator<Item = &'static Column>, n_rows: usize) -> FlowTable {
        let cells = |column: &Column| {
            let name = PlSmallStr::from_static(column.name);
            match column.kind {
                Kind::Float => Cells::Float(PrimitiveChunkedBuilder::new(name, n_rows)),
                Kind::Integer => Cells::Integer(PrimitiveChunkedBuilder::new(name, n_rows)),
                Kind::Text => Cells::Text(StringChunkedBuilder::new(name, n_rows)),
            }
        };
        FlowTable { columns: columns.into_iter().map(|column| (column, cells(column))).collect(), n_rows: 0 }
    }

    /// Appends a flow's row.
    pub(crate) fn push(&mut self, flow: &Flow) {
        self.n_rows += 1;
        for (column, cells) in &mut self.columns {
            let value = (column.value)(flow);
            match cells {
                Cells::Float(cells) => cells.append_option(if let Value::Float(v) = value { Some(v) } else { None }),
                Cells::Integer(cells) => {
                    let whole = if let Value::Integer(v) = value { i64::try_from(v).ok() } else { None };
                    cells.append_option(whole);
                }
                Cells::Text(cells) => cells.append_option(value.text()),
            }
        }
    }

    pub(crate) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The rows so far.
    pub(crate) fn finish(self) -> Result<DataFrame, String> {
        let series = |cells| match cells {
            Cells::Float(cells) => cells.finish().into_series(),
            Cells::Integer(cells) => cells.finish().into_series(),
            Cells::Text(cells) => cells.finish().into_series(),
        };
        let columns: Vec<Series> = self.columns.into_iter().map(|(_, cells)| series(cells).into_column()).collect();
        DataFrame::new(self.n_rows, columns).map_err(|e| e.to_string())
    }
}
