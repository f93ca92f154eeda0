//! Random numbers that depend on what they are for, never on who asked first: ChaCha8 keyed by (seed, purpose, a, b).

use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

/// The generator used everywhere.
pub type Rng = ChaCha8Rng;

/// What a stream of random numbers is for; streams of different purposes are independent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
#[allow(missing_docs)]
pub enum Purpose {
    Partition = 1,
    Bootstrap = 2,
    FeatureDraw = 3,
    InitialWeights = 4,
    Shuffle = 5,
    Dropout = 6,
    Simulation = 7,
    EntityKey = 8,
    RunId = 9,
    Interval = 10,
    Permutation = 11,
    HeldOutSample = 12,
    Replay = 13,
    TwoSample = 14,
    Parity = 31,
}

/// The stream for `purpose`, told apart by two indices (tree and node, epoch and batch, host and day).
pub fn rng(seed: u64, purpose: Purpose, a: u64, b: u64) -> Rng {
    let mut key = [0u8; 32];
    for (chunk, word) in key.chunks_exact_mut(8).zip([seed, purpose as u64, a, b]) {
        chunk.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}
