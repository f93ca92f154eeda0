//! Files that ask for more than traffic ever does are refused by name, soon and in little memory.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nta_data::{Contact, Quiet, Schema};

use crate::limits::{LONGEST_GAP, LONGEST_NAME, LONGEST_RECORD, LONGEST_VALUE, MOST_COLUMNS};
use crate::{BadRows, IngestError, ReadOptions, Source, Truth, batches, follow, infer_schema, read, read_columns};

/// Far more than any of these files needs, also where the machine is busy and nothing is optimised.
const SOON: Duration = Duration::from_secs(20);

pub(super) fn options() -> ReadOptions {
    let schema: Schema = serde_saphyr::from_str("{ name: p, order: none, numeric: [{ name: bytes }] }").unwrap();
    ReadOptions { truth: Truth::Ignore, batch_rows: 1 << 16, ..ReadOptions::new(Arc::new(schema)) }
}

/// The refusal of a file, by `read` and by `batches` alike.
pub(super) fn refusal(path: &Path) -> String {
    let began = Instant::now();
    let source = Source::resolve(&[path.display().to_string()], Path::new("/")).unwrap();
    let whole = read(&source, &options(), &Quiet).map(|_| ()).unwrap_err().to_string();
    let parts = batches(&source, &options()).and_then(|mut all| all.try_for_each(|b| b.map(|_| ())));
    assert_eq!(parts.unwrap_err().to_string(), whole);
    assert!(began.elapsed() < SOON, "{whole}: {:?}", began.elapsed());
    whole
}

fn refusal_of(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.csv");
    std::fs::write(&path, text).unwrap();
    refusal(&path).replace(&format!("{}/", folder.path().display()), "")
}

/// A file that broke a promise once, where `NTA_DATA` has it.
pub(super) fn hostile(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os("NTA_DATA")?).join("hostile").join(name);
    path.exists().then_some(path)
}

fn names(n: usize, separator: &str) -> String {
    (0..n).map(|i| format!("c{i}")).collect::<Vec<_>>().join(separator)
}

#[test]
fn too_many_columns_of_any_text_format_are_refused_with_their_number() {
    let wide = 10 * MOST_COLUMNS;
    let told = "flows.csv has 163840 columns, more than the 16384 that are read; keep those that the schema names";
    assert_eq!(refusal_of(&format!("{}\n1\n", names(wide, ","))), told);
    assert_eq!(refusal_of(&format!("{}\n1\n", names(wide, "\t"))), told);
    assert_eq!(refusal_of(&format!("{}\n", ",".repeat(wide - 1))), told);
    let fields = format!("#fields\t{}\n1\n", names(wide, "\t"));
    let told = "`#fields` names 163840 columns, more than the 16384 that are read";
    assert!(refusal_of(&fields).ends_with(told), "{}", refusal_of(&fields));
    assert!(refusal_of(&fields.replace("\tc", " c").replacen(' ', "\t", 1)).ends_with(told));
    let keys: String = (0..wide).map(|i| format!("\"k{i}\":1,")).collect();
    let message = refusal_of(&format!("{{{keys}\"bytes\":1}}\n"));
    let told = "flows.csv, line 1: the object has 163841 fields, more than the 16384 that are read";
    assert_eq!(message, told);
}

#[test]
fn json_lines_of_ever_new_keys_are_refused_where_they_are_too_many() {
    let mut text = String::new();
    for line in 0..100 {
        let keys: String = (0..200).map(|i| format!("\"k{line}_{i}\":1,")).collect();
        let _ = writeln!(text, "{{{keys}\"bytes\":1}}");
    }
    assert!(refusal_of(&text).contains("columns, more than the 16384 that are read"), "{}", refusal_of(&text));
}

#[test]
fn as_many_columns_as_are_allowed_are_read_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.csv");
    let row = vec!["7"; MOST_COLUMNS].join(",");
    std::fs::write(&path, format!("{},bytes\n{row}\n{row}\n", names(MOST_COLUMNS - 1, ","))).unwrap();
    let mut all = "name: all\norder: none\nnumeric:\n  - name: bytes\n".to_owned();
    for i in 0..MOST_COLUMNS - 1 {
        let _ = writeln!(all, "  - name: c{i}");
    }
    let schema: Schema = serde_saphyr::from_str(&all).unwrap();
    let began = Instant::now();
    let options = ReadOptions { truth: Truth::Ignore, ..ReadOptions::new(Arc::new(schema)) };
    let source = Source::resolve(&[path.display().to_string()], Path::new("/")).unwrap();
    let whole = read(&source, &options, &Quiet).unwrap().dataset;
    assert_eq!((whole.n_rows(), whole.numeric.len()), (2, MOST_COLUMNS));
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

#[test]
fn a_long_name_is_refused_and_the_longest_allowed_is_not() {
    let long = "x".repeat(LONGEST_NAME + 1);
    assert!(
        refusal_of(&format!("bytes,{long}\n1,2\n"))
            .starts_with("flows.csv: the name of column 2 is 1025 bytes long, more than the 1024 that are read")
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.csv");
    std::fs::write(&path, format!("bytes,{}\n1,2\n", &long[1..])).unwrap();
    let source = Source::resolve(&[path.display().to_string()], Path::new("/")).unwrap();
    assert_eq!(read(&source, &options(), &Quiet).unwrap().dataset.n_rows(), 1);
}

#[test]
fn a_line_without_end_is_no_quote() {
    let long = "x".repeat(LONGEST_RECORD + (1 << 20));
    let told = "flows.csv, line 3: the line is longer than 16 MiB; this is no log";
    assert_eq!(refusal_of(&format!("bytes,a\n1,2\n1,{long}\n1,2\n")), told);
    let unclosed = format!("bytes,a\n1,\"2\n{}", "1,2\n".repeat(LONGEST_RECORD / 4 + (1 << 18)));
    let message = refusal_of(&unclosed);
    assert!(message.starts_with("flows.csv, line 2: a quoted value begins here and does not end"), "{message}");
}

#[test]
fn text_without_a_flow_is_refused_where_it_begins_in_every_text_format() {
    let size = LONGEST_GAP as usize + (1 << 16);
    let fill = |text: &str| text.repeat(size / text.len());
    let json = "{\"ts\":1,\"bytes\":1}\n";
    let blank = [("bytes\n1\n", "\r\n"), ("#fields\tbytes\n1\n", "\n"), (json, "\n")];
    let passed = [("#fields\tbytes\n1\n", "#close\tx\n\n")];
    for (begin, line) in blank.into_iter().chain(passed) {
        let at = begin.lines().count() + 1;
        let told = format!("flows.csv, line {at}: more than 16 MiB of blank lines, comments or repeated headers begin");
        let text = format!("{begin}{}", fill(line));
        assert!(refusal_of(&text).starts_with(&told), "{line:?}: {}", refusal_of(&text));
        let streamed = follow(std::io::Cursor::new(text.into_bytes()), "flows.csv", &options());
        let streamed = streamed.and_then(|mut all| all.try_for_each(|b| b.map(drop))).unwrap_err().to_string();
        assert!(streamed.starts_with(&told), "{line:?}: {streamed}");
    }
    let headless = refusal_of(&format!("#path\tx\n{}", fill("#open\tx\n")));
    assert!(headless.starts_with("flows.csv, line 1: more than 16 MiB of blank lines"), "{headless}");
    let told = "flows.csv, line 1: it begins with 65536 bytes of blank lines or more; remove them";
    assert_eq!(refusal_of(&fill(" \n")), told);
}

#[test]
fn as_much_text_without_a_flow_as_is_allowed_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.csv");
    let blank = "\n".repeat(LONGEST_GAP as usize);
    std::fs::write(&path, format!("bytes\n1\n{blank}2\n{blank}")).unwrap();
    let source = Source::resolve(&[path.display().to_string()], Path::new("/")).unwrap();
    assert_eq!(read(&source, &options(), &Quiet).unwrap().dataset.n_rows(), 2);
}

#[test]
fn blank_lines_by_the_gigabyte_are_not_read_through() {
    if let Some(path) = hostile("newlines10g.csv.zst") {
        let began = Instant::now();
        for said in [read_columns(&path).map(drop), infer_schema(&path, &Contact::default()).map(drop)] {
            let said = said.unwrap_err().to_string();
            assert!(said.contains("newlines10g.csv.zst, line 3: more than 16 MiB of blank lines"), "{said}");
        }
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    }
}

#[test]
fn a_value_too_long_to_be_kept_is_refused_with_its_line_and_place() {
    let long = "s".repeat(LONGEST_VALUE + 1);
    let told = "flows.csv, line 3: value 2 is 262145 bytes long, more than the 262144 that are read";
    assert_eq!(refusal_of(&format!("bytes,a\n1,{}\n1,{long}\n", &long[1..])), told);
    assert_eq!(refusal_of(&format!("#fields\tbytes\ta\n1\t2\n1\t{long}\n")), told);
    if let Some(path) = hostile("wide1m.csv.zst") {
        let message = read_columns(&path).unwrap_err().to_string();
        assert!(message.contains("wide1m.csv.zst, line 2: value 8 is 10"), "{message}");
    }
}

#[test]
fn a_batch_ends_at_its_cells_whatever_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.csv");
    let width = 1 << 13;
    let text = format!("{},bytes\n{}", names(width - 1, ","), format!("{}1\n", ",".repeat(width - 1)).repeat(3_000));
    std::fs::write(&path, text).unwrap();
    let source = Source::resolve(&[path.display().to_string()], Path::new("/")).unwrap();
    let options = ReadOptions { bad_rows: BadRows::Refuse, ..options() };
    let sizes: Result<Vec<usize>, IngestError> =
        batches(&source, &options).unwrap().map(|b| b.map(|b| b.dataset.n_rows())).collect();
    assert_eq!(sizes.unwrap(), [2048, 952]);
}

#[test]
fn nested_keys_that_repeat_a_long_name_are_refused_before_they_multiply() {
    let inner: String = (0..2_000).map(|i| format!("\"k{i}\":1,")).collect();
    let line = format!("{{\"ts\":1,\"{}\":{{{inner}\"bytes\":1}}}}\n", "a".repeat(1 << 20));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.json");
    std::fs::write(&path, line).unwrap();
    let told = "flows.json, line 1: the name of a field is 1048576 bytes long, more than the 1024 that are read";
    assert!(refusal(&path).contains(told), "{}", refusal(&path));
    assert!(infer_schema(&path, &Contact::default()).unwrap_err().to_string().contains(told));
    if let Some(path) = hostile("j_prefix.json.gz") {
        let began = Instant::now();
        let message = infer_schema(&path, &Contact::default()).unwrap_err().to_string();
        assert!(message.contains("j_prefix.json.gz, line 1: "), "{message}");
        assert!(began.elapsed() < SOON);
    }
}
