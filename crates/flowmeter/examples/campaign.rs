//! Changed captures through the meter for a while: nothing may panic, every packet must be in a flow or counted, memory must
//! stay bounded.
//!
//!     cargo run -p nta-flowmeter --release --example campaign -- SECONDS SEED CAPTURE…
//!
//! Each round takes one of the captures, or two joined, changes, inserts, drops or repeats bytes, biased to lengths and types,
//! and reads it in pieces of a drawn size. Ends with 101 at a panic, whose round can be found again by the seed that is told;
//! with 1 where more than 256 MiB were ever held.

use std::io::Write;
use std::time::{Duration, Instant};

use nta_flowmeter::{COLUMNS, Capture, Meter, MeterConfig, Next};

const MOST_KIB: u64 = 256 << 10;

/// xorshift64*: the same rounds for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n.max(1)
    }
}

fn changed(random: &mut Random, files: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = files[random.below(files.len())].clone();
    if random.below(8) == 0 {
        bytes.extend_from_slice(&files[random.below(files.len())]);
    }
    for _ in 0..=random.below(24) {
        let (place, len) = (random.below(bytes.len()), random.below(40));
        let end = (place + len).min(bytes.len());
        match random.below(8) {
            0 => drop(bytes.drain(place..end)),
            1 => {
                let again = bytes[place..end].to_vec();
                bytes.splice(place..place, again);
            }
            2 => bytes[place..end].fill([0, 0xff, 0x7f, 0x80][random.below(4)]),
            3 => {
                let word = [0, 1, 0xffff_ffff, 0x7fff_ffff, 0x0001_0000, 262_144][random.below(6)];
                let four = if random.below(2) == 0 { u32::to_le_bytes(word) } else { u32::to_be_bytes(word) };
                let end = (place + 4).min(bytes.len());
                bytes[place..end].copy_from_slice(&four[..end - place]);
            }
            4 => bytes[place] ^= 1 << random.below(8),
            _ => bytes[place] = random.below(256) as u8,
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
    bytes.truncate(if random.below(3) == 0 { random.below(bytes.len()) } else { bytes.len() });
    bytes
}

/// Packets metered; `None` for what is no capture.
fn read(bytes: &[u8], piece: usize) -> Option<u64> {
    let (mut capture, mut meter) =
        (Capture::new(), Meter::new(MeterConfig { max_flows: 64, ..MeterConfig::default() }));
    let mut flows = 0;
    let mut tell = |meter: &mut Meter| {
        for flow in meter.take_finished() {
            flows += 1;
            COLUMNS.iter().for_each(|column| drop((column.value)(&flow).to_string()));
        }
    };
    for bytes in bytes.chunks(piece) {
        capture.push(bytes);
        while let Next::Packet(packet) = capture.next_packet().ok()? {
            meter.packet(&packet);
            tell(&mut meter);
        }
    }
    capture.finish().ok()?;
    meter.finish();
    tell(&mut meter);
    let counts = meter.counts();
    let in_none = counts.not_ip + counts.unread_link + counts.malformed + counts.lone_fragments;
    assert_eq!((counts.packets, counts.flows), (counts.metered + in_none, flows), "{counts:?}");
    Some(counts.packets)
}

/// The most memory that the process ever held, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn main() -> std::io::Result<()> {
    let mut args = std::env::args().skip(1);
    let mut number = || args.next().and_then(|arg| arg.parse::<u64>().ok()).unwrap_or(1);
    let (seconds, seed) = (number(), number());
    let files = args.map(std::fs::read).collect::<std::io::Result<Vec<_>>>()?;
    let files: Vec<Vec<u8>> = files.into_iter().filter(|file| !file.is_empty()).collect();
    let (begun, mut rounds, mut packets, mut refused) = (Instant::now(), 0u64, 0u64, 0u64);
    while begun.elapsed() < Duration::from_secs(seconds) {
        let round = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(rounds) | 1;
        let mut random = Random(round);
        let bytes = changed(&mut random, &files);
        let piece = [1, 13, 4_096, 1 << 20][random.below(4)];
        let outcome = std::panic::catch_unwind(|| read(&bytes, piece));
        match outcome {
            Ok(Some(n)) => packets += n,
            Ok(None) => refused += 1,
            Err(panic) => {
                writeln!(std::io::stderr(), "round {rounds} of seed {seed}")?;
                std::panic::resume_unwind(panic);
            }
        }
        rounds += 1;
    }
    let peak = peak();
    writeln!(
        std::io::stdout(),
        "{rounds} captures, {packets} packets, {refused} refused, at most {peak} KiB, no panic"
    )?;
    std::process::exit(i32::from(peak > MOST_KIB));
}
