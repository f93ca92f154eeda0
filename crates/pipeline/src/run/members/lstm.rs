//! The LSTM stage: the fit, stopped early by the validation part, with a checkpoint after every epoch.

use std::ops::ControlFlow;

use nta_lstm::{Checkpoint, EpochReport, Lstm, LstmError, Rows};
use nta_model::{Member, MemberKind};

use super::{LearningReport, MemberStage};
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
    let (validation, copies) = (&parts.validation, parts.validation_copies);
    let weight = without_copies(validation.labels, copies);
    if weight.is_none() && copies.iter().any(|c| *c) {
        ctx.log.remark(Remark::ValidationKeepsCopies)?;
    }
    let checkpoint = match ctx.log.dir.read_checkpoint(LSTM_CHECKPOINT).map_err(failed)? {
        Some(bytes) => Some(Checkpoint::from_bytes(&bytes).map_err(|e| ctx.damaged(LSTM_CHECKPOINT, &e.to_string()))?),
        None => None,
    };
    let device = ctx.config.lstm.device.resolve();
    if let Some(why) = &device.why_not_gpu {
        ctx.log.remark(Remark::NoGpu { reason: why.clone() })?;
    }
    let (train_view, train_sequences) = (parts.train.dense()?, parts.train.sequences());
    let (validation_view, validation_sequences) = (validation.dense()?, validation.sequences());
    let train = Rows { dense: &train_view, sequences: &train_sequences, labels: parts.train.labels, weight: None };
    let held_out = Rows {
        dense: &validation_view,
        sequences: &validation_sequences,
        labels: validation.labels,
        weight: weight.as_deref(),
    };
    let mut broken: Option<PipelineError> = None;
    let fitted = {
        let (log, listener) = (&ctx.log, ctx.log.listener);
        let watch = log.watch(Stage::Lstm, Unit::StepsTrained);
        let mut on_epoch = |epoch: &EpochReport, checkpoint: &Checkpoint| match keep_epoch(log, epoch, checkpoint) {
            Err(error) => {
                broken = Some(error);
                ControlFlow::Break(())
            }
            Ok(()) if listener.cancelled() => ControlFlow::Break(()),
            Ok(()) => ControlFlow::Continue(()),
        };
        ctx.config.lstm.fit(train, held_out, ctx.config.seed, checkpoint.as_ref(), &mut on_epoch, &watch)
    };
    if let Some(error) = broken {
        return Err(error);
    }
    let fitted = fitted.map_err(|error| match error {
        LstmError::Cancelled => PipelineError::Interrupted("while training the LSTM".to_owned()),
        error => failed(error),
    })?;
    if ctx.log.listener.cancelled() {
        return Err(PipelineError::Interrupted("while training the LSTM".to_owned()));
    }
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
