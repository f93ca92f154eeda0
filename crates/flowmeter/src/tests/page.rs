//! docs/flow-meter.md against the list of columns.

use std::fmt::Write;

use crate::{COLUMNS, N_ZEEK_COLUMNS};

#[test]
fn the_page_defines_every_column_as_the_code_does() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/flow-meter.md");
    let page = std::fs::read_to_string(path).unwrap();
    let mut table = String::from("| column | unit | what it is |\n|---|---|---|\n");
    for (place, column) in COLUMNS.iter().enumerate() {
        if place == N_ZEEK_COLUMNS {
            table.push_str("| | | **beyond conn.log** |\n");
        }
        writeln!(table, "| `{}` | {} | {} |", column.name, column.unit, column.meaning.replace('|', "\\|")).unwrap();
    }
    if std::env::var_os("NTA_BLESS").is_some() {
        let (before, rest) = page.split_once("<!-- columns -->\n").unwrap();
        let (_, after) = rest.split_once("<!-- end of columns -->").unwrap();
        let page = format!("{before}<!-- columns -->\n{table}<!-- end of columns -->{after}");
        std::fs::write(path, page).unwrap();
        return;
    }
    assert!(page.contains(&table), "docs/flow-meter.md says otherwise; NTA_BLESS=1 writes it anew");
}

#[test]
fn names_are_different_and_every_column_has_a_meaning() {
    let names: std::collections::BTreeSet<&str> = COLUMNS.iter().map(|column| column.name).collect();
    assert_eq!(names.len(), COLUMNS.len());
    assert!(COLUMNS.iter().all(|column| column.meaning.ends_with('.')));
}
