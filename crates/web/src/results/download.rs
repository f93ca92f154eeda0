//! A whole result as one file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;

use axum::body::Body;
use nta_pipeline::inert_cell;
use serde_json::{Map, Value};

use crate::stream::written;

/// A file as it is.
pub(super) fn whole(path: PathBuf) -> io::Result<Body> {
    let mut file = File::open(path)?;
    Ok(written(move |out| io::copy(&mut file, out).map(drop)))
}

/// Lines of JSON as CSV. What a spreadsheet would take for a formula stands behind an apostrophe.
pub(super) fn csv(lines: PathBuf) -> io::Result<Body> {
    let file = File::open(lines)?;
    Ok(written(move |out| convert(BufReader::with_capacity(1 << 16, file), out)))
}

fn convert(lines: impl BufRead, out: &mut dyn Write) -> io::Result<()> {
    let mut has_header = false;
    for line in lines.lines() {
        let row: Map<String, Value> = serde_json::from_str(&line?)?;
        if !has_header {
            record(row.keys().map(|name| inert_cell(name).into_owned()), out)?;
            has_header = true;
        }
        record(row.values().map(cell), out)?;
    }
    Ok(())
}

fn record(cells: impl Iterator<Item = String>, out: &mut dyn Write) -> io::Result<()> {
    for (i, cell) in cells.enumerate() {
        if i > 0 {
            out.write_all(b",")?;
        }
        match cell.contains([',', '"', '\n', '\r']) {
            true => write!(out, "\"{}\"", cell.replace('"', "\"\""))?,
            false => out.write_all(cell.as_bytes())?,
        }
    }
    out.write_all(b"\n")
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => inert_cell(text).into_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_text_and_numbers_are_numbers() {
        let lines = "{\"=src\":\"=cmd()\",\"n\":-0.5,\"t\":\"a,\\\"b\\\"\\n\",\"flagged\":true,\"no\":null}\n";
        let mut out = Vec::new();
        convert(lines.as_bytes(), &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "'=src,n,t,flagged,no\n'=cmd(),-0.5,\"a,\"\"b\"\"\n\",true,\n");
    }
}
