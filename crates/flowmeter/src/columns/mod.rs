//! What is told of a flow: the one list of columns, from which tables, logs and docs/flow-meter.md are made.

mod decimal;
mod statistics;
mod zeek;

use std::fmt;

use crate::flow::Flow;
use crate::text::Text;

/// What kind of values a column has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Numbers with fractions.
    Float,
    /// Whole numbers.
    Integer,
    /// Text.
    Text,
}

/// A column's value for one flow.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Unset.
    None,
    /// A number with a fraction.
    Float(f64),
    /// A whole number.
    Integer(u64),
    /// One of a few texts.
    Word(&'static str),
    /// Text of the flow's own.
    Text(Text),
}

impl Value {
    /// The text; `None` of what is none.
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Word(word) => Some(word),
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        }
    }

    /// Appends it as a Zeek log has it: six decimals, `-` for nothing.
    pub(crate) fn push_to(&self, line: &mut Vec<u8>) {
        match self {
            Value::None => line.push(b'-'),
            Value::Float(value) => decimal::push_float(*value, line),
            Value::Integer(value) => decimal::push_integer(*value, line),
            Value::Word(word) => line.extend_from_slice(word.as_bytes()),
            Value::Text(text) => line.extend_from_slice(text.as_str().as_bytes()),
        }
    }
}

impl fmt::Display for Value {
    /// As in a Zeek log: six decimals, `-` for nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        self.push_to(&mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// Their unit; empty where there is none.
    pub unit: &'static str,
    /// What they mean, in a sentence.
    pub meaning: &'static str,
    /// The type that Zeek's logs give it.
    pub zeek_type: &'static str,
    /// Its value for a flow.
    pub value: fn(&Flow) -> Value,
}

/// How many of [`COLUMNS`] stand in Zeek's conn.log.
pub const N_ZEEK_COLUMNS: usize = zeek::COLUMNS.len();

const N_COLUMNS: usize = N_ZEEK_COLUMNS + statistics::COLUMNS.len();

/// Every column, in order: those of Zeek's conn.log first.
pub const COLUMNS: [Column; N_COLUMNS] = joined(&[&zeek::COLUMNS, &statistics::COLUMNS]);

/// The columns of `parts` one after another; there must be `N`, or the build fails.
const fn joined<const N: usize>(parts: &[&[Column]]) -> [Column; N] {
    let mut all = [parts[0][0]; N];
    let (mut n, mut part) = (0, 0);
    while part < parts.len() {
        let mut i = 0;
        while i < parts[part].len() {
            all[n] = parts[part][i];
            n += 1;
            i += 1;
        }
        part += 1;
    }
    assert!(n == N, "as many columns as their array holds");
    all
}

const fn float(name: &'static str, unit: &'static str, meaning: &'static str, value: fn(&Flow) -> Value) -> Column {
    Column { name, kind: Kind::Float, unit, meaning, zeek_type: "double", value }
}

const fn integer(name: &'static str, unit: &'static str, meaning: &'static str, value: fn(&Flow) -> Value) -> Column {
    Column { name, kind: Kind::Integer, unit, meaning, zeek_type: "count", value }
}

const fn text(name: &'static str, meaning: &'static str, value: fn(&Flow) -> Value) -> Column {
    Column { name, kind: Kind::Text, unit: "", meaning, zeek_type: "string", value }
}

const fn of_type(column: Column, zeek_type: &'static str) -> Column {
    Column { zeek_type, ..column }
}

fn maybe_float(value: Option<f64>) -> Value {
    value.map_or(Value::None, Value::Float)
}

fn maybe_integer(value: Option<impl Into<u64>>) -> Value {
    value.map_or(Value::None, |value| Value::Integer(value.into()))
}
