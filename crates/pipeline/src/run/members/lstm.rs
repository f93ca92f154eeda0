//! The LSTM stage: the fit, stopped early by the validation part, with a checkpoint after every epoch.

use std::ops::ControlFlow;

use nta_lstm::{Checkpoint, EpochReport, Lstm, LstmError, Rows};
use nta_model::{Member, MemberKind};

use super::stage::{LearningReport, MemberStage};
use crate::error::{PipelineError, failed};
use crate::event::Stage;
use crate::run::context::Context;
use crate::run::learning::{LearningParts, without_copies};

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

fn fit(ctx: &mut Context<'_>, parts: &LearningParts<'_>) -> Result<((Lstm, Vec<EpochReport>), String), PipelineError> {
    let (validation, copies) = (&parts.validation, parts.validation_copies);
    let weight = without_copies(validation.labels, copies);
    if weight.is_none() && copies.iter().any(|c| *c) {
        ctx.note("the validation part keeps rows that also stand in train: without them it lacks a class")?;
    }
    let checkpoint = match ctx.dir.read_checkpoint(LSTM_CHECKPOINT).map_err(failed)? {
        Some(bytes) => Some(Checkpoint::from_bytes(&bytes).map_err(|e| ctx.damaged(LSTM_CHECKPOINT, &e.to_string()))?),
        None => None,
    };
    let device = ctx.config.lstm.device.resolve();
    if let Some(why) = &device.why_not_gpu {
        ctx.note(&format!("`lstm.device: auto` takes the CPU: {why}"))?;
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
        let (dir, listener) = (&ctx.dir, ctx.listener);
        let watch = ctx.watch(Stage::Lstm, "");
        let mut on_epoch = |epoch: &EpochReport, checkpoint: &Checkpoint| match keep_epoch(dir, epoch, checkpoint) {
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
    if ctx.listener.cancelled() {
        return Err(PipelineError::Interrupted("while training the LSTM".to_owned()));
    }
    let best = fitted.history.iter().rev().find(|e| e.best).map_or(0, |e| e.epoch);
    let (flows, seconds) = fitted.history.iter().fold((0u64, 0.0), |(f, s), e| (f + e.flows, s + e.seconds));
    let speed = if seconds > 0.0 { flows as f64 / seconds } else { 0.0 };
    let says = format!(
        "epoch {} of {}, best {best} · {} flows/s on {}",
        fitted.history.len(),
        ctx.config.lstm.epochs,
        nta_report::thousands(speed as u64),
        device.device.name(),
    );
    Ok(((fitted.lstm, fitted.history), says))
}

fn keep_epoch(dir: &nta_tracking::RunDir, epoch: &EpochReport, checkpoint: &Checkpoint) -> Result<(), PipelineError> {
    let step = epoch.epoch as u64;
    dir.metric("lstm/train_loss", epoch.train_loss, step).map_err(failed)?;
    dir.metric("lstm/validation_log_loss", epoch.validation_loss, step).map_err(failed)?;
    if let Some(precision) = epoch.validation_average_precision {
        dir.metric("lstm/validation_average_precision", precision, step).map_err(failed)?;
    }
    dir.write_checkpoint(LSTM_CHECKPOINT, &checkpoint.to_bytes()).map_err(failed)
}
