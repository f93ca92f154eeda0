//! The members with a site's flows, and scores of those flows by counts that do not hold them.

use std::sync::Arc;

use nta_data::{Dataset, Label, ScoreColumn, Scores, Tabular};
use nta_density::Density;
use nta_hybrid::{Combine, Fusion, Hybrid, HybridConfig};
use nta_model::{Member, Model, NamedMember};
use rayon::prelude::*;

use crate::error::{PipelineError, failed};

/// Stretches of neighbouring flows that are left out in turn: the flows of one host or scan stand together.
const FOLDS: usize = 5;

/// What the flows make of members and fusion.
pub(super) struct Refitted {
    pub(super) members: Vec<NamedMember>,
    pub(super) hybrid: Hybrid,
    /// Scores of the flows, each by a member that has not learned from it.
    pub(super) columns: Vec<ScoreColumn>,
    /// Whether the flows joined a member.
    pub(super) has_joined: bool,
}

impl Refitted {
    /// Members and fusion as they are.
    pub(super) fn without(model: &Model, scores: &Scores) -> Self {
        let (members, hybrid) = (model.members.clone(), model.hybrid.clone());
        Refitted { members, hybrid, columns: scores.members().to_vec(), has_joined: false }
    }

    /// Densities that know the flows too, each flow with the `weight` of so many training flows; a fusion by
    /// surprise learns from them what is usual.
    pub(super) fn with(
        model: &Arc<Model>,
        rows: &Dataset,
        scores: &Scores,
        weight: f32,
    ) -> Result<Self, PipelineError> {
        let mut refitted = Refitted::without(model, scores);
        let tabular = model.preprocessor.tabular(rows).map_err(failed)?;
        for (named, column) in refitted.members.iter_mut().zip(&mut refitted.columns) {
            if let Member::Density(density) = &mut named.member {
                let p_attack = cross_fitted(density, &tabular, weight)?;
                *column = ScoreColumn::new(column.name.clone(), p_attack, |_| false);
                **density = density.with_rows(&tabular, weight).map_err(failed)?;
                refitted.has_joined = true;
            }
        }
        refitted.hybrid = refit(&model.hybrid, &refitted.columns)?;
        Ok(refitted)
    }
}

/// Each row's score by counts that hold the rows of the other folds, `(n_rows)`.
fn cross_fitted(density: &Density, x: &Tabular, weight: f32) -> Result<Vec<f32>, PipelineError> {
    let n = x.n_rows();
    let part = |fold: usize, inside: bool| -> Tabular {
        let is_asked = |row: &usize| (row * FOLDS / n == fold) == inside;
        let pick = |column: &Vec<f32>| (0..n).filter(is_asked).map(|row| column[row]).collect();
        Tabular { names: x.names.clone(), kinds: x.kinds.clone(), columns: x.columns.iter().map(pick).collect() }
    };
    let of_fold = |fold: usize| {
        let others = density.with_rows(&part(fold, false), weight).map_err(failed)?;
        others.predict_proba(&part(fold, true)).map_err(failed)
    };
    let folds: Vec<Vec<f32>> = (0..FOLDS).into_par_iter().map(of_fold).collect::<Result<_, PipelineError>>()?;
    Ok(folds.concat())
}

/// The fusion; one by surprise takes its members' tails from `columns`, the scores of benign flows.
fn refit(hybrid: &Hybrid, columns: &[ScoreColumn]) -> Result<Hybrid, PipelineError> {
    let Fusion::Surprise { tails, .. } = hybrid.fusion() else { return Ok(hybrid.clone()) };
    let combine = Combine::SurpriseOf(tails.iter().map(|(name, _)| name.to_owned()).collect());
    let labels = vec![Label::Benign; columns.first().map_or(0, |column| column.p_attack.len())];
    HybridConfig { combine, ..HybridConfig::default() }.fit(columns, &labels).map_err(failed)
}
