//! Files no one will edit: lines that hold no flow are counted, columns that stand twice are named, preambles passed
//! over; every line is read, set aside, refused by name, or counted.

use std::path::Path;
use std::sync::Arc;

use nta_data::{Contact, Quiet, Schema};

use crate::{
    BadRows, Drafted, IngestError, LeftOut, OddColumn, Read, ReadOptions, Source, Truth, draft_schema, follow, read,
};

const SCHEMA: &str = "
name: t
order: file
label: { column: label, benign: [benign] }
time: { column: ts, relative: true }
numeric: [{ name: bytes }]
categorical: [{ name: proto }]
";
const FLOWS: &str = "ts,bytes,proto,label\n1,5,tcp,benign\n2,7,udp,scan\n";

fn options(schema: &str) -> ReadOptions {
    let schema: Schema = serde_saphyr::from_str(schema).unwrap();
    ReadOptions { truth: Truth::Required, ..ReadOptions::new(Arc::new(schema)) }
}

fn file(folder: &Path, bytes: &[u8]) -> Source {
    std::fs::write(folder.join("flows.csv"), bytes).unwrap();
    Source::resolve(&["flows.csv".to_owned()], folder).unwrap()
}

fn try_read(bytes: &[u8], options: &ReadOptions) -> Result<Read, IngestError> {
    let folder = tempfile::tempdir().unwrap();
    read(&file(folder.path(), bytes), options, &Quiet)
}

fn read_text(text: &str) -> Read {
    try_read(text.as_bytes(), &options(SCHEMA)).unwrap()
}

fn refusal(text: &str) -> String {
    try_read(text.as_bytes(), &options(SCHEMA)).unwrap_err().to_string()
}

fn drafted(bytes: &[u8]) -> Drafted {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("flows.csv"), bytes).unwrap();
    draft_schema(&folder.path().join("flows.csv"), &Contact::default()).unwrap()
}

#[test]
fn lines_equal_to_the_header_and_rows_of_nothing_are_counted_in_a_file_and_a_stream() {
    let text = format!(
        "{FLOWS}ts,bytes,proto,label\n\"ts\", bytes ,proto,label\r\n,,,\n ,\"\",, \n,,\n-,NaN,null,N/A\n3,1,-,benign\n,,,\n"
    );
    let expected = LeftOut { repeated_headers: 2, empty_rows: 5, ..LeftOut::default() };
    let of_file = read_text(&text);
    assert_eq!((of_file.summary.rows, of_file.summary.left_out), (3, expected));
    let rows: Vec<u64> = of_file.dataset.row.iter().map(|row| row.row).collect();
    assert_eq!(rows, [0, 1, 2], "lines without a flow are no rows");
    let mut batches = follow(std::io::Cursor::new(text.into_bytes()), "pipe", &options(SCHEMA)).unwrap();
    let n_rows: usize = batches.by_ref().map(|batch| batch.unwrap().dataset.n_rows()).sum();
    assert_eq!((n_rows, batches.without_flow()), (3, expected));
}

#[test]
fn many_rows_of_nothing_at_the_end_are_no_flood() {
    let text = format!("{FLOWS}{}", ",,,\n".repeat(200_000));
    assert_eq!(read_text(&text).summary.left_out.empty_rows, 200_000);
    assert!(refusal(&format!("ts,bytes,proto,label\n{}", ",,,\n".repeat(9))).contains("holds a header and no rows"));
}

#[test]
fn the_words_for_missing_are_missing_in_numbers_and_stay_texts_in_categories() {
    for word in ["NA", "N/A", "null", "NULL", "None", "nil", "?", "-", "NaN", "nan", "empty", "(empty)", "\\N", "#N/A"]
    {
        let read = read_text(&format!("{FLOWS}3,{word},None,benign\n"));
        assert!(read.dataset.numeric[0][2].is_nan(), "{word}");
        assert_eq!(read.dataset.categorical[0].text(2), Some("None"), "{word}");
    }
}

#[test]
fn numbers_are_read_as_the_schema_says_they_are_written() {
    let read_as = |notation: &str, cell: &str| {
        let schema = SCHEMA.replace("name: bytes", &format!("name: bytes, numbers: {notation}"));
        let read = try_read(format!("{FLOWS}3,{cell},tcp,benign\n").as_bytes(), &options(&schema));
        read.map(|read| read.dataset.numeric[0][2]).map_err(|error| error.to_string())
    };
    assert_eq!(read_as("decimal_comma", "\"1.837,5\""), Ok(1837.5));
    assert_eq!(read_as("comma_groups", "\"1,234,567\""), Ok(1_234_567.0));
    assert_eq!(read_as("space_groups", "1\u{a0}234"), Ok(1234.0));
    assert_eq!(read_as("unit_suffixes", "1.2 M"), Ok(1.2e6));
    let message = read_as("plain", "1.2 M").unwrap_err();
    assert!(message.contains("flows.csv, line 4, column `bytes`: `1.2 M` has a unit behind the number"), "{message}");
    assert!(message.contains("`numbers: unit_suffixes`") && message.contains("`bad_rows`"), "{message}");
    let message = read_as("decimal_comma", "1.5").unwrap_err();
    assert!(
        message.contains("`1.5` is not a number as the column's are written (`numbers: decimal_comma`)"),
        "{message}"
    );
}

#[test]
fn an_odd_cell_costs_its_row_and_no_more() {
    let text = format!("{FLOWS}3,many,tcp,benign\n");
    let options = ReadOptions { bad_rows: BadRows::SetAside { share: 0.01 }, ..options(SCHEMA) };
    let read = try_read(text.as_bytes(), &options).unwrap();
    assert_eq!((read.summary.rows, read.summary.set_aside), (2, 1));
    assert_eq!(read.rejects[0].line, Some(4));
}

#[test]
fn comments_a_named_separator_a_mark_and_blank_lines_stand_before_the_header() {
    let read = read_text(&format!("\u{feff}\n# a tool, version 2\n#\n\n{FLOWS}# done\n3,1,tcp,benign\n"));
    assert_eq!((read.summary.rows, read.summary.left_out.comments), (3, 3));
    let with_sep = format!("sep=;\r\n{}", FLOWS.replace(',', ";"));
    let read = read_text(&with_sep);
    assert_eq!((read.summary.rows, read.summary.left_out.comments), (2, 1));
    assert!(drafted(with_sep.as_bytes()).yaml.contains("delimiter: \";\""));
    assert_eq!(read_text(&format!("#{FLOWS}")).summary.rows, 2, "a header may begin with #");
    let message = refusal(&format!("Report of May\n{FLOWS}"));
    assert!(
        message.contains("line 1: `Report of May` is no header: one value, where the next line holds 4"),
        "{message}"
    );
    let message = refusal(&format!("Report, May\n{FLOWS}"));
    assert!(message.contains("line 1: `Report, May` is no header: 2 values, where the next line holds 4"), "{message}");
}

#[test]
fn separators_at_the_end_of_lines_are_no_values() {
    assert_eq!(read_text("ts,bytes,proto,label\n1,5,tcp,benign,\n2,7,udp,scan\n").summary.rows, 2);
    assert_eq!(read_text("ts,bytes,proto,label,\n1,5,tcp,benign,\n2,7,udp,scan\n").summary.rows, 2);
    let message = refusal("ts,bytes,proto,label\n1,5,tcp,benign\n2,7,udp,scan,x\n");
    assert!(message.contains("line 3: 5 values where there are 4 columns"), "{message}");
}

#[test]
fn text_of_two_bytes_a_letter_and_of_windows_1252_is_read() {
    for bytes in [
        [vec![0xff, 0xfe], FLOWS.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat(),
        [vec![0xfe, 0xff], FLOWS.encode_utf16().flat_map(u16::to_be_bytes).collect()].concat(),
    ] {
        assert_eq!(try_read(&bytes, &options(SCHEMA)).unwrap().summary.rows, 2);
    }
    let unmarked: Vec<u8> = FLOWS.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let message = try_read(&unmarked, &options(SCHEMA)).unwrap_err().to_string();
    assert!(message.contains("UTF-16 text without a byte order mark"), "{message}");
    let latin = FLOWS.replace("udp", "\u{1}").replace('\u{1}', "caf?").into_bytes();
    let latin: Vec<u8> = latin.into_iter().map(|b| if b == b'?' { 0xe9 } else { b }).collect();
    assert_eq!(try_read(&latin, &options(SCHEMA)).unwrap().dataset.categorical[0].text(1), Some("café"));
}

#[test]
fn a_column_that_stands_twice_is_named_and_read_under_another_name() {
    let text = "ts,bytes,proto,bytes,label\n1,5,tcp,5,benign\n2,7,udp,8,scan\n";
    let odd = read_text(text).summary.odd_columns;
    let doubled = |n_equal, is_passed_over| OddColumn::Doubled {
        name: "bytes".to_owned(),
        place: 4,
        read_as: "bytes_2".to_owned(),
        rows_compared: 2,
        rows_equal: n_equal,
        is_passed_over,
    };
    assert_eq!(odd, [doubled(1, true)]);
    let both = SCHEMA.replace("{ name: bytes }", "{ name: bytes }, { name: bytes_2 }");
    let read = try_read(text.as_bytes(), &options(&both)).unwrap();
    assert_eq!(read.dataset.numeric, [vec![5.0, 7.0], vec![5.0, 8.0]]);
    assert_eq!(read.summary.odd_columns, [doubled(1, false)]);
}

#[test]
fn a_file_without_a_header_that_a_built_in_schema_reads_is_drafted_as_that() {
    let row = |label: &str| format!("0,tcp,http,SF,181,5450{},{label},21\n", ",0".repeat(35));
    let text: String = (0..40).map(|i| row(if i % 2 == 0 { "normal" } else { "neptune" })).collect();
    let drafted = drafted(text.as_bytes());
    assert!(
        drafted.notes[0].contains("The 43 columns are those of the built-in schema `nsl-kdd`"),
        "{:?}",
        drafted.notes
    );
    assert!(drafted.yaml.contains("\nname: nsl-kdd"), "{}", drafted.yaml);
}

const CONN: &str = r#"{"ts":1,"id_orig_h":"a","proto":"tcp","orig_bytes":5,"conn_state":"SF","_path":"conn"}"#;

#[test]
fn zeek_json_is_read_with_underscores_wrapped_and_among_other_logs() {
    let schema = "
name: t
order: file
time: { column: ts, relative: true }
entity: { src: id.orig_h }
numeric: [{ name: orig_bytes }]
categorical: [{ name: proto }]
";
    let options = ReadOptions { truth: Truth::IfPresent, by: Some(nta_data::SequenceBy::Src), ..options(schema) };
    let dns = r#"{"_path":"dns","ts":1,"query":"x.example","proto":"udp"}"#;
    let wrapped = format!("{{\"_index\":\"zeek\",\"_source\":{CONN}}}");
    let text = format!("{dns}\n{CONN}\n{wrapped}\n{dns}\n{{\"ts\":null}}\n");
    let expected = LeftOut { other_logs: 2, empty_rows: 1, ..LeftOut::default() };
    let read = try_read(text.as_bytes(), &options).unwrap();
    assert_eq!((read.summary.rows, read.summary.left_out), (2, expected));
    assert_eq!(read.dataset.numeric[0], [5.0, 5.0]);
    let mut batches = follow(std::io::Cursor::new(text.into_bytes()), "pipe", &options).unwrap();
    let n_rows: usize = batches.by_ref().map(|batch| batch.unwrap().dataset.n_rows()).sum();
    assert_eq!((n_rows, batches.without_flow()), (2, expected));
}
