//! `split.fit: all`. What was chosen on the five parts stands: settings, the epoch to stop at, how members are fused. The
//! members to ship are then fitted on all rows that are not test, and their thresholds rest on scores of rows by members that
//! have not seen them: out-of-bag votes of the very forest where rows have no order, else and for the other members those of
//! the parts, fitted on the training part, and of further folds of it.

mod fitted;
mod scale;

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use nta_data::{Dataset, RowId, ScoreColumn, Scores};
use nta_metrics::{CrossFitted, Folding};
use nta_model::{Model, NamedMember};
use nta_preprocess::{Fold, Partition, Preprocessor, Strategy};

use super::context::Context;
use super::fit::{Learned, preprocessor_of};
use super::fuse::{freeze, provisional};
use super::held_out::{HeldOut, PARTS, Unseen};
use super::learning::LearningPart;
use super::members::{LearningReport, MemberStage, RefitRows};
use crate::error::{PipelineError, failed};
use crate::event::{Outcome, Stage};
use crate::traffic::TrafficReport;
use fitted::{Fitted, Scales};

/// What a refit goes by.
struct Refitting<'a> {
    members: &'a [&'a dyn MemberStage],
    parts: &'a Partition,
    told: &'a TrafficReport,
    /// Epochs of a network until that which was best on the validation part: whether each was better than those before.
    lowered: Vec<bool>,
    /// How each member's scores of rows that it has not seen come about, `(n_members)`.
    scored_by: Vec<ScoredBy>,
}

/// Whose scores of rows that a member has not seen set its threshold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ScoredBy {
    /// Trees of the very forest that is shipped, each of rows that it has not drawn.
    OutOfBag,
    /// The fit of the training part and those of the folds.
    Folds,
    /// The fit of the training part alone: the fusion leaves the member out, and the threshold part has rows enough.
    Parts,
}

/// Rows scored by one fit, and the scales of those of its members that have their own, with their names.
struct Scored {
    rows: Unseen,
    fit: Rc<Scales>,
}

/// Out-of-bag scores of the rows that the members to ship were fitted on.
struct OutOfBag {
    member: String,
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
    let best = learning.epochs.iter().rposition(|epoch| epoch.best);
    let lowered = match best {
        Some(best) => learning.epochs[..=best].iter().map(|epoch| epoch.best).collect(),
        None => vec![true; ctx.config.lstm.epochs],
    };
    let scored_by = scored_by(ctx, members, parts)?;
    let refitting = Refitting { members, parts, told, lowered, scored_by };
    let (calibration, scored, mut fitted) = ctx.stage(Stage::CrossFit, |ctx| {
        let (calibration, scored) = refitting.cross_fit(ctx, chosen)?;
        let folds = scored.len() as u64;
        let rows = scored.iter().map(|fold| fold.rows.labels.len()).sum::<usize>() as u64;
        let in_time = folding(parts) == Folding::InTime;
        let fitted = CrossFitted { rows: 0, of: 0, folds, scored: rows, in_time, stretches: Vec::new() };
        Ok(((calibration, scored, fitted), Outcome::CrossFit { folds, rows }))
    })?;
    let whole = parts.whole().map_err(failed)?;
    fitted.rows = whole.n_rows() as u64;
    fitted.of = fitted.rows + parts.summary.dropped_rows as u64;
    let (mut model, shipped) = ctx.stage(Stage::Refit, |ctx| {
        let (learned, out_of_bag) = refitting.fit(ctx, &whole, "whole-", Stage::Refit, &|_| true)?;
        let scales = refitting.networks(ctx, &learned)?.on_all(ctx.log.listener, &whole)?;
        let model = Arc::new(provisional(ctx, learned, parts, told)?);
        let place = whole.row.iter().zip(0..).map(|(id, row)| (*id, row)).collect();
        let (rows, of) = (fitted.rows, fitted.of);
        Ok(((model, Shipped { place, out_of_bag, scales }), Outcome::Refit { rows, of }))
    })?;
    let calibration = shipped.takes(calibration)?;
    let threshold = behind_each_other(scored.into_iter().map(|rows| shipped.takes(rows)))?;
    let aside = refitting.names(ScoredBy::Parts);
    let held_out = HeldOut { calibration, threshold, aside, cross_fitted: Some(fitted) };
    ctx.stage(Stage::Hybrid, |ctx| Ok(((), freeze(ctx, &mut model, held_out, &whole, parts)?)))?;
    Ok(model)
}

fn folding(parts: &Partition) -> Folding {
    if parts.dealt() == Strategy::Temporal { Folding::InTime } else { Folding::Dealt }
}

/// Whose scores set the threshold of each member: out-of-bag votes where rows have no order; a fit for each fold where the
/// fusion asks for the member, or where the threshold part supports no budget by itself.
fn scored_by(
    ctx: &Context<'_>,
    members: &[&dyn MemberStage],
    parts: &Partition,
) -> Result<Vec<ScoredBy>, PipelineError> {
    let benign = parts.threshold.n_rows() - parts.threshold.n_attacks();
    let needed = ctx.config.hybrid.rule().cross_fitted_rows_needed(folding(parts)).map_err(failed)?;
    let has_enough = benign as u64 >= needed;
    let by = |member: &&dyn MemberStage| match ctx.config.hybrid.combine.fuses(member.name()) {
        _ if parts.dealt() == Strategy::Stratified && member.scores_out_of_bag(ctx) => ScoredBy::OutOfBag,
        false if has_enough => ScoredBy::Parts,
        _ => ScoredBy::Folds,
    };
    Ok(members.iter().map(by).collect())
}

impl Refitting<'_> {
    fn has_own_scale(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name() == name && member.has_own_scale())
    }

    /// Names of the members that are scored so.
    fn names(&self, by: ScoredBy) -> Vec<String> {
        let of = self.members.iter().zip(&self.scored_by).filter(|(_, scored)| **scored == by);
        of.map(|(member, _)| member.name().to_owned()).collect()
    }

    /// The members of `learned` that have a scale of their own.
    fn networks(&self, ctx: &Context<'_>, learned: &Learned) -> Result<Fitted, PipelineError> {
        let own = learned.members.iter().filter(|member| self.has_own_scale(&member.name)).cloned().collect();
        self.part(ctx, learned.preprocessor.clone(), own)
    }

    fn part(&self, ctx: &Context<'_>, fit: Preprocessor, members: Vec<NamedMember>) -> Result<Fitted, PipelineError> {
        Fitted::of(ctx, self, Learned { preprocessor: fit, members, report: LearningReport::default() })
    }

    /// Scores of the calibration rows by the members `chosen`; of the rows of each fold, and of the threshold part last.
    fn cross_fit(&self, ctx: &Context<'_>, chosen: Learned) -> Result<(Scored, Vec<Scored>), PipelineError> {
        let (parts, rule) = (self.parts, &ctx.config.hybrid);
        let names: Vec<&str> = self.members.iter().map(|member| member.name()).collect();
        let mut scored = Vec::new();
        let folds = ctx.config.split.folds();
        for i in 1..folds {
            if let Some(fold) = parts.fold(i, folds, ctx.config.seed).map_err(failed)? {
                scored.push(self.of_fold(ctx, &fold, i, &names)?);
            }
        }
        let Learned { preprocessor, members, .. } = chosen;
        let own = members.into_iter().zip(&self.scored_by).filter(|(_, by)| **by != ScoredBy::OutOfBag);
        let fitted = self.part(ctx, preprocessor, own.map(|(member, _)| member).collect())?;
        let ([calibration, threshold], fit) = fitted.on_parts(ctx, self, &names)?;
        let calibration = Unseen::of(&parts.calibration, calibration, &parts.copies.calibration, PARTS, rule)?;
        let threshold = Unseen::of(&parts.threshold, threshold, &parts.copies.threshold, PARTS, rule)?;
        scored.push(Scored { rows: threshold, fit: Rc::clone(&fit) });
        Ok((Scored { rows: calibration, fit }, scored))
    }

    fn of_fold(&self, ctx: &Context<'_>, fold: &Fold, i: usize, names: &[&str]) -> Result<Scored, PipelineError> {
        let in_folds = |member: usize| self.scored_by[member] == ScoredBy::Folds;
        let (learned, _) = self.fit(ctx, &fold.fit, &format!("fold-{i}-"), Stage::CrossFit, &in_folds)?;
        let (scores, fit) = Fitted::of(ctx, self, learned)?.on_fold(ctx, fold, names)?;
        let rows = Unseen::of(&fold.scored, scores, &fold.copies, PARTS + i as u32, &ctx.config.hybrid)?;
        Ok(Scored { rows, fit })
    }

    /// The members whose number `wanted` takes, fitted on `rows`, and the scores of those that are scored out of bag.
    fn fit(
        &self,
        ctx: &Context<'_>,
        rows: &Dataset,
        scope: &str,
        stage: Stage,
        wanted: &dyn Fn(usize) -> bool,
    ) -> Result<(Learned, Vec<OutOfBag>), PipelineError> {
        let preprocessor = preprocessor_of(ctx, rows, scope)?;
        let (mut members, mut out_of_bag) = (Vec::new(), Vec::new());
        for (i, member) in self.members.iter().enumerate().filter(|(i, _)| wanted(*i)) {
            let rows = LearningPart::new(ctx, &preprocessor, rows)?;
            let fitted = member.refit(ctx, &RefitRows { rows, stage, scope, lowered: &self.lowered })?;
            let name = member.name().to_owned();
            let scores = fitted.out_of_bag.filter(|_| self.scored_by[i] == ScoredBy::OutOfBag);
            out_of_bag.extend(scores.map(|scores| OutOfBag { member: name.clone(), scores }));
            members.push(NamedMember { name, member: fitted.member });
        }
        Ok((Learned { preprocessor, members, report: LearningReport::default() }, out_of_bag))
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
        let taken = |column: &ScoreColumn| {
            if let Some(of) = self.out_of_bag.iter().find(|of| of.member == column.name) {
                let scores = rows.scores.rows().iter().map(|id| score(id, of).unwrap_or(0.0)).collect();
                return ScoreColumn::new(&column.name, scores, |_| false);
            }
            match (scale_of(&fit, &column.name), scale_of(&self.scales, &column.name)) {
                (Some(from), Some(to)) => fit[from].1.taken_to(&self.scales[to].1, column),
                _ => column.clone(),
            }
        };
        let members: Vec<ScoreColumn> = rows.scores.members().iter().map(taken).collect();
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
        first.group.extend(next.group);
    }
    Ok(first)
}
