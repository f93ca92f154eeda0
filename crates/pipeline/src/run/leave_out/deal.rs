//! Which rows of the training part are fitted on, calibrated on and judged when families and a benign group are left out.

use std::collections::{BTreeMap, HashSet};

use nta_data::{Dataset, Purpose, rng};
use rand_core::RngCore;

use super::groups::BenignGroups;
use crate::error::{PipelineError, failed};

/// Rows at most: benign ones to fit, to calibrate and to judge; attacks of a family to fit and to judge.
const MOST_FITTED: usize = 8_000;
const MOST_CALIBRATED: usize = 5_000;
const MOST_JUDGED: usize = 6_000;
const MOST_OF_FAMILY: usize = 1_000;
const MOST_JUDGED_OF_FAMILY: usize = 200;
/// The left-out group's share of the judged benign rows.
const LEFT_OUT_SHARE: f64 = 0.08;
/// Where there is an order, rows are taken in this many runs, so that hosts keep some of what they did before.
const RUNS: usize = 8;

/// The distinct rows of the training part, by class and family, in arrival order or, where there is none, shuffled.
pub(super) struct Pool {
    benign: Vec<u32>,
    attacks: BTreeMap<String, Vec<u32>>,
    pub(super) groups: Option<BenignGroups>,
    in_order: bool,
}

/// One dealing. Each list stands in arrival order.
pub(super) struct Dealt {
    pub(super) fit: Vec<u32>,
    pub(super) calibration: Vec<u32>,
    pub(super) judged: Vec<u32>,
    /// What the judged rows are, `(n_judged)`.
    pub(super) kinds: Vec<Kind>,
}

/// What a judged row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Benign,
    /// An attack of a family that was fitted on.
    Known,
    /// Of one that was not.
    Unseen(String),
}

impl Pool {
    pub(super) fn of(train: &Dataset, seed: u64) -> Result<Self, PipelineError> {
        let labels = train.labels().map_err(failed)?;
        let in_order = train.has_sequences() || train.end_time.is_some();
        let mut seen = HashSet::new();
        let hashes = train.feature_hashes();
        let mut rows: Vec<u32> = (0..train.n_rows() as u32).filter(|&i| seen.insert(hashes[i as usize])).collect();
        if !in_order {
            let mut draws = rng(seed, Purpose::HeldOutSample, 1, 0);
            let mut keyed: Vec<(u64, u32)> = rows.into_iter().map(|row| (draws.next_u64(), row)).collect();
            keyed.sort_unstable();
            rows = keyed.into_iter().map(|(_, row)| row).collect();
        }
        let (mut benign, mut attacks) = (Vec::new(), BTreeMap::<String, Vec<u32>>::new());
        for row in rows {
            match labels[row as usize].is_attack() {
                false => benign.push(row),
                true => {
                    let family = train.family_of(row as usize).unwrap_or("attack").to_owned();
                    attacks.entry(family).or_default().push(row);
                }
            }
        }
        let groups = BenignGroups::of(train, &benign);
        Ok(Pool { benign, attacks, groups, in_order })
    }

    /// How many distinct rows each family has.
    pub(super) fn families(&self) -> impl Iterator<Item = (&str, usize)> {
        self.attacks.iter().map(|(name, rows)| (name.as_str(), rows.len()))
    }

    /// Deals the rows without `families` and without the benign group `group`.
    pub(super) fn deal(&self, families: &[String], group: Option<u64>) -> Dealt {
        let left: HashSet<u32> = match (&self.groups, group) {
            (Some(groups), Some(group)) => groups.rows_of(group).collect(),
            _ => HashSet::new(),
        };
        let (out, within): (Vec<u32>, Vec<u32>) = self.benign.iter().partition(|row| left.contains(*row));
        let [fit, calibration, judged] = cut(&within, [0.45, 0.6]);
        let mut fit = self.thin(fit, MOST_FITTED);
        let mut calibration = self.thin(calibration, MOST_CALIBRATED);
        let judged = self.thin(judged, MOST_JUDGED);
        let beside = (judged.len() as f64 * LEFT_OUT_SHARE / (1.0 - LEFT_OUT_SHARE)) as usize;
        let out = self.thin(&out, beside);
        let mut judged: Vec<(u32, Kind)> = judged.into_iter().chain(out).map(|row| (row, Kind::Benign)).collect();
        for (name, rows) in &self.attacks {
            if families.contains(name) {
                let rows = self.thin(rows, MOST_JUDGED_OF_FAMILY);
                judged.extend(rows.into_iter().map(|row| (row, Kind::Unseen(name.clone()))));
                continue;
            }
            let [fitted, calibrated, further] = cut(rows, [0.6, 0.7]);
            fit.extend(self.thin(fitted, MOST_OF_FAMILY));
            calibration.extend(self.thin(calibrated, MOST_OF_FAMILY / 6));
            judged.extend(self.thin(further, MOST_JUDGED_OF_FAMILY).into_iter().map(|row| (row, Kind::Known)));
        }
        fit.sort_unstable();
        calibration.sort_unstable();
        judged.sort_unstable_by_key(|(row, _)| *row);
        let (judged, kinds) = judged.into_iter().unzip();
        Dealt { fit, calibration, judged, kinds }
    }

    /// At most `most` of `rows`: the first of shuffled ones, else some runs of neighbours.
    fn thin(&self, rows: &[u32], most: usize) -> Vec<u32> {
        if rows.len() <= most || !self.in_order {
            return rows.iter().take(most).copied().collect();
        }
        let run = most / RUNS;
        (0..RUNS).flat_map(|i| rows[i * (rows.len() - run) / (RUNS - 1)..].iter().take(run)).copied().collect()
    }
}

/// The rows before, between and after the two shares.
fn cut(rows: &[u32], shares: [f64; 2]) -> [&[u32]; 3] {
    let [first, second] = shares.map(|share| (rows.len() as f64 * share) as usize);
    [&rows[..first], &rows[first..second], &rows[second..]]
}
