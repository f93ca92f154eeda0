//! The LSTM stage: the fit, stopped early by the validation part, with a checkpoint after every epoch.

use std::ops::ControlFlow;

use nta_lstm::{Checkpoint, EpochReport, Fitted, Lstm, LstmError, Rows};
use nta_model::{Member, MemberKind};

use super::stage::{LearningReport, MemberStage};
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
    let checkpoint = kept_checkpoint(ctx)?;
    let (dense, sequences) = (parts.train.dense()?, parts.train.sequences());
    let train = Rows { dense: &dense, sequences: &sequences, labels: parts.train.labels, weight: None };
    let (dense, sequences) = (parts.validation.dense()?, parts.validation.sequences());
    let validation = Rows { dense: &dense, sequences: &sequences, labels: parts.validation.labels, weight };
    let mut broken: Option<PipelineError> = None;
    let mut on_epoch = |epoch: &EpochReport, checkpoint: &Checkpoint| match keep_epoch(&ctx.log, epoch, checkpoint) {
        Err(error) => {
            broken = Some(error);
            ControlFlow::Break(())
        }
        Ok(()) if ctx.log.listener.cancelled() => ControlFlow::Break(()),
        Ok(()) => ControlFlow::Continue(()),
    };
    let (config, watch) = (&ctx.config, ctx.log.watch(Stage::Lstm, Unit::StepsTrained));
    let fitted = config.lstm.fit(train, validation, config.seed, checkpoint.as_ref(), &mut on_epoch, &watch);
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

fn kept_checkpoint(ctx: &Context<'_>) -> Result<Option<Checkpoint>, PipelineError> {
    let Some(bytes) = ctx.log.dir.read_checkpoint(LSTM_CHECKPOINT).map_err(failed)? else { return Ok(None) };
    Checkpoint::from_bytes(&bytes).map(Some).map_err(|e| ctx.damaged(LSTM_CHECKPOINT, &e.to_string()))
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
