//! The LSTM stage: the fit, stopped early by the validation part, with a checkpoint after every epoch.

use std::ops::ControlFlow;

use nta_lstm::{Checkpoint, EpochReport, Fitted, Lstm, LstmError, Rows};
use nta_model::{Member, MemberKind};

use super::stage::{LearningReport, MemberStage, RefitRows, Refitted};
use crate::error::{PipelineError, failed};
use crate::event::{Epoch, Outcome, Remark, Stage, Unit};
use crate::run::context::Context;
use crate::run::learning::{LearningParts, without_copies};
use crate::run::log::RunLog;

/// Trains the network of the config's `lstm:`.
pub(super) struct LstmStage;

impl MemberStage for LstmStage {
    fn name(&self) -> &str {
        MemberKind::Lstm.name()
    }

    fn learn(
        &self,
        ctx: &mut Context<'_>,
        parts: &LearningParts<'_>,
    ) -> Result<(Member, LearningReport), PipelineError> {
        let (lstm, epochs) = ctx.stage(Stage::Lstm, |ctx| fit(ctx, parts))?;
        Ok((Member::Lstm(Box::new(lstm)), LearningReport { epochs, ..LearningReport::default() }))
    }

    fn has_own_scale(&self) -> bool {
        true
    }

    fn refit(&self, ctx: &Context<'_>, rows: &RefitRows<'_>) -> Result<Refitted, PipelineError> {
        let member = Member::Lstm(Box::new(refit(ctx, rows)?));
        Ok(Refitted { member, out_of_bag: None })
    }
}

const LSTM_CHECKPOINT: &str = "lstm.checkpoint";

fn fit(ctx: &mut Context<'_>, parts: &LearningParts<'_>) -> Result<((Lstm, Vec<EpochReport>), Outcome), PipelineError> {
    let copies = parts.validation_copies;
    let weight = without_copies(parts.validation.labels, copies);
    if weight.is_none() && copies.iter().any(|c| *c) {
        ctx.log.remark(Remark::ValidationKeepsCopies)?;
    }
    let device = ctx.config.lstm.device.resolve();
    if let Some(why) = &device.why_not_gpu {
        ctx.log.remark(Remark::NoGpu { reason: why.clone() })?;
    }
    let fitted = train(ctx, parts, weight.as_deref())?;
    let best = fitted.history.iter().rev().find(|e| e.best).map_or(0, |e| e.epoch);
    let (flows, seconds) = fitted.history.iter().fold((0u64, 0.0), |(f, s), e| (f + e.flows, s + e.seconds));
    let speed = if seconds > 0.0 { flows as f64 / seconds } else { 0.0 };
    let outcome = Outcome::Lstm {
        epochs: fitted.history.len() as u64,
        most_epochs: ctx.config.lstm.epochs as u64,
        best_epoch: best as u64,
        flows_per_second: speed,
        device: device.device.name().to_owned(),
    };
    Ok(((fitted.lstm, fitted.history), outcome))
}

/// Trains to the end, from the checkpoint of an interrupted run where there is one. `weight` `(n_rows)` of the validation
/// part.
fn train(ctx: &Context<'_>, parts: &LearningParts<'_>, weight: Option<&[f32]>) -> Result<Fitted, PipelineError> {
    let checkpoint = kept_checkpoint(ctx, LSTM_CHECKPOINT)?;
    let (dense, sequences) = (parts.train.dense()?, parts.train.sequences());
    let train = Rows { dense: &dense, sequences: &sequences, labels: parts.train.labels, weight: None };
    let (dense, sequences) = (parts.validation.dense()?, parts.validation.sequences());
    let validation = Rows { dense: &dense, sequences: &sequences, labels: parts.validation.labels, weight };
    let (config, watch) = (&ctx.config, ctx.log.watch(Stage::Lstm, Unit::StepsTrained));
    to_the_end(ctx, &mut |epoch, checkpoint| keep_epoch(&ctx.log, epoch, checkpoint), &mut |on_epoch| {
        config.lstm.fit(train, validation, config.seed, checkpoint.as_ref(), on_epoch, &watch)
    })
}

/// Trains on all rows for a number of epochs that is known, from the checkpoint of an interrupted run where there is one.
fn refit(ctx: &Context<'_>, again: &RefitRows<'_>) -> Result<Lstm, PipelineError> {
    let name = format!("{}{LSTM_CHECKPOINT}", again.scope);
    let checkpoint = kept_checkpoint(ctx, &name)?;
    let (dense, sequences) = (again.rows.dense()?, again.rows.sequences());
    let rows = Rows { dense: &dense, sequences: &sequences, labels: again.rows.labels, weight: None };
    let (config, watch) = (&ctx.config, ctx.log.watch(again.stage, Unit::StepsTrained));
    let keep = &mut |_: &EpochReport, checkpoint: &Checkpoint| {
        ctx.log.dir.write_checkpoint(&name, &checkpoint.to_bytes()).map_err(failed)
    };
    let fitted = to_the_end(ctx, keep, &mut |on_epoch| {
        config.lstm.fit_as(again.lowered, rows, config.seed, checkpoint.as_ref(), on_epoch, &watch)
    })?;
    Ok(fitted.lstm)
}

/// Keeps an epoch.
type Keep<'a> = &'a mut dyn FnMut(&EpochReport, &Checkpoint) -> Result<(), PipelineError>;

/// Hears of each epoch.
type OnEpoch<'a> = &'a mut dyn FnMut(&EpochReport, &Checkpoint) -> ControlFlow<()>;

/// Trains by `fit`, each epoch kept by `keep`, until it ends or somebody stops it.
fn to_the_end(
    ctx: &Context<'_>,
    keep: Keep<'_>,
    fit: &mut dyn FnMut(OnEpoch<'_>) -> Result<Fitted, LstmError>,
) -> Result<Fitted, PipelineError> {
    let mut broken: Option<PipelineError> = None;
    let mut on_epoch = |epoch: &EpochReport, checkpoint: &Checkpoint| match keep(epoch, checkpoint) {
        Err(error) => {
            broken = Some(error);
            ControlFlow::Break(())
        }
        Ok(()) if ctx.log.listener.cancelled() => ControlFlow::Break(()),
        Ok(()) => ControlFlow::Continue(()),
    };
    let fitted = fit(&mut on_epoch);
    if let Some(error) = broken {
        return Err(error);
    }
    match fitted {
        Err(LstmError::Cancelled) => Err(interrupted()),
        Err(error) => Err(failed(error)),
        Ok(_) if ctx.log.listener.cancelled() => Err(interrupted()),
        Ok(fitted) => Ok(fitted),
    }
}

fn interrupted() -> PipelineError {
    PipelineError::Interrupted("while training the LSTM".to_owned())
}

fn kept_checkpoint(ctx: &Context<'_>, name: &str) -> Result<Option<Checkpoint>, PipelineError> {
    let Some(bytes) = ctx.log.dir.read_checkpoint(name).map_err(failed)? else { return Ok(None) };
    Checkpoint::from_bytes(&bytes).map(Some).map_err(|e| ctx.damaged(name, &e.to_string()))
}

fn keep_epoch(log: &RunLog<'_>, epoch: &EpochReport, checkpoint: &Checkpoint) -> Result<(), PipelineError> {
    log.epoch(&Epoch {
        epoch: epoch.epoch as u64,
        train_loss: epoch.train_loss,
        validation_log_loss: epoch.validation_loss,
        validation_average_precision: epoch.validation_average_precision,
        best: epoch.best,
        flows: epoch.flows,
        seconds: epoch.seconds,
    })?;
    log.dir.write_checkpoint(LSTM_CHECKPOINT, &checkpoint.to_bytes()).map_err(failed)
}
