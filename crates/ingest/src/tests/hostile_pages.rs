//! Parquet files made byte by byte, in encodings that this program does not write: honest ones are read, and those whose
//! lengths ask for more than is there are refused before anything makes room for them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use nta_data::Schema;

use crate::limits::LONGEST_VALUE;
use crate::{
    Added, AddedValues, ColumnValues, IngestError, ReadOptions, Source, TableWriter, Truth, batches, read_columns,
};

/// Physical types and encodings of `parquet.thrift`.
const INT64: i64 = 2;
const TEXT: i64 = 6;
const PLAIN: i64 = 0;
const DELTA_NUMBERS: i64 = 5;
const DELTA_LENGTHS: i64 = 6;
const DELTA_SHARED: i64 = 7;
const DICTIONARY: i64 = 8;

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// Bytes as they are, and whole numbers in Thrift's way.
enum Piece<'a> {
    B(&'a [u8]),
    N(i64),
}
use Piece::{B, N};

fn joined(pieces: &[Piece<'_>]) -> Vec<u8> {
    let bytes = |piece: &Piece<'_>| match piece {
        B(bytes) => bytes.to_vec(),
        N(n) => varint(((n << 1) ^ (n >> 63)) as u64),
    };
    pieces.iter().flat_map(bytes).collect()
}

/// A page of `n` values. The bytes between the numbers are Thrift's field headers.
fn page(is_dictionary: bool, encoding: i64, n: i64, body: &[u8]) -> Vec<u8> {
    let size = body.len() as i64;
    let (kind, field) = if is_dictionary { (2, [0x4c, 0x15]) } else { (0, [0x2c, 0x15]) };
    let head =
        [B(&[0x15]), N(kind), B(&[0x15]), N(size), B(&[0x15]), N(size), B(&field), N(n), B(&[0x15]), N(encoding)];
    let levels: &[Piece<'_>] = if is_dictionary { &[] } else { &[B(&[0x15]), N(3), B(&[0x15]), N(3)] };
    [joined(&head), joined(levels), vec![0, 0], body.to_vec()].concat()
}

/// A footer of one column `bytes` under `depth` groups, in one row group.
fn footer(kind: i64, encoding: i64, n: i64, dictionary: usize, size: usize, depth: usize) -> Vec<u8> {
    let group = joined(&[B(&[0x35]), N(0), B(&[0x18, 1, b'g', 0x15]), N(1), B(&[0])]);
    let root = joined(&[B(&[0x48, 1, b'r', 0x15]), N(1), B(&[0])]);
    let text = if kind == TEXT { joined(&[B(&[0x25]), N(0)]) } else { Vec::new() };
    let leaf = joined(&[B(&[0x15]), N(kind), B(&[0x25]), N(0), B(b"\x18\x05bytes"), B(&text), B(&[0])]);
    let schema = joined(&[B(&[0x19, 0xfc]), B(&varint(depth as u64 + 2)), B(&root), B(&group.repeat(depth)), B(&leaf)]);
    let place = if dictionary > 0 { joined(&[B(&[0x26]), N(4)]) } else { Vec::new() };
    let meta = joined(&[
        B(&[0x15]),
        N(kind),
        B(&[0x19, 0x15]),
        N(encoding),
        B(b"\x19\x18\x05bytes\x15"),
        N(0),
        B(&[0x16]),
        N(n),
        B(&[0x16]),
        N(size as i64),
        B(&[0x16]),
        N(size as i64),
        B(&[0x26]),
        N(4 + dictionary as i64),
        B(&place),
        B(&[0]),
    ]);
    let groups = joined(&[
        B(&[0x19, 0x1c, 0x19, 0x1c, 0x26]),
        N(4),
        B(&[0x1c]),
        B(&meta),
        B(&[0, 0x16]),
        N(1),
        B(&[0x16]),
        N(n),
    ]);
    joined(&[B(&[0x15]), N(1), B(&schema), B(&[0x16]), N(n), B(&groups), B(&[0, 0])])
}

/// A file of one page, and a dictionary of so many entries where one is given.
fn file(folder: &Path, kind: i64, encoding: i64, n: i64, body: &[u8], dictionary: Option<(i64, &[u8])>) -> PathBuf {
    let words = dictionary.map(|(n, body)| page(true, PLAIN, n, body)).unwrap_or_default();
    let data = page(false, encoding, n, body);
    let end = footer(kind, encoding, n, words.len(), words.len() + data.len(), 0);
    write(folder, &[&words[..], &data].concat(), &end)
}

fn write(folder: &Path, pages: &[u8], footer: &[u8]) -> PathBuf {
    let path = folder.join("flows.parquet");
    let length = (footer.len() as u32).to_le_bytes();
    std::fs::write(&path, [b"PAR1", pages, footer, &length, b"PAR1"].concat()).unwrap();
    path
}

/// Delta numbers: the first, and the same step from each to the next.
fn steps(n: u64, first: i64, step: i64) -> Vec<u8> {
    let head = [varint(128), varint(4), varint(n), joined(&[N(first)])].concat();
    let block = [joined(&[N(step)]), vec![0; 4]].concat();
    [head, block.repeat((n as usize - 1).div_ceil(128))].concat()
}

fn refused(path: &Path) -> String {
    let message = read_columns(path).map(|columns| columns.n_rows()).unwrap_err().to_string();
    assert!(message.contains("flows.parquet"), "{message}");
    message
}

#[test]
fn delta_encodings_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let read = |kind, encoding, n, body: &[u8]| {
        let columns = read_columns(&file(folder.path(), kind, encoding, n, body, None)).unwrap();
        columns.get("bytes").unwrap().clone()
    };
    let numbers = ColumnValues::Integer((0..300).map(|i| 7 + 3 * i).collect());
    assert_eq!(read(INT64, DELTA_NUMBERS, 300, &steps(300, 7, 3)), numbers);
    let texts = |a: &str, b: &str| ColumnValues::Text(vec![Some(a.to_owned()), Some(b.to_owned())]);
    assert_eq!(
        read(TEXT, DELTA_LENGTHS, 2, &[steps(2, 5, 0), b"HelloWorld".to_vec()].concat()),
        texts("Hello", "World")
    );
    let shared = [steps(2, 0, 3), steps(2, 5, 2), b"Helloicopter".to_vec()].concat();
    assert_eq!(read(TEXT, DELTA_SHARED, 2, &shared), texts("Hello", "Helicopter"));
    let plain = read(TEXT, PLAIN, 2, b"\x01\0\0\0a\x02\0\0\0bc");
    assert_eq!(plain, texts("a", "bc"));
}

#[test]
fn lengths_that_a_page_does_not_hold_are_refused_before_room_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let told = |kind, encoding, n, body: &[u8]| refused(&file(folder.path(), kind, encoding, n, body, None));
    let said = told(TEXT, DELTA_LENGTHS, 2, &steps(2, 1 << 40, 0));
    assert!(said.contains("a page is damaged: a text of 1099511627776 bytes"), "{said}");
    let said = told(TEXT, DELTA_LENGTHS, 2, &steps(2, 5, 0));
    assert!(said.contains("its texts are 10 bytes long and 0 are there"), "{said}");
    let said = told(TEXT, DELTA_SHARED, 2, &[steps(2, 1 << 17, 0), steps(2, 1, 0), b"ab".to_vec()].concat());
    assert!(said.contains("a text shares 131072 bytes with one of 0"), "{said}");
    // Each text is the one before and a thousand letters more: the square of what stands in the file.
    let grown = [steps(300, 0, 1_000), steps(300, 1_000, 0), vec![b'a'; 300_000]].concat();
    let said = told(TEXT, DELTA_SHARED, 300, &grown);
    assert!(said.contains("a text of 263000 bytes, more than the 262144 that are read"), "{said}");
    let endless = [varint(128), varint(4), varint(1 << 50), vec![0; 1_000]].concat();
    let said = told(INT64, DELTA_NUMBERS, 2, &endless);
    assert!(said.contains("1125899906842624 numbers for 2 values"), "{said}");
    let wide = [varint(1 << 40), varint(4), varint(2), vec![0; 10]].concat();
    assert!(told(INT64, DELTA_NUMBERS, 2, &wide).contains("blocks of 1099511627776 numbers"));
}

#[test]
fn a_value_too_long_to_be_kept_is_refused_with_its_row() {
    let folder = tempfile::tempdir().unwrap();
    let text = |length: usize| [&(length as u32).to_le_bytes()[..], &vec![b'x'; length]].concat();
    let body = [text(3), text(LONGEST_VALUE + 1)].concat();
    let said = refused(&file(folder.path(), TEXT, PLAIN, 2, &body, None));
    assert!(said.contains("row 2: value `bytes` is 262145 bytes long, more than the 262144 that are read"), "{said}");
    assert!(read_columns(&file(folder.path(), TEXT, PLAIN, 2, &[text(3), text(LONGEST_VALUE)].concat(), None)).is_ok());
}

#[test]
fn a_batch_ends_at_its_text_however_little_the_file_takes() {
    let folder = tempfile::tempdir().unwrap();
    let long = 200usize << 10;
    let words = [&(long as u32).to_le_bytes()[..], &vec![b'x'; long]].concat();
    let body = [vec![1], varint(1_000 << 1), vec![0]].concat();
    let path = file(folder.path(), TEXT, DICTIONARY, 1_000, &body, Some((1, &words)));
    let schema: Schema = serde_saphyr::from_str("{ name: p, order: none, categorical: [{ name: bytes }] }").unwrap();
    let options = ReadOptions { truth: Truth::Ignore, batch_rows: 1 << 16, ..ReadOptions::new(Arc::new(schema)) };
    let source = Source::resolve(&[path.display().to_string()], Path::new("/")).unwrap();
    let sizes: Result<Vec<usize>, IngestError> =
        batches(&source, &options).unwrap().map(|b| b.map(|b| b.dataset.n_rows())).collect();
    let sizes = sizes.unwrap();
    assert_eq!(sizes.iter().sum::<usize>(), 1_000);
    assert!(sizes.iter().all(|n| n * long <= 64 << 20), "{sizes:?}");
}

#[test]
fn a_dictionary_of_more_entries_than_bytes_and_columns_without_end_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let said = refused(&file(folder.path(), TEXT, DICTIONARY, 2, &[1, 4, 0], Some((1 << 30, b"\x01\0\0\0a"))));
    assert!(said.contains("a page of 5 bytes cannot hold 1073741824 values"), "{said}");
    let said = refused(&write(folder.path(), b"", &footer(INT64, PLAIN, 0, 0, 0, 1_000)));
    assert!(said.contains("columns 65 deep inside each other, more than the 64"), "{said}");
    let said = refused(&write(folder.path(), b"", &footer(INT64, PLAIN, 0, 0, 0, 100_000)));
    assert!(said.contains("has 100002 columns, more than the 16384"), "{said}");
}

#[test]
fn a_file_that_is_cut_short_between_batches_is_refused_and_not_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.parquet");
    let mut writer = TableWriter::create(&path, None).unwrap();
    for _ in 0..3 {
        let values: Vec<i64> = (0..20_000).map(|i| i * 7_919 % 15_013).collect();
        writer.write_columns(&[Added { name: "bytes", values: AddedValues::Integer(&values) }]).unwrap();
    }
    writer.finish().unwrap();
    let options = ReadOptions { batch_rows: 5_000, ..crate::tests::bounds::options() };
    let source = Source::resolve(&[path.display().to_string()], Path::new("/")).unwrap();
    let mut all = batches(&source, &options).unwrap();
    assert_eq!(all.next().unwrap().unwrap().dataset.n_rows(), 5_000);
    std::fs::File::options().write(true).open(&path).unwrap().set_len(64).unwrap();
    let said = all.find_map(Result::err).unwrap().to_string();
    assert!(said.contains("flows.parquet was changed or replaced while it was read"), "{said}");
}
