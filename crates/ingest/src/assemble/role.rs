//! What one cell is worth in its role: the same rules for the column that is built and for the row that is set aside.

use nta_data::TimeUnit;

use crate::assemble::fault::FaultKind;
use crate::values::cell::CellValue;
use crate::values::number::{Number, as_feature, is_missing, number};
use crate::values::time::{TimeReader, duration_micros};

/// A number feature, `scale` times what stands there; NaN where it is missing.
pub(crate) fn feature(cell: CellValue<'_>, hex: bool, scale: f64) -> Result<f32, FaultKind> {
    match numeric_value(cell, hex) {
        Number::Value(value) => Ok(as_feature(value * scale)),
        Number::Missing => Ok(f32::NAN),
        Number::Bad => Err(FaultKind::NoNumber { hex_would_do: numeric_value(cell, true) != Number::Bad }),
    }
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
    time.ok_or_else(|| FaultKind::NoTime { expected: reader.expected() })
}

/// How long a flow lasted, microseconds; a missing duration counts as none.
pub(crate) fn duration(cell: CellValue<'_>, unit: TimeUnit) -> Result<i64, FaultKind> {
    match numeric_value(cell, false) {
        Number::Value(value) => Ok(duration_micros(value, unit)),
        Number::Missing => Ok(0),
        Number::Bad => Err(FaultKind::NoNumber { hex_would_do: false }),
    }
}

/// Whose sequence a row belongs to (a capture, a host); it may not be missing.
pub(crate) fn identifier<'s>(cell: CellValue<'s>, scratch: &'s mut String) -> Result<&'s str, FaultKind> {
    cell.text(scratch).ok_or(FaultKind::MissingHost)
}

fn numeric_value(cell: CellValue<'_>, hex: bool) -> Number {
    match cell {
        CellValue::Missing => Number::Missing,
        CellValue::Text(text) => number(text, hex),
        CellValue::Float(value) => Number::Value(value),
        CellValue::Integer(value) => Number::Value(value as f64),
        CellValue::Flag(value) => Number::Value(f64::from(u8::from(value))),
        CellValue::Time(micros) => Number::Value(micros as f64 / 1e6),
    }
}
