//! Every mistake in a file is answered with one message that names the file, the place and what to do.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use nta_data::{Quiet, Schema, SequenceBy};

use crate::{ReadOptions, Source, Truth, read};

const SCHEMA: &str = "
name: t
order: end_time
label: { column: label, benign: [benign], attack: [attack] }
time: { column: ts, relative: true }
duration: dur
entity: { src: src }
numeric: [{ name: dur }, { name: bytes }]
categorical: [{ name: proto }]
";
const GOOD: &str = "ts,dur,src,bytes,proto,label\n1,2,a,5,tcp,benign\n2,1,b,,udp,attack\n";

fn schema(yaml: &str) -> Arc<Schema> {
    Arc::new(serde_saphyr::from_str(yaml).unwrap())
}

fn message_of(bytes: &[u8], schema: &Arc<Schema>, truth: Truth) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("flows.csv"), bytes).unwrap();
    let options =
        ReadOptions { by: Some(SequenceBy::Src), truth, batch_rows: 10, ..ReadOptions::new(Arc::clone(schema)) };
    let source = Source::resolve(&["flows.csv".to_owned()], folder.path()).unwrap();
    let told = match read(&source, &options, &Quiet) {
        Ok(_) => "read without complaint".to_owned(),
        Err(error) => error.to_string(),
    };
    told.replace(&format!("{}/", folder.path().display()), "")
}

fn refused(text: &str) -> String {
    message_of(text.as_bytes(), &schema(SCHEMA), Truth::Required)
}

#[test]
fn the_good_file_is_read() {
    assert_eq!(refused(GOOD), "read without complaint");
}

#[test]
fn a_missing_file_is_named() {
    let message = Source::resolve(&["no.csv".to_owned()], Path::new("/nowhere")).unwrap_err().to_string();
    assert!(message.starts_with("/nowhere/no.csv: no such file"), "{message}");
}

#[test]
fn empty_files_and_bare_headers_are_refused() {
    assert_eq!(refused(""), "flows.csv is empty");
    assert_eq!(refused("\u{feff}\n \n"), "flows.csv is empty");
    assert_eq!(refused("ts,dur,src,bytes,proto,label\n"), "flows.csv holds a header and no rows");
}

#[test]
fn another_delimiter_is_named() {
    let message = refused(&GOOD.replace(',', ";"));
    assert_eq!(
        message,
        "flows.csv looks separated by ';', not by ','; set `delimiter: \";\"` in the schema (scoring: `--delimiter \";\"`), or export it again"
    );
    let semicolons = schema(&format!("{SCHEMA}delimiter: \";\"\n"));
    assert_eq!(message_of(GOOD.replace(',', ";").as_bytes(), &semicolons, Truth::Required), "read without complaint");
    assert!(message_of(GOOD.as_bytes(), &semicolons, Truth::Required).contains("looks separated by ',', not by ';'"));
    assert_eq!(refused(&GOOD.replace(',', "\t")), "read without complaint");
}

#[test]
fn a_truncated_archive_is_told() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(GOOD.repeat(500).as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    let message = message_of(&whole[..whole.len() - 20], &schema(SCHEMA), Truth::Required);
    assert!(message.starts_with("flows.csv is damaged: "), "{message}");
}

#[test]
fn a_text_among_numbers_is_told_with_line_and_column() {
    let message = refused(&GOOD.replace("a,5", "a,many"));
    assert_eq!(
        message,
        "flows.csv, line 2, column `bytes`: `many` is not a number; mend the cell, set rows of this kind aside \
         (`bad_rows`), or list the column under `categorical` or `ignored` in the schema"
    );
    assert!(refused(&GOOD.replace("a,5", "a,0x05")).contains("`0x05` is hexadecimal; allow it with `hex: true`"));
}

#[test]
fn the_first_mistake_in_the_file_is_the_one_told() {
    let text = "proto,bytes,ts,dur,src,label\ntcp,1,1,1,a,benign\ntcp,1,x,1,a,attack\ntcp,bad,1,1,a,attack\n";
    assert!(refused(text).starts_with("flows.csv, line 3, column `ts`: `x` is not a number since 1970"));
}

#[test]
fn labels_are_never_guessed() {
    let message = refused(&GOOD.replace("udp,attack", "udp,scan"));
    assert_eq!(
        message,
        "flows.csv, line 3, column `label`: `scan` is no label that schema t knows (benign: benign; attack: attack); \
         list it under `label.benign`, `label.attack` or `label.ignore`"
    );
    let message = refused(&GOOD.replace("udp,attack", "udp,"));
    assert!(
        message.contains("one class only, benign (`benign` × 1; unlabelled: an empty cell × 1, which"),
        "{message}"
    );
    let message = refused(&GOOD.replace("udp,attack", "udp,-").replace("tcp,benign", "tcp,NeedManualLabel"));
    assert!(
        message.contains("none of the 2 rows carries a label (column `label` holds `-` × 1, `NeedManualLabel` × 1)"),
        "{message}"
    );
    let message = refused(&GOOD.replace("udp,attack", "udp,benign"));
    assert!(message.starts_with("flows.csv: column `label` holds one class only, benign (`benign` × 2)"), "{message}");
    let message = refused(&GOOD.replace("label", "lable"));
    assert!(message.starts_with("flows.csv lacks the column `label`; if `lable` is `label`, add it"), "{message}");
    assert!(message.ends_with("found: ts, dur, src, bytes, proto and 1 more"), "{message}");
}

#[test]
fn a_column_of_many_values_is_no_label_column() {
    let open = schema(
        &SCHEMA
            .replace(", attack: [attack] ", "")
            .replace("column: label", "column: bytes")
            .replace(", { name: bytes }", ""),
    );
    let rows: String = (0..1_200).map(|i| format!("1,2,a,{i},tcp,benign\n")).collect();
    let text = format!("ts,dur,src,bytes,proto,label\n{rows}");
    let message = message_of(text.as_bytes(), &open, Truth::Required);
    assert!(
        message.starts_with("flows.csv: column `bytes` holds more than 1000 different values (0, 1, 2, …)"),
        "{message}"
    );
}

#[test]
fn a_missing_time_or_host_is_refused_where_it_is_needed() {
    let message = refused(&GOOD.replace("\n2,1", "\n,1"));
    assert!(message.starts_with("flows.csv, line 3, column `ts`: an empty cell is no time"), "{message}");
    let message = refused(&GOOD.replace(",b,", ",-,"));
    assert!(message.starts_with("flows.csv, line 3, column `src`: `-` names no host"), "{message}");
    let message = refused(&GOOD.replace("ts,", "when,"));
    assert!(message.starts_with("flows.csv lacks the column `ts`; "), "{message}");
}

#[test]
fn ragged_and_headless_files_are_refused() {
    let message = refused(&GOOD.replace("tcp,", ""));
    assert_eq!(
        message,
        "flows.csv, line 2: 5 values where there are 6 columns; mend or remove the line, or, if the line before it is no \
         header, that one"
    );
    let message = refused(&GOOD.replace("udp,", ""));
    assert_eq!(message, "flows.csv, line 3: 5 values where there are 6 columns; mend or remove the line");
    let message = refused("1,2,a,5,tcp,benign\n2,1,b,,udp,attack\n");
    assert!(message.contains("the first line seems to hold data, not names"), "{message}");
}

#[test]
fn a_headerless_file_of_another_width_is_refused() {
    let header = "header: [dur, bytes, proto, label, extra]\noptional: [extra]\n";
    let headless = schema(&format!(
        "name: h\norder: none\n{header}label: {{ column: label, benign: [benign] }}\nnumeric: [{{ name: dur }}, {{ name: bytes }}]\n"
    ));
    let told = |text: &str| message_of(text.as_bytes(), &headless, Truth::Required);
    assert_eq!(told("1,2,tcp,benign\n3,4,udp,x\n"), "read without complaint");
    assert_eq!(told("1,2,tcp,benign,9\n3,4,udp,x,9\n"), "read without complaint");
    assert_eq!(told("label,bytes,dur\nbenign,2,1\nx,3,1\n"), "read without complaint");
    let message = told("1,2\n3,4\n");
    assert!(
        message.starts_with("flows.csv, line 1: 2 values where schema h names 5 columns; choose another"),
        "{message}"
    );
    let message = told("1,2,tcp,benign\n3,4,udp,x,9\n");
    assert!(message.starts_with("flows.csv, line 2: 5 values where there are 4 columns"), "{message}");
}

#[test]
fn a_damaged_parquet_file_is_told_without_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let values: Vec<i64> = (0..500).collect();
    let mut writer = crate::TableWriter::create(&path, None).unwrap();
    writer.write_columns(&[crate::Added { name: "bytes", values: crate::AddedValues::Integer(&values) }]).unwrap();
    writer.finish().unwrap();
    let whole = std::fs::read(&path).unwrap();
    let plain = schema("name: p\norder: none\nnumeric: [{ name: bytes }]\n");
    let mut refused = 0;
    for cut in [5, 12, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        let message = message_of(&whole[..cut], &plain, Truth::Ignore);
        assert!(message.starts_with("flows.csv is damaged: "), "{cut}: {message}");
    }
    for at in (0..whole.len()).step_by(7) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x24;
        refused += usize::from(message_of(&flipped, &plain, Truth::Ignore) != "read without complaint");
    }
    assert!(refused > 10, "{refused}");
}
