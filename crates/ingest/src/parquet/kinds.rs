//! Which kinds of Parquet's columns some role can use, how the others are called, and what becomes of numbers that the
//! table reader has no kind for: decimals and half-precision numbers arrive as bytes or whole numbers, and leave as f64;
//! durations leave in seconds.

use polars_core::error::PolarsResult;
use polars_core::prelude::{
    ArrowDataType, ArrowField, ArrowTimeUnit, Column, DataType, Float64Chunked, IntoColumn, IntoSeries, Series,
};
use polars_parquet::parquet::schema::types::{PhysicalType, PrimitiveLogicalType};
use polars_parquet::read::ColumnChunkMetadata;

/// Whether some role can use the kind of column: not lists, structs or raw bytes. `column` is the first under the field;
/// a file without rows has none.
pub(super) fn is_usable(kind: &ArrowDataType, column: Option<&ColumnChunkMetadata>) -> bool {
    use ArrowDataType as D;
    column.is_some_and(|column| stored(kind, column).is_some())
        || matches!(
            kind,
            D::Boolean
                | D::Int8
                | D::Int16
                | D::Int32
                | D::Int64
                | D::UInt8
                | D::UInt16
                | D::UInt32
                | D::UInt64
                | D::Float32
                | D::Float64
                | D::Utf8
                | D::LargeUtf8
                | D::Utf8View
                | D::Date32
                | D::Timestamp(_, _)
                | D::Null
        )
}

/// How a value without a kind of its own is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stored {
    /// Ten to the power of `scale` times the number, as a whole number or the bytes of one, highest first.
    Decimal { scale: usize },
    /// Two bytes, lowest first (IEEE 754 binary16).
    Half,
    /// Text that says of what kind it is (ENUM, JSON).
    Text,
    /// A whole number, so many to the second.
    Duration { per_second: u32 },
}

/// Most bytes of a decimal: each missing one takes as many.
const WIDEST_DECIMAL: usize = 32;

fn stored(kind: &ArrowDataType, column: &ColumnChunkMetadata) -> Option<Stored> {
    use ArrowDataType as D;
    let logical = column.descriptor().descriptor.primitive_type.logical_type;
    if matches!(column.physical_type(), PhysicalType::FixedLenByteArray(n) if !(1..=WIDEST_DECIMAL).contains(&n)) {
        return None;
    }
    match kind {
        D::Decimal(_, scale) | D::Decimal32(_, scale) | D::Decimal64(_, scale) | D::Decimal256(_, scale) => {
            Some(Stored::Decimal { scale: *scale })
        }
        D::Duration(unit) => Some(Stored::Duration { per_second: per_second(*unit) }),
        D::FixedSizeBinary(2) if logical == Some(PrimitiveLogicalType::Float16) => Some(Stored::Half),
        D::BinaryView if matches!(logical, Some(PrimitiveLogicalType::Enum | PrimitiveLogicalType::Json)) => {
            Some(Stored::Text)
        }
        _ => None,
    }
}

/// The field as the table reader is to read it.
pub(super) fn read_as(field: &ArrowField, column: &ColumnChunkMetadata) -> ArrowField {
    let mut field = field.clone();
    match stored(&field.dtype, column) {
        None | Some(Stored::Half) => {}
        Some(Stored::Text) => field.dtype = ArrowDataType::Utf8View,
        Some(Stored::Duration { .. }) => field.dtype = ArrowDataType::Int64,
        Some(Stored::Decimal { .. }) => {
            field.dtype = match column.physical_type() {
                PhysicalType::Int32 => ArrowDataType::Int32,
                PhysicalType::FixedLenByteArray(n) => ArrowDataType::FixedSizeBinary(n),
                PhysicalType::ByteArray => ArrowDataType::BinaryView,
                _ => ArrowDataType::Int64,
            };
        }
    }
    field
}

/// The column as a role reads it, of `series`, which was read as [`read_as`] says.
pub(super) fn as_usable(series: Series, field: &ArrowField, column: &ColumnChunkMetadata) -> PolarsResult<Column> {
    let numbers: Float64Chunked = match (stored(&field.dtype, column), series.dtype()) {
        (None | Some(Stored::Text), _) => return Ok(series.into_column()),
        (Some(Stored::Decimal { scale }), DataType::Binary) => {
            series.binary()?.iter().map(|cell| cell.and_then(|bytes| decimal(bytes, scale))).collect()
        }
        (Some(Stored::Decimal { scale }), _) => {
            let whole = series.cast(&DataType::Int64)?;
            whole.i64()?.iter().map(|cell| cell.map(|whole| whole as f64 / power_of_ten(scale))).collect()
        }
        (Some(Stored::Duration { per_second }), _) => {
            series.i64()?.iter().map(|cell| cell.map(|whole| whole as f64 / f64::from(per_second))).collect()
        }
        (Some(Stored::Half), _) => series.binary()?.iter().map(|cell| cell.and_then(half)).collect(),
    };
    Ok(numbers.with_name(series.name().clone()).into_series().into_column())
}

fn per_second(unit: ArrowTimeUnit) -> u32 {
    match unit {
        ArrowTimeUnit::Second => 1,
        ArrowTimeUnit::Millisecond => 1_000,
        ArrowTimeUnit::Microsecond => 1_000_000,
        ArrowTimeUnit::Nanosecond => 1_000_000_000,
    }
}

fn power_of_ten(scale: usize) -> f64 {
    f64::powi(10.0, i32::try_from(scale).unwrap_or(i32::MAX))
}

/// A whole number of any width in two's complement, highest byte first, over a power of ten. What f64 cannot hold of it
/// is lost.
fn decimal(bytes: &[u8], scale: usize) -> Option<f64> {
    let first = f64::from(*bytes.first()? as i8);
    let whole = match bytes.len() {
        // Exact up to the one rounding at the end; a sum of parts would round at each.
        1..=16 => {
            let mut wide = [if first < 0.0 { 0xff } else { 0 }; 16];
            wide[16 - bytes.len()..].copy_from_slice(bytes);
            i128::from_be_bytes(wide) as f64
        }
        _ => bytes[1..].iter().fold(first, |whole, byte| whole * 256.0 + f64::from(*byte)),
    };
    Some(whole / power_of_ten(scale))
}

/// A half-precision number: a sign, 5 bits of exponent, 10 of fraction.
fn half(bytes: &[u8]) -> Option<f64> {
    let bits = u16::from_le_bytes(bytes.try_into().ok()?);
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction * f64::powi(2.0, -24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        _ => (1.0 + fraction / 1024.0) * f64::powi(2.0, exponent - 15),
    };
    Some(if bits >> 15 == 1 { -size } else { size })
}

/// What a kind of column is called in messages: `list<int64>`, `binary`, `struct<a, b>`.
pub(super) fn title(kind: &ArrowDataType) -> String {
    use ArrowDataType as D;
    match kind {
        D::List(inner) | D::LargeList(inner) | D::FixedSizeList(inner, _) => format!("list<{}>", title(&inner.dtype)),
        D::Struct(fields) => {
            let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).take(5).collect();
            format!("struct<{}>", names.join(", "))
        }
        D::Utf8 | D::LargeUtf8 | D::Utf8View => "text".to_owned(),
        D::Map(_, _) => "map".to_owned(),
        D::Binary | D::LargeBinary | D::BinaryView => "binary".to_owned(),
        D::FixedSizeBinary(n) => format!("binary({n})"),
        D::Time32(_) | D::Time64(_) => "time of day".to_owned(),
        D::Interval(_) => "interval".to_owned(),
        D::Duration(_) => "duration".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_of_any_width_read_as_their_numbers() {
        assert_eq!(decimal(&[0x30, 0x39], 2), Some(123.45));
        assert_eq!(decimal(&[0xff, 0xff], 0), Some(-1.0));
        assert_eq!(decimal(&(-5i128).to_be_bytes(), 1), Some(-0.5));
        assert_eq!(decimal(&[[0xff; 16], (-7i128).to_be_bytes()].concat(), 0), Some(-7.0));
        assert_eq!(decimal(&[], 0), None);
    }

    #[test]
    fn half_precision_numbers_are_those_of_ieee_754() {
        for (bits, value) in
            [(0x3c00u16, 1.0), (0xc000, -2.0), (0x7bff, 65_504.0), (1, f64::powi(2.0, -24)), (0x3555, 0.33325195)]
        {
            assert!((half(&bits.to_le_bytes()).unwrap() - value).abs() < 1e-8, "{bits:x}");
        }
        assert!(
            half(&0x7c00u16.to_le_bytes()).unwrap().is_infinite() && half(&0x7e00u16.to_le_bytes()).unwrap().is_nan()
        );
        assert_eq!(half(&[0]), None);
    }
}
