//! The members of one fit and their scores: networks along the rows that they were fitted on too, for these give the scale
//! that a score of theirs is told by; members that judge each row by itself on the wanted rows alone.

use std::rc::Rc;
use std::sync::Arc;

use nta_data::{Dataset, HYBRID, Label, RowId, ScoreColumn, Scores};
use nta_model::{Model, NamedMember};
use nta_preprocess::{Fold, Part, Preprocessor};

use super::Refitting;
use super::scale::OwnScale;
use crate::error::{PipelineError, failed};
use crate::event::{Listener, Stage};
use crate::run::context::Context;
use crate::run::fit::Learned;
use crate::run::fuse::provisional;
use crate::run::members::LearningReport;
use crate::run::scores::{score_fold, score_parts, score_rows};

/// The scales of members that have their own, with their names.
pub(super) type Scales = Vec<(String, OwnScale)>;

/// Members of one fit, those with a scale of their own and the others, each as a model that nothing is decided by.
pub(super) struct Fitted {
    networks: Option<Arc<Model>>,
    others: Option<Arc<Model>>,
}

impl Fitted {
    /// Takes the members apart.
    pub(super) fn of(ctx: &Context<'_>, run: &Refitting<'_>, learned: Learned) -> Result<Self, PipelineError> {
        let Learned { preprocessor, members, .. } = learned;
        let (networks, others) = members.into_iter().partition(|member: &NamedMember| run.has_own_scale(&member.name));
        let model = |members: Vec<NamedMember>, preprocessor: Preprocessor| match members.is_empty() {
            true => Ok(None),
            false => {
                let learned = Learned { preprocessor, members, report: LearningReport::default() };
                provisional(ctx, learned, run.parts, run.told).map(Some)
            }
        };
        let networks = model(networks, preprocessor.clone())?.map(Arc::new);
        let others = model(others, preprocessor)?.map(Arc::new);
        Ok(Fitted { networks, others })
    }

    /// The scores of the calibration and the threshold part, `members` in this order, and the scales.
    pub(super) fn on_parts(
        &self,
        ctx: &Context<'_>,
        run: &Refitting<'_>,
        members: &[&str],
    ) -> Result<([Scores; 2], Rc<Scales>), PipelineError> {
        let (parts, listener) = (run.parts, ctx.log.listener);
        let mut found: [Vec<ScoreColumn>; 2] = [Vec::new(), Vec::new()];
        let mut take = |scores: [&Scores; 2]| {
            found.iter_mut().zip(scores).for_each(|(found, scores)| found.extend_from_slice(scores.members()));
        };
        if let Some(others) = &self.others {
            // They judge a row by itself, and need no row before it.
            let alone = |rows: &Dataset| score_rows(listener, others, rows, Stage::CrossFit);
            take([&alone(&parts.calibration)?, &alone(&parts.threshold)?]);
        }
        let mut scales = Scales::new();
        if let Some(networks) = &self.networks {
            let wanted = [Part::Train, Part::Calibration, Part::Threshold];
            let [fit, calibration, threshold] = score_parts(listener, networks, parts, wanted, Stage::CrossFit)?;
            take([&calibration, &threshold]);
            scales = scales_of(&fit, parts.train.labels().map_err(failed)?);
        }
        let [calibration, threshold] = found;
        let scores = [
            in_order(parts.calibration.row.clone(), calibration, members)?,
            in_order(parts.threshold.row.clone(), threshold, members)?,
        ];
        Ok((scores, Rc::new(scales)))
    }

    /// The scores of the rows that `fold` scores, and the scales.
    pub(super) fn on_fold(
        &self,
        ctx: &Context<'_>,
        fold: &Fold,
        members: &[&str],
    ) -> Result<(Scores, Rc<Scales>), PipelineError> {
        let mut found = Vec::new();
        if let Some(others) = &self.others {
            let scores = score_rows(ctx.log.listener, others, &fold.scored, Stage::CrossFit)?;
            found.extend_from_slice(scores.members());
        }
        let mut scales = Scales::new();
        if let Some(networks) = &self.networks {
            let [fit, scored] = score_fold(ctx, networks, fold, Stage::CrossFit)?;
            found.extend_from_slice(scored.members());
            scales = scales_of(&fit, fold.fit.labels().map_err(failed)?);
        }
        Ok((in_order(fold.scored.row.clone(), found, members)?, Rc::new(scales)))
    }

    /// The scales on all of `rows`, which were fitted on.
    pub(super) fn on_all(&self, listener: &dyn Listener, rows: &Dataset) -> Result<Scales, PipelineError> {
        let Some(networks) = &self.networks else { return Ok(Scales::new()) };
        let scores = score_rows(listener, networks, rows, Stage::Refit)?;
        Ok(scales_of(&scores, rows.labels().map_err(failed)?))
    }
}

fn scales_of(fit: &Scores, labels: &[Label]) -> Scales {
    fit.members().iter().map(|column| (column.name.clone(), OwnScale::of(&column.p_attack, labels))).collect()
}

/// The columns of `members`; 0 for one that this fit was not asked for, as the fusion does not ask for it either.
fn in_order(rows: Vec<RowId>, found: Vec<ScoreColumn>, members: &[&str]) -> Result<Scores, PipelineError> {
    let nothing = |name: &str| ScoreColumn::new(name, vec![0.0; rows.len()], |_| false);
    let column = |name: &&str| found.iter().find(|of| of.name == *name).cloned().unwrap_or_else(|| nothing(name));
    let columns = members.iter().map(column).collect();
    let hybrid = nothing(HYBRID);
    Scores::new(rows, columns, hybrid).map_err(failed)
}
