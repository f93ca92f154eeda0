//! Columns written beside rows of CSV that are passed on as they stand.

use std::io::{self, Write};

use crate::lines::Lines;
use crate::writing::added::{Added, AddedValues};

/// Text held before it is written.
const ROOM: usize = 1 << 16;

/// Writes each of `lines` with its value of each of `added`, which have as many, behind it: as polars' writer would.
pub(crate) fn write(output: &mut impl Write, lines: &Lines, added: &[Added<'_>]) -> io::Result<()> {
    let mut text = Vec::with_capacity(2 * ROOM);
    for (row, line) in lines.iter().enumerate() {
        text.extend_from_slice(line);
        for column in added {
            text.push(b',');
            match column.values {
                AddedValues::Float(values) => {
                    text.extend_from_slice(zmij::Buffer::new().format(values[row]).as_bytes());
                }
                AddedValues::Flag(values) => text.extend_from_slice(if values[row] { b"true" } else { b"false" }),
                AddedValues::Text(values) => push_text(&mut text, values[row]),
                AddedValues::Integer(values) => write!(text, "{}", values[row])?,
            }
        }
        text.push(b'\n');
        if text.len() >= ROOM {
            output.write_all(&text)?;
            text.clear();
        }
    }
    output.write_all(&text)
}

/// Quoted where it would else be read otherwise: nothing, which is no missing value, too.
fn push_text(into: &mut Vec<u8>, text: &str) {
    if !text.is_empty() && !text.contains(['"', ',', '\n', '\r']) {
        return into.extend_from_slice(text.as_bytes());
    }
    into.push(b'"');
    into.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    into.push(b'"');
}
