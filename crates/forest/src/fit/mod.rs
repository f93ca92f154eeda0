//! From rows and labels to a forest: what is learned from is checked, then an engine grows the trees.

mod check;
mod fitted;
mod native;
mod out_of_bag;
mod smartcore;

use nta_data::{Label, Tabular, Watch};

use crate::grow::{Counts, Weighted, in_units};
use crate::{Bootstrap, Engine, ForestConfig, ForestError};

use check::check_training;
pub use fitted::Fitted;

impl ForestConfig {
    /// Grows a forest on `x` (features in columns of `(n_rows)`, NaN where missing) and `y` `(n_rows)`. Each column of
    /// `x` is let go as soon as it is binned, into a byte a value, so that a fit takes little memory beyond its table.
    ///
    /// The result depends on the arguments alone, not on the number of threads. `watch` is told of every tree done and
    /// asked to stop between trees and at large nodes.
    ///
    /// # Errors
    /// A setting out of range, no rows or features, one class only, lengths that differ, duplicate names, infinite
    /// values, a setting that the engine does not know, cancelled.
    pub fn fit(&self, x: Tabular, y: &[Label], seed: u64, watch: &dyn Watch) -> Result<Fitted, ForestError> {
        self.check()?;
        check_training(&x, y, self.bootstrap)?;
        match self.engine {
            Engine::Native => native::fit::<Counts>(self, x, y, &[], &[], seed, watch),
            Engine::Smartcore => smartcore::fit(self, &x, y, seed, watch),
        }
    }

    /// The same with a weight a row, `(n_rows)`, finite and at least 0: a row of weight 2 counts in splits and leaves
    /// like two rows, one of weight 0 takes no part. Class weights come on top. `min_leaf` and `min_split` count rows,
    /// whatever they weigh. Weights are held in steps of 2^-30 of the largest (rounded up to a power of two), never
    /// less than a step, so that sums are exact; equal weights give the same forest as none.
    ///
    /// # Errors
    /// Also weights that are negative, not finite, not one a row, or 0 for a whole class.
    pub fn fit_weighted(
        &self,
        x: Tabular,
        y: &[Label],
        weights: &[f32],
        seed: u64,
        watch: &dyn Watch,
    ) -> Result<Fitted, ForestError> {
        self.fit_together(x, y, weights, &[], seed, watch)
    }

    /// The same where rows of one number in `together` `(n_rows)`, the flows of one host say, are drawn by a tree or left out
    /// all at once, so that the out-of-bag score of each comes from trees that know none of them. Rows of 0 stand for
    /// themselves; empty: all do. `bootstrap: distinct` alone can do so, and without numbers in `together` any.
    ///
    /// # Errors
    /// Those of [`ForestConfig::fit_weighted`]; another bootstrap; numbers that are not one a row.
    pub fn fit_together(
        &self,
        x: Tabular,
        y: &[Label],
        weights: &[f32],
        together: &[u32],
        seed: u64,
        watch: &dyn Watch,
    ) -> Result<Fitted, ForestError> {
        self.check()?;
        check_training(&x, y, self.bootstrap)?;
        if !together.is_empty() && (together.len() != y.len() || self.bootstrap != Bootstrap::Distinct) {
            return Err(ForestError::Together { rows: y.len(), numbers: together.len() });
        }
        let units = in_units(weights, y)?;
        match self.engine {
            Engine::Native => native::fit::<Weighted>(self, x, y, &units, together, seed, watch),
            Engine::Smartcore => {
                Err(ForestError::EngineLacks { key: "weights", value: "given".to_owned(), wanted: "left out" })
            }
        }
    }
}
