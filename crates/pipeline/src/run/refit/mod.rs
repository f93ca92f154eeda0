//! `split.fit: all`. What was chosen on the five parts stands: settings, the epoch to stop at, how members are fused. The
//! members to ship are then fitted on all rows that are not test, and their thresholds rest on scores of rows by members that
//! have not seen them: out-of-bag votes of the very forest where rows have no order, else and for the other members those of
//! the parts, fitted on the training part, and of further folds of it.

mod scale;

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use nta_data::{Dataset, Label, RowId, ScoreColumn, Scores};
use nta_metrics::CrossFitted;
use nta_model::{Model, NamedMember};
use nta_preprocess::{Fold, Part, Partition, Strategy};

use super::context::Context;
use super::fit::{Learned, preprocessor_of};
use super::fuse::{freeze, provisional};
use super::held_out::{HeldOut, Unseen};
use super::learning::LearningPart;
use super::members::{LearningReport, MemberStage, RefitRows};
use super::scores::{score_fold, score_parts, score_rows};
use crate::error::{PipelineError, failed};
use crate::event::{Outcome, Stage};
use crate::traffic::TrafficReport;
use scale::OwnScale;

/// What a refit goes by.
struct Refitting<'a> {
    members: &'a [&'a dyn MemberStage],
    parts: &'a Partition,
    told: &'a TrafficReport,
    /// Epochs of a network that were best on the validation part.
    epochs: usize,
}

/// Rows scored by one fit, and the scales of those of its members that have their own, with their names.
struct Scored {
    rows: Unseen,
    fit: Rc<Scales>,
}

type Scales = Vec<(String, OwnScale)>;

/// Out-of-bag scores of the rows that the members to ship were fitted on.
struct OutOfBag {
    /// The member's place among all, and its name.
    member: (usize, String),
    scores: Vec<Option<f32>>,
}

/// The model of `members` fitted on all rows that are not test; `chosen` are those fitted on the training part.
pub(super) fn refit(
    ctx: &mut Context<'_>,
    members: &[&dyn MemberStage],
    (chosen, learning): (Learned, &LearningReport),
    parts: &Partition,
    told: &TrafficReport,
) -> Result<Arc<Model>, PipelineError> {
    let best = learning.epochs.iter().rev().find(|epoch| epoch.best);
    let epochs = best.map_or(ctx.config.lstm.epochs, |epoch| epoch.epoch);
    let refitting = Refitting { members, parts, told, epochs };
    let (calibration, scored, mut fitted) = ctx.stage(Stage::CrossFit, |ctx| {
        let (calibration, scored) = refitting.cross_fit(ctx, chosen)?;
        let folds = scored.len() as u64;
        let rows = scored.iter().map(|fold| fold.rows.labels.len()).sum::<usize>() as u64;
        let in_time = parts.dealt() == Strategy::Temporal;
        let fitted = CrossFitted { rows: 0, of: 0, folds, scored: rows, in_time, stretches: Vec::new() };
        Ok(((calibration, scored, fitted), Outcome::CrossFit { folds, rows }))
    })?;
    let whole = parts.whole().map_err(failed)?;
    fitted.rows = whole.n_rows() as u64;
    fitted.of = fitted.rows + parts.summary.dropped_rows as u64;
    let (mut model, shipped) = ctx.stage(Stage::Refit, |ctx| {
        let (model, out_of_bag) = refitting.fit(ctx, &whole, "whole-", Stage::Refit, &|_| true)?;
        let scales = match members.iter().any(|member| member.has_own_scale()) {
            true => {
                let scores = score_rows(ctx.log.listener, &model, &whole, Stage::Refit)?;
                refitting.scales(&scores, whole.labels().map_err(failed)?)
            }
            false => Vec::new(),
        };
        let out_of_bag = out_of_bag.into_iter().filter(|of| refitting.is_out_of_bag(ctx, of.member.0)).collect();
        let place = whole.row.iter().zip(0..).map(|(id, row)| (*id, row)).collect();
        let (rows, of) = (fitted.rows, fitted.of);
        Ok(((model, Shipped { place, out_of_bag, scales }), Outcome::Refit { rows, of }))
    })?;
    let calibration = shipped.takes(calibration)?;
    let threshold = behind_each_other(scored.into_iter().map(|rows| shipped.takes(rows)))?;
    let held_out = HeldOut { calibration, threshold, cross_fitted: Some(fitted) };
    ctx.stage(Stage::Hybrid, |ctx| Ok(((), freeze(ctx, &mut model, held_out, &whole, parts)?)))?;
    Ok(model)
}

impl Refitting<'_> {
    /// Whether member `i` needs no folds. One member at least is left to them.
    fn is_out_of_bag(&self, ctx: &Context<'_>, i: usize) -> bool {
        let asks = |member: &&dyn MemberStage| member.scores_out_of_bag(ctx);
        self.parts.dealt() == Strategy::Stratified && asks(&self.members[i]) && !self.members.iter().all(asks)
    }

    /// Scores of the calibration rows by the members `chosen`; of the rows of each fold, and of the threshold part last. The
    /// members whose out-of-bag scores serve are not among them.
    fn cross_fit(&self, ctx: &Context<'_>, chosen: Learned) -> Result<(Scored, Vec<Scored>), PipelineError> {
        let (parts, stage) = (self.parts, Stage::CrossFit);
        let mut scored = Vec::new();
        let folds = ctx.config.split.folds();
        for i in 1..folds {
            if let Some(fold) = parts.fold(i, folds, ctx.config.seed).map_err(failed)? {
                scored.push(self.of_fold(ctx, &fold, i)?);
            }
        }
        let chosen = Arc::new(provisional(ctx, chosen, parts, self.told)?);
        let wanted = [Part::Train, Part::Calibration, Part::Threshold];
        let [train, calibration, threshold] = score_parts(ctx.log.listener, &chosen, parts, wanted, stage)?;
        let fit = Rc::new(self.scales(&train, parts.train.labels().map_err(failed)?));
        let [calibration, threshold] = [calibration, threshold].map(|scores| self.without_out_of_bag(ctx, scores));
        let calibration =
            Unseen::of(&parts.calibration, calibration?, &parts.copies.calibration, 0, &ctx.config.hybrid)?;
        let threshold = Unseen::of(&parts.threshold, threshold?, &parts.copies.threshold, 0, &ctx.config.hybrid)?;
        scored.push(Scored { rows: threshold, fit: Rc::clone(&fit) });
        Ok((Scored { rows: calibration, fit }, scored))
    }

    fn of_fold(&self, ctx: &Context<'_>, fold: &Fold, i: usize) -> Result<Scored, PipelineError> {
        let stays = |member: usize| !self.is_out_of_bag(ctx, member);
        let (model, _) = self.fit(ctx, &fold.fit, &format!("fold-{i}-"), Stage::CrossFit, &stays)?;
        let [fit, scored] = score_fold(ctx, &model, fold, Stage::CrossFit)?;
        let fit = Rc::new(self.scales(&fit, fold.fit.labels().map_err(failed)?));
        Ok(Scored { rows: Unseen::of(&fold.scored, scored, &fold.copies, i as u32, &ctx.config.hybrid)?, fit })
    }

    /// The scales of members that have their own, from the scores of the rows fitted on.
    fn scales(&self, fit: &Scores, labels: &[Label]) -> Scales {
        let own = |column: &&ScoreColumn| self.members.iter().any(|m| m.name() == column.name && m.has_own_scale());
        let scale = |column: &ScoreColumn| (column.name.clone(), OwnScale::of(&column.p_attack, labels));
        fit.members().iter().filter(own).map(scale).collect()
    }

    /// The members whose number `wanted` takes, fitted on `rows` under an average that nothing is decided by.
    fn fit(
        &self,
        ctx: &Context<'_>,
        rows: &Dataset,
        scope: &str,
        stage: Stage,
        wanted: &dyn Fn(usize) -> bool,
    ) -> Result<(Arc<Model>, Vec<OutOfBag>), PipelineError> {
        let preprocessor = preprocessor_of(ctx, rows, scope)?;
        let (mut members, mut out_of_bag) = (Vec::new(), Vec::new());
        for (i, member) in self.members.iter().enumerate().filter(|(i, _)| wanted(*i)) {
            let rows = LearningPart::new(ctx, &preprocessor, rows)?;
            let fitted = member.refit(ctx, &RefitRows { rows, stage, scope, epochs: self.epochs })?;
            let name = member.name().to_owned();
            let scores = fitted.out_of_bag.map(|scores| OutOfBag { member: (i, name.clone()), scores });
            out_of_bag.extend(scores);
            members.push(NamedMember { name, member: fitted.member });
        }
        let learned = Learned { preprocessor, members, report: LearningReport::default() };
        Ok((Arc::new(provisional(ctx, learned, self.parts, self.told)?), out_of_bag))
    }

    fn without_out_of_bag(&self, ctx: &Context<'_>, scores: Scores) -> Result<Scores, PipelineError> {
        let stays = scores.members().iter().enumerate().filter(|(i, _)| !self.is_out_of_bag(ctx, *i));
        let members = stays.map(|(_, member)| member.clone()).collect();
        Scores::new(scores.rows().to_vec(), members, scores.hybrid().clone()).map_err(failed)
    }
}

/// What the members to ship say of scores of other fits.
struct Shipped {
    /// The place of each row fitted on.
    place: HashMap<RowId, usize>,
    out_of_bag: Vec<OutOfBag>,
    scales: Scales,
}

impl Shipped {
    /// The same rows on the scales of the members to ship, their out-of-bag scores beside; without the few rows that every
    /// tree has seen.
    fn takes(&self, Scored { rows, fit }: Scored) -> Result<Unseen, PipelineError> {
        let score = |id: &RowId, of: &OutOfBag| self.place.get(id).and_then(|&row| of.scores[row]);
        let has_all = |id: &RowId| self.out_of_bag.iter().all(|of| score(id, of).is_some());
        let kept: Vec<usize> = (0..rows.labels.len()).filter(|&i| has_all(&rows.scores.rows()[i])).collect();
        let rows = rows.select(&kept);
        let scale_of = |scales: &Scales, name: &str| scales.iter().position(|(of, _)| of == name);
        let taken = |column: &ScoreColumn| match (scale_of(&fit, &column.name), scale_of(&self.scales, &column.name)) {
            (Some(from), Some(to)) => fit[from].1.taken_to(&self.scales[to].1, column),
            _ => column.clone(),
        };
        let mut members: Vec<ScoreColumn> = rows.scores.members().iter().map(taken).collect();
        for of in &self.out_of_bag {
            let column = rows.scores.rows().iter().map(|id| score(id, of).unwrap_or(0.0)).collect();
            members.insert(of.member.0.min(members.len()), ScoreColumn::new(&of.member.1, column, |_| false));
        }
        let scores = Scores::new(rows.scores.rows().to_vec(), members, rows.scores.hybrid().clone()).map_err(failed)?;
        Ok(Unseen { scores, ..rows })
    }
}

fn behind_each_other(mut all: impl Iterator<Item = Result<Unseen, PipelineError>>) -> Result<Unseen, PipelineError> {
    let mut first = all.next().ok_or_else(|| PipelineError::fail("no rows were scored"))??;
    for next in all {
        let next = next?;
        first.scores.append(next.scores).map_err(failed)?;
        first.labels.extend(next.labels);
        first.copies.extend(next.copies);
        first.fold.extend(next.fold);
    }
    Ok(first)
}
