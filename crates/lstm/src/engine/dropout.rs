//! Which outputs training leaves out.

use nta_data::Rng;
use rand_core::RngCore;

/// The share of outputs dropped, as a bound on 16 random bits.
#[derive(Clone, Copy)]
pub(crate) struct Dropout {
    threshold: u16,
    scale: f32,
}

impl Dropout {
    pub(crate) fn new(share: f64) -> Self {
        let threshold = (share * 65_536.0).round() as u16;
        Dropout { threshold, scale: (65_536.0 / (65_536.0 - f64::from(threshold))) as f32 }
    }

    /// Whether anything is dropped.
    pub(crate) fn is_on(self) -> bool {
        self.threshold > 0
    }

    /// Sixteen random bits for each output.
    pub(crate) fn draw(mask: &mut Vec<u16>, len: usize, rng: &mut Rng) {
        mask.clear();
        mask.reserve(len + 3);
        while mask.len() < len {
            let word = rng.next_u64();
            mask.extend([word as u16, (word >> 16) as u16, (word >> 32) as u16, (word >> 48) as u16]);
        }
        mask.truncate(len);
    }

    /// What an output is multiplied with.
    pub(crate) fn factor(self, random: u16) -> f32 {
        if random < self.threshold { 0.0 } else { self.scale }
    }

    /// Multiplies `(n, width)` values; `mask` is `(n, hidden)`, what fills a row up stays 0.
    pub(crate) fn apply(self, values: &mut [f32], width: usize, mask: &[u16], hidden: usize) {
        for (row, mask) in values.chunks_exact_mut(width).zip(mask.chunks_exact(hidden)) {
            for (value, &random) in row.iter_mut().zip(mask) {
                *value *= self.factor(random);
            }
        }
    }
}
