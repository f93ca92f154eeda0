//! Tests on the real files, where `NTA_DATA` names a folder that has them: rows and labels as published.

use std::path::PathBuf;
use std::sync::Arc;

use nta_data::{Quiet, SequenceBy};

use crate::{Format, IngestError, Read, ReadOptions, Source, Truth, batches, builtin_schema, read};

/// The files named, or `None` (and a word about it) where they are not there.
fn files(patterns: &[&str]) -> Option<Source> {
    let Some(folder) = std::env::var_os("NTA_DATA").map(PathBuf::from) else {
        told(patterns[0]);
        return None;
    };
    let patterns: Vec<String> = patterns.iter().map(|p| (*p).to_owned()).collect();
    let source = Source::resolve(&patterns, &folder).ok();
    if source.is_none() {
        told(&patterns[0]);
    }
    source
}

#[allow(clippy::print_stderr)]
fn told(file: &str) {
    eprintln!("skipped: NTA_DATA lacks {file}");
}

fn options(schema: &str, by: Option<SequenceBy>, truth: Truth) -> ReadOptions {
    let schema = Arc::new(builtin_schema(schema).unwrap());
    ReadOptions { by, entity_key: [7; 16], truth, batch_rows: 100_000, ..ReadOptions::new(schema) }
}

fn read_known(
    patterns: &[&str],
    schema: &str,
    by: Option<SequenceBy>,
    truth: Truth,
) -> Option<Result<Read, IngestError>> {
    files(patterns).map(|source| read(&source, &options(schema, by, truth), &Quiet))
}

fn count(read: &Read, label: &str) -> u64 {
    read.summary.label_values.iter().find(|(l, _)| l == label).map_or(0, |(_, n)| *n)
}

#[test]
fn nsl_kdd_has_its_published_rows_and_classes() {
    let Some(train) = read_known(&["nsl-kdd/KDDTrain+.txt.gz"], "nsl-kdd", None, Truth::Required) else { return };
    let train = train.unwrap();
    assert_eq!((train.dataset.n_rows(), train.dataset.n_attacks()), (125_973, 58_630));
    assert_eq!(count(&train, "neptune"), 41_214);
    let test = read_known(&["nsl-kdd/KDDTest+.txt.gz"], "nsl-kdd", None, Truth::Required).unwrap().unwrap();
    assert_eq!((test.dataset.n_rows(), test.dataset.n_attacks()), (22_544, 12_833));
    let constant = train.dataset.schema.numeric.iter().position(|c| c.name == "num_outbound_cmds").unwrap();
    assert!(train.dataset.numeric[constant].iter().all(|v| *v == 0.0));
    assert!(!train.dataset.has_sequences());
}

#[test]
fn kdd99_has_its_published_rows_and_one_sequence_a_file() {
    let by = Some(SequenceBy::Capture);
    let train = read_known(&["kddcup99/kddcup.data_10_percent.gz"], "kdd99", by, Truth::Required);
    let Some(train) = train.map(Result::unwrap) else { return };
    assert_eq!(train.dataset.n_rows(), 494_021);
    assert_eq!(train.dataset.n_rows() - train.dataset.n_attacks(), 97_278);
    assert_eq!((count(&train, "smurf."), count(&train, "neptune.")), (280_790, 107_201));
    assert_eq!(train.dataset.family_of(0), Some("normal"));
    assert!(train.dataset.entity.iter().all(|e| *e == train.dataset.entity[0]));
    let test = read_known(&["kddcup99/corrected.gz"], "kdd99", by, Truth::Required).unwrap().unwrap();
    assert_eq!(test.dataset.n_rows(), 311_029);
    assert_eq!(test.dataset.n_rows() - test.dataset.n_attacks(), 60_593);
}

#[test]
fn ctu13_has_its_published_rows_hosts_and_times() {
    let by = Some(SequenceBy::Src);
    let read = read_known(&["ctu13/capture20110816.binetflow.gz"], "ctu13", by, Truth::Required);
    let Some(read) = read.map(Result::unwrap) else { return };
    assert_eq!(read.summary.format, Format::Argus);
    assert_eq!((read.dataset.n_rows(), read.dataset.n_attacks()), (558_919, 4_630));
    let sum = |word: &str| read.summary.label_values.iter().filter(|(l, _)| l.contains(word)).map(|(_, n)| n).sum();
    let counts: [u64; 3] = [sum("Background"), sum("Normal"), sum("Botnet")];
    assert_eq!(counts, [546_795, 7_494, 4_630]);
    let hosts: std::collections::HashSet<u64> = read.dataset.entity.iter().copied().collect();
    assert_eq!(hosts.len(), 72_345);
    let missing = |column: &str| read.summary.missing.iter().find(|m| m.column == column).unwrap().missing;
    assert_eq!((missing("Sport"), missing("Dport"), missing("sTos"), missing("dTos")), (3_593, 1_673, 4_258, 33_668));
    let (time, end) = (read.dataset.time.as_ref().unwrap(), read.dataset.end_time.as_ref().unwrap());
    assert_eq!((time[0], end[0]), (1_313_488_906_972_101, 1_313_492_506_958_673));
    assert!(time.is_sorted() && !end.is_sorted());
    let dir = read.dataset.schema.categorical.iter().position(|c| c.name == "Dir").unwrap();
    assert!(read.dataset.categorical[dir].values.iter().all(|v| v.trim() == v));
    assert_eq!(read.dataset.categorical[dir].values.len(), 7);
}

#[test]
fn iot_23_reads_as_one_table_of_six_captures() {
    let by = Some(SequenceBy::Src);
    let Some(read) = read_known(&["iot-23/*.csv"], "zeek-conn", by, Truth::Required) else { return };
    let read = read.unwrap();
    let rows: Vec<u64> = read.summary.files.iter().map(|f| f.rows).collect();
    assert_eq!(rows, [452, 1_374, 3_209, 23_145, 4_426, 10_403]);
    assert_eq!(read.dataset.n_attacks(), 21_222 + 8_222 + 16 + 6);
    assert_eq!(count(&read, "benign"), 452 + 1_374);
    let families = read.dataset.family.as_ref().unwrap();
    assert!(families.values.iter().any(|f| f == "PartOfAHorizontalPortScan"));
    let honeypots = read_known(&["iot-23/CTU-Honeypot-*.csv"], "zeek-conn", by, Truth::Required).unwrap();
    let message = honeypots.unwrap_err().to_string();
    assert!(message.contains("one class only, benign (`benign` × 1826)"), "{message}");
}

#[test]
fn zeek_logs_read_in_every_dialect() {
    let by = Some(SequenceBy::Pair);
    let known = [
        ("formats/zeek/conn-tsv-mixed.log", 141, Format::ZeekTsv),
        ("formats/zeek/conn-json-mixed.log", 576, Format::ZeekJson),
        ("formats/zeek/conn-vertical-portscan.log", 50, Format::ZeekJson),
    ];
    for (file, rows, format) in known {
        let Some(read) = read_known(&[file], "zeek-conn", by, Truth::IfPresent) else { return };
        let read = read.unwrap();
        assert_eq!((read.dataset.n_rows(), read.summary.format), (rows, format), "{file}");
        assert!(read.dataset.label.is_none());
    }
    let labelled = read_known(&["formats/zeek/conn.log.labeled"], "zeek-conn", by, Truth::Required).unwrap().unwrap();
    assert_eq!((labelled.dataset.n_attacks(), labelled.summary.ignored_rows), (719, 3));
    assert_eq!(labelled.dataset.n_rows(), 719 + 20 + 12 + 7 + 2 + 1 + 2);
}

#[test]
fn argus_reads_with_tabs_and_without_labels() {
    let by = Some(SequenceBy::Src);
    for (file, rows) in
        [("formats/argus/test2-malicious.binetflow", 6_751), ("formats/argus/test11-portscan.binetflow", 66)]
    {
        let Some(read) = read_known(&[file], "ctu13", by, Truth::IfPresent) else { return };
        let read = read.unwrap();
        assert_eq!((read.dataset.n_rows(), read.summary.format), (rows, Format::Argus), "{file}");
        assert!(read.dataset.label.is_none(), "{file}: the label column is empty");
        let message = read_known(&[file], "ctu13", by, Truth::Required).unwrap().unwrap_err().to_string();
        assert!(message.contains("carries a label (column `Label` holds an empty cell"), "{message}");
    }
    let tabs = "formats/argus/test5-mixed-tabs.binetflow";
    let read = read_known(&[tabs], "ctu13", by, Truth::Ignore).unwrap().unwrap();
    assert_eq!((read.dataset.n_rows(), read.summary.format), (300, Format::Argus));
    let message = read_known(&[tabs], "ctu13", by, Truth::Required).unwrap().unwrap_err().to_string();
    assert!(message.contains("is no label that schema ctu13 knows"), "{message}");
}

#[test]
fn published_headers_fit_their_schemas() {
    let known = [
        ("formats/headers/unsw-nb15-official.csv", "unsw-nb15", 3),
        ("formats/headers/unsw-nb15-raw.csv", "unsw-nb15-raw", 3),
        ("formats/headers/cic-ids2017-improved.csv", "cic-ids2017", 2),
    ];
    for (file, schema, rows) in known {
        let Some(read) = read_known(&[file], schema, Some(SequenceBy::Src), Truth::IfPresent) else { return };
        let read = read.unwrap();
        assert_eq!(read.dataset.n_rows(), rows, "{file}");
        assert_eq!(read.dataset.n_attacks(), 0, "{file}");
        assert_eq!(read.summary.columns_present_unused, Vec::<String>::new(), "{file}");
    }
}

#[test]
fn suricata_reads_its_flow_events_and_counts_the_others() {
    let eve = "formats/suricata/eve.json.gz";
    let Some(read) = read_known(&[eve], "suricata", Some(SequenceBy::Src), Truth::IfPresent) else { return };
    let read = read.unwrap();
    assert_eq!((read.dataset.n_rows(), read.summary.format), (3_512, Format::SuricataEve));
    assert_eq!(read.summary.left_out.other_logs, 745 + 680 + 56 + 3 + 3 + 1);
}

#[test]
fn captures_are_refused_and_every_netflow_file_is_read_or_refused_with_its_reason() {
    let Some(source) = files(&["formats/pcap-odd/*", "formats/netflow/*"]) else { return };
    let mut flows = std::collections::BTreeMap::new();
    for path in source.files() {
        let one = Source::resolve(&[path.display().to_string()], std::path::Path::new("/")).unwrap();
        let name = path.display().to_string();
        match read(&one, &options("netflow", Some(SequenceBy::Src), Truth::IfPresent), &Quiet) {
            Ok(read) => drop(flows.insert(path.file_name().unwrap().to_owned(), read.dataset.n_rows())),
            Err(error) => assert!(error.to_string().contains(&name), "{error}"),
        }
    }
    if std::env::var_os("NTA_SHOW").is_some() {
        told(&format!("{flows:#?}"));
    }
    assert_eq!(flows[std::ffi::OsStr::new("netflow5.dat")], 30);
    assert!(flows.len() > 10, "{flows:?}");
}

#[test]
fn a_template_file_before_a_data_file_is_read_as_one_stream() {
    let pairs = [
        ("ipfix_test_openbsd_pflow", "tpl", "data"),
        ("ipfix_test_mikrotik", "tpl", "data259"),
        ("netflow9_test_h3c", "tpl3281", "data3281"),
        ("netflow9_test_ubnt_edgerouter", "tpl", "data1025"),
        ("netflow9_test_paloalto_panos", "tpl", "data"),
    ];
    for (name, template, data) in pairs {
        let part = |part: &str| files(&[&format!("formats/netflow/{name}_{part}.dat")]).map(|s| s.files()[0].clone());
        let (Some(template), Some(data)) = (part(template), part(data)) else { return };
        let [template, data] = [template, data].map(|file| std::fs::read(file).unwrap());
        for both in [[template.clone(), data.clone()].concat(), [data, template].concat()] {
            let options = options("netflow", Some(SequenceBy::Src), Truth::Ignore);
            let mut read = crate::follow(std::io::Cursor::new(both), name, &options).unwrap();
            assert!(read.next().unwrap().unwrap().dataset.n_rows() > 0, "{name}");
        }
    }
}

#[test]
fn batches_give_what_reading_whole_gives() {
    let Some(source) = files(&["nsl-kdd/KDDTest+.txt.gz"]) else { return };
    let mut options = options("nsl-kdd", None, Truth::Required);
    let whole = read(&source, &options, &Quiet).unwrap().dataset;
    options.batch_rows = 1_777;
    let mut joined = nta_data::Dataset::empty(Arc::clone(&whole.schema));
    for batch in batches(&source, &options).unwrap() {
        let batch = batch.unwrap();
        assert_eq!(batch.raw.n_rows(), batch.dataset.n_rows());
        joined.append(&batch.dataset).unwrap();
    }
    assert_eq!(joined.numeric, whole.numeric);
    assert_eq!(joined.categorical, whole.categorical);
    assert_eq!((joined.label, joined.row), (whole.label, whole.row));
}
