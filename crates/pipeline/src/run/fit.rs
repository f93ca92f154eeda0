//! The learning stages: preprocessor, forest, LSTM. Each takes what an interrupted run left instead of learning again.

use std::ops::ControlFlow;

use nta_data::{Dataset, Features, Label, Sequences, Tabular};
use nta_forest::{Fitted as FittedForest, Forest, ForestError};
use nta_lstm::{Checkpoint, EpochReport, Lstm, LstmError, Rows};
use nta_preprocess::{Partition, Preprocessor, Sequencing};
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::importances::{self, Importances};
use super::log::RunLog;
use crate::error::{PipelineError, failed, refused};
use crate::event::{Epoch, Outcome, Remark, Stage, Unit};

/// Both views of a part that something is learned from, and its truth.
pub(crate) struct LearningPart {
    pub(crate) features: Features,
    pub(crate) sequences: Sequences,
    pub(crate) labels: Vec<Label>,
}

/// What the learning stages hand on.
pub(crate) struct Learned {
    pub(crate) preprocessor: Preprocessor,
    pub(crate) forest: Forest,
    pub(crate) forest_told: ForestReport,
    pub(crate) importances: Importances,
    pub(crate) lstm: Lstm,
    pub(crate) history: Vec<EpochReport>,
}

/// What the forest's fit told beside the forest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ForestReport {
    pub(crate) oob_auc: Option<f64>,
}

/// Whether flows follow each other in this run: the data has an order and the config looks further back than one flow.
pub(crate) fn uses_sequences(ctx: &Context<'_>, data: &Dataset) -> bool {
    data.has_sequences() && ctx.config.lstm.sequence.length > 1
}

/// Fits the preprocessor, then both members, on the training part; the LSTM stops early by the validation part.
pub(crate) fn learn(ctx: &mut Context<'_>, parts: &Partition) -> Result<Learned, PipelineError> {
    let preprocessor = ctx.stage(Stage::Preprocess, |ctx| fit_preprocessor(ctx, &parts.train))?;
    let train = learning_part(ctx, &preprocessor, &parts.train)?;
    let LearningPart { features: Features { tabular, dense }, sequences, labels } = train;
    let (forest, forest_told) = ctx.stage(Stage::Forest, |ctx| fit_forest(ctx, tabular, &labels))?;
    let validation = learning_part(ctx, &preprocessor, &parts.validation)?;
    let copies = &parts.copies.validation;
    let importances =
        ctx.stage(Stage::Importances, |ctx| importances::importances(ctx, &forest, &validation, copies))?;
    let train = Rows { dense: &dense, sequences: &sequences, labels: &labels, weight: None };
    let (lstm, history) = ctx.stage(Stage::Lstm, |ctx| fit_lstm(ctx, train, &validation, copies))?;
    Ok(Learned { preprocessor, forest, forest_told, importances, lstm, history })
}

fn fit_preprocessor(ctx: &mut Context<'_>, train: &Dataset) -> Result<(Preprocessor, Outcome), PipelineError> {
    let sequencing = match uses_sequences(ctx, train) {
        true => Sequencing::Gap(ctx.config.lstm.memory.clone()),
        false => Sequencing::None,
    };
    let preprocessor = match ctx.kept("preprocessor.json")? {
        Some(kept) => kept,
        None => {
            let fitted = ctx.config.preprocess.fit(train, sequencing).map_err(refused)?;
            ctx.keep("preprocessor.json", &fitted)?;
            fitted
        }
    };
    let outcome = Outcome::Preprocess {
        tabular: preprocessor.tabular_names().len() as u64,
        numeric: preprocessor.n_numeric() as u64,
        categorical: preprocessor.cardinality().len() as u64,
    };
    for (column, why) in preprocessor.dropped() {
        ctx.log.remark(Remark::ColumnDropped { column: column.clone(), reason: why.clone() })?;
    }
    Ok((preprocessor, outcome))
}

fn learning_part(
    ctx: &Context<'_>,
    preprocessor: &Preprocessor,
    part: &Dataset,
) -> Result<LearningPart, PipelineError> {
    let features = preprocessor.transform(part).map_err(failed)?;
    let entity = if uses_sequences(ctx, part) { part.entity.as_slice() } else { &[] };
    let memory = &ctx.config.lstm.memory;
    let sequences = Sequences::by_entity(part.n_rows(), entity, part.end_time.as_deref(), memory);
    Ok(LearningPart { features, sequences, labels: part.labels().map_err(failed)?.to_vec() })
}

fn fit_forest(
    ctx: &mut Context<'_>,
    tabular: Tabular,
    labels: &[Label],
) -> Result<((Forest, ForestReport), Outcome), PipelineError> {
    let kept = match ctx.log.dir.read_checkpoint("forest.bin").map_err(failed)? {
        Some(bytes) => Some(Forest::from_bytes(&bytes).map_err(|e| ctx.damaged("forest.bin", &e.to_string()))?),
        None => None,
    };
    let (forest, told) = match (kept, ctx.kept("forest.json")?) {
        (Some(forest), Some(told)) => (forest, told),
        _ => {
            let watch = ctx.log.watch(Stage::Forest, Unit::TreesGrown);
            let fitted = ctx.config.forest.fit(tabular, labels, ctx.config.seed, &watch);
            let FittedForest { forest, oob_auc, .. } = fitted.map_err(|error| match error {
                ForestError::Cancelled => PipelineError::Interrupted("while growing trees".to_owned()),
                error => failed(error),
            })?;
            let told = ForestReport { oob_auc };
            ctx.keep("forest.json", &told)?;
            ctx.log.dir.write_checkpoint("forest.bin", &forest.to_bytes()).map_err(failed)?;
            (forest, told)
        }
    };
    let outcome = Outcome::Forest { trees: ctx.config.forest.trees as u64, out_of_bag_auc: told.oob_auc };
    Ok(((forest, told), outcome))
}

const LSTM_CHECKPOINT: &str = "lstm.checkpoint";

fn fit_lstm(
    ctx: &mut Context<'_>,
    train: Rows<'_>,
    validation: &LearningPart,
    copies: &[bool],
) -> Result<((Lstm, Vec<EpochReport>), Outcome), PipelineError> {
    let weight = without_copies(&validation.labels, copies);
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
        ctx.config.lstm.fit(
            train,
            Rows {
                dense: &validation.features.dense,
                sequences: &validation.sequences,
                labels: &validation.labels,
                weight: weight.as_deref(),
            },
            ctx.config.seed,
            checkpoint.as_ref(),
            &mut on_epoch,
            &watch,
        )
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

/// Weights that leave out rows whose exact copy stands in train; `None` (every row counts) where none does, or where
/// what is left would lack a class.
pub(crate) fn without_copies(labels: &[Label], copies: &[bool]) -> Option<Vec<f32>> {
    let kept = |label: Label| labels.iter().zip(copies).any(|(l, copy)| *l == label && !copy);
    let worth = copies.iter().any(|c| *c) && kept(Label::Benign) && kept(Label::Attack);
    worth.then(|| copies.iter().map(|copy| if *copy { 0.0 } else { 1.0 }).collect())
}
