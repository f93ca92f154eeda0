//! Kinds of Parquet's columns that the table reader has none for: decimals and half-precision numbers are read, texts that
//! say of what kind they are too, and all others are named.

use std::path::PathBuf;
use std::sync::Arc;

use nta_data::{Contact, Quiet, Schema};

use crate::{ColumnValues, OddColumn, ReadOptions, Source, draft_schema, read, read_columns};

/// Two rows, written byte by byte: decimals in fixed and variable bytes, 32 and 64 bits, a FLOAT16, an ENUM, bytes without
/// a meaning of variable and of fixed length.
const FILE: &str = "\
    504152311500150c150c2c15041500150615060000003039ffff9c1500154015402c1504150015061506000000000000000000056bc75e \
    2d63100000000000000000000000000000000000071500151015102c150415001506150600000f000000e7ffffff1500152015202c1504 \
    1500150615060000dc0500000000000006ffffffffffffff1500151615162c1504150015061506000002000000010001000000ff150015 \
    0815082c15041500150615060000003e00c01500151c151c2c150415001506150600000300000074637003000000756470150015141514 \
    2c15041500150615060000010000000001000000011500151015102c150415001506150600000a0000010a000002150419ac4801721512 \
    00150e1506150018056669786564250a1504150a2c5c1504150a000000150e15201500180477696465250a1500154c2c5c1500154c0000 \
    00150225001803696e74250a150215122c5c150215120000001504250018046c6f6e67250a150615242c5c15061524000000150c250018 \
    056279746573250a150415142c5c15041514000000150e15041500180468616c666cfc000000150c250018046b696e6425084c4c000000 \
    150c2500180372617700150e15081500180761646472657373001604191c199c26081c150e191500191805666978656415001604162e16 \
    2e2608000026081c150e1915001918047769646515001604166216622636000026081c1502191500191803696e74150016041632163226 \
    9801000026081c15041915001918046c6f6e67150016041642164226ca01000026081c150c191500191805627974657315001604163816 \
    38268c02000026081c150e19150019180468616c6615001604162a162a26c402000026081c150c1915001918046b696e6415001604163e \
    163e26ee02000026081c150c191500191803726177150016041636163626ac03000026081c150e19150019180761646472657373150016 \
    041632163226e2030000168c0416040000d201000050415231";

fn file(folder: &tempfile::TempDir) -> PathBuf {
    let digits: String = FILE.split_whitespace().collect();
    let bytes = (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap());
    let path = folder.path().join("flows.parquet");
    std::fs::write(&path, bytes.collect::<Vec<u8>>()).unwrap();
    path
}

#[test]
fn decimals_and_half_precision_numbers_are_read_and_other_kinds_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    let columns = read_columns(&path).unwrap();
    assert_eq!(columns.names(), ["fixed", "wide", "int", "long", "bytes", "half", "kind"]);
    let numbers = [
        ("fixed", [123.45, -1.0]),
        ("wide", [1e20, 7.0]),
        ("int", [1.5, -2.5]),
        ("long", [1.5, -0.25]),
        ("bytes", [2.56, -0.01]),
        ("half", [1.5, -2.0]),
    ];
    for (name, values) in numbers {
        assert_eq!(columns.get(name), Some(&ColumnValues::Float(values.to_vec())), "{name}");
    }
    let kinds = ["tcp", "udp"].map(|text| Some(text.to_owned())).to_vec();
    assert_eq!(columns.get("kind"), Some(&ColumnValues::Text(kinds)));
    let drafted = draft_schema(&path, &Contact::default()).unwrap();
    assert!(
        drafted.yaml.contains("# Not read, for their kind: `raw` (binary), `address` (binary(4))."),
        "{}",
        drafted.yaml
    );
}

#[test]
fn a_column_of_a_kind_that_is_not_read_is_refused_with_its_kind() {
    let folder = tempfile::tempdir().unwrap();
    let source = Source::resolve(&[file(&folder).display().to_string()], folder.path()).unwrap();
    let told = |column: &str| {
        let yaml = format!("{{ name: p, order: none, numeric: [{{ name: {column} }}] }}");
        let schema: Schema = serde_saphyr::from_str(&yaml).unwrap();
        read(&source, &ReadOptions::new(Arc::new(schema)), &Quiet)
    };
    let odd = told("fixed").unwrap().summary.odd_columns;
    assert!(odd.contains(&OddColumn::Unread { name: "raw".to_owned(), kind: "binary".to_owned() }), "{odd:?}");
    let message = told("raw").unwrap_err().to_string();
    assert!(message.contains("lacks the column `raw`; `raw` is there as binary, which is not read"), "{message}");
}
