//! Bad rows that are set aside: skipped everywhere, counted, kept with line, reason and text, and refused beyond a share.

use std::path::Path;
use std::sync::Arc;

use nta_data::{Quiet, Schema, SequenceBy};

use crate::{
    Added, AddedValues, BadRows, ReadOptions, Reject, RejectsFile, Source, TableWriter, Truth, batches, builtin_schema,
    read,
};

const SCHEMA: &str = "
name: t
order: end_time
label: { column: label, benign: [benign], attack: [attack], ignore: [unknown] }
time: { column: ts, relative: true }
duration: dur
entity: { src: src }
numeric: [{ name: dur }, { name: bytes }]
";
const BAD: &str = "ts,dur,src,bytes,label\n\
                   1,2,a,5,benign\n\
                   2,2,a,5\n\
                   3,2,a,many,attack\n\
                   4,2,,5,benign\n\
                   then,2,a,5,benign\n\
                   6,2,\"a\"b,5,benign\n\
                   7,2,b,oops,unknown\n\
                   8,2,\"b\",6,attack\n";

fn options(share: f64) -> ReadOptions {
    let schema: Schema = serde_saphyr::from_str(SCHEMA).unwrap();
    ReadOptions {
        by: Some(SequenceBy::Src),
        truth: Truth::Required,
        bad_rows: BadRows::SetAside { share },
        ..ReadOptions::new(Arc::new(schema))
    }
}

fn source(folder: &Path, text: &str) -> Source {
    std::fs::write(folder.join("flows.csv"), text).unwrap();
    Source::resolve(&["flows.csv".to_owned()], folder).unwrap()
}

fn in_short(rejects: &[Reject]) -> Vec<(Option<u64>, &str, Option<&str>)> {
    rejects.iter().map(|r| (r.line, r.reason.as_str(), r.text.as_deref())).collect()
}

const TOLD: [(Option<u64>, &str, Option<&str>); 5] = [
    (Some(3), "4 values where there are 5 columns", Some("2,2,a,5")),
    (Some(4), "column `bytes`: `many` is not a number", Some("3,2,a,many,attack")),
    (Some(5), "column `src`: an empty cell names no host", Some("4,2,,5,benign")),
    (
        Some(6),
        "column `ts`: `then` is not a number since 1970-01-01 UTC or a time such as 2024-05-01T12:00:00Z",
        Some("then,2,a,5,benign"),
    ),
    (Some(7), "text follows a closing quote", Some("6,2,\"a\"b,5,benign")),
];

#[test]
fn bad_rows_are_left_out_and_kept_with_line_reason_and_text() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(folder.path(), BAD);
    let whole = read(&source, &options(0.01), &Quiet).unwrap();
    assert_eq!(in_short(&whole.rejects), TOLD);
    assert_eq!((whole.summary.rows, whole.summary.set_aside, whole.summary.ignored_rows), (2, 5, 1));
    // Rows keep the numbers that they have in the file.
    assert_eq!(whole.dataset.row.iter().map(|r| r.row).collect::<Vec<_>>(), [0, 7]);
    assert_eq!(whole.dataset.numeric[1], [5.0, 6.0]);
    for batch_rows in [1, 2, 3, 100] {
        let mut batches = batches(&source, &ReadOptions { batch_rows, ..options(0.01) }).unwrap();
        let (mut rejects, mut rows) = (Vec::new(), Vec::new());
        while let Some(batch) = batches.next() {
            let batch = batch.unwrap();
            assert_eq!(batch.raw.n_rows(), batch.dataset.n_rows());
            rows.extend(batch.dataset.row.iter().map(|r| r.row));
            rejects.extend(batches.take_rejects());
        }
        rejects.extend(batches.take_rejects());
        assert_eq!((in_short(&rejects), rows), (TOLD.to_vec(), vec![0, 7]), "{batch_rows}");
        assert_eq!(batches.set_aside(), 5);
    }
}

#[test]
fn a_quote_that_never_closes_costs_its_own_line_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = "ts,dur,src,bytes,label\n1,2,\"a,5,benign\n2,2,a,5,benign\n3,2,a,5,attack\n";
    let whole = read(&source(folder.path(), text), &options(0.01), &Quiet).unwrap();
    let expected = [(Some(2), "a quoted value begins here and does not end", Some("1,2,\"a,5,benign"))];
    assert_eq!(in_short(&whole.rejects), expected);
    assert_eq!(whole.dataset.n_rows(), 2);
}

#[test]
fn more_than_the_share_is_refused_and_labels_always_are() {
    let folder = tempfile::tempdir().unwrap();
    let good = "1,2,a,5,benign\n2,2,a,5,attack\n".repeat(100);
    let text = format!("ts,dur,src,bytes,label\n{good}{}", "1,2,a,x,benign\n".repeat(12));
    let source = source(folder.path(), &text);
    assert_eq!(read(&source, &options(0.1), &Quiet).unwrap().summary.set_aside, 12);
    let message = read(&source, &options(0.05), &Quiet).unwrap_err().to_string();
    for word in ["flows.csv: 12 of 212 rows cannot be read (5.66 %)", "more than the 5 %", "line 202: column `bytes`"] {
        assert!(message.contains(word), "{message}");
    }
    let strange = text.replace("1,2,a,x,benign", "1,2,a,5,strange");
    let message = read(&self::source(folder.path(), &strange), &options(0.1), &Quiet).unwrap_err().to_string();
    assert!(message.contains("line 202, column `label`: `strange` is no label that schema t knows"), "{message}");
}

#[test]
fn a_first_batch_of_bad_rows_alone_does_not_make_the_traffic_unlabelled() {
    let folder = tempfile::tempdir().unwrap();
    let text = "ts,dur,src,bytes,label\nx,2,a,5,benign\n2,2,a,5,benign\n3,2,a,5,attack\n";
    let options = ReadOptions { truth: Truth::IfPresent, batch_rows: 1, ..options(0.01) };
    let mut rows = batches(&source(folder.path(), text), &options).unwrap().map(|b| b.unwrap().dataset);
    assert_eq!(rows.next().unwrap().label.map(|l| l.len()), Some(1));
    assert_eq!(rows.count(), 1);
}

#[test]
fn a_source_of_which_nothing_is_left_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(folder.path(), "ts,dur,src,bytes,label\n1,2,a,x,benign\n1,2,a,x,attack\n");
    let message = read(&source, &options(0.5), &Quiet).unwrap_err().to_string();
    assert!(message.contains("2 of 2 rows cannot be read"), "{message}");
    let last = batches(&source, &options(0.5)).unwrap().last().unwrap();
    assert!(last.unwrap_err().to_string().contains("2 of 2 rows"));
}

#[test]
fn lines_of_logs_and_rows_of_parquet_are_set_aside_too() {
    let folder = tempfile::tempdir().unwrap();
    let header = "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\t\
                  resp_bytes\tconn_state\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\n";
    let good = "1.5\tC\t10.0.0.7\t1\t10.0.0.9\t53\tudp\tdns\t0.1\t4\t80\tSF\t0\tDd\t1\t60\t1\t108\n";
    let log = format!("{header}{good}1.5\tC\n{}", good.replace("\t4\t", "\tfour\t"));
    std::fs::write(folder.path().join("conn.log"), log).unwrap();
    let zeek = ReadOptions {
        schema: Arc::new(builtin_schema("zeek-conn").unwrap()),
        truth: Truth::IfPresent,
        ..options(0.01)
    };
    let conn = Source::resolve(&["conn.log".to_owned()], folder.path()).unwrap();
    let rejects = read(&conn, &zeek, &Quiet).unwrap().rejects;
    assert_eq!(rejects.iter().map(|r| r.line.unwrap()).collect::<Vec<_>>(), [3, 4]);
    assert!(rejects[0].reason.starts_with("2 values where `#fields` names 18"), "{rejects:?}");

    let path = folder.path().join("t.parquet");
    let mut writer = TableWriter::create(&path, None).unwrap();
    writer.write_columns(&[Added { name: "bytes", values: AddedValues::Text(&["1", "two", "3"]) }]).unwrap();
    writer.finish().unwrap();
    let plain: Schema = serde_saphyr::from_str("{ name: p, order: none, numeric: [{ name: bytes }] }").unwrap();
    let plain = ReadOptions { schema: Arc::new(plain), truth: Truth::Ignore, ..options(0.01) };
    let table = Source::resolve(&["t.parquet".to_owned()], folder.path()).unwrap();
    let whole = read(&table, &plain, &Quiet).unwrap();
    assert_eq!((whole.rejects[0].row, whole.dataset.numeric[0].as_slice()), (Some(2), &[1.0, 3.0][..]));
}

#[test]
fn rejects_are_written_a_line_each_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let rejects = read(&source(folder.path(), BAD), &options(0.01), &Quiet).unwrap().rejects;
    let path = folder.path().join("rejects.jsonl");
    let mut file = RejectsFile::create(&path).unwrap();
    file.write(&rejects).unwrap();
    assert!(!path.exists());
    file.finish().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let back: Vec<Reject> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(back, rejects);
}
