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
    let path = folder.path().join("flows.parquet");
    std::fs::write(&path, bytes_of(FILE)).unwrap();
    path
}

fn bytes_of(hexadecimal: &str) -> Vec<u8> {
    let digits: String = hexadecimal.split_whitespace().collect();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
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

/// Two rows as pyarrow writes them: durations in four units, of 2 s or 1,500 each and one missing, and 1,500 and 7 as
/// plain numbers. Their kind stands in the Arrow schema alone.
const DURATIONS: &str = "\
    504152311500151c151c2c15041500150615061c00000002000000030102000000000000001500151c151c2c15041500150615061c0000 \
    00020000000301dc050000000000001500151c151c2c15041500150615061c000000020000000301dc050000000000001500151c151c2c \
    15041500150615061c000000020000000301dc050000000000001500152c152c2c15041500150615061c000000020000000401dc050000 \
    0000000007000000000000001504196c35001806736368656d61150a00150425021804696e5f7300150425021805696e5f6d7300150425 \
    021805696e5f757300150425021805696e5f6e7300150425021805706c61696e001604191c195c26001c150419250600191804696e5f73 \
    15001604164216422608491c150015001502003c29061926020200000026001c150419250600191805696e5f6d73150016041642164226 \
    4a491c150015001502003c29061926020200000026001c150419250600191805696e5f75731500160416421642268c01491c1500150015 \
    02003c29061926020200000026001c150419250600191805696e5f6e73150016041642164226ce01491c150015001502003c2906192602 \
    0200000026001c150419250600191805706c61696e1500160416521652269002491c150015001502003c29061926000400000016da0216 \
    04260816da0200191c180c4152524f573a736368656d6118b8032f2f2f2f2f30414241414151414141414141414b414177414267414641 \
    41674143674141414141424241414d4141414143414149414141414241414941414141424141414141554141414467414141416f414141 \
    414841414141424141414141424141414145542f2f2f384141414543454141414143414141414145414141414141414141415541414142 \
    7762474670626741414141674144414149414163414341414141414141414146414141414166502f2f2f77414141524951414141414741 \
    41414141514141414141414141414251414141476c755832357a4141414162762f2f2f7741414177436f2f2f2f2f414141424568414141 \
    41415941414141424141414141414141414146414141416157356664584d41414143612f2f2f2f41414143414e542f2f2f384141414553 \
    45414141414277414141414541414141414141414141554141414270626c39746377414141415141424141454141414145414155414167 \
    4142674148414177414141415141424141414141414141455345414141414277414141414541414141414141414141514141414270626c \
    397a414141474141674142674147414141414141414141413d3d001820706172717565742d6370702d6172726f772076657273696f6e20 \
    32352e302e31195c1c00001c00001c00001c00001c0000004503000050415231";

#[test]
fn durations_are_read_in_seconds_or_in_the_unit_that_the_schema_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("durations.parquet");
    std::fs::write(&path, bytes_of(DURATIONS)).unwrap();
    let columns = read_columns(&path).unwrap();
    for (name, seconds) in [("in_s", 2.0), ("in_ms", 1.5), ("in_us", 1.5e-3), ("in_ns", 1.5e-6)] {
        let Some(ColumnValues::Float(cells)) = columns.get(name) else { panic!("{name}: {:?}", columns.get(name)) };
        assert!((cells[0] - seconds).abs() < 1e-12 && cells[1].is_nan(), "{name}: {cells:?}");
    }
    let source = Source::resolve(&[path.display().to_string()], folder.path()).unwrap();
    let read_in = |unit: &str| {
        let yaml = format!(
            "{{ name: p, order: none, duration: in_us, duration_unit: {unit}, numeric: [{{ name: in_us }}, {{ name: in_ms }}, {{ name: plain }}] }}"
        );
        let schema: Schema = serde_saphyr::from_str(&yaml).unwrap();
        let flows = read(&source, &ReadOptions::new(Arc::new(schema)), &Quiet).unwrap().dataset;
        flows.numeric.iter().map(|column| column[0]).collect::<Vec<f32>>()
    };
    assert_eq!(read_in("seconds"), [1.5e-3, 1.5, 1500.0]);
    assert_eq!(read_in("microseconds"), [1500.0, 1.5, 1500.0], "as a model that was trained on them expects");
}
