//! Where labels come from: a column with gaps, the caller, a second table, windows of time and hosts.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nta_data::{Contact, Label, Quiet, Schema, SequenceBy, TimeUnit};

use crate::{
    Advice, AsWritten, Batch, GivenLabels, IngestError, Read, ReadOptions, Source, Truth, batches, builtin_schema, read,
};

const SCHEMA: &str = "
name: t
order: end_time
optional: [uid]
label: { column: label, benign: [benign] }
time: { column: ts, format: '%Y-%m-%d %H:%M:%S' }
duration: dur
duration_unit: microseconds
entity: { src: src, dst: dst }
numeric: [{ name: dur }, { name: bytes }]
ignored: [uid]
";

/// Six flows of one minute each, the third and sixth by the attacker.
const FLOWS: &str = "ts,uid,src,sport,dst,dport,proto,dur,bytes\n\
                     2024-05-01 09:00:00,C1,10.0.0.5,40000,192.0.2.1,443,tcp,1000000,10\n\
                     2024-05-01 09:01:00,C2,10.0.0.6,40001,192.0.2.1,443,tcp,1000000,20\n\
                     2024-05-01 09:02:00,C3,10.0.0.9,40002,192.0.2.1,22,tcp,1000000,30\n\
                     2024-05-01 09:03:00,C4,10.0.0.5,40003,192.0.2.2,53,udp,1000000,40\n\
                     2024-05-01 09:04:00,C5,192.0.2.2,53,10.0.0.5,40003,udp,1000000,50\n\
                     2024-05-01 09:05:00,C6,10.0.0.9,40004,192.0.2.1,22,tcp,1000000,60\n";

fn options(truth: Truth) -> ReadOptions {
    let schema: Schema = serde_saphyr::from_str(SCHEMA).unwrap();
    ReadOptions { by: Some(SequenceBy::Src), truth, batch_rows: 4, ..ReadOptions::new(Arc::new(schema)) }
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

/// Reads `FLOWS` with labels of a second file.
fn joined(name: &str, labels: &str, truth: Truth) -> Result<Read, IngestError> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "flows.csv", FLOWS);
    write(folder.path(), name, labels);
    let options = options(truth);
    let given =
        GivenLabels::open(&folder.path().join(name), &options.schema, Duration::from_secs(1), &Contact::default())?;
    let source = Source::resolve(&["flows.csv".to_owned()], folder.path())?;
    read(&source, &ReadOptions { labels: Some(Arc::new(given)), ..options }, &Quiet)
}

fn attacks(read: &Read) -> Vec<u64> {
    let label = read.dataset.label.as_ref().unwrap();
    (0..label.len()).filter(|i| label[*i] == Label::Attack).map(|i| read.dataset.row[i].row).collect()
}

#[test]
fn rows_without_a_label_are_left_out_of_training_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let labels = ["benign", "", "scan", "NeedManualLabel", "-", "scan"];
    let text: String =
        FLOWS.lines().zip(["label"].iter().chain(&labels)).map(|(l, label)| format!("{l},{label}\n")).collect();
    write(folder.path(), "flows.csv", &text);
    let source = Source::resolve(&["flows.csv".to_owned()], folder.path()).unwrap();
    let whole = read(&source, &options(Truth::Required), &Quiet).unwrap();
    assert_eq!((whole.dataset.n_rows(), attacks(&whole)), (3, vec![2, 5]));
    assert_eq!(whole.summary.unlabelled.values().sum::<u64>(), 3);
    assert_eq!(whole.summary.unlabelled["NeedManualLabel"], 1);
    assert_eq!(whole.summary.label_values, [("scan".to_owned(), 2), ("benign".to_owned(), 1)]);

    let all: Vec<Batch> = batches(&source, &options(Truth::IfPresent)).unwrap().map(Result::unwrap).collect();
    assert_eq!(all.iter().map(|b| b.dataset.n_rows()).collect::<Vec<_>>(), [4, 2], "every row is scored");
    assert_eq!((all[0].unjudged.clone(), all[1].unjudged.clone()), (vec![1, 3], vec![0]));
    assert_eq!(all.iter().map(|b| b.without_truth.n_unlabelled()).sum::<u64>(), 3);
}

#[test]
fn a_table_of_which_no_row_is_labelled_has_no_labels() {
    let folder = tempfile::tempdir().unwrap();
    let text = FLOWS.replace(",bytes", ",bytes,label").replace("0\n", "0,NeedManualLabel\n");
    write(folder.path(), "flows.csv", &text);
    let source = Source::resolve(&["flows.csv".to_owned()], folder.path()).unwrap();
    let all: Vec<Batch> = batches(&source, &options(Truth::IfPresent)).unwrap().map(Result::unwrap).collect();
    assert!(all.iter().all(|b| b.dataset.label.is_none() && b.dataset.family.is_none()));
    let message = read(&source, &options(Truth::Required), &Quiet).unwrap_err().to_string();
    assert!(
        message.contains("none of the 6 rows carries a label (column `label` holds `NeedManualLabel` × 6)"),
        "{message}"
    );
}

#[test]
fn a_label_that_the_model_does_not_know_is_no_reason_not_to_score() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "flows.csv", &FLOWS.replace(",bytes", ",bytes,label").replace("0\n", "0,worm\n"));
    let source = Source::resolve(&["flows.csv".to_owned()], folder.path()).unwrap();
    let mut options = options(Truth::IfPresent);
    Arc::make_mut(&mut options.schema).label.as_mut().unwrap().attack.push("scan".to_owned());
    let all: Vec<Batch> = batches(&source, &options).unwrap().map(Result::unwrap).collect();
    assert_eq!(all.iter().map(|b| b.without_truth.unknown["worm"]).sum::<u64>(), 6);
    options.truth = Truth::Required;
    let message = read(&source, &options, &Quiet).unwrap_err().to_string();
    assert!(message.contains("line 2, column `label`: `worm` is no label"), "{message}");
}

#[test]
fn files_are_given_a_label_each_and_may_not_have_another() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.csv", FLOWS);
    write(folder.path(), "b1.csv", FLOWS);
    write(folder.path(), "b2.csv", &FLOWS.replace(",bytes", ",bytes,label").replace("0\n", "0,No Label\n"));
    let given = |pattern: &str, label: &str| (pattern.to_owned(), Some(label.to_owned()));
    let source =
        Source::resolve_labelled(&[given("a.csv", "Normal"), given("b?.csv", "mirai")], folder.path()).unwrap();
    let whole = read(&source, &options(Truth::Required), &Quiet).unwrap();
    assert_eq!((whole.dataset.n_rows(), whole.dataset.n_attacks()), (18, 12));
    assert_eq!((whole.dataset.family_of(0), whole.dataset.family_of(17)), (Some("benign"), Some("mirai")));
    let labels: Vec<_> = whole.summary.files.iter().map(|f| f.label.as_ref().unwrap().class).collect();
    assert_eq!(labels, [Label::Benign, Label::Attack, Label::Attack]);

    write(folder.path(), "b2.csv", &FLOWS.replace(",bytes", ",bytes,label").replace("0\n", "0,scan\n"));
    let source =
        Source::resolve_labelled(&[given("a.csv", "benign"), given("b?.csv", "mirai")], folder.path()).unwrap();
    let message = read(&source, &options(Truth::Required), &Quiet).unwrap_err().to_string();
    assert!(
        message.contains("b2.csv, line 2, column `label`: `scan` is a label") && message.contains("(mirai)"),
        "{message}"
    );

    let source =
        Source::resolve_labelled(&[given("a.csv", "benign"), ("b1.csv".to_owned(), None)], folder.path()).unwrap();
    let message = read(&source, &options(Truth::Required), &Quiet).unwrap_err().to_string();
    assert!(
        message.contains("b1.csv lacks the column `label`") && message.contains("{ path: …, label: … }"),
        "{message}"
    );
}

#[test]
fn labels_are_found_by_uid() {
    let whole = joined(
        "labels.csv",
        "label,uid\nbenign,C1\nbenign,C2\nscan,C3\nbenign,C4\nscan,C6\nscan,C9\n",
        Truth::Required,
    );
    let whole = whole.unwrap();
    let found = whole.summary.joined.as_ref().unwrap();
    assert_eq!((found.labelled, found.unmatched, found.by.clone()), (5, 1, vec!["uid".to_owned()]));
    assert_eq!((whole.dataset.n_rows(), attacks(&whole)), (5, vec![2, 5]));
    assert_eq!(whole.dataset.family_of(2), Some("scan"));
    let kinds = "attack,attack_cat,uid\n0,-,C1\n1,Fuzzers,C3\n1,Worms,C6\n";
    let kinds = joined("labels.csv", kinds, Truth::Required).unwrap();
    let families: Vec<_> = (0..3).map(|i| kinds.dataset.family_of(i).unwrap()).collect();
    assert_eq!((attacks(&kinds), families), (vec![2, 5], vec!["benign", "Fuzzers", "Worms"]));
    let kept = joined("labels.csv", "label,uid\nscan,C3\n", Truth::IfPresent).unwrap();
    assert_eq!((kept.dataset.n_rows(), kept.unjudged.len()), (6, 5));
}

#[test]
fn labels_are_found_by_hosts_ports_and_time_in_either_direction() {
    let labels = "Timestamp;Source IP;Source Port;Destination IP;Destination Port;Protocol;Class\n\
                  1714554000.4;10.0.0.5;40000;192.0.2.1;443;6;benign\n\
                  1714554121;192.0.2.1;22;10.0.0.9;40002;6;scan\n\
                  1714554119.5;192.0.2.1;22;10.0.0.9;40002;6;benign\n\
                  1714554300;10.0.0.9;40004;192.0.2.1;22;6;scan\n\
                  1714554302;10.0.0.5;40003;192.0.2.2;53;17;scan\n";
    let whole = joined("labels.csv", labels, Truth::Required).unwrap();
    let found = whole.summary.joined.as_ref().unwrap();
    assert_eq!((found.labelled, found.unmatched, found.ambiguous), (2, 3, 1), "the third flow has two near in time");
    assert_eq!(attacks(&whole), [5]);
    assert_eq!(found.by, ["src", "dst", "sport", "dport", "proto", "ts"]);
}

#[test]
fn a_table_that_contradicts_itself_or_knows_no_flow_is_refused() {
    let told = |labels: &str| joined("labels.csv", labels, Truth::Required).unwrap_err().to_string();
    let message = told("uid,label\nC1,benign\nC2,scan\nC1,scan\n");
    assert!(
        message.contains("labels.csv, line 2 and line 4 give one flow the labels `benign` and `scan`"),
        "{message}"
    );
    let message = told("uid,label\nX1,benign\nX2,scan\n");
    assert!(message.contains("none of the 6 flows is found in labels.csv (by uid)"), "{message}");
    let message = told("host,label\na,benign\nb,scan\n");
    assert!(
        message.contains("share nothing by which a flow is known") && message.contains("labels.csv has none"),
        "{message}"
    );
    let message = told("uid,colour\nC1,red\n");
    assert!(message.contains("no column looks like a label") && message.contains("found: uid, colour"), "{message}");
    let rows: String = (0..30_000).map(|i| format!("{},a,b,benign\n", 1_714_550_000 + i)).collect();
    let message = told(&format!("ts,src,dst,label\n{rows}later,a,b,benign\n"));
    assert!(message.contains("labels.csv, line 30002, column `ts`: `later` is not"), "{message}");
}

const WINDOWS: &str = "time_zone: '+02:00'\ndefault: benign\nwindows:\n\
                       - { label: ssh, from: '2024-05-01 11:00', until: '2024-05-01 11:05', src: 10.0.0.9 }\n\
                       - { label: dns, from: '2024-05-01 11:03', until: '2024-05-01 12:00', hosts: 192.0.2.0/31, ports: [53] }\n\
                       - { label: ftp, from: '2024-05-01 11:03', until: '2024-05-01 12:00', ports: 21 }\n";

#[test]
fn windows_of_time_and_hosts_label_what_lies_in_them() {
    let windows = WINDOWS.replace("192.0.2.0/31", "192.0.2.2");
    let whole = joined("attacks.yaml", &windows, Truth::Required).unwrap();
    assert_eq!(attacks(&whole), [2, 3, 4], "the sixth flow begins when the first window ends");
    let found = whole.summary.joined.as_ref().unwrap();
    assert_eq!((found.labelled, found.by_default), (6, 3));
    assert_eq!(found.windows.iter().map(|w| (w.line, w.rows)).collect::<Vec<_>>(), [(4, 1), (5, 2), (6, 0)]);
}

#[test]
fn windows_that_hold_nothing_or_contradict_each_other_are_told() {
    let told = |windows: &str| joined("attacks.yaml", windows, Truth::Required).unwrap_err().to_string();
    let message = told(&WINDOWS.replace("+02:00", "-07:00"));
    assert!(message.contains("one class only, benign") && message.contains("no flow lies in any window"), "{message}");
    let both =
        WINDOWS.replace("from: '2024-05-01 11:03'", "from: '2024-05-01 11:00'").replace("ports: 21", "ports: 22");
    let message = told(&both);
    assert!(
        message.contains("line 4, column `ts`")
            && message.contains("two windows of attacks.yaml: line 4 (ssh) and line 6 (ftp)"),
        "{message}"
    );
}

#[test]
fn a_file_that_is_written_otherwise_reads_as_the_schema_means() {
    let folder = tempfile::tempdir().unwrap();
    let plain = "ts,src,dst,dur,bytes\n2024-05-01 09:00:00,a,b,1500000,10\n2024-05-01 09:00:01,a,b,2000000,20\n";
    let other = "when;src_ip;dst;flow_duration;dur;octets\n\
                 01/05/2024 09:00:00;a;b;1.5;x;10\n01/05/2024 09:00:01;a;b;2;x;20\n";
    write(folder.path(), "plain.csv", plain);
    write(folder.path(), "other.csv", other);
    let read = |file: &str, written: AsWritten| {
        let source = Source::resolve(&[file.to_owned()], folder.path()).unwrap();
        let options =
            ReadOptions { written, advice: Advice::Options, sensor: Some("s".to_owned()), ..options(Truth::Ignore) };
        read(&source, &options, &Quiet)
    };
    let columns = [("ts", "when"), ("src", "src_ip"), ("dur", "flow_duration"), ("bytes", "octets")];
    let written = AsWritten {
        columns: columns.map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned())).into(),
        time_format: Some("%d/%m/%Y %H:%M:%S".to_owned()),
        duration_unit: Some(TimeUnit::Seconds),
        delimiter: Some(';'),
        ..AsWritten::default()
    };
    let (ours, theirs) =
        (read("plain.csv", AsWritten::default()).unwrap(), read("other.csv", written.clone()).unwrap());
    let table = |read: Read| format!("{:?}", nta_data::Dataset { files: Vec::new(), ..read.dataset });
    assert_eq!(table(ours), table(theirs), "also where the file has a column of the model's name");

    let told = |written: AsWritten| read("other.csv", written).unwrap_err().to_string();
    let semicolon = AsWritten { delimiter: Some(';'), ..AsWritten::default() };
    let message = told(semicolon.clone());
    assert!(message.contains("--alias 'src_ip=src'") && !message.contains("in the schema"), "{message}");
    let renamed = |ours: &str, theirs: &str| AsWritten {
        columns: [(ours.to_owned(), theirs.to_owned())].into(),
        ..semicolon.clone()
    };
    assert!(told(renamed("byte", "octets")).contains("did you mean `bytes`?"));
    assert!(told(renamed("bytes", "octet")).contains("has no column `octet`, which is to stand for `bytes`"));
    let message = told(AsWritten { time_format: None, ..written });
    assert!(message.contains("line 2, column `when`") && message.contains("--time-format"), "{message}");
}

#[test]
fn the_columns_that_only_the_corrected_meter_writes_may_be_absent() {
    let schema = builtin_schema("cic-ids2017").unwrap();
    for column in ["Fwd RST Flags", "Bwd RST Flags", "ICMP Code", "ICMP Type", "Total TCP Flow Time"] {
        assert!(schema.optional.iter().any(|o| o == column), "{column}");
    }
}
