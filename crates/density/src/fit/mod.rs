//! From benign rows to a density: bins for each column, counts of pairs, the parents that tell most, the counts kept.

mod pairs;
mod parents;

use std::sync::atomic::{AtomicU64, Ordering};

use nta_data::{Label, Tabular, TabularKind, Watch};
use rayon::prelude::*;

use crate::bins::{Encoder, fit_categories, fit_numbers, quantile, runs};
use crate::column::{Column, Parent};
use crate::input::check_training;
use crate::rows::BenignRows;
use crate::{Density, DensityConfig, DensityError};

use pairs::{Codes, Pairs, joint, marginal, mutual_information};

/// Share of the benign training rows, by weight, that score at most one half.
const HALF_AT: f64 = 0.99;

impl DensityConfig {
    /// Learns pairs, whatever the engine, from the benign rows of `x` (columns of `(n_rows)`, NaN where missing) by `y` `(n_rows)`; others are not
    /// looked at. The result depends on the arguments alone, neither on the number of threads nor on the order of rows.
    /// `watch` is told of every pair of columns and asked to stop between them.
    ///
    /// # Errors
    /// A setting out of range, no columns or benign rows, lengths that differ, duplicate names, infinite values, ranks
    /// that are no whole numbers, cancelled.
    pub fn fit(&self, x: &Tabular, y: &[Label], watch: &dyn Watch) -> Result<Density, DensityError> {
        self.check()?;
        check_training(x, y)?;
        self.fit_rows(x, &BenignRows::of(y, None)?, watch)
    }

    /// The same with a weight a row, `(n_rows)`, finite and at least 0: a row of weight 2 counts like two rows, one of
    /// weight 0 takes no part. Weights are held in steps of 2^-20, never less than a step, so that sums are exact.
    ///
    /// # Errors
    /// Also weights that are negative, not finite, not one a row, or too large together.
    pub fn fit_weighted(
        &self,
        x: &Tabular,
        y: &[Label],
        weights: &[f32],
        watch: &dyn Watch,
    ) -> Result<Density, DensityError> {
        self.check()?;
        check_training(x, y)?;
        self.fit_rows(x, &BenignRows::of(y, Some(weights))?, watch)
    }

    fn fit_rows(&self, x: &Tabular, rows: &BenignRows, watch: &dyn Watch) -> Result<Density, DensityError> {
        let (mut columns, codes): (Vec<Column>, Vec<Codes>) =
            (0..x.n_features()).into_par_iter().map(|j| self.fit_column(x, j, rows)).unzip();
        let progress = Progress { watch, done: AtomicU64::new(0), total: Pairs::count(columns.len()) as u64 };
        let told = |own: usize, parent: usize| {
            progress.step()?;
            Ok(mutual_information(&joint(&codes, [parent, own], &columns, rows), columns[own].weights.len()))
        };
        let informations = Pairs::measure(columns.len(), &told)?;
        let parents = parents::choose(self, &informations);
        let counted: Vec<Vec<Parent>> = parents
            .par_iter()
            .enumerate()
            .map(|(own, parents)| {
                let parent =
                    |&parent: &usize| Parent { column: parent, weights: joint(&codes, [parent, own], &columns, rows) };
                parents.iter().map(parent).collect()
            })
            .collect();
        columns.iter_mut().zip(counted).for_each(|(column, parents)| column.parents = parents);
        // What half is has to be known from the surprises themselves; any number does until then.
        let density = Density::new(columns, 1.0, self.unseen);
        let codes: Vec<&[u8]> = codes.iter().map(|codes| codes.of_row.as_slice()).collect();
        let surprises = density.surprise_of_codes(&codes, rows.len());
        let half = quantile(&surprises, rows.iter().map(|(_, weight)| weight), HALF_AT);
        Ok(density.with_half(half.filter(|half| *half > 0.0).unwrap_or(1.0)))
    }

    /// Column `j`'s bins and what the rows in each weigh, and each counting row's code.
    fn fit_column(&self, x: &Tabular, j: usize, rows: &BenignRows) -> (Column, Codes) {
        let values = runs(&x.columns[j], rows);
        let bins = match x.kinds[j] {
            TabularKind::Numeric => fit_numbers(&values, self.bins.into()),
            TabularKind::RankedCategory => fit_categories(&values, self.categories.into()),
        };
        let values: Vec<f32> = rows.iter().map(|(row, _)| x.columns[j][row]).collect();
        let mut codes = vec![0; values.len()];
        Encoder::of_codes(&bins).encode(&values, &mut codes);
        let weights = marginal(&codes, bins.n_codes(), rows);
        (Column { name: x.names[j].clone(), bins, weights, parents: Vec::new() }, Codes::new(codes))
    }
}

/// How far the pairs are, told from any thread.
struct Progress<'a> {
    watch: &'a dyn Watch,
    done: AtomicU64,
    total: u64,
}

impl Progress<'_> {
    fn step(&self) -> Result<(), DensityError> {
        if self.watch.cancelled() {
            return Err(DensityError::Cancelled);
        }
        self.watch.step(self.done.fetch_add(1, Ordering::Relaxed) + 1, self.total);
        Ok(())
    }
}
