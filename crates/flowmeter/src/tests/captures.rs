//! Files and pipes: formats, byte orders, clocks, and what is cut or damaged.

use crate::tests::packets::{A, B, ip4, udp};
use crate::{Capture, CaptureError, Cut, Next};

fn packet() -> Vec<u8> {
    ip4(A, B, 17, &udp(5_000, 53, b"x"))
}

/// A pcap of two packets: magic number, byte order, fraction of the second packet.
fn pcap(magic: u32, word: fn(u32) -> [u8; 4], fraction: u32) -> Vec<u8> {
    let mut file = [word(magic), [0, 2, 0, 4], word(0), word(0), word(262_144), word(101)].concat();
    if word(1)[0] == 1 {
        file[4..8].copy_from_slice(&[2, 0, 4, 0]);
    }
    for fraction in [0, fraction] {
        let len = packet().len() as u32;
        file.extend([word(1_700_000_000), word(fraction), word(len), word(len)].concat());
        file.extend(packet());
    }
    file
}

/// A pcapng of two packets, whose interface has a clock of `per_second` (10 to that power).
fn pcapng(word: fn(u32) -> [u8; 4], half: fn(u16) -> [u8; 2], exponent: u8, units: u64) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let len = word(12 + body.len() as u32);
        [&word(kind), &len, body, &len].concat()
    };
    let mut file = block(0x0a0d_0d0a, &[word(0x1a2b_3c4d), [0, 1, 0, 0], [255; 4], [255; 4]].concat());
    // A kind that is passed over.
    file.extend(block(0xbad, &[9; 40]));
    let options = [&half(9)[..], &half(1), &[exponent, 0, 0, 0], &half(0), &half(0)].concat();
    file.extend(block(1, &[&half(101)[..], &half(0), &word(0), &options].concat()));
    for time in [0, units] {
        let (len, mut data) = (packet().len() as u32, packet());
        data.resize(data.len().next_multiple_of(4), 0);
        let head = [word(0), word((time >> 32) as u32), word(time as u32), word(len), word(len)].concat();
        file.extend(block(6, &[&head[..], &data].concat()));
    }
    file
}

/// The times of a file's packets, and where it breaks off.
fn read(file: &[u8], chunk: usize) -> Result<(Vec<i64>, Option<Cut>), CaptureError> {
    let (mut capture, mut times) = (Capture::new(), Vec::new());
    for bytes in file.chunks(chunk) {
        capture.push(bytes);
        while let Next::Packet(found) = capture.next_packet()? {
            assert_eq!(found.data, packet());
            times.push(found.time);
        }
    }
    Ok((times, capture.finish()?))
}

#[test]
fn every_format_and_byte_order_is_read_however_its_bytes_come() {
    let begun = 1_700_000_000_000_000_000;
    let files = [
        (pcap(0xa1b2_c3d4, u32::to_le_bytes, 5), [begun, begun + 5_000]),
        (pcap(0xa1b2_c3d4, u32::to_be_bytes, 5), [begun, begun + 5_000]),
        (pcap(0xa1b2_3c4d, u32::to_le_bytes, 5), [begun, begun + 5]),
        (pcap(0xa1b2_3c4d, u32::to_be_bytes, 5), [begun, begun + 5]),
        (pcapng(u32::to_le_bytes, u16::to_le_bytes, 6, 5), [0, 5_000]),
        (pcapng(u32::to_be_bytes, u16::to_be_bytes, 9, 5), [0, 5]),
        (pcapng(u32::to_le_bytes, u16::to_le_bytes, 0x81, 5), [0, 2_500_000_000]),
    ];
    for (n, (file, times)) in files.iter().enumerate() {
        for chunk in [1, 7, 4_096] {
            assert_eq!(read(file, chunk).unwrap(), (times.to_vec(), None), "file {n} in chunks of {chunk}");
        }
    }
}

#[test]
fn a_file_that_is_cut_short_is_read_up_to_there_and_said() {
    for file in [pcap(0xa1b2_c3d4, u32::to_le_bytes, 5), pcapng(u32::to_le_bytes, u16::to_le_bytes, 6, 5)] {
        let (times, cut) = read(&file[..file.len() - 3], 64).unwrap();
        let cut = cut.unwrap();
        assert_eq!((times.len(), cut.offset + cut.bytes), (1, file.len() as u64 - 3));
        assert!(cut.problem.contains("ends within a packet"), "{}", cut.problem);
    }
    assert_eq!(read(&pcap(0xa1b2_c3d4, u32::to_le_bytes, 5)[..24], 64).unwrap(), (vec![], None), "a header alone");
}

#[test]
fn what_a_file_declares_asks_for_no_memory() {
    let mut file = pcap(0xa1b2_c3d4, u32::to_le_bytes, 5);
    file[32..36].copy_from_slice(&u32::MAX.to_le_bytes());
    let (times, cut) = read(&file, 64).unwrap();
    assert!(times.is_empty() && cut.unwrap().problem.contains("a packet of 4294967295 bytes is declared"));
    let mut file = pcapng(u32::to_le_bytes, u16::to_le_bytes, 6, 5);
    let at = 28 + 52;
    file[at + 4..at + 8].copy_from_slice(&u32::MAX.to_le_bytes());
    let (times, cut) = read(&file, 64).unwrap();
    assert!(times.is_empty() && cut.unwrap().problem.contains("a block of 4294967295 bytes is declared"));
}

#[test]
fn other_files_are_refused() {
    assert_eq!(read(b"ts,uid\n1,2\n", 64).unwrap_err(), CaptureError::NotACapture);
    assert_eq!(read(b"", 64).unwrap_err(), CaptureError::NotACapture);
    assert_eq!(read(&[0xd4, 0xc3, 0xb2], 64).unwrap_err(), CaptureError::NotACapture);
}
