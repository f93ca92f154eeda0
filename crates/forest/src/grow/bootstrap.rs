//! Which rows a tree grows on, and how often each was drawn.

use nta_data::{Purpose, Rng, rng};
use rand_core::RngCore;

use super::drawn::Drawn;
use super::training_table::TrainingTable;
use crate::Bootstrap;
use crate::random::below;

/// The places (see [`TrainingTable::members`]) that a tree has seen, one bit each. Empty where nothing was left out.
pub(crate) type Seen = Vec<u64>;

/// Memory that draws use again.
#[derive(Default)]
pub(crate) struct DrawScratch {
    /// How often each place, or each unit, was hit.
    hits: Vec<u8>,
}

/// Fills `bag` with the distinct rows of tree `tree`, ascending; rows without weight take no part.
pub(crate) fn draw(
    kind: Bootstrap,
    table: &TrainingTable,
    seed: u64,
    tree: u32,
    scratch: &mut DrawScratch,
    bag: &mut Vec<Drawn>,
) -> Seen {
    bag.clear();
    let mut put = |row: usize, times: u32| {
        if times > 0 && table.weights.get(row).is_none_or(|&weight| weight > 0) {
            bag.push(Drawn::new(row as u32, times, table.labels[row]));
        }
    };
    let random = || rng(seed, Purpose::Bootstrap, tree.into(), 0);
    let hits = &mut scratch.hits;
    match kind {
        Bootstrap::None => {
            (0..table.n_distinct()).for_each(|row| put(row, table.copies(row)));
            Seen::new()
        }
        Bootstrap::Rows => {
            hit(random(), table.n_rows(), u8::MAX, hits);
            for (row, bounds) in table.bounds.windows(2).enumerate() {
                let places = &hits[bounds[0] as usize..bounds[1] as usize];
                put(row, places.iter().map(|&times| u32::from(times)).sum());
            }
            seen(table.n_rows(), |place| hits[place] > 0)
        }
        Bootstrap::Distinct => {
            let most = u8::try_from(MOST_DRAWN / table.n_rows()).unwrap_or(u8::MAX);
            hit(random(), table.n_units, most, hits);
            for (row, &unit) in table.unit_of.iter().enumerate() {
                put(row, u32::from(hits[unit as usize]) * table.copies(row));
            }
            seen(table.n_rows(), |place| hits[table.unit_of[table.distinct_of[place] as usize] as usize] > 0)
        }
    }
}

/// What rows of a bag may add up to.
const MOST_DRAWN: usize = (u32::MAX >> 1) as usize;

/// Most rows whose copies are drawn together. Each may be hit twelve times and all fit [`MOST_DRAWN`]; that one is hit more
/// often has a probability of less than 1e-10.
pub(crate) const MOST_DISTINCT: usize = MOST_DRAWN / 12;

/// Draws `n` of `n` with replacement; what is hit more than `most` times counts as hit so often.
fn hit(mut random: Rng, n: usize, most: u8, hits: &mut Vec<u8>) {
    hits.clear();
    hits.resize(n, 0);
    let mut bytes = [0u8; 4096];
    for start in (0..n).step_by(bytes.len() / 4) {
        random.fill_bytes(&mut bytes);
        let (words, _) = bytes.as_chunks::<4>();
        for &word in words.iter().take(n - start) {
            let hit = &mut hits[below(u32::from_le_bytes(word), n)];
            // To be hit more often than a byte can say has a probability of less than 1e-500.
            *hit = hit.saturating_add(1).min(most);
        }
    }
}

/// One bit for each of `n` places.
fn seen(n: usize, is_seen: impl Fn(usize) -> bool) -> Seen {
    let word = |start: usize| {
        (start..n.min(start + 64)).fold(0, |word, place| word | u64::from(is_seen(place)) << (place - start))
    };
    (0..n).step_by(64).map(word).collect()
}

#[cfg(test)]
mod tests {
    use nta_data::Label;

    use super::*;
    use crate::grow::tally::{Counts, sum};

    fn table(n: usize) -> TrainingTable {
        let values = (0..n).map(|i| (i % 10) as f32).collect();
        let y: Vec<Label> = (0..n).map(|i| if i % 10 < 3 { Label::Attack } else { Label::Benign }).collect();
        TrainingTable::new(vec![values], &y, &[], &[], 255, Bootstrap::Distinct)
    }

    fn drawn(kind: Bootstrap, table: &TrainingTable, tree: u32) -> (Vec<Drawn>, Seen) {
        let mut bag = Vec::new();
        let seen = draw(kind, table, 3, tree, &mut DrawScratch::default(), &mut bag);
        (bag, seen)
    }

    fn was_seen(seen: &[u64], place: usize) -> bool {
        seen[place / 64] >> (place % 64) & 1 == 1
    }

    #[test]
    fn a_bag_holds_as_many_rows_as_the_table_and_misses_a_third() {
        let table = table(5_000);
        let (bag, seen) = drawn(Bootstrap::Rows, &table, 0);
        let counts: Counts = sum(&bag, &[]);
        assert_eq!(counts.total(), 5_000);
        assert!((f64::from(counts.attack()) / 5_000.0 - 0.3).abs() < 0.03);
        let out = (0..5_000).filter(|&p| !was_seen(&seen, p)).count() as f64 / 5_000.0;
        assert!((out - 0.368).abs() < 0.03, "{out}");
        assert_ne!(bag, drawn(Bootstrap::Rows, &table, 1).0);
    }

    #[test]
    fn without_bootstrap_every_copy_is_in_the_bag_and_nothing_is_left_out() {
        let (bag, seen) = drawn(Bootstrap::None, &table(40), 0);
        assert_eq!(bag.len(), 10);
        assert_eq!(bag[0], Drawn::new(0, 4, Label::Attack));
        assert!(seen.is_empty());
    }

    #[test]
    fn distinct_takes_all_copies_or_none() {
        let table = table(5_000);
        let mut units_drawn = 0;
        for tree in 0..200 {
            let (bag, seen) = drawn(Bootstrap::Distinct, &table, tree);
            assert!(bag.iter().all(|d| d.times().is_multiple_of(500)));
            let times: u32 = bag.iter().map(|d| d.times() / 500).sum();
            assert_eq!(times, 10);
            units_drawn += bag.len();
            for place in 0..5_000 {
                let inside = bag.iter().any(|d| d.row == table.distinct_of[place]);
                assert_eq!(was_seen(&seen, place), inside);
            }
        }
        // 1 - 0.9^10 of ten.
        assert!((units_drawn as f64 / 200.0 - 6.513).abs() < 0.25, "{units_drawn}");
    }

    #[test]
    fn every_place_is_hit_equally_often() {
        let mut hits = Vec::new();
        let mut sums = vec![0u32; 1_500];
        for tree in 0..400 {
            hit(rng(1, Purpose::Bootstrap, tree, 0), 1_500, u8::MAX, &mut hits);
            assert_eq!(hits.iter().map(|&h| u32::from(h)).sum::<u32>(), 1_500);
            sums.iter_mut().zip(&hits).for_each(|(sum, &h)| *sum += u32::from(h));
        }
        // 400 expected, standard deviation 20.
        assert!(sums.iter().all(|&s| (300..500).contains(&s)));
        let free = hits.clone();
        hit(rng(1, Purpose::Bootstrap, 399, 0), 1_500, 2, &mut hits);
        assert!(free.iter().zip(&hits).all(|(&free, &most)| most == free.min(2)) && free.iter().any(|&h| h > 2));
    }
}
