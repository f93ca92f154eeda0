//! What one optimiser step is taken on.

use nta_data::{Purpose, Rng, rng};

use crate::input::Pack;

/// What one optimiser step learns from.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    /// From 0.
    pub(crate) epoch: usize,
    /// Place in the epoch, from 0.
    pub(crate) index: usize,
    /// The sequences.
    pub(crate) packs: Vec<Pack>,
}

impl Batch {
    /// Rows that are learned from, in all packs.
    pub(crate) fn rows(&self) -> impl Iterator<Item = u32> {
        self.packs.iter().flat_map(|p| p.rows[p.first_learned()..].iter().copied())
    }

    /// Random numbers for the dropout of one pack, in the order of its layers, rows and hidden units.
    pub(crate) fn dropout_rng(&self, seed: u64, pack: usize) -> Rng {
        let mut rng = rng(seed, Purpose::Dropout, self.epoch as u64, self.index as u64);
        rng.set_stream(pack as u64);
        rng
    }
}
