//! Packet captures: a file, a packed one, a pipe and the Zeek log of the same flows give the same table.

use std::io::Write;
use std::sync::Arc;

use nta_data::{Contact, Dataset, Quiet, SequenceBy};

use crate::{FlowWriter, Format, MeterConfig, ReadOptions, Source, builtin_schema, follow, meter, read};

/// A pcap of raw IP: an answered question, a SYN that is refused, and a packet that holds no IP.
fn capture() -> Vec<u8> {
    let word = |n: u32| n.to_le_bytes();
    let mut file = [word(0xa1b2_c3d4), [2, 0, 4, 0], word(0), word(0), word(262_144), word(101)].concat();
    let ip = |protocol: u8, from: u8, to: u8, rest: &[u8]| {
        let head = [0x45, 0, 0, 20 + rest.len() as u8, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, from, 10, 0, 0, to];
        [&head[..], rest].concat()
    };
    let syn = |src: [u8; 2], dst: [u8; 2], flags: u8| {
        [&src[..], &dst, &[0, 0, 0, 5, 0, 0, 0, 6, 0x50, flags, 1, 0, 0, 0, 0, 0]].concat()
    };
    let packets = [
        ip(17, 1, 2, &[0x9c, 0x40, 0, 53, 0, 12, 0, 0, 1, 2, 3, 4]),
        ip(17, 2, 1, &[0, 53, 0x9c, 0x40, 0, 14, 0, 0, 1, 2, 3, 4, 5, 6]),
        ip(6, 1, 3, &syn([0x9c, 0x41], [0, 80], 2)),
        ip(6, 3, 1, &syn([0, 80], [0x9c, 0x41], 20)),
        vec![0; 30],
    ];
    for (n, packet) in packets.iter().enumerate() {
        let len = word(packet.len() as u32);
        file.extend([word(1_700_000_000 + n as u32), word(250_000), len, len].concat());
        file.extend(packet);
    }
    file
}

fn options() -> ReadOptions {
    let schema = Arc::new(builtin_schema("zeek-conn").unwrap());
    ReadOptions { by: Some(SequenceBy::Src), sensor: Some("one".to_owned()), ..ReadOptions::new(schema) }
}

fn of_file(folder: &std::path::Path, name: &str) -> (Dataset, Format, u64) {
    let source = Source::resolve(&[name.to_owned()], folder).unwrap();
    let read = read(&source, &options(), &Quiet).unwrap();
    (read.dataset, read.summary.format, read.summary.left_out.packets_without_ip)
}

#[test]
fn a_capture_reads_like_the_log_of_its_flows_however_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("a.pcap"), capture()).unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&capture()).unwrap();
    std::fs::write(path("b.pcap.gz"), packed.finish().unwrap()).unwrap();
    let source = Source::resolve(&["a.pcap".to_owned()], folder.path()).unwrap();
    let writer = FlowWriter::create(&path("conn.log")).unwrap();
    let told = meter(&source, MeterConfig::default(), writer, &Contact::default(), &Quiet).unwrap();
    assert_eq!((told.counts.flows, told.counts.metered, told.counts.not_ip), (2, 4, 1));

    let (of_packets, format, without_ip) = of_file(folder.path(), "a.pcap");
    assert_eq!((of_packets.n_rows(), format, without_ip), (2, Format::Capture, 1));
    let values = |data: &Dataset| format!("{:?}{:?}{:?}{:?}", data.numeric, data.categorical, data.time, data.entity);
    assert_eq!(values(&of_file(folder.path(), "b.pcap.gz").0), values(&of_packets));
    let (of_log, format, _) = of_file(folder.path(), "conn.log");
    assert_eq!((values(&of_log), format), (values(&of_packets), Format::ZeekTsv));

    let (reader, mut pipe) = std::io::pipe().unwrap();
    pipe.write_all(&capture()).unwrap();
    drop(pipe);
    let batches: Vec<_> = follow(reader, "pipe", &options()).unwrap().map(Result::unwrap).collect();
    assert_eq!(batches.len(), 1);
    assert_eq!(values(&batches[0].dataset), values(&of_packets));
}

#[test]
fn a_capture_that_is_cut_short_is_read_up_to_there_and_one_without_flows_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let capture = capture();
    std::fs::write(folder.path().join("cut.pcap"), &capture[..capture.len() - 50]).unwrap();
    let source = |name: &str| Source::resolve(&[name.to_owned()], folder.path()).unwrap();
    let cut = read(&source("cut.pcap"), &options(), &Quiet).unwrap();
    assert_eq!((cut.dataset.n_rows(), cut.summary.left_out.bytes_cut_off > 0), (2, true));
    let wifi = [&capture[..20], &[105, 0, 0, 0], &capture[24..]].concat();
    std::fs::write(folder.path().join("wifi.pcap"), wifi).unwrap();
    let refused = read(&source("wifi.pcap"), &options(), &Quiet).unwrap_err().to_string();
    assert!(refused.contains("it holds no flow: 5 packets (5 of link type 105, which is not read)"), "{refused}");
}
