//! The members with a site's flows, and scores of those flows by counts and trees that do not hold them.

use std::collections::BTreeMap;
use std::sync::Arc;

use nta_data::{Dataset, Label, ScoreColumn, Scores, Tabular};
use nta_density::Density;
use nta_hybrid::{Combine, Fusion, Hybrid, HybridConfig};
use nta_model::{Member, Model, NamedMember};
use rayon::prelude::*;

use super::training::{Grown, Training};
use super::units::FlowUnits;
use crate::error::{PipelineError, failed};

/// What the flows make of members and fusion.
pub(super) struct Refitted {
    pub(super) members: Vec<NamedMember>,
    pub(super) hybrid: Hybrid,
    /// Scores of the flows, each by a member that has not learned from it.
    pub(super) columns: Vec<ScoreColumn>,
    /// The members that the flows joined.
    pub(super) joined: Vec<String>,
    /// Of members grown anew, by name: the score of each row of the training by what has not seen it, `(n_learned)`.
    pub(super) votes: BTreeMap<String, Vec<Option<f32>>>,
}

impl Refitted {
    /// Members and fusion as they are.
    pub(super) fn without(model: &Model, scores: &Scores) -> Self {
        let (members, hybrid) = (model.members.clone(), model.hybrid.clone());
        Refitted { members, hybrid, columns: scores.members().to_vec(), joined: Vec::new(), votes: BTreeMap::new() }
    }

    /// Densities that know the flows too, each flow with the `weight` of so many training flows, and forests, where the
    /// `training` is to be had; a fusion by surprise learns from the flows what is usual.
    pub(super) fn with(
        model: &Arc<Model>,
        rows: &Dataset,
        scores: &Scores,
        units: &FlowUnits,
        weight: f32,
        training: Option<&Training<'_>>,
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
                    let Some(grown) = training.grow(model, &tabular, &units.together(), weight)? else { continue };
                    let Grown { forest: grown, flows, votes } = grown;
                    **forest = grown;
                    refitted.votes.extend(votes.map(|votes| (named.name.clone(), votes)));
                    flows
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
