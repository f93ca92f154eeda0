//! What one cell is worth in its role: the same rules for the column that is built and for the row that is set aside.

use nta_data::{NumberNotation, NumericColumn, Schema, TimeUnit};

use crate::assemble::fault::FaultKind;
use crate::values::cell::CellValue;
use crate::values::missing::{is_missing, is_no_value};
use crate::values::notation::{NOTATIONS, number_in};
use crate::values::number::{Number, as_feature};
use crate::values::time::{TimeReader, duration_micros};

/// How the numbers of a column are written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Written {
    pub(crate) hex: bool,
    pub(crate) notation: NumberNotation,
}

impl From<&NumericColumn> for Written {
    fn from(column: &NumericColumn) -> Written {
        Written { hex: column.hex, notation: column.numbers }
    }
}

impl Written {
    /// How the schema says that the column `name` is written: plainly, where it is no number feature.
    pub(crate) fn of(schema: &Schema, name: &str) -> Written {
        schema.numeric.iter().find(|c| c.name == name).map(Written::from).unwrap_or_default()
    }
}

/// A number feature, `scale` times what stands there; NaN where it is missing.
#[inline]
pub(crate) fn feature(cell: CellValue<'_>, written: Written, scale: f64) -> Result<f32, FaultKind> {
    match numeric_value(cell, written) {
        Number::Value(value) => Ok(as_feature(value * scale)),
        Number::Missing => Ok(f32::NAN),
        Number::Bad => Err(no_number(cell, written)),
    }
}

/// Why a cell is no number, and which other way of writing numbers would make it one.
#[cold]
fn no_number(cell: CellValue<'_>, written: Written) -> FaultKind {
    let reads = |hex, notation| numeric_value(cell, Written { hex, notation }) != Number::Bad;
    let hex_would_do = written.notation.is_plain() && reads(true, NumberNotation::Plain);
    let would_do = NOTATIONS.into_iter().find(|notation| reads(false, *notation));
    FaultKind::NoNumber { hex_would_do, would_do, written: written.notation }
}

/// The start of a flow, microseconds since 1970.
pub(crate) fn start(cell: CellValue<'_>, reader: &TimeReader) -> Result<i64, FaultKind> {
    let time = match cell {
        CellValue::Missing => return Err(FaultKind::MissingTime),
        CellValue::Text(text) if is_missing(text.trim()) => return Err(FaultKind::MissingTime),
        CellValue::Flag(_) => None,
        CellValue::Text(text) => reader.text(text),
        CellValue::Float(value) => reader.number(value),
        CellValue::Integer(value) => reader.integer(value),
        CellValue::Time(micros) => Some(micros),
    };
    time.ok_or_else(|| match cell {
        CellValue::Text(text) if is_no_value(text.trim()) => FaultKind::MissingTime,
        _ => FaultKind::NoTime { expected: reader.expected() },
    })
}

/// How long a flow lasted, microseconds; a missing duration counts as none.
pub(crate) fn duration(cell: CellValue<'_>, unit: TimeUnit, written: Written) -> Result<i64, FaultKind> {
    match numeric_value(cell, written) {
        Number::Value(value) => Ok(duration_micros(value, unit)),
        Number::Missing => Ok(0),
        Number::Bad => Err(no_number(cell, written)),
    }
}

/// Whose sequence a row belongs to (a capture, a host); it may not be missing.
pub(crate) fn identifier<'s>(cell: CellValue<'s>, scratch: &'s mut String) -> Result<&'s str, FaultKind> {
    cell.text(scratch).ok_or(FaultKind::MissingHost)
}

fn numeric_value(cell: CellValue<'_>, written: Written) -> Number {
    match cell {
        CellValue::Missing => Number::Missing,
        CellValue::Text(text) => number_in(text, written.hex, written.notation),
        CellValue::Float(value) => Number::Value(value),
        CellValue::Integer(value) => Number::Value(value as f64),
        CellValue::Flag(value) => Number::Value(f64::from(u8::from(value))),
        CellValue::Time(micros) => Number::Value(micros as f64 / 1e6),
    }
}
