//! Mutations of some seeds, one after the other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Mutations of a target in the suite.
const IN_SUITE: u64 = 200;
/// Bytes that an input has at most.
const MOST_BYTES: usize = 1 << 14;

/// Whether any thread has panicked; watched where a campaign has the process to itself.
static PANICKED: AtomicBool = AtomicBool::new(false);

/// Gives mutations of `seeds` to `target`, which answers how much of an input it took. Some must be taken, or the mutations
/// never come past the first bytes.
///
/// `NTA_FUZZ_SECONDS` says how long, `NTA_FUZZ_SEED` which mutations, `NTA_FUZZ_FOLDER` where the last input stands, for a process
/// that is ended; files in `NTA_FUZZ_FOLDER/corpus/TARGET` are further seeds.
#[expect(clippy::print_stdout, reason = "the script reads it")]
pub(super) fn campaign(target: &str, mut seeds: Vec<Vec<u8>>, mut run: impl FnMut(&[u8]) -> usize) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = number("NTA_FUZZ_SECONDS");
    let folder = std::env::var_os("NTA_FUZZ_FOLDER").map(PathBuf::from);
    if let Some(folder) = &folder {
        watch_every_thread();
        let files = std::fs::read_dir(folder.join("corpus").join(target)).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = files.map(|file| file.path()).collect();
        files.sort();
        seeds.extend(files.iter().map(|file| std::fs::read(file).unwrap()));
    }
    let seed = number("NTA_FUZZ_SEED").unwrap_or(1);
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ seed.wrapping_mul(0xff51_afd7_ed55_8ccd) | 1);
    let (begun, mut n, mut taken, mut slowest) = (Instant::now(), 0u64, 0u64, Duration::ZERO);
    while seconds.map_or(n < IN_SUITE, |seconds| begun.elapsed() < Duration::from_secs(seconds)) {
        let mut bytes = seeds[random.below(seeds.len())].clone();
        // Each seed once as it is.
        if n < seeds.len() as u64 {
            bytes.clone_from(&seeds[n as usize]);
        } else {
            mutate(&mut bytes, &seeds, &mut random);
        }
        if let Some(folder) = &folder {
            std::fs::write(folder.join(format!("{target}.last")), &bytes).unwrap();
        }
        let at = Instant::now();
        let done = catch_unwind(AssertUnwindSafe(|| run(&bytes)));
        slowest = slowest.max(at.elapsed());
        if done.is_err() || PANICKED.load(Ordering::Relaxed) {
            let kept = folder.unwrap_or_else(std::env::temp_dir).join(format!("{target}.{seed}-{n}.panic"));
            std::fs::write(&kept, &bytes).unwrap();
            panic!("{target}: mutation {n} of seed {seed} makes it panic; it stands in {}", kept.display());
        }
        taken += u64::from(done.unwrap_or(0) > 0);
        n += 1;
    }
    println!("{target}: {n} inputs, {taken} of them read, the slowest in {:.3} s", slowest.as_secs_f64());
    assert!(taken * 50 > n, "{target}: {taken} of {n} inputs were read at all");
}

/// Readers have threads of their own, whose panics reach nobody.
fn watch_every_thread() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !nta_ingest::panic_is_caught() {
                PANICKED.store(true, Ordering::Relaxed);
                before(info);
            }
        }));
    });
}

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

/// Pieces that mean something to one reader or another.
const WORDS: [&[u8]; 24] = [
    b"-",
    b"NaN",
    b"inf",
    b"-1",
    b"0",
    b"1e308",
    b"18446744073709551616",
    b"9223372036854775807",
    b"0x7f",
    b"\"",
    b"\"\"",
    b",",
    b"\t",
    b"\n",
    b"\r\n",
    b"{",
    b"}",
    b"[]",
    b"null",
    b"\\u0000",
    b"\xef\xbb\xbf",
    b"\xc3",
    b"::1",
    b"#",
];

fn mutate(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let end = (at + 1 + random.below(40)).min(bytes.len());
        match random.below(9) {
            0 => bytes.truncate(at.max(2)),
            1 => bytes.insert(at, random.below(256) as u8),
            2 => drop(bytes.drain(at..end)),
            3 => bytes.extend_from_within(at..),
            4 => drop(bytes.splice(at..end, WORDS[random.below(WORDS.len())].iter().copied())),
            5 => drop(bytes.splice(at..at, WORDS[random.below(WORDS.len())].iter().copied())),
            6 => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len() + 1);
                let to = (from + random.below(200)).min(other.len());
                drop(bytes.splice(at..at, other[from..to].iter().copied()));
            }
            _ if at < bytes.len() => {
                const ODD: [u8; 6] = [0, 1, 0x7f, 0x80, 0xfe, 0xff];
                bytes[at] = match random.below(3) {
                    0 => ODD[random.below(6)],
                    1 => bytes[at] ^ (1 << random.below(8)),
                    _ => random.below(256) as u8,
                };
            }
            _ => {}
        }
        bytes.truncate(MOST_BYTES.max(seeds.iter().map(Vec::len).max().unwrap_or(0)));
    }
}
