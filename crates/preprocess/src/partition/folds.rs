//! All rows that are not test together, for members that are fitted on every one of them; and folds of the training part,
//! for scores of rows by members that have not seen these.

use std::collections::HashSet;

use nta_data::{DataError, Dataset, Order, Purpose, rng};
use rand_core::RngCore;

use super::Partition;
use super::config::{GroupBy, MOST_FOLDS, Strategy};
use super::copies::in_train;
use super::material::numbered;
use super::part::Part;
use super::stream::{Origin, Stream};

/// Lots that the training part is dealt to where it has no cut in time, each the scored rows of one fold.
const LOTS: usize = MOST_FOLDS - 1;

/// Rows to fit on, and rows of the training part to score with what was fitted.
#[derive(Debug)]
pub struct Fold {
    /// With a cut in time the training rows before the scored ones; else all rows that are not test but these.
    pub fit: Dataset,
    /// In arrival order.
    pub scored: Dataset,
    /// Whether each scored row's features stand among the rows fitted on, `(n_scored)`.
    pub copies: Vec<bool>,
    /// Where the rows of both stood before they were dealt; `None` where no sequence was cut.
    origins: Option<[Origin; 2]>,
}

impl Fold {
    /// Both tables, those fitted on first, as they stood in the traffic; `None` where they cut no sequence.
    pub fn stream(&self) -> Option<Stream<'_>> {
        let origins = self.origins.as_ref()?;
        Some(Stream::new(&self.fit.schema, [&self.fit, &self.scored].into_iter().zip(origins).collect()))
    }

    fn is_of_use(&self) -> bool {
        let counts = |table: &Dataset| {
            let attacks = table.n_attacks();
            (table.n_rows() - attacks, attacks)
        };
        let ((benign, attacks), (scored, _)) = (counts(&self.fit), counts(&self.scored));
        benign > 0 && attacks > 0 && scored > 0
    }
}

impl Partition {
    /// How the parts that are learned from were dealt.
    pub fn dealt(&self) -> Strategy {
        self.summary.inside.unwrap_or(self.summary.strategy)
    }

    fn learned_from(&self) -> [&Dataset; 4] {
        [&self.train, &self.validation, &self.calibration, &self.threshold]
    }

    /// All rows that are learned from, in arrival order, each with its entity as read.
    ///
    /// # Errors
    /// Parts that do not fit each other.
    pub fn whole(&self) -> Result<Dataset, DataError> {
        if let Some(stream) = self.learned() {
            return stream.rows(0..stream.n_rows());
        }
        let all = together(self.learned_from())?;
        if self.dealt() == Strategy::Temporal {
            return Ok(all);
        }
        let mut order: Vec<u32> = (0..all.n_rows() as u32).collect();
        order.sort_by_key(|&row| all.row[row as usize]);
        if let (Order::EndTime, Some(end)) = (all.schema.order, &all.end_time) {
            order.sort_by_key(|&row| end[row as usize]);
        }
        Ok(all.take(&order))
    }

    /// Fold `i` of `folds`, where the first of them is the training part's own and stands at no number: 1 to `folds` - 1.
    /// `None` where what is fitted on would lack a class, or no benign row would be scored.
    ///
    /// # Errors
    /// Parts that do not fit each other.
    pub fn fold(&self, i: usize, folds: usize, seed: u64) -> Result<Option<Fold>, DataError> {
        let (fitted, scored) = match self.dealt() {
            Strategy::Temporal => self.cut_in_time(i, folds),
            _ => self.dealt_to_lots(i - 1, seed),
        };
        let mut fit = self.train.take(&fitted);
        let in_time = self.dealt() == Strategy::Temporal;
        if !in_time {
            for part in [&self.validation, &self.calibration, &self.threshold] {
                fit.append(part)?;
            }
        }
        let scored_rows = self.train.take(&scored);
        let origins = self.origins.as_ref().filter(|_| !in_time).map(|origins| of_fold(origins, &fitted, &scored));
        let hashes: HashSet<u128> = fit.feature_hashes().into_iter().collect();
        let copies = in_train(&hashes, &scored_rows.feature_hashes());
        let fold = Fold { fit, scored: scored_rows, copies, origins };
        Ok(fold.is_of_use().then_some(fold))
    }

    /// The training rows cut in `folds` + 1 stretches of time: those before stretch `i` + 1, and it.
    fn cut_in_time(&self, i: usize, folds: usize) -> (Vec<u32>, Vec<u32>) {
        let n_rows = self.train.n_rows();
        let [begin, end] = [i + 1, i + 2].map(|stretch| (n_rows * stretch / (folds + 1)) as u32);
        ((0..begin).collect(), (begin..end).collect())
    }

    /// The training rows of all lots but `lot`, and those of it that do not stand right behind a seam.
    fn dealt_to_lots(&self, lot: usize, seed: u64) -> (Vec<u32>, Vec<u32>) {
        let (group, behind_seam) = self.groups();
        let lot_of = lots(&group, seed);
        let (scored, fitted): (Vec<u32>, Vec<u32>) =
            (0..self.train.n_rows() as u32).partition(|&row| lot_of[group[row as usize] as usize] == lot);
        (fitted, scored.into_iter().filter(|&row| !behind_seam[row as usize]).collect())
    }

    /// The number of what each training row stays together with, from 0, and whether it stands so near behind the
    /// beginning of its block that the block before tells of it.
    fn groups(&self) -> (Vec<u32>, Vec<bool>) {
        let train = &self.train;
        let alone = |group: Vec<u32>| (group, vec![false; train.n_rows()]);
        match self.dealt() {
            Strategy::Blocked => {
                let block = self.summary.block_rows.unwrap_or(1).max(1) as u32;
                let gap = self.summary.gap_rows.unwrap_or(0) as u32;
                let place =
                    |row: u32| self.origins.as_ref().map_or(row, |of| of[Part::Train as usize].place[row as usize]);
                let places = || (0..train.n_rows() as u32).map(place);
                (numbered(places().map(|place| place / block)), places().map(|place| place % block < gap).collect())
            }
            Strategy::Grouped if self.summary.by == Some(GroupBy::Capture) => {
                alone(numbered(train.row.iter().map(|row| row.file)))
            }
            Strategy::Grouped => alone(numbered(train.entity.iter())),
            _ => alone(numbered(train.feature_hashes().into_iter())),
        }
    }

    /// Whether the features of each test row stand among those that are learned from; known without its labels.
    pub fn test_copies_of_whole(&self) -> Vec<bool> {
        let hashes: HashSet<u128> = self.learned_from().into_iter().flat_map(Dataset::feature_hashes).collect();
        in_train(&hashes, &self.test.feature_hashes())
    }
}

fn of_fold(origins: &[Origin; 5], fitted: &[u32], scored: &[u32]) -> [Origin; 2] {
    let train = &origins[Part::Train as usize];
    let of = |rows: &[u32]| Origin {
        place: rows.iter().map(|&row| train.place[row as usize]).collect(),
        entity: rows.iter().map(|&row| train.entity[row as usize]).collect(),
    };
    let mut fit = of(fitted);
    for part in [Part::Validation, Part::Calibration, Part::Threshold] {
        fit.place.extend(&origins[part as usize].place);
        fit.entity.extend(&origins[part as usize].entity);
    }
    [fit, of(scored)]
}

/// The lot of each group of `group` `(n_rows)`: about as many rows in each, by a seeded draw.
fn lots(group: &[u32], seed: u64) -> Vec<usize> {
    let n_groups = group.iter().max().map_or(0, |most| *most as usize + 1);
    let mut sizes = vec![0usize; n_groups];
    group.iter().for_each(|&group| sizes[group as usize] += 1);
    let mut draws = rng(seed, Purpose::Partition, 1, 0);
    let mut drawn: Vec<(u64, usize)> = (0..n_groups).map(|group| (draws.next_u64(), group)).collect();
    drawn.sort_unstable();
    let (mut lot_of, mut before) = (vec![0; n_groups], 0);
    for (_, of) in drawn {
        // By its middle, so that one large group does not leave a lot empty.
        lot_of[of] = ((before + sizes[of] / 2) * LOTS / group.len()).min(LOTS - 1);
        before += sizes[of];
    }
    lot_of
}

fn together(tables: [&Dataset; 4]) -> Result<Dataset, DataError> {
    let [first, rest @ ..] = tables;
    let mut all = first.clone();
    rest.into_iter().try_for_each(|table| all.append(table))?;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partition::{Requirements, SplitConfig, partition};
    use crate::test_tables::{counted, mixed};

    fn dealt(order: Order, strategy: Strategy) -> Partition {
        let config = SplitConfig { strategy: Some(strategy), ..SplitConfig::default() };
        partition(&config, counted(order, &mixed(6_000, 5, &["scan"])), None, 3, &Requirements::default()).unwrap()
    }

    fn ids(table: &Dataset) -> Vec<u64> {
        table.row.iter().map(|row| row.row).collect()
    }

    const WAYS: [(Order, Strategy); 4] = [
        (Order::File, Strategy::Temporal),
        (Order::EndTime, Strategy::Blocked),
        (Order::File, Strategy::Grouped),
        (Order::None, Strategy::Stratified),
    ];

    #[test]
    fn the_whole_is_every_row_that_is_not_test_in_arrival_order() {
        for (order, strategy) in WAYS {
            let parts = dealt(order, strategy);
            let whole = parts.whole().unwrap();
            let n = parts.learned_from().into_iter().map(Dataset::n_rows).sum::<usize>();
            assert_eq!(whole.n_rows(), n, "{strategy}");
            assert!(ids(&whole).is_sorted(), "{strategy}");
        }
    }

    #[test]
    fn no_scored_row_was_fitted_on_and_four_folds_score_the_training_part() {
        for (order, strategy) in WAYS {
            let parts = dealt(order, strategy);
            let mut scored = Vec::new();
            for i in 1..4 {
                let fold = parts.fold(i, 4, 3).unwrap().unwrap();
                let fit: HashSet<u64> = ids(&fold.fit).into_iter().collect();
                assert!(ids(&fold.scored).iter().all(|row| !fit.contains(row)), "{strategy}");
                if strategy == Strategy::Temporal {
                    assert!(ids(&fold.fit).last() < ids(&fold.scored).first());
                }
                assert_eq!(fold.stream().is_some(), strategy == Strategy::Blocked);
                scored.extend(ids(&fold.scored));
            }
            let n_scored = scored.len();
            scored.sort_unstable();
            scored.dedup();
            assert_eq!(scored.len(), n_scored, "{strategy}: no row twice");
            let share = n_scored as f64 / parts.train.n_rows() as f64;
            assert!(share > if strategy == Strategy::Temporal { 0.59 } else { 0.9 }, "{strategy}: {share}");
            assert_eq!(
                ids(&parts.fold(1, 4, 3).unwrap().unwrap().scored),
                ids(&parts.fold(1, 4, 3).unwrap().unwrap().scored)
            );
        }
    }

    #[test]
    fn hosts_stay_together_and_rows_after_a_block_are_no_ones() {
        let parts = dealt(Order::File, Strategy::Grouped);
        let fold = parts.fold(1, 2, 3).unwrap().unwrap();
        let fit: HashSet<u64> = fold.fit.entity.iter().copied().collect();
        assert!(fold.scored.entity.iter().all(|host| !fit.contains(host)));
        let parts = dealt(Order::File, Strategy::Blocked);
        let (block, gap) = (parts.summary.block_rows.unwrap() as u64, parts.summary.gap_rows.unwrap() as u64);
        assert!(gap > 0);
        let fold = parts.fold(1, 2, 3).unwrap().unwrap();
        assert!(ids(&fold.scored).iter().all(|row| row % block >= gap));
        // In its stream a scored row has its host's key as read.
        let stream = fold.stream().unwrap();
        assert_eq!(stream.rows(0..stream.n_rows()).unwrap().entity.iter().collect::<HashSet<_>>().len(), 7);
    }

    #[test]
    fn a_past_without_an_attack_makes_no_fold() {
        let mut families = mixed(6_000, 5, &["scan"]);
        families[..1_500].fill("normal");
        let config = SplitConfig { strategy: Some(Strategy::Temporal), ..SplitConfig::default() };
        let parts = partition(&config, counted(Order::File, &families), None, 3, &Requirements::default()).unwrap();
        assert!(parts.fold(1, 4, 3).unwrap().is_none());
        assert!(parts.fold(3, 4, 3).unwrap().is_some());
    }
}
