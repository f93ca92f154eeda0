//! Intervals and tests from blocks of neighbouring rows. Rows of traffic are not independent (a scan is ten thousand of
//! them), so what is drawn anew is whole blocks (Künsch 1989), of training and of fresh traffic each.

use nta_data::{Purpose, Rng, rng};
use rand_core::RngCore;

/// Draws made: with a hundred columns a single one that moved is still told from chance (100 / 10,000 < .05).
const DRAWS: u64 = 9_999;

/// A measure of distance between rows by bin, training's first.
pub(crate) type Distance = fn(&[f64], &[f64]) -> f64;

/// A distance, and how sure it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    /// As counted.
    pub(crate) value: f64,
    /// 95 % interval, by the basic bootstrap (Davison and Hinkley 1997, 5.2): it takes off what chance alone adds.
    pub(crate) interval: (f64, f64),
    /// How likely chance is to show so much where the distance is `limit` at most.
    pub(crate) p: f64,
}

/// Measures `distance` between two columns' blocks, `(n_blocks, n_bins)` each, neither empty. `column` tells the random
/// numbers of columns apart.
pub(crate) fn measure(
    trained: &[Vec<u64>],
    fresh: &[Vec<u64>],
    distance: Distance,
    limit: f64,
    column: u64,
) -> Measured {
    let value = distance(&sum(trained.iter()), &sum(fresh.iter()));
    let mut drawn: Vec<f64> = (0..DRAWS)
        .map(|draw| {
            let mut rng = rng(0, Purpose::Interval, column, draw);
            let trained = sum(again(trained, &mut rng));
            distance(&trained, &sum(again(fresh, &mut rng)))
        })
        .map(|again| 2.0 * value - again)
        .collect();
    drawn.sort_by(f64::total_cmp);
    let at = |share: f64| drawn[(share * (DRAWS - 1) as f64).round() as usize];
    let within = drawn.iter().filter(|d| **d <= limit).count();
    Measured { value, interval: (at(0.025), at(0.975)), p: (within + 1) as f64 / (DRAWS + 1) as f64 }
}

/// As many blocks as there are, each drawn from all.
fn again<'a>(blocks: &'a [Vec<u64>], rng: &mut Rng) -> impl Iterator<Item = &'a Vec<u64>> {
    // A 64-bit product's upper half: the bias is below one part in 2^57.
    let draws: Vec<usize> =
        blocks.iter().map(|_| ((u128::from(rng.next_u64()) * blocks.len() as u128) >> 64) as usize).collect();
    draws.into_iter().map(|i| &blocks[i])
}

fn sum<'a>(blocks: impl Iterator<Item = &'a Vec<u64>>) -> Vec<f64> {
    let mut total = Vec::new();
    for block in blocks {
        total.resize(block.len(), 0.0);
        total.iter_mut().zip(block).for_each(|(total, rows)| *total += *rows as f64);
    }
    total
}
