//! Captures that are malformed or unusual on purpose, and bytes that were changed at random: nothing panics, and every packet
//! is in a flow or counted.

#![allow(clippy::print_stderr)]

use std::path::PathBuf;

use proptest::prelude::*;

use crate::tests::packets::{A, ACK, B, ETHERNET, SYN, ethernet, ip4, ip6, tcp, there, udp};
use crate::{COLUMNS, Capture, Cut, Meter, MeterConfig, MeterCounts, Next, Packet};

/// Reads a whole file; gives the flows' number, the counts and the cut.
fn meter(file: &[u8]) -> Option<(u64, MeterCounts, Option<Cut>)> {
    let (mut capture, mut meter) = (Capture::new(), Meter::new(MeterConfig::default()));
    let mut n_flows = 0;
    let mut count = |meter: &mut Meter| {
        for flow in meter.take_finished() {
            n_flows += 1;
            for column in COLUMNS {
                let _ = (column.value)(&flow);
            }
        }
    };
    for bytes in file.chunks(1 << 14) {
        capture.push(bytes);
        while let Next::Packet(packet) = capture.next_packet().ok()? {
            meter.packet(&packet);
            count(&mut meter);
        }
    }
    let cut = capture.finish().ok()?;
    meter.finish();
    count(&mut meter);
    let counts = meter.counts();
    let in_no_flow = counts.not_ip + counts.unread_link + counts.malformed + counts.lone_fragments;
    assert_eq!(counts.packets, counts.metered + in_no_flow, "{counts:?}");
    assert_eq!(counts.flows, n_flows);
    Some((n_flows, counts, cut))
}

fn known_files() -> Vec<(PathBuf, Vec<u8>)> {
    let Some(data) = std::env::var_os("NTA_DATA") else { return Vec::new() };
    let mut files = Vec::new();
    for folder in ["formats/pcap", "formats/pcap-odd"] {
        for entry in std::fs::read_dir(PathBuf::from(&data).join(folder)).unwrap() {
            let path = entry.unwrap().path();
            files.push((path.clone(), std::fs::read(path).unwrap()));
        }
    }
    files.sort();
    files
}

#[test]
fn every_known_capture_is_read_or_refused() {
    let files = known_files();
    if files.is_empty() {
        return eprintln!("skipped: NTA_DATA is not set");
    }
    let (mut n_read, mut n_cut) = (0, 0);
    for (path, bytes) in &files {
        let found = meter(bytes);
        let Some((_, counts, cut)) = found else {
            eprintln!("{}: refused", path.display());
            continue;
        };
        n_read += 1;
        n_cut += u32::from(cut.is_some());
        assert!(counts.packets > 0 || cut.is_some() || bytes.len() == 24, "{}: {counts:?}", path.display());
    }
    eprintln!("{n_read} of {} read, {n_cut} of them up to a cut", files.len());
    assert!(n_read * 10 >= files.len() * 9);
}

proptest! {
    #[test]
    fn changed_packets_are_metered_or_counted(
        which in 0usize..5,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
        wire_len in any::<u32>(),
    ) {
        let mut data = match which {
            0 => ethernet(0x0800, &there(80, 1, 2, SYN | ACK, b"0123456789")),
            1 => ethernet(0x86dd, &ip6(44, &[&[17, 0, 0, 1, 0, 0, 0, 1][..], &udp(1, 53, b"0123")].concat())),
            2 => ethernet(0x8100, &[&[0, 1, 8, 0][..], &ip4(A, B, 1, &[8; 24])].concat()),
            3 => ethernet(0x8847, &[&[0, 1, 0x21, 64][..], &ip4(A, B, 6, &tcp([1, 2], 3, 4, SYN, b""))].concat()),
            _ => ethernet(0x86dd, &ip6(0, &[&[60, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0][..], &tcp([1, 2], 3, 4, SYN, b"")].concat())),
        };
        for (place, byte) in changes {
            let place = place.index(data.len());
            data[place] = byte;
        }
        data.truncate(cut.index(data.len() + 1));
        let mut meter = Meter::new(MeterConfig::default());
        for link in [ETHERNET, 101, 0, 9, 50, 104, 113, 276] {
            meter.packet(&Packet { time: i64::from(wire_len), link, data: &data, wire_len: wire_len.max(data.len() as u32) });
        }
        meter.finish();
        let counts = meter.counts();
        prop_assert_eq!(counts.packets, counts.metered + counts.not_ip + counts.malformed + counts.lone_fragments);
    }
}

#[test]
fn known_captures_with_changed_bytes_do_no_harm() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for (_, bytes) in known_files() {
        for _ in 0..20 {
            let mut bytes = bytes.clone();
            for _ in 0..=random() % 16 {
                let place = (random() % bytes.len() as u64) as usize;
                bytes[place] = random() as u8;
            }
            bytes.truncate((random() % (2 * bytes.len() as u64)) as usize);
            meter(&bytes);
        }
    }
}
