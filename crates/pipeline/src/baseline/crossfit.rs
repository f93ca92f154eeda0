//! The members with a site's flows, and scores of those flows by counts and trees that do not hold them.

use std::sync::Arc;

use nta_data::{Dataset, Label, ScoreColumn, Scores, Tabular};
use nta_density::Density;
use nta_forest::{Bootstrap, Fitted, Forest, ForestError};
use nta_hybrid::{Combine, Fusion, Hybrid, HybridConfig};
use nta_model::{Member, Model, NamedMember};
use nta_preprocess::Partition;
use rayon::prelude::*;

use super::units::FlowUnits;
use crate::config::RunConfig;
use crate::error::{PipelineError, failed};
use crate::event::{Listener, Stage, StageWatch, Unit};

/// What the flows make of members and fusion.
pub(super) struct Refitted {
    pub(super) members: Vec<NamedMember>,
    pub(super) hybrid: Hybrid,
    /// Scores of the flows, each by a member that has not learned from it.
    pub(super) columns: Vec<ScoreColumn>,
    /// The members that the flows joined.
    pub(super) joined: Vec<String>,
}

/// The traffic of the training, for members that cannot learn more without it.
#[derive(Clone, Copy)]
pub(super) struct Training<'a> {
    pub(super) parts: &'a Partition,
    pub(super) listener: &'a dyn Listener,
}

impl Refitted {
    /// Members and fusion as they are.
    pub(super) fn without(model: &Model, scores: &Scores) -> Self {
        let (members, hybrid) = (model.members.clone(), model.hybrid.clone());
        Refitted { members, hybrid, columns: scores.members().to_vec(), joined: Vec::new() }
    }

    /// Densities that know the flows too, each flow with the `weight` of so many training flows, and forests, where the
    /// `training` is to be had; a fusion by surprise learns from the flows what is usual.
    pub(super) fn with(
        model: &Arc<Model>,
        rows: &Dataset,
        scores: &Scores,
        units: &FlowUnits,
        weight: f32,
        training: Option<Training<'_>>,
    ) -> Result<Self, PipelineError> {
        let mut refitted = Refitted::without(model, scores);
        let tabular = model.preprocessor.tabular(rows).map_err(failed)?;
        for (named, column) in refitted.members.iter_mut().zip(&mut refitted.columns) {
            let p_attack = match (&mut named.member, training) {
                (Member::Density(density), _) => {
                    let p_attack = cross_fitted(density, &tabular, &units.folds(), weight)?;
                    **density = density.with_rows(&tabular, weight).map_err(failed)?;
                    p_attack
                }
                (Member::Forest(forest), Some(training)) => {
                    let Some((grown, p_attack)) = training.grow(model, &tabular, &units.together(), weight)? else {
                        continue;
                    };
                    **forest = grown;
                    p_attack
                }
                _ => continue,
            };
            *column = ScoreColumn::new(column.name.clone(), p_attack, |_| false);
            refitted.joined.push(named.name.clone());
        }
        refitted.hybrid = refit(&model.hybrid, &refitted.columns)?;
        Ok(refitted)
    }
}

impl Training<'_> {
    /// The forest grown anew on the training part and the flows `x`, and the flows' scores, each by the trees that have not
    /// drawn it, nor another flow of its host where `together` numbers hosts; `None` for an engine or a bootstrap that cannot.
    fn grow(
        &self,
        model: &Model,
        x: &Tabular,
        together: &[u32],
        weight: f32,
    ) -> Result<Option<(Forest, Vec<f32>)>, PipelineError> {
        let config = RunConfig::parse_kept(&model.provenance.config, "its config", &[])?;
        if config.forest.bootstrap == Bootstrap::None {
            return Ok(None);
        }
        let (train, n) = (&self.parts.train, x.n_rows());
        let mut all = model.preprocessor.tabular_to_learn(train).map_err(failed)?;
        all.columns.iter_mut().zip(&x.columns).for_each(|(column, flows)| column.extend_from_slice(flows));
        let labels = [train.labels().map_err(failed)?, &vec![Label::Benign; n]].concat();
        let weights = [vec![1.0; train.n_rows()], vec![weight; n]].concat();
        let alone = if together.is_empty() { 0 } else { train.n_rows() };
        let together = [&vec![0; alone], together].concat();
        let watch = StageWatch { listener: self.listener, stage: Stage::Baseline, unit: Unit::TreesGrown };
        match config.forest.fit_together(all, &labels, &weights, &together, config.seed, &watch) {
            // A flow that every tree has drawn has no score of its own, and may count as the worst.
            Ok(Fitted { forest, out_of_bag, .. }) => {
                let flows = out_of_bag[train.n_rows()..].iter().map(|score| score.unwrap_or(1.0));
                Ok(Some((forest, flows.collect())))
            }
            Err(ForestError::EngineLacks { .. } | ForestError::Together { .. }) => Ok(None),
            Err(ForestError::Cancelled) => Err(PipelineError::Interrupted("while growing trees".to_owned())),
            Err(error) => Err(failed(error)),
        }
    }
}

/// Each row's score by counts that hold the rows of the other folds; `fold` and the result are `(n_rows)`.
fn cross_fitted(density: &Density, x: &Tabular, fold: &[u32], weight: f32) -> Result<Vec<f32>, PipelineError> {
    let n_folds = fold.iter().max().map_or(0, |last| last + 1);
    let part = |rows: &[usize]| -> Tabular {
        let pick = |column: &Vec<f32>| rows.iter().map(|&row| column[row]).collect();
        Tabular { names: x.names.clone(), kinds: x.kinds.clone(), columns: x.columns.iter().map(pick).collect() }
    };
    let of_fold = |number: u32| {
        let (inside, outside): (Vec<usize>, Vec<usize>) = (0..fold.len()).partition(|&row| fold[row] == number);
        let others = density.with_rows(&part(&outside), weight).map_err(failed)?;
        let scores = others.predict_proba(&part(&inside)).map_err(failed)?;
        Ok(inside.into_iter().zip(scores).collect())
    };
    let folds: Vec<Vec<(usize, f32)>> =
        (0..n_folds).into_par_iter().map(of_fold).collect::<Result<_, PipelineError>>()?;
    let mut scores = vec![0.0; fold.len()];
    folds.into_iter().flatten().for_each(|(row, score)| scores[row] = score);
    Ok(scores)
}

/// The fusion; one by surprise takes its members' tails from `columns`, the scores of benign flows.
fn refit(hybrid: &Hybrid, columns: &[ScoreColumn]) -> Result<Hybrid, PipelineError> {
    let Fusion::Surprise { tails, .. } = hybrid.fusion() else { return Ok(hybrid.clone()) };
    let combine = Combine::SurpriseOf(tails.iter().map(|(name, _)| name.to_owned()).collect());
    let labels = vec![Label::Benign; columns.first().map_or(0, |column| column.p_attack.len())];
    HybridConfig { combine, ..HybridConfig::default() }.fit(columns, &labels).map_err(failed)
}
