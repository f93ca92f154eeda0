//! Why a row has its score: the exact Shapley values of its features (path-dependent TreeSHAP, Lundberg et al. 2020).
//!
//! A feature's contribution is its mean effect on the expected score over all orders in which features become known;
//! while a feature is unknown, a row goes both ways at its splits, in the proportion of the training rows. For one leaf
//! this mean is an integral over t in [0, 1] of a product with one factor for each feature on its path, `z (1 - t) + o t`:
//! `z` the share of training rows that its splits let through, `o` whether they let this row through. The integrand is a
//! polynomial, so Gauss-Legendre quadrature with half as many points as features on the path is exact, and the sums over
//! leaves share their factors along the tree: one pass down and up for each tree and point, linear in its nodes (the
//! idea of Linear TreeSHAP, Yu et al. 2022, with quadrature for polynomial arithmetic), for 64 rows side by side.

use std::collections::HashMap;

use nta_data::Tabular;
use rayon::prelude::*;

use super::quadrature::Points;
use super::tour::{Edge, Step, Tour};
use crate::input::{check_finite, columns_by_name};
use crate::{Forest, ForestError};

/// What features added to scores and took from them.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanations {
    /// The mean score of the training rows as the trees saw them: what a row without any known feature would get.
    pub base: f64,
    /// Features, in the order of [`Forest::names`].
    pub n_features: usize,
    /// `(n_rows, n_features)`, row by row. A row's contributions sum to its score minus `base`.
    pub contributions: Vec<f32>,
}

impl Explanations {
    /// Contributions of row `i`, `(n_features)`.
    pub fn row(&self, i: usize) -> &[f32] {
        &self.contributions[i * self.n_features..][..self.n_features]
    }
}

/// Rows explained side by side.
pub(crate) const ROWS: usize = 64;

/// Splits on a path beyond which a tree is not explained: working memory grows with it, and no real tree is near.
const DEEPEST: u32 = 1024;

/// A forest's trees laid out for explanations, once for many calls. It takes about 70 bytes a node.
#[derive(Debug, Clone)]
pub struct Explainer {
    /// Of the features, in the order of training.
    names: Vec<String>,
    tours: Vec<Tour>,
    base: f64,
}

impl Forest {
    /// Lays out the trees for explanations.
    ///
    /// # Errors
    /// A forest from a file of revision 1 (it does not tell how training rows parted), trees deeper than 1,024 splits.
    pub fn explainer(&self) -> Result<Explainer, ForestError> {
        if self.depth > DEEPEST {
            return Err(ForestError::TooDeep { depth: self.depth, most: DEEPEST });
        }
        let tours = self.tours().ok_or(ForestError::NoShares)?;
        let base = tours.iter().map(|tour| tour.expected).sum::<f64>() / self.n_trees() as f64;
        Ok(Explainer { names: self.names.clone(), tours, base })
    }

    fn tours(&self) -> Option<Vec<Tour>> {
        let shares = self.trees.left_shares.as_ref()?;
        let tours = self.trees.bounds.windows(2).enumerate().map(|(tree, bounds)| {
            let nodes = &self.trees.nodes[bounds[0]..bounds[1]];
            Tour::new(nodes, &shares[(bounds[0] - tree) / 2..(bounds[1] - tree - 1) / 2], self.links)
        });
        Some(tours.collect())
    }
}

impl Explainer {
    /// Names of the features, in the order of their contributions.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What each feature adds to the scores of the rows `rows` of `x`, in the order of `rows`; equal rows are explained
    /// once. The result of a row depends on that row alone, not on the others or on the number of threads.
    ///
    /// # Errors
    /// What [`Forest::predict_proba`] refuses, a row that `x` has not.
    pub fn explain(&self, x: &Tabular, rows: &[u32]) -> Result<Explanations, ForestError> {
        let columns = columns_by_name(&self.names, x)?;
        check_finite(x)?;
        if let Some(&row) = rows.iter().find(|&&row| row as usize >= x.n_rows()) {
            return Err(ForestError::NoSuchRow { row, rows: x.n_rows() });
        }
        let (distinct, place) = distinct_rows(&columns, rows);
        let explained: Vec<f32> = distinct
            .par_chunks(ROWS)
            .map_init(Workspace::default, |workspace, rows| self.explain_set(&columns, rows, workspace))
            .flatten_iter()
            .collect();
        let n_features = self.names.len();
        let contributions = place.iter().flat_map(|&i| &explained[i * n_features..][..n_features]).copied().collect();
        Ok(Explanations { base: self.base, n_features, contributions })
    }

    /// `(rows.len(), n_features)`, for at most [`ROWS`] rows.
    fn explain_set(&self, columns: &[&[f32]], rows: &[u32], workspace: &mut Workspace) -> Vec<f32> {
        let n_features = self.names.len();
        workspace.values.clear();
        for column in columns {
            // Places without a row are filled with some value.
            let mut values = [0.0; ROWS];
            values.iter_mut().zip(rows).for_each(|(value, &row)| *value = column[row as usize]);
            workspace.values.push(values);
        }
        workspace.sums.clear();
        workspace.sums.resize(n_features, [0.0; ROWS]);
        for tour in &self.tours {
            workspace.run(tour);
        }
        let n_trees = self.tours.len() as f64;
        let sums = &workspace.sums;
        (0..rows.len()).flat_map(|i| sums.iter().map(move |sums| (sums[i] / n_trees) as f32)).collect()
    }
}

/// The rows `rows` without doubles, and the place there of each.
fn distinct_rows(columns: &[&[f32]], rows: &[u32]) -> (Vec<u32>, Vec<usize>) {
    let mut known: HashMap<Vec<u32>, usize> = HashMap::new();
    let mut distinct = Vec::new();
    let place = rows
        .iter()
        .map(|&row| {
            let key = columns.iter().map(|column| column[row as usize].to_bits()).collect();
            *known.entry(key).or_insert_with(|| {
                distinct.push(row);
                distinct.len() - 1
            })
        })
        .collect();
    (distinct, place)
}

/// A number for each row of the set.
type Row64 = [f64; ROWS];

/// Memory that a thread uses again for each of its sets.
#[derive(Default)]
struct Workspace {
    /// `(n_features)` columns of the set's rows.
    values: Vec<[f32; ROWS]>,
    /// Contributions summed over trees, `(n_features)`.
    sums: Vec<Row64>,
    /// For each level of the tour: 1 where the splits on the level's feature, so far, let the row through, else 0. Level
    /// 0 lets everything through.
    passes: Vec<Row64>,
    /// The product of the factors so far, for each level and point: `(levels, n_points)`.
    down: Vec<Row64>,
    /// The sum of the products of the leaves behind, likewise.
    up: Vec<Row64>,
}

impl Workspace {
    fn run(&mut self, tour: &Tour) {
        let points = &tour.points;
        let n_points = points.nodes.len();
        self.passes.resize(tour.n_levels, [0.0; ROWS]);
        self.down.resize(tour.n_levels * n_points, [0.0; ROWS]);
        self.up.resize(tour.n_levels * n_points, [0.0; ROWS]);
        self.passes[0] = [1.0; ROWS];
        for (down, &weight) in self.down.iter_mut().zip(&points.weights) {
            *down = [weight; ROWS];
        }
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
                // SAFETY: the processor has been asked.
                return unsafe { self.steps_avx512(tour) };
            }
            if is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has been asked.
                return unsafe { self.steps_avx2(tour) };
            }
        }
        self.steps(tour);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
    fn steps_avx512(&mut self, tour: &Tour) {
        self.steps(tour);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn steps_avx2(&mut self, tour: &Tour) {
        self.steps(tour);
    }

    #[inline(always)]
    fn steps(&mut self, tour: &Tour) {
        for step in &tour.steps {
            match *step {
                Step::Down(edge) => self.go_down(&tour.edges[edge as usize], &tour.points),
                Step::Up(edge) => self.go_up(&tour.edges[edge as usize], &tour.points, None),
                Step::Leaf(edge, share) => {
                    self.go_down(&tour.edges[edge as usize], &tour.points);
                    self.go_up(&tour.edges[edge as usize], &tour.points, Some(share));
                }
            }
        }
    }

    /// Which rows pass, and their products one level further down.
    #[inline(always)]
    fn go_down(&mut self, edge: &Edge, points: &Points) {
        let (n_points, level) = (points.nodes.len(), edge.level as usize);
        let (before, after) = self.passes.split_at_mut(level + 1);
        let (passed, passes) = (&before[edge.same_feature as usize], &mut after[0]);
        let values = &self.values[edge.feature as usize];
        for i in 0..ROWS {
            let goes_left = (values[i] <= edge.threshold) | (values[i].is_nan() & edge.missing_left);
            passes[i] = if goes_left == edge.is_left { passed[i] } else { 0.0 };
        }
        let (above, below) = self.down.split_at_mut((level + 1) * n_points);
        let above = &above[level * n_points..];
        for ((&t, above), below) in points.nodes.iter().zip(above).zip(below) {
            let before = edge.share_before * (1.0 - t) + t;
            let stopped = edge.share * (1.0 - t) / before;
            let (stopped_now, let_through) = (stopped - edge.ratio, t / before);
            for i in 0..ROWS {
                below[i] = above[i] * (edge.ratio + passed[i] * stopped_now + passes[i] * let_through);
            }
        }
        let up = &mut self.up[(level + 1) * n_points..][..n_points];
        up.fill([0.0; ROWS]);
    }

    /// What the feature of the edge has added for the leaves behind it.
    #[inline(always)]
    fn go_up(&mut self, edge: &Edge, points: &Points, leaf: Option<f64>) {
        let (n_points, level) = (points.nodes.len(), edge.level as usize);
        let (passed, passes) = (self.passes[edge.same_feature as usize], self.passes[level + 1]);
        let (above, below) = self.up.split_at_mut((level + 1) * n_points);
        let above = &mut above[level * n_points..];
        let down = &self.down[(level + 1) * n_points..];
        let (mut of_passed, mut of_passes) = ([0.0; ROWS], [0.0; ROWS]);
        for (q, &t) in points.nodes.iter().enumerate() {
            let (above, below, down) = (&mut above[q], &below[q], &down[q]);
            let before = (1.0 - edge.share_before) / (edge.share_before * (1.0 - t) + t);
            let stopped = -1.0 / (1.0 - t);
            let gain = (1.0 - edge.share) / (edge.share * (1.0 - t) + t) - stopped;
            for i in 0..ROWS {
                let sum = match leaf {
                    Some(share) => share * down[i],
                    None => below[i],
                };
                above[i] += sum;
                of_passed[i] += (stopped - before) * sum;
                of_passes[i] += gain * sum;
            }
        }
        let sums = &mut self.sums[edge.feature as usize];
        for i in 0..ROWS {
            sums[i] += passed[i] * of_passed[i] + passes[i] * of_passes[i];
        }
    }
}
