//! What reading makes of good files: the same table whatever the packing, the order of columns, the format, the size
//! of batches and the number of threads.

use std::path::Path;
use std::sync::Arc;

use nta_data::{Label, Order, Quiet, Schema, SequenceBy, entity_hash};
use polars_core::prelude::{Column, DataFrame, DataType, IntoColumn, NamedFrom, PlSmallStr, Series, TimeUnit};
use polars_io::prelude::ParquetWriter;

use crate::{Added, AddedValues, Batch, Read, ReadOptions, Source, TableWriter, Truth, batches, read};

const SCHEMA: &str = "
name: t
order: end_time
optional: [packets, when_known]
label: { column: label, benign: [benign, '0'], ignore: [unknown] }
time: { column: ts, relative: true }
duration: dur
entity: { src: src }
numeric: [{ name: dur }, { name: bytes }, { name: packets }]
categorical: [{ name: proto }]
";
const FLOWS: &str = "ts,dur,src,bytes,proto,label,packets,note\n\
                     1.5,2,a,5,tcp,benign,1,\"x, \"\"y\"\"\nz\"\n\
                     2,0.25,b,NaN,-,scan,2,\n\
                     3,,a,7,udp,unknown,3,n\n\
                     4,1,a,-inf,udp,benign,,n\n";

fn options() -> ReadOptions {
    let schema: Schema = serde_saphyr::from_str(SCHEMA).unwrap();
    ReadOptions {
        by: Some(SequenceBy::Src),
        entity_key: [3; 16],
        truth: Truth::Required,
        batch_rows: 2,
        ..ReadOptions::new(Arc::new(schema))
    }
}

fn source(folder: &Path, files: &[(&str, &[u8])]) -> Source {
    for (name, bytes) in files {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    let names: Vec<String> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
    Source::resolve(&names, folder).unwrap()
}

fn read_text(text: &str, options: &ReadOptions) -> Read {
    let folder = tempfile::tempdir().unwrap();
    read(&source(folder.path(), &[("flows.csv", text.as_bytes())]), options, &Quiet).unwrap()
}

#[test]
fn every_role_is_filled() {
    let Read { dataset, summary, .. } = read_text(FLOWS, &options());
    assert_eq!(dataset.label.as_deref(), Some(&[Label::Benign, Label::Attack, Label::Benign][..]));
    assert_eq!(dataset.time.as_deref(), Some(&[1_500_000, 2_000_000, 4_000_000][..]));
    assert_eq!(dataset.end_time.as_deref(), Some(&[3_500_000, 2_250_000, 5_000_000][..]));
    assert_eq!(dataset.numeric[0], [2.0, 0.25, 1.0]);
    assert!(dataset.numeric[1][0] == 5.0 && dataset.numeric[1][1].is_nan() && dataset.numeric[1][2].is_nan());
    let proto: Vec<_> = (0..3).map(|i| dataset.categorical[0].text(i)).collect();
    assert_eq!(proto, [Some("tcp"), None, Some("udp")]);
    assert_eq!((dataset.family_of(1), dataset.family_of(0)), (Some("scan"), Some("benign")));
    let hash = |host: &str| entity_hash(&[3; 16], &[b"flows.csv", host.as_bytes()]);
    assert_eq!(dataset.entity, [hash("a"), hash("b"), hash("a")]);
    let rows: Vec<u64> = dataset.row.iter().map(|r| r.row).collect();
    assert_eq!(rows, [0, 1, 3]);
    assert_eq!((summary.rows, summary.ignored_rows), (3, 1));
    let missing: Vec<_> = summary.missing.iter().map(|m| (m.column.as_str(), m.missing)).collect();
    assert_eq!(missing, [("dur", 0), ("bytes", 2), ("packets", 1), ("proto", 1)]);
    assert_eq!(summary.columns_present_unused, ["note"]);
    let labels = [("benign", 2), ("scan", 1), ("unknown", 1)].map(|(l, n)| (l.to_owned(), n));
    assert_eq!(summary.label_values, labels);
}

#[test]
fn packing_marks_line_ends_and_column_order_change_nothing() {
    let plain = read_text(FLOWS, &options()).dataset;
    let shuffled = "label,PACKETS, bytes ,src,dur,proto,ts\n\
                    benign,1,5,a,2,tcp,1.5\nscan,2,NaN,b,0.25,-,2\nunknown,3,7,a,,udp,3\nbenign,,-inf,a,1,udp,4\n";
    let marked = format!("\u{feff}{}", shuffled.replace('\n', "\r\n"));
    for text in [shuffled, &marked] {
        let other = read_text(text, &options()).dataset;
        assert_eq!(format!("{other:?}"), format!("{plain:?}"));
    }
}

#[test]
fn optional_columns_that_are_absent_leave_the_schema() {
    let without = "ts,dur,src,bytes,proto,label\n1,2,a,5,tcp,benign\n2,1,b,6,udp,scan\n";
    let Read { dataset, summary, .. } = read_text(without, &options());
    assert_eq!((dataset.numeric.len(), dataset.schema.numeric.len()), (2, 2));
    assert_eq!(summary.columns_absent, ["packets"]);
    let full = read_text(FLOWS, &options()).dataset;
    assert!(!full.schema.optional.contains(&"packets".to_owned()), "a column that was found is needed from now on");
    let again = read_text(FLOWS, &ReadOptions { schema: Arc::clone(&full.schema), ..options() }).dataset;
    assert_eq!(again.schema, full.schema);
}

#[test]
fn the_plain_schema_reads_the_originals_columns_and_more_where_they_are() {
    let nta = ReadOptions { schema: Arc::new(crate::builtin_schema("nta").unwrap()), ..options() };
    let few = read_text("duration,src_bytes,dst_bytes,wrong_fragment,label\n0,1,2,0,normal\n1,2,3,0,attack\n", &nta);
    assert_eq!(few.dataset.schema.order, Order::None);
    assert!(!few.dataset.has_sequences() && few.dataset.time.is_none());
    let flags =
        "protocol_type,duration,src_bytes,dst_bytes,wrong_fragment,Label\ntcp,0,1,2,0,False\nudp,1,2,3,0,TRUE\n";
    let flags = read_text(flags, &nta).dataset;
    assert_eq!(flags.label.as_deref(), Some(&[Label::Benign, Label::Attack][..]));
    assert_eq!(flags.schema.categorical.len(), 1);
    let timed = "time,src,dst,duration,src_bytes,dst_bytes,wrong_fragment,label\n\
                 2024-01-01T00:00:00Z,a,b,0,1,2,0,0\n2024-01-01T00:00:01.25Z,b,c,1,2,3,0,1\n";
    let timed = read_text(timed, &nta).dataset;
    assert_eq!(timed.schema.order, Order::EndTime);
    assert_eq!(timed.end_time.as_deref(), Some(&[1_704_067_200_000_000, 1_704_067_202_250_000][..]));
    assert!(timed.has_sequences());
}

#[test]
fn a_host_in_two_files_is_two_entities_unless_a_capture_column_says_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(folder.path(), &[("1.csv", FLOWS.as_bytes()), ("2.csv", FLOWS.as_bytes())]);
    let two = read(&source, &options(), &Quiet).unwrap().dataset;
    assert_eq!(two.n_rows(), 6);
    assert_ne!(two.entity[0], two.entity[3]);
    assert_eq!((two.row[3].file, two.row[3].row), (1, 0));
    assert_eq!(two.files, ["1.csv", "2.csv"]);
    let mut captured = options();
    Arc::make_mut(&mut captured.schema).capture = Some("note".to_owned());
    let text = FLOWS.replace(",2,\n", ",2,m\n");
    let one = read_text(&text, &captured).dataset;
    let capture = "x, \"y\"\nz";
    assert_eq!(one.entity[0], entity_hash(&[3; 16], &[capture.as_bytes(), b"a"]));
    captured.by = Some(SequenceBy::Capture);
    let one = read_text(&text, &captured).dataset;
    assert_eq!(one.entity[1], entity_hash(&[3; 16], &[b"m"]));
}

#[test]
fn benign_can_be_said_anew_and_truth_left_aside() {
    let benign = vec!["scan".to_owned(), "unknown".to_owned()];
    let mut other = options();
    let schema = Arc::make_mut(&mut other.schema);
    schema.label = schema.label.as_ref().map(|role| crate::with_benign(role, &benign));
    let other = read_text(FLOWS, &other).dataset;
    assert_eq!(other.label.as_deref(), Some(&[Label::Attack, Label::Benign, Label::Benign, Label::Attack][..]));
    let unlabelled = read_text(FLOWS, &ReadOptions { truth: Truth::Ignore, ..options() });
    assert_eq!((unlabelled.dataset.n_rows(), unlabelled.dataset.label), (4, None));
    assert_eq!(unlabelled.summary.label_values, []);
}

#[test]
fn batches_to_be_scored_keep_rows_of_which_no_truth_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(folder.path(), &[("1.csv", FLOWS.as_bytes())]);
    let options = ReadOptions { truth: Truth::IfPresent, batch_rows: 100, ..options() };
    let all: Vec<Batch> = batches(&source, &options).unwrap().map(Result::unwrap).collect();
    assert_eq!((all.len(), all[0].dataset.n_rows(), all[0].raw.n_rows()), (1, 4, 4));
    assert_eq!(all[0].unjudged, [2]);
    assert_eq!(all[0].dataset.label.as_ref().map(Vec::len), Some(4));
}

#[test]
fn batches_of_any_size_and_any_number_of_threads_give_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(folder.path(), &[("1.csv", FLOWS.as_bytes()), ("2.csv", FLOWS.as_bytes())]);
    let whole = read(&source, &options(), &Quiet).unwrap().dataset;
    for (batch_rows, threads) in [(1, 1), (2, 2), (7, 3)] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let options = ReadOptions { batch_rows, ..options() };
        let all: Vec<Batch> = pool.install(|| batches(&source, &options).unwrap().map(Result::unwrap).collect());
        assert!(all.iter().all(|b| b.dataset.n_rows() <= batch_rows && b.raw.n_rows() == b.dataset.n_rows()));
        let mut joined = nta_data::Dataset::empty(Arc::clone(&whole.schema));
        all.iter().for_each(|b| joined.append(&b.dataset).unwrap());
        assert_eq!(format!("{joined:?}"), format!("{whole:?}"));
    }
}

#[test]
fn input_columns_pass_through_as_they_stood() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(folder.path(), &[("in.csv", FLOWS.as_bytes())]);
    let options = ReadOptions { truth: Truth::Ignore, ..options() };
    let out = folder.path().join("out.csv");
    let mut writer = None;
    for batch in batches(&source, &options).unwrap() {
        let raw = batch.unwrap().raw;
        let scores: Vec<f32> = (0..raw.n_rows()).map(|i| i as f32 / 2.0).collect();
        let writer = writer.get_or_insert_with(|| TableWriter::create(&out, Some(&raw)).unwrap());
        writer.write(&raw, &[Added { name: "score", values: AddedValues::Float(&scores) }]).unwrap();
        let taken = writer.write(&raw, &[Added { name: "dur", values: AddedValues::Float(&scores) }]).unwrap_err();
        assert!(taken.to_string().starts_with("the input already has a column `dur`"));
    }
    writer.unwrap().finish().unwrap();
    let text = std::fs::read_to_string(&out).unwrap();
    let expected = FLOWS.replace("note\n", "note,score\n").replace("z\"\n", "z\",0.0\n").replace(",2,\n", ",2,,0.5\n");
    let expected = expected.replace(",3,n\n", ",3,n,0.0\n").replace(",,n\n", ",,n,0.5\n");
    assert_eq!(text, expected);
}

fn series<T: ?Sized, P: AsRef<T>>(name: &'static str, values: P) -> Series
where
    Series: NamedFrom<P, T>,
{
    Series::new(PlSmallStr::from_static(name), values)
}

/// The rows of [`FLOWS`] in kinds that Parquet keeps.
fn parquet_columns() -> Vec<Column> {
    let micros = [1_500_000i64, 2_000_000, 3_000_000, 4_000_000];
    let nanos: Vec<i64> = micros.iter().map(|m| m * 1_000).collect();
    let times = series("ts", nanos).cast(&DataType::Datetime(TimeUnit::Nanoseconds, None)).unwrap();
    vec![
        times.into_column(),
        series("dur", [Some(2.0f32), Some(0.25), None, Some(1.0)]).into_column(),
        series("src", ["a", "b", "a", "a"]).into_column(),
        series("bytes", [5.0f64, f64::NAN, 7.0, f64::NEG_INFINITY]).into_column(),
        series("proto", [Some("tcp"), None, Some("udp"), Some("udp")]).into_column(),
        series("label", ["benign", "scan", "unknown", "benign"]).into_column(),
        series("packets", [Some(1u8), Some(2), Some(3), None]).into_column(),
    ]
}

#[test]
fn parquet_gives_the_same_table_as_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.parquet");
    let mut frame = DataFrame::new(4, parquet_columns()).unwrap();
    ParquetWriter::new(std::fs::File::create(&path).unwrap()).with_row_group_size(Some(3)).finish(&mut frame).unwrap();
    let source = Source::resolve(&["flows.parquet".to_owned()], folder.path()).unwrap();
    let options = ReadOptions { sensor: Some("tap".to_owned()), ..options() };
    let text = read_text(FLOWS, &options).dataset;
    let table = read(&source, &options, &Quiet).unwrap().dataset;
    let names = |d: &nta_data::Dataset| format!("{:?}", d.files);
    assert_eq!(format!("{table:?}").replace(&names(&table), ""), format!("{text:?}").replace(&names(&text), ""));
    let options = ReadOptions { batch_rows: 3, ..options };
    let rows: Vec<usize> = batches(&source, &options).unwrap().map(|b| b.unwrap().dataset.n_rows()).collect();
    assert_eq!(rows, [2, 1]);
}

#[test]
fn parquet_flags_and_numbers_serve_as_labels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.parquet");
    let plain: Schema = serde_saphyr::from_str(
        "{ name: p, order: none, label: { column: l, benign: ['0'] }, numeric: [{ name: x }, { name: f }] }",
    )
    .unwrap();
    let options = ReadOptions { schema: Arc::new(plain), by: None, ..options() };
    for labels in
        [series("l", [false, true]), series("l", [0i8, 1]), series("l", [0.0f64, 1.0]), series("l", ["0", "1"])]
    {
        let columns =
            vec![labels.into_column(), series("x", [1i16, 2]).into_column(), series("f", [true, false]).into_column()];
        let mut frame = DataFrame::new(2, columns).unwrap();
        ParquetWriter::new(std::fs::File::create(&path).unwrap()).finish(&mut frame).unwrap();
        let source = Source::resolve(&["flows.parquet".to_owned()], folder.path()).unwrap();
        let dataset = read(&source, &options, &Quiet).unwrap().dataset;
        assert_eq!(dataset.label.as_deref(), Some(&[Label::Benign, Label::Attack][..]));
        assert_eq!(dataset.numeric, [[1.0, 2.0], [1.0, 0.0]]);
    }
}

#[test]
fn the_digest_is_that_of_the_bytes_on_disk_whatever_the_format_and_packing() {
    use sha2::{Digest, Sha256};
    let folder = tempfile::tempdir().unwrap();
    let packed = zstd::encode_all(FLOWS.as_bytes(), 3).unwrap();
    let table = folder.path().join("flows.parquet");
    let mut frame = DataFrame::new(4, parquet_columns()).unwrap();
    ParquetWriter::new(std::fs::File::create(&table).unwrap()).finish(&mut frame).unwrap();
    let table = std::fs::read(table).unwrap();
    let files = [("1.csv", FLOWS.as_bytes()), ("2.csv.zst", &packed), ("3.parquet", &table)];
    let digests = read(&source(folder.path(), &files), &options(), &Quiet).unwrap().digests;
    for ((name, bytes), digest) in files.iter().zip(&digests) {
        let sha256 = nta_data::hex(&Sha256::digest(bytes));
        assert_eq!((&digest.name[..], digest.bytes, &digest.sha256), (*name, bytes.len() as u64, &sha256));
    }
}
