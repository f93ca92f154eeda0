//! What is read of large files for a first answer: their beginning, their end and places between, in whole lines, with
//! true numbers of lines where one is named.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use nta_data::{Quiet, Schema};
use polars_core::prelude::{Column, DataFrame};
use polars_io::prelude::ParquetWriter;

use crate::{Read, ReadOptions, Source, Truth, read};

const ROWS: usize = 60_000;

fn options() -> ReadOptions {
    let yaml = "{ name: s, order: file, label: { column: label, benign: [benign] }, time: { column: ts }, numeric: [{ name: bytes }] }";
    let schema: Schema = serde_saphyr::from_str(yaml).unwrap();
    ReadOptions { truth: Truth::Required, ..ReadOptions::new(Arc::new(schema)) }
}

fn row(i: usize) -> String {
    format!(
        "{},{},{},{}\n",
        1_714_554_000 + i,
        i * 37 % 501,
        if i.is_multiple_of(5) { "scan" } else { "benign" },
        "x".repeat(20)
    )
}

fn flows(folder: &Path, odd: Option<usize>) -> Source {
    let mut text = "ts,bytes,label,note\n".to_owned();
    (0..ROWS).for_each(|i| text.push_str(&if Some(i) == odd { "oops,1,scan,y\n".to_owned() } else { row(i) }));
    std::fs::write(folder.join("flows.csv"), text).unwrap();
    Source::resolve(&["flows.csv".to_owned()], folder).unwrap()
}

fn first_and_last(read: &Read) -> (i64, i64) {
    let times = read.dataset.time.as_ref().unwrap();
    (times[0] / 1_000_000 - 1_714_554_000, times[times.len() - 1] / 1_000_000 - 1_714_554_000)
}

#[test]
fn a_sample_reaches_from_the_first_row_to_the_last_and_tells_how_many_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let source = flows(folder.path(), None).sampled(0.1);
    let read = read(&source, &options(), &Quiet).unwrap();
    let sample = read.summary.sample.unwrap();
    assert_eq!(first_and_last(&read), (0, ROWS as i64 - 1));
    assert!(read.dataset.time.as_ref().unwrap().is_sorted());
    assert!((5_000..7_000).contains(&sample.rows), "{sample:?}");
    assert!((ROWS as u64 * 98 / 100..ROWS as u64 * 102 / 100).contains(&sample.of_rows), "{sample:?}");
    assert_eq!((read.digests[0].sha256.as_str(), sample.beginning_only), ("", false));
    let gaps = read.dataset.time.unwrap().windows(2).filter(|pair| pair[1] - pair[0] > 1_000_000).count();
    assert_eq!(gaps, 15, "sixteen places");
}

#[test]
fn a_small_file_is_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("few.csv"), format!("ts,bytes,label,note\n{}{}", row(0), row(1))).unwrap();
    let source = Source::resolve(&["few.csv".to_owned()], folder.path()).unwrap().sampled(0.001);
    let read = read(&source, &options(), &Quiet).unwrap();
    let sample = read.summary.sample.unwrap();
    assert_eq!((sample.rows, sample.of_rows, sample.bytes), (2, 2, sample.of_bytes));
}

#[test]
fn a_line_behind_a_gap_is_named_by_its_number_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let whole = read(&flows(folder.path(), Some(ROWS - 5)), &options(), &Quiet).unwrap_err().to_string();
    let sampled = read(&flows(folder.path(), Some(ROWS - 5)).sampled(0.1), &options(), &Quiet).unwrap_err().to_string();
    assert!(whole.contains(&format!("line {}", ROWS - 3)), "{whole}");
    assert_eq!(whole, sampled);
}

#[test]
fn of_a_packed_file_the_beginning_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = 1u64;
    let mut text = "ts,bytes,label,note\n".to_owned();
    for i in 0..ROWS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let _ = writeln!(
            text,
            "{},{},{},{random:x}",
            1_714_554_000 + i,
            i % 501,
            if i.is_multiple_of(5) { "scan" } else { "benign" }
        );
    }
    std::fs::write(folder.path().join("flows.csv.zst"), zstd::encode_all(text.as_bytes(), 1).unwrap()).unwrap();
    let source = Source::resolve(&["flows.csv.zst".to_owned()], folder.path()).unwrap().sampled(0.01);
    let read = read(&source, &options(), &Quiet).unwrap();
    let sample = read.summary.sample.unwrap();
    assert!(sample.beginning_only && sample.rows < ROWS as u64 / 5, "{sample:?}");
    assert_eq!(first_and_last(&read), (0, sample.rows as i64 - 1));
    assert!((ROWS as u64 / 2..ROWS as u64 * 2).contains(&sample.of_rows), "{sample:?}");
}

#[test]
fn of_parquet_rows_of_sixteen_places_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let ts: Vec<i64> = (0..ROWS as i64).map(|i| 1_714_554_000 + i).collect();
    let label: Vec<&str> = (0..ROWS).map(|i| if i.is_multiple_of(5) { "scan" } else { "benign" }).collect();
    // Bytes that no encoding makes small.
    let bytes: Vec<f64> = (0..ROWS).map(|i| (i as f64 * 0.7).sin()).collect();
    let columns =
        vec![Column::new("ts".into(), &ts), Column::new("bytes".into(), bytes), Column::new("label".into(), label)];
    let mut frame = DataFrame::new(ROWS, columns).unwrap();
    let file = std::fs::File::create(folder.path().join("f.parquet")).unwrap();
    ParquetWriter::new(file).with_row_group_size(Some(7_000)).finish(&mut frame).unwrap();
    let source = Source::resolve(&["f.parquet".to_owned()], folder.path()).unwrap();
    let of_file = (1 << 18) as f64 / source.bytes() as f64;
    let read = read(&source.sampled(of_file), &options(), &Quiet).unwrap();
    let sample = read.summary.sample.unwrap();
    assert_eq!(first_and_last(&read), (0, ROWS as i64 - 1));
    assert!(sample.rows < ROWS as u64 && sample.of_rows.abs_diff(ROWS as u64) < 30, "{sample:?}");
}
