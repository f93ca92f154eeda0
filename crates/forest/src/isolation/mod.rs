//! An isolation forest (Liu, Ting and Zhou 2008): trees that part benign rows at random; what is unlike them stands alone
//! after few splits. Attacks are never looked at. Its trees are a [`Forest`] whose leaves say path lengths, so that file,
//! scoring and whatever reads trees are those of the forest.

mod file;
mod grow;

use nta_data::{Label, Tabular, Watch};
use rayon::prelude::*;

use crate::config::refuse;
use crate::input::{check_finite, check_shape};
use crate::tree::Trees;
use crate::{ConfigError, Forest, ForestError};

/// A leaf says what share of this a path is long, in splits. No path is longer: 16 splits part 65,536 rows, and as many
/// rows left together count as 22 more.
pub const LONGEST_PATH: f64 = 64.0;

/// Share of the benign training rows that score at most one half.
const HALF_AT: f64 = 0.99;

/// What can be set about an isolation forest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IsolationConfig {
    /// Number of trees, 1 to 100000.
    pub trees: u32,
    /// Benign rows that a tree grows on, drawn without putting back, 2 to 65536.
    pub sample: u32,
}

/// Those of the paper.
impl Default for IsolationConfig {
    fn default() -> Self {
        IsolationConfig { trees: 100, sample: 256 }
    }
}

/// A fitted isolation forest. Cannot exist unfitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Isolation {
    forest: Forest,
    half: f64,
}

impl IsolationConfig {
    /// Refuses values out of range.
    ///
    /// # Errors
    /// The first value out of range.
    pub fn check(&self) -> Result<(), ConfigError> {
        let settings = [("trees", self.trees, 1, 100_000), ("sample", self.sample, 2, 65_536)];
        match settings.into_iter().find(|(_, value, low, high)| !(low..=high).contains(&value)) {
            Some((key, value, low, high)) => refuse(key, value, format!("from {low} to {high}")),
            None => Ok(()),
        }
    }

    /// Learns from the benign rows of `x` (columns of `(n_rows)`, NaN where missing, categories as their ranks) by `y`
    /// `(n_rows)`. The result depends on the arguments alone. `watch` is told of every tree.
    ///
    /// # Errors
    /// A setting out of range, no columns or benign rows, lengths that differ, duplicate names, infinite values, cancelled.
    pub fn fit(&self, x: &Tabular, y: &[Label], seed: u64, watch: &dyn Watch) -> Result<Isolation, ForestError> {
        self.check()?;
        check_shape(x)?;
        if x.n_features() == 0 {
            return Err(ForestError::NoFeatures);
        }
        if x.n_rows() != y.len() {
            return Err(ForestError::LabelsDiffer { rows: x.n_rows(), labels: y.len() });
        }
        check_finite(x)?;
        let benign: Vec<u32> = (0..y.len() as u32).filter(|&row| !y[row as usize].is_attack()).collect();
        if benign.is_empty() {
            return Err(ForestError::NoRows);
        }
        let grown = grow::all(self, x, &benign, seed, watch)?;
        let forest = Forest::new(x.names.clone(), grown.split_shares, grown.trees);
        let columns: Vec<&[f32]> = x.columns.iter().map(Vec::as_slice).collect();
        let scores = forest.scores(&columns, x.n_rows());
        let mut lengths: Vec<f64> = benign.iter().map(|&row| length(scores[row as usize])).collect();
        lengths.sort_unstable_by(f64::total_cmp);
        let half = lengths[((1.0 - HALF_AT) * lengths.len() as f64) as usize];
        Ok(Isolation { forest, half: half.max(SHORTEST) })
    }
}

/// A path of the rows that score one half is this long at least: where a tree grows on one row, there are no splits.
const SHORTEST: f64 = 1.0 / 1024.0;

/// Splits, from a vote of the trees.
fn length(vote: f32) -> f64 {
    f64::from(vote) * LONGEST_PATH
}

impl Isolation {
    /// The trees: their mean vote is a row's mean path length as a share of [`LONGEST_PATH`].
    pub fn forest(&self) -> &Forest {
        &self.forest
    }

    /// The mean path length that scores one half: at most 1 % of the benign training rows stand alone sooner.
    pub fn half(&self) -> f64 {
        self.half
    }

    /// How soon each row stands alone, `(n_rows)` in (0, 1]: half / (half + mean path length). The paper's score,
    /// 2^(-length / c), ranks rows likewise; this one says one half where [`Isolation::half`] does, as a density's.
    ///
    /// # Errors
    /// Columns other than those of the training, columns of unequal length, infinite values.
    pub fn predict_proba(&self, x: &Tabular) -> Result<Vec<f32>, ForestError> {
        let votes = self.forest.predict_proba(x)?;
        Ok(votes.into_par_iter().map(|vote| (self.half / (self.half + length(vote))) as f32).collect())
    }
}

/// All trees, and what share of the splits each feature has.
struct GrownTrees {
    trees: Trees,
    split_shares: Vec<f64>,
}

#[cfg(test)]
mod tests {
    use nta_data::{Purpose, Quiet, TabularKind, rng};
    use rand_core::RngCore;

    use super::*;

    /// Benign rows between 0 and 1, every seventh without a third value; every tenth row is an attack beyond them.
    fn table(n: usize, seed: u64) -> (Tabular, Vec<Label>) {
        let mut random = rng(seed, Purpose::Simulation, 0, 0);
        let mut draw = || random.next_u32() as f32 / u32::MAX as f32;
        let mut columns = vec![Vec::new(), Vec::new(), Vec::new()];
        let mut y = Vec::new();
        for row in 0..n {
            let beyond = if row % 10 == 9 { 3.0 } else { 0.0 };
            let third = draw() - beyond;
            let values = [draw() + beyond, draw() + beyond, if row % 7 == 0 { f32::NAN } else { third }];
            columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
            y.push(if beyond > 0.0 { Label::Attack } else { Label::Benign });
        }
        let names = ["a", "b", "c"].map(str::to_owned).into();
        (Tabular { names, kinds: vec![TabularKind::Numeric; 3], columns }, y)
    }

    fn fit(x: &Tabular, y: &[Label]) -> Isolation {
        IsolationConfig::default().fit(x, y, 7, &Quiet).unwrap()
    }

    #[test]
    fn what_is_unlike_benign_rows_stands_alone_sooner() {
        let (x, y) = table(2_000, 1);
        let isolation = fit(&x, &y);
        let scores = isolation.predict_proba(&x).unwrap();
        let of =
            |attack| -> Vec<f32> { (0..y.len()).filter(|&i| y[i].is_attack() == attack).map(|i| scores[i]).collect() };
        let (attacks, benign) = (of(true), of(false));
        let won = attacks.iter().map(|a| benign.iter().filter(|b| a > b).count()).sum::<usize>();
        let auc = won as f64 / (attacks.len() * benign.len()) as f64;
        assert!(auc > 0.95, "{auc}");
        // Half is where 1 % of the benign rows lie above.
        let above = benign.iter().filter(|score| **score > 0.5).count();
        assert!(above * 100 <= benign.len() && benign.contains(&0.5), "{above}");
        assert!(scores.iter().all(|score| *score > 0.0 && *score <= 1.0));
    }

    #[test]
    fn threads_attacks_and_the_file_change_no_bit() {
        let (x, y) = table(900, 2);
        let on = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(|| fit(&x, &y));
        let (one, three) = (on(1), on(3));
        assert_eq!(one, three);
        let benign: Vec<usize> = (0..900).filter(|&i| !y[i].is_attack()).collect();
        let columns = x.columns.iter().map(|column| benign.iter().map(|&i| column[i]).collect()).collect();
        let alone = Tabular { columns, ..x.clone() };
        assert_eq!(fit(&alone, &vec![Label::Benign; benign.len()]), one);
        let bytes = one.to_bytes();
        let back = Isolation::from_bytes(&bytes).unwrap();
        assert_eq!((back.to_bytes(), &back), (bytes, &one));
        let bits = |i: &Isolation| i.predict_proba(&x).unwrap().iter().map(|s| s.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&back), bits(&three));
    }

    #[test]
    fn lengths_are_the_papers() {
        // c(256) = 2 H(255) - 2 * 255 / 256, H the harmonic number; ten rows that are all the same count as c(10).
        let x = Tabular { names: vec!["a".into()], kinds: vec![TabularKind::Numeric], columns: vec![vec![1.0; 10]] };
        let isolation = IsolationConfig { trees: 3, sample: 256 }.fit(&x, &[Label::Benign; 10], 1, &Quiet).unwrap();
        let harmonic = (1..10).map(|i| 1.0 / f64::from(i)).sum::<f64>();
        assert!((isolation.half() - (2.0 * harmonic - 1.8)).abs() < 1e-3, "{}", isolation.half());
        assert_eq!(isolation.predict_proba(&x).unwrap(), [0.5; 10]);
    }

    #[test]
    fn settings_and_rows_that_are_none_are_refused() {
        let (x, y) = table(50, 3);
        let refused = |config: IsolationConfig, y: &[Label]| config.fit(&x, y, 1, &Quiet).unwrap_err().to_string();
        let default = IsolationConfig::default();
        assert!(refused(IsolationConfig { sample: 1, ..default }, &y).contains("sample"));
        assert!(refused(IsolationConfig { trees: 0, ..default }, &y).contains("trees"));
        assert!(refused(default, &y[1..]).contains("49 labels"));
        assert!(refused(default, &[Label::Attack; 50]).contains("no rows"));
    }
}
