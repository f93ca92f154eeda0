//! The same flows in every text format: a file and a pipe of each give the same table.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use nta_data::{Dataset, Quiet, SequenceBy};

use crate::{Format, ReadOptions, Source, Truth, follow, read};

/// Times, hosts and counts go by Zeek's names and by those of Argus.
const SCHEMA: &str = "
name: t
order: file
aliases: { ts: [StartTime], src: [SrcAddr, id.orig_h], bytes: [SrcBytes, orig_bytes], proto: [Proto], label: [Label] }
label: { column: label, benign: [benign] }
time: { column: ts, relative: true }
entity: { src: src }
numeric: [{ name: bytes }]
categorical: [{ name: proto }]
";

/// Three flows: the first is whole, the second lacks its bytes, the third its protocol. `None` where a format has no
/// lines.
fn sample(format: Format) -> Option<&'static str> {
    Some(match format {
        Format::Csv => {
            "ts,src,bytes,proto,label\n\
             1700000000.5,10.0.0.7,120,tcp,benign\n1700000001,10.0.0.9,,udp,scan\n1700000002,10.0.0.7,7,,benign\n"
        }
        Format::Argus => {
            "StartTime,Dur,Proto,SrcAddr,DstAddr,SrcBytes,Label\n\
             1700000000.5,1,tcp,10.0.0.7,10.0.0.1,120,benign\n1700000001,1,udp,10.0.0.9,10.0.0.1,,scan\n\
             1700000002,1,,10.0.0.7,10.0.0.1,7,benign\n"
        }
        Format::ZeekTsv => {
            "#separator \\x09\n#fields\tts\tid.orig_h\torig_bytes\tproto\tlabel\n\
             1700000000.5\t10.0.0.7\t120\ttcp\tbenign\n1700000001\t10.0.0.9\t-\tudp\tscan\n\
             1700000002\t10.0.0.7\t7\t-\tbenign\n"
        }
        Format::ZeekJson => {
            "{\"ts\":1700000000.5,\"id.orig_h\":\"10.0.0.7\",\"orig_bytes\":120,\"proto\":\"tcp\",\"label\":\"benign\"}\n\
             {\"ts\":1700000001,\"id\":{\"orig_h\":\"10.0.0.9\"},\"proto\":\"udp\",\"label\":\"scan\"}\n\
             {\"label\":\"benign\",\"orig_bytes\":7,\"id.orig_h\":\"10.0.0.7\",\"ts\":1700000002}\n"
        }
        Format::SuricataEve => {
            "{\"event_type\":\"dns\",\"ts\":3}\n\
             {\"event_type\":\"flow\",\"ts\":1700000000.5,\"src\":\"10.0.0.7\",\"bytes\":120,\"proto\":\"tcp\",\"label\":\"benign\"}\n\
             {\"ts\":1700000001,\"src\":\"10.0.0.9\",\"event_type\":\"flow\",\"proto\":\"udp\",\"label\":\"scan\"}\n\
             {\"event_type\":\"flow\",\"label\":\"benign\",\"bytes\":7,\"src\":\"10.0.0.7\",\"ts\":1700000002}\n"
        }
        Format::NetFlow => {
            "#netflow\tts\tsrc\tbytes\tproto\tlabel\n\
             1700000000.5\t10.0.0.7\t120\ttcp\tbenign\n1700000001\t10.0.0.9\t\tudp\tscan\n#options\n\
             1700000002\t10.0.0.7\t7\t\tbenign\n"
        }
        Format::Parquet | Format::Capture => return None,
    })
}

fn options() -> ReadOptions {
    let schema = Arc::new(serde_saphyr::from_str(SCHEMA).unwrap());
    ReadOptions { by: Some(SequenceBy::Src), truth: Truth::Required, ..ReadOptions::new(schema) }
}

fn of_file(text: &str, folder: &Path) -> (Dataset, Format) {
    std::fs::write(folder.join("flows"), text).unwrap();
    let source = Source::resolve(&["flows".to_owned()], folder).unwrap();
    let read = read(&source, &options(), &Quiet).unwrap();
    (read.dataset, read.summary.format)
}

fn of_pipe(text: &str) -> Dataset {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    drop(writer);
    let mut batches = follow(reader, "flows", &options()).unwrap();
    let rows = batches.next().unwrap().unwrap().dataset;
    assert!(batches.next().is_none());
    rows
}

#[test]
fn a_file_and_a_pipe_of_every_text_format_read_like_the_same_csv() {
    let folder = tempfile::tempdir().unwrap();
    let (of_csv, _) = of_file(sample(Format::Csv).unwrap(), folder.path());
    assert_eq!((of_csv.n_rows(), of_csv.n_attacks()), (3, 1));
    for format in Format::text() {
        let text = sample(format).unwrap();
        let (rows, told) = of_file(text, folder.path());
        assert_eq!(told, format);
        assert_eq!(format!("{rows:?}"), format!("{of_csv:?}"), "a file of {}", format.title());
        assert_eq!(format!("{:?}", of_pipe(text)), format!("{of_csv:?}"), "a pipe of {}", format.title());
    }
}
