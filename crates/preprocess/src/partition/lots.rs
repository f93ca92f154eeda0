//! Lots of rows that must stay together, and how they are dealt to the parts.
//!
//! A lot is a block of consecutive rows, a host, a capture, or a set of identical rows. Dealing follows iterative
//! stratification (Sechidis, Tsoumakas and Vlahavas 2011): the kind of traffic found in the fewest lots first, its
//! largest lots first, each lot to the part that still wants the most of that kind.

use nta_data::Rng;
use rand_core::RngCore;

use super::part::PerPart;

/// What to do with a kind that is found in few lots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scarce {
    /// Deal it by shares, so that the training part is served first and small parts may go without.
    ByShare,
    /// One lot to every part before any gets a second.
    EveryPartFirst,
}

/// Lots and how many rows of which kind each holds.
#[derive(Debug)]
pub(crate) struct Lots {
    /// Rows in each lot, `(n_lots)`.
    n_rows: Vec<u32>,
    /// `(n_lots + 1)` bounds into `holds`.
    bounds: Vec<u32>,
    /// (kind, rows of that kind), lot after lot.
    holds: Vec<(u32, u32)>,
}

impl Lots {
    /// Row `i` belongs to lot `lot_of[i]` and is of kind `kind_of[i]`; both count from 0 and every lot has a row.
    pub(crate) fn new(lot_of: &[u32], kind_of: &[u32]) -> Self {
        let mut pairs: Vec<u64> =
            lot_of.iter().zip(kind_of).map(|(&lot, &kind)| (u64::from(lot) << 32) | u64::from(kind)).collect();
        pairs.sort_unstable();
        let mut lots = Lots { n_rows: Vec::new(), bounds: vec![0], holds: Vec::new() };
        for same in pairs.chunk_by(|a, b| a == b) {
            let (lot, kind) = ((same[0] >> 32) as usize, same[0] as u32);
            if lots.n_rows.len() <= lot {
                lots.n_rows.resize(lot + 1, 0);
                lots.bounds.resize(lot + 2, lots.holds.len() as u32);
            }
            lots.n_rows[lot] += same.len() as u32;
            lots.holds.push((kind, same.len() as u32));
            lots.bounds[lot + 1] = lots.holds.len() as u32;
        }
        lots
    }

    pub(crate) fn len(&self) -> usize {
        self.n_rows.len()
    }

    fn holds(&self, lot: usize) -> &[(u32, u32)] {
        &self.holds[self.bounds[lot] as usize..self.bounds[lot + 1] as usize]
    }

    /// For each kind, the lots that hold it with their rows of it.
    fn by_kind(&self) -> Vec<Vec<(u32, u32)>> {
        let n_kinds = self.holds.iter().map(|h| h.0 as usize + 1).max().unwrap_or(0);
        let mut lots_of = vec![Vec::new(); n_kinds];
        for lot in 0..self.len() {
            for &(kind, rows) in self.holds(lot) {
                lots_of[kind as usize].push((lot as u32, rows));
            }
        }
        lots_of
    }

    /// The part (as an index) of each lot. `shares` sum to 1; a part with share 0 gets nothing.
    pub(crate) fn assign(&self, shares: &PerPart<f64>, scarce: Scarce, rng: &mut Rng) -> Vec<u8> {
        let draw: Vec<u64> = (0..self.len()).map(|_| rng.next_u64()).collect();
        let lots_of = self.by_kind();
        let mut kinds: Vec<usize> = (0..lots_of.len()).filter(|&k| !lots_of[k].is_empty()).collect();
        kinds.sort_by_key(|&k| (lots_of[k].len(), k));
        let mut demand = PartDemand::new(self, shares, scarce, &lots_of);
        let mut part_of = vec![u8::MAX; self.len()];
        for kind in kinds {
            let mut waiting: Vec<(u32, u32)> =
                lots_of[kind].iter().copied().filter(|l| part_of[l.0 as usize] == u8::MAX).collect();
            // Sizes count by powers of two, so that lots of about one size still go by the draw.
            waiting.sort_by_key(|&(lot, rows)| (std::cmp::Reverse(rows.ilog2()), draw[lot as usize], lot));
            for (lot, _) in waiting {
                let lot = lot as usize;
                let part = demand.choose(kind, self.n_rows[lot]);
                demand.take(part, self.n_rows[lot], self.holds(lot));
                part_of[lot] = part as u8;
            }
        }
        part_of
    }
}

/// What each part still wants.
struct PartDemand<'a> {
    shares: &'a PerPart<f64>,
    /// Parts to be filled, the training part first, then those of larger share; ties are broken in this order.
    parts: Vec<usize>,
    /// Rows of any kind.
    room: PerPart<f64>,
    /// Rows of each kind, `(n_kinds)`.
    wanted: Vec<PerPart<f64>>,
    /// All rows of each kind, `(n_kinds)`.
    total: Vec<f64>,
    /// Whether a kind is dealt by shares, `(n_kinds)`.
    by_share: Vec<bool>,
    scarce: Scarce,
}

impl<'a> PartDemand<'a> {
    fn new(lots: &Lots, shares: &'a PerPart<f64>, scarce: Scarce, lots_of: &[Vec<(u32, u32)>]) -> Self {
        let mut parts: Vec<usize> = (0..shares.len()).filter(|&p| shares[p] > 0.0).collect();
        parts.sort_by(|&a, &b| (a != 0).cmp(&(b != 0)).then(shares[b].total_cmp(&shares[a])));
        let n_rows: f64 = lots.n_rows.iter().map(|&n| f64::from(n)).sum();
        let total: Vec<f64> = lots_of.iter().map(|of| of.iter().map(|l| f64::from(l.1)).sum()).collect();
        let few = 2 * parts.len();
        PartDemand {
            shares,
            parts,
            room: shares.map(|s| s * n_rows),
            wanted: total.iter().map(|&rows| shares.map(|s| s * rows)).collect(),
            total,
            by_share: lots_of.iter().map(|of| scarce == Scarce::ByShare && of.len() < few).collect(),
            scarce,
        }
    }

    /// The part that wants a lot of `n_rows` rows for the sake of its `kind` rows. A part that has no room for half of
    /// the lot comes last.
    fn choose(&self, kind: usize, n_rows: u32) -> usize {
        let mut best = None;
        for &part in &self.parts {
            let unmet = self.wanted[kind][part] / (self.shares[part] * self.total[kind]);
            let fits =
                self.room[part] * 2.0 >= f64::from(n_rows) || (self.scarce == Scarce::EveryPartFirst && unmet >= 1.0);
            let wish = match (fits, self.by_share[kind]) {
                (false, _) => self.room[part],
                (true, true) => self.wanted[kind][part],
                (true, false) => unmet,
            };
            if best.is_none_or(|(_, b)| (fits, wish) > b) {
                best = Some((part, (fits, wish)));
            }
        }
        best.map_or(0, |(part, _)| part)
    }

    fn take(&mut self, part: usize, n_rows: u32, holds: &[(u32, u32)]) {
        self.room[part] -= f64::from(n_rows);
        for &(kind, rows) in holds {
            self.wanted[kind as usize][part] -= f64::from(rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nta_data::{Purpose, rng};

    const SHARES: PerPart<f64> = [0.6, 0.1, 0.1, 0.1, 0.1];

    fn assigned(lot_of: &[u32], kind_of: &[u32], seed: u64) -> Vec<u8> {
        Lots::new(lot_of, kind_of).assign(&SHARES, Scarce::ByShare, &mut rng(seed, Purpose::Partition, 0, 0))
    }

    #[test]
    fn lots_count_their_rows_by_kind() {
        let lots = Lots::new(&[1, 0, 1, 1], &[0, 2, 5, 0]);
        assert_eq!((lots.len(), lots.holds(0), lots.holds(1)), (2, &[(2, 1)][..], &[(0, 2), (5, 1)][..]));
    }

    #[test]
    fn single_rows_are_dealt_by_share_within_each_kind() {
        let lot_of: Vec<u32> = (0..1000).collect();
        let kind_of: Vec<u32> = (0..1000).map(|i| u32::from(i % 10 == 0)).collect();
        let part_of = assigned(&lot_of, &kind_of, 7);
        for (part, share) in SHARES.iter().enumerate() {
            for (kind, rows) in [(0, 900.0), (1, 100.0)] {
                let got = (0..1000).filter(|&i| part_of[i] == part as u8 && kind_of[i] == kind).count() as f64;
                assert!((got - share * rows).abs() <= 1.0, "part {part}, kind {kind}: {got}");
            }
        }
        assert_ne!(part_of, assigned(&lot_of, &kind_of, 8));
        assert_eq!(part_of, assigned(&lot_of, &kind_of, 7));
    }

    #[test]
    fn a_kind_in_one_lot_goes_to_training_and_one_in_ten_lots_everywhere() {
        // Lot 0 alone holds kind 1, lots 1 to 10 hold kind 2, and 90 lots are plain.
        let lot_of: Vec<u32> = (0..1000).map(|i| i / 10).collect();
        let kind_of: Vec<u32> =
            (0..1000).map(|i| if i == 0 { 1 } else { 2 * u32::from(i % 10 == 3 && i / 10 <= 10) }).collect();
        for seed in 0..20 {
            let part_of = assigned(&lot_of, &kind_of, seed);
            assert_eq!(part_of[0], 0);
            let mut parts: Vec<u8> = part_of[1..=10].to_vec();
            parts.sort_unstable();
            parts.dedup();
            assert_eq!(parts, [0, 1, 2, 3, 4]);
        }
    }

    #[test]
    fn seven_equal_lots_reach_five_parts_only_when_every_part_comes_first() {
        let lot_of: Vec<u32> = (0..70).map(|i| i / 10).collect();
        let lots = Lots::new(&lot_of, &[0; 70]);
        let n_parts = |scarce| {
            let mut parts = lots.assign(&SHARES, scarce, &mut rng(1, Purpose::Partition, 0, 0));
            parts.sort_unstable();
            parts.dedup();
            parts.len()
        };
        assert_eq!((n_parts(Scarce::EveryPartFirst), n_parts(Scarce::ByShare)), (5, 4));
    }

    #[test]
    fn a_lot_of_half_the_rows_goes_where_it_fits() {
        let lot_of: Vec<u32> = (0..100).map(|i| if i < 50 { 0 } else { i - 49 }).collect();
        let part_of = assigned(&lot_of, &vec![0; 100], 3);
        assert_eq!(part_of[0], 0);
        assert_eq!(part_of.iter().filter(|&&p| p == 0).count(), 11, "50 + 10 rows make 60 %");
    }
}
