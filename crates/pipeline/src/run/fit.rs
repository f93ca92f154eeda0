//! The learning stages: preprocessor, forest, LSTM. Each takes what an interrupted run left instead of learning again.

use std::ops::ControlFlow;

use nta_data::{Dataset, Features, Label, Sequences, Tabular};
use nta_forest::{Fitted as FittedForest, Forest, ForestError};
use nta_lstm::{Checkpoint, EpochReport, Lstm, LstmError, Rows};
use nta_preprocess::{Partition, Preprocessor, Sequencing};
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::importances::{self, Importances};
use crate::error::{PipelineError, failed, refused};
use crate::event::Stage;

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
    let importances = ctx.stage(Stage::Importances, |ctx| importances::weigh(ctx, &forest, &validation, copies))?;
    let train = Rows { dense: &dense, sequences: &sequences, labels: &labels, weight: None };
    let (lstm, history) = ctx.stage(Stage::Lstm, |ctx| fit_lstm(ctx, train, &validation, copies))?;
    Ok(Learned { preprocessor, forest, forest_told, importances, lstm, history })
}

fn fit_preprocessor(ctx: &mut Context<'_>, train: &Dataset) -> Result<(Preprocessor, String), PipelineError> {
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
    let says = format!(
        "{} columns for the forest, {} numbers and {} categories for the LSTM",
        preprocessor.tabular_names().len(),
        preprocessor.n_numeric(),
        preprocessor.cardinality().len(),
    );
    for (column, why) in preprocessor.dropped() {
        ctx.note(&format!("column `{column}` is left out: {why}"))?;
    }
    Ok((preprocessor, says))
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
) -> Result<((Forest, ForestReport), String), PipelineError> {
    let kept = match ctx.dir.read_checkpoint("forest.bin").map_err(failed)? {
        Some(bytes) => Some(Forest::from_bytes(&bytes).map_err(|e| ctx.damaged("forest.bin", &e.to_string()))?),
        None => None,
    };
    let (forest, told) = match (kept, ctx.kept("forest.json")?) {
        (Some(forest), Some(told)) => (forest, told),
        _ => {
            let watch = ctx.watch(Stage::Forest, "trees");
            let fitted = ctx.config.forest.fit(tabular, labels, ctx.config.seed, &watch);
            let FittedForest { forest, oob_auc, .. } = fitted.map_err(|error| match error {
                ForestError::Cancelled => PipelineError::Interrupted("while growing trees".to_owned()),
                error => failed(error),
            })?;
            let told = ForestReport { oob_auc };
            ctx.keep("forest.json", &told)?;
            ctx.dir.write_checkpoint("forest.bin", &forest.to_bytes()).map_err(failed)?;
            (forest, told)
        }
    };
    let oob = told.oob_auc.map_or_else(|| "none".to_owned(), |auc| format!("{auc:.4}"));
    let says = format!("{} trees · out-of-bag AUC {oob}", ctx.config.forest.trees);
    Ok(((forest, told), says))
}

const LSTM_CHECKPOINT: &str = "lstm.checkpoint";

fn fit_lstm(
    ctx: &mut Context<'_>,
    train: Rows<'_>,
    validation: &LearningPart,
    copies: &[bool],
) -> Result<((Lstm, Vec<EpochReport>), String), PipelineError> {
    let weight = without_copies(&validation.labels, copies);
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

/// Weights that leave out rows whose exact copy stands in train; `None` (every row counts) where none does, or where
/// what is left would lack a class.
pub(crate) fn without_copies(labels: &[Label], copies: &[bool]) -> Option<Vec<f32>> {
    let kept = |label: Label| labels.iter().zip(copies).any(|(l, copy)| *l == label && !copy);
    let worth = copies.iter().any(|c| *c) && kept(Label::Benign) && kept(Label::Attack);
    worth.then(|| copies.iter().map(|copy| if *copy { 0.0 } else { 1.0 }).collect())
}
