//! A column of any kind, cell by cell, so that roles read text, numbers, flags and times alike.

use std::fmt::Write;

use polars_core::prelude::{BooleanChunked, DataType, Float64Chunked, Int64Chunked, Series, StringChunked, TimeUnit};

/// One cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum CellValue<'a> {
    /// No value.
    Missing,
    /// Text as it stands in the file.
    Text(&'a str),
    /// A number with fractions.
    Float(f64),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Flag(bool),
    /// Microseconds since 1970-01-01 UTC.
    Time(i64),
}

/// The cells of one column.
pub(crate) enum TypedColumn<'a> {
    Text(&'a StringChunked),
    Float(Float64Chunked),
    Integer(Int64Chunked),
    Flag(&'a BooleanChunked),
    Time(Int64Chunked),
    Nothing(usize),
}

impl<'a> TypedColumn<'a> {
    /// The cells of `series`; `None` for kinds that no role can use (lists, structs, binary).
    pub(crate) fn of(series: &'a Series) -> Option<TypedColumn<'a>> {
        use DataType as D;
        let integers = |s: &Series| s.cast(&D::Int64).ok().and_then(|s| s.i64().ok().cloned());
        Some(match series.dtype() {
            D::String => TypedColumn::Text(series.str().ok()?),
            D::Boolean => TypedColumn::Flag(series.bool().ok()?),
            D::Int8 | D::Int16 | D::Int32 | D::Int64 | D::UInt8 | D::UInt16 | D::UInt32 => {
                TypedColumn::Integer(integers(series)?)
            }
            // The upper half of u64 does not fit i64.
            D::UInt64 | D::Float32 | D::Float64 => {
                TypedColumn::Float(series.cast(&D::Float64).ok()?.f64().ok()?.clone())
            }
            D::Date => TypedColumn::Time(scaled(&integers(&series.to_physical_repr())?, 86_400_000_000, 1)),
            D::Datetime(unit, _) => {
                let (times, over) = match unit {
                    TimeUnit::Nanoseconds => (1, 1_000),
                    TimeUnit::Microseconds => (1, 1),
                    TimeUnit::Milliseconds => (1_000, 1),
                };
                TypedColumn::Time(scaled(&integers(&series.to_physical_repr())?, times, over))
            }
            D::Null => TypedColumn::Nothing(series.len()),
            _ => return None,
        })
    }

    /// Calls `f` with every row and cell, in order, until it fails.
    pub(crate) fn try_each<E>(&self, mut f: impl FnMut(usize, CellValue<'_>) -> Result<(), E>) -> Result<(), E> {
        match self {
            TypedColumn::Text(column) => {
                for (i, cell) in column.iter().enumerate() {
                    f(i, cell.map_or(CellValue::Missing, CellValue::Text))?;
                }
            }
            TypedColumn::Float(column) => {
                for (i, cell) in column.iter().enumerate() {
                    f(i, cell.filter(|v| v.is_finite()).map_or(CellValue::Missing, CellValue::Float))?;
                }
            }
            TypedColumn::Integer(column) => {
                for (i, cell) in column.iter().enumerate() {
                    f(i, cell.map_or(CellValue::Missing, CellValue::Integer))?;
                }
            }
            TypedColumn::Flag(column) => {
                for (i, cell) in column.iter().enumerate() {
                    f(i, cell.map_or(CellValue::Missing, CellValue::Flag))?;
                }
            }
            TypedColumn::Time(column) => {
                for (i, cell) in column.iter().enumerate() {
                    f(i, cell.map_or(CellValue::Missing, CellValue::Time))?;
                }
            }
            TypedColumn::Nothing(n) => {
                for i in 0..*n {
                    f(i, CellValue::Missing)?;
                }
            }
        }
        Ok(())
    }
}

fn scaled(column: &Int64Chunked, times: i64, over: i64) -> Int64Chunked {
    column.iter().map(|cell| cell.and_then(|v| v.checked_mul(times)).map(|v| v.div_euclid(over))).collect()
}

impl<'a> CellValue<'a> {
    /// The cell as trimmed text, written to `scratch` where it is not text: whole numbers without a fraction, so that
    /// `1`, `1.0` (as pandas writes a port where some rows have none) and a Parquet integer are one category. `None` where
    /// it is missing.
    pub(crate) fn text<'s>(&self, scratch: &'s mut String) -> Option<&'s str>
    where
        'a: 's,
    {
        scratch.clear();
        let written = match *self {
            CellValue::Missing => return None,
            CellValue::Text(text) => {
                return Some(without_zero_fraction(text.trim())).filter(|t| !crate::values::missing::is_missing(t));
            }
            CellValue::Float(v) if v.fract() == 0.0 && v.abs() < 9e15 => write!(scratch, "{}", v as i64),
            CellValue::Float(v) => write!(scratch, "{v}"),
            CellValue::Integer(v) | CellValue::Time(v) => write!(scratch, "{v}"),
            CellValue::Flag(v) => write!(scratch, "{v}"),
        };
        written.ok().map(|()| scratch.as_str())
    }

    /// The cell for a message.
    pub(crate) fn shown(&self) -> String {
        let mut scratch = String::new();
        match self {
            CellValue::Text(text) => crate::error::shown(text),
            _ => crate::error::shown(self.text(&mut scratch).unwrap_or("")),
        }
    }
}

/// `443` of `443.0` and `-1` of `-1.00`; any other text as it is.
fn without_zero_fraction(text: &str) -> &str {
    if !text.ends_with('0') {
        return text;
    }
    let whole = text.trim_end_matches('0').strip_suffix('.').unwrap_or(text);
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) { whole } else { text }
}

#[cfg(test)]
mod tests {
    use polars_core::prelude::{NamedFrom, PlSmallStr};

    use super::*;

    fn texts(series: &Series) -> Vec<Option<String>> {
        let mut all = Vec::new();
        let mut scratch = String::new();
        let push = |_, cell: CellValue<'_>| {
            all.push(cell.text(&mut scratch).map(str::to_owned));
            Ok::<(), ()>(())
        };
        TypedColumn::of(series).unwrap().try_each(push).unwrap();
        all
    }

    #[test]
    fn one_value_has_one_text_in_every_kind_of_column() {
        let name = PlSmallStr::from_static("x");
        let float = Series::new(name.clone(), [Some(80.0f64), Some(0.5), Some(f64::NAN), None]);
        assert_eq!(texts(&float), [Some("80".to_owned()), Some("0.5".to_owned()), None, None]);
        let integer = Series::new(name.clone(), [80u16, 1]);
        assert_eq!(texts(&integer), [Some("80".to_owned()), Some("1".to_owned())]);
        let text = Series::new(name.clone(), [" tcp ", "-", ""]);
        assert_eq!(texts(&text), [Some("tcp".to_owned()), None, None]);
        let flag = Series::new(name, [true, false]);
        assert_eq!(texts(&flag), [Some("true".to_owned()), Some("false".to_owned())]);
    }

    #[test]
    fn a_whole_number_written_with_a_fraction_of_zero_is_that_number() {
        let written = ["443.0", "-1.00", "443", "80", "1.10", "10.0.0.0", ".0", "v1.0", "0.0", "-.0", "100"];
        let read = ["443", "-1", "443", "80", "1.10", "10.0.0.0", ".0", "v1.0", "0", "-.0", "100"];
        assert_eq!(written.map(without_zero_fraction), read);
    }

    #[test]
    fn times_come_in_microseconds_whatever_their_unit() {
        let name = PlSmallStr::from_static("t");
        let dated = Series::new(name.clone(), [1i32]).cast(&DataType::Date).unwrap();
        let nanos = Series::new(name, [1_999i64]).cast(&DataType::Datetime(TimeUnit::Nanoseconds, None)).unwrap();
        assert_eq!(texts(&dated), [Some("86400000000".to_owned())]);
        assert_eq!(texts(&nanos), [Some("1".to_owned())]);
    }
}
