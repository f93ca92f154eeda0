//! Mutated datagrams: what they become as lines is not out of proportion to their length. That nothing panics is shown for all
//! formats by the repository's tests/mutations.rs.

use std::io::{Cursor, Read};

use crate::input::unpack::Unpacked;

/// xorshift64: the same mutations in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// One of each kind of datagram, and an event.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let v9_head = [words(&[9, 2]), vec![0; 4], 1_700_000_000u32.to_be_bytes().to_vec(), vec![0; 8]].concat();
    let templates = words(&[0, 24, 256, 4, 8, 4, 12, 4, 1, 4, 21, 4, 1, 18, 300, 4, 4, 1, 4, 34, 4, 0]);
    let records = [words(&[256, 36]), vec![10; 32]].concat();
    let v9 = [v9_head, templates[..24].to_vec(), records].concat();
    let sets = [words(&[2, 24, 257, 4, 27, 16, 28, 16, 82, 65_535, 1, 8]), words(&[257, 48]), vec![3; 44]].concat();
    let ipfix_head =
        [words(&[10, 16 + sets.len() as u16]), 1_700_000_000u32.to_be_bytes().to_vec(), vec![0; 8]].concat();
    let mut v5 = [words(&[5, 2]), vec![0; 4], 1_700_000_000u32.to_be_bytes().to_vec(), vec![0; 12]].concat();
    v5.extend(vec![7; 96]);
    let event = br#"{"event_type":"flow","src_ip":"10.0.0.1","dest_ip":"10.0.0.2","proto":"TCP","src_port":1,"flow":{"start":"2021-06-06T16:38:55.855844+0200","end":"2021-06-06T16:38:56.963027+0200","pkts_toserver":1}}"#;
    let events = [&event[..], b"\n{\"event_type\":\"dns\"}\n", event, b"\n"].concat();
    vec![("netflow", v9), ("netflow", [ipfix_head, sets].concat()), ("netflow", v5), ("suricata", events)]
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len());
        match random.below(6) {
            0 => bytes.truncate(at.max(2)),
            1 => bytes.insert(at, random.below(256) as u8),
            2 => drop((bytes.len() > 2).then(|| bytes.remove(at))),
            3 => bytes.extend_from_within(at..),
            _ => {
                const ODD: [u8; 6] = [0, 1, 0x7f, 0x80, 0xfe, 0xff];
                bytes[at] = if random.below(2) == 0 { ODD[random.below(6)] } else { random.below(256) as u8 };
            }
        }
        bytes.truncate(1 << 14);
    }
}

#[test]
fn no_mutation_grows() {
    let (mut random, seeds) = (Random(0x9e37_79b9_7f4a_7c15), seeds());
    let mut unpacked = 0;
    for _ in 0..2_000 {
        let (schema, seed) = &seeds[random.below(seeds.len())];
        let mut bytes = seed.clone();
        mutate(&mut bytes, &mut random);
        let mut text = Vec::new();
        if let Ok(mut reader) = Unpacked::new(Cursor::new(bytes.clone())) {
            unpacked += u64::from(reader.read_to_end(&mut text).is_ok_and(|n| n > 0));
        }
        assert!(text.len() <= 2_048 + 256 * bytes.len(), "{} bytes of {} become {}", bytes.len(), schema, text.len());
    }
    assert!(unpacked > 100, "some are still read: {unpacked}");
}
