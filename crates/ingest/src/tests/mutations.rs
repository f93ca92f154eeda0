//! Mutated datagrams and events: whatever stands in them is read or refused, without a panic and without memory that they
//! do not pay for. Some seconds' worth in the suite; `NTA_FUZZ_SECONDS=600 cargo test -p nta-ingest mutations` for longer.

use std::io::{Cursor, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nta_data::SequenceBy;

use crate::input::unpack::Unpacked;
use crate::{ReadOptions, builtin_schema, follow};

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
fn no_mutation_panics_or_grows() {
    let seconds = std::env::var("NTA_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let (begun, mut random, seeds) = (Instant::now(), Random(0x9e37_79b9_7f4a_7c15), seeds());
    let options: Vec<ReadOptions> = ["netflow", "suricata"]
        .map(|schema| ReadOptions {
            by: Some(SequenceBy::Src),
            bad_rows: crate::BadRows::SetAside { share: 1.0 },
            ..ReadOptions::new(Arc::new(builtin_schema(schema).unwrap()))
        })
        .into();
    let (mut n, mut rows) = (0u64, 0);
    while seconds.map_or(n < 2_000, |seconds| begun.elapsed() < Duration::from_secs(seconds)) {
        let (schema, seed) = &seeds[random.below(seeds.len())];
        let mut bytes = seed.clone();
        mutate(&mut bytes, &mut random);
        let mut text = Vec::new();
        if let Ok(mut unpacked) = Unpacked::new(Cursor::new(bytes.clone())) {
            let _ = unpacked.read_to_end(&mut text);
        }
        assert!(text.len() <= 2_048 + 256 * bytes.len(), "{} bytes of {} become {}", bytes.len(), schema, text.len());
        let options = &options[usize::from(*schema == "suricata")];
        if let Ok(read) = follow(Cursor::new(bytes), "mutated", options) {
            rows += read.map_while(Result::ok).map(|batch| batch.dataset.n_rows()).sum::<usize>();
        }
        n += 1;
    }
    assert!(rows > 100, "some are still read: {rows} of {n}");
}
