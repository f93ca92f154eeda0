//! Members fitted fast on some rows of the training part, and their scores of others.

use std::ops::ControlFlow;

use nta_data::{Dataset, Dense, Label, Quiet, ScoreColumn, Sequences};
use nta_forest::ForestConfig;
use nta_lstm::{LstmConfig, Rows};
use nta_model::MemberKind;
use nta_preprocess::{Preprocessor, Sequencing};

use super::Measuring;
use crate::error::{PipelineError, failed};
use crate::run::members::fit_engine;

/// Trees and epochs at most: ranks of candidates are asked for, not the last thousandth.
const MOST_TREES: u32 = 50;
const MOST_EPOCHS: usize = 3;

/// One time's rows.
pub(super) struct Parts {
    pub(super) fit: Dataset,
    pub(super) calibration: Dataset,
    pub(super) judged: Dataset,
}

/// The scores of one kind of member on the calibration rows and on the judged ones.
pub(super) fn scores(run: &Measuring<'_>, kind: MemberKind, parts: &Parts) -> Result<[ScoreColumn; 2], PipelineError> {
    let sequencing = match run.follows_hosts(&parts.fit) {
        true => Sequencing::Gap(run.config.lstm.memory.clone()),
        false => Sequencing::None,
    };
    let preprocessor = run.config.preprocess.fit(&parts.fit, sequencing).map_err(failed)?;
    let scores = match kind {
        MemberKind::Forest => of_forest(run, &preprocessor, parts)?,
        MemberKind::Lstm => of_lstm(run, &preprocessor, parts)?,
        MemberKind::Density | MemberKind::Isolation => of_density(run, &preprocessor, parts)?,
    };
    Ok(scores.map(|scores| ScoreColumn::new(kind.name(), scores, |_| false)))
}

type Scored = Result<[Vec<f32>; 2], PipelineError>;

fn of_forest(run: &Measuring<'_>, fitted: &Preprocessor, parts: &Parts) -> Scored {
    let config = ForestConfig { trees: run.config.forest.trees.min(MOST_TREES), ..run.config.forest.clone() };
    let labels = parts.fit.labels().map_err(failed)?;
    let forest = config.fit(fitted.tabular_to_learn(&parts.fit).map_err(failed)?, labels, run.config.seed, &Quiet);
    let forest = forest.map_err(failed)?.forest;
    let scores = |rows: &Dataset| -> Result<Vec<f32>, PipelineError> {
        forest.predict_proba(&fitted.tabular(rows).map_err(failed)?).map_err(failed)
    };
    Ok([scores(&parts.calibration)?, scores(&parts.judged)?])
}

fn of_density(run: &Measuring<'_>, fitted: &Preprocessor, parts: &Parts) -> Scored {
    let labels = parts.fit.labels().map_err(failed)?;
    let config = run.config.density.clone().unwrap_or_default();
    let member = fit_engine(&config, &fitted.tabular(&parts.fit).map_err(failed)?, labels, run.config.seed, &Quiet)?;
    let scores = |rows: &Dataset| -> Result<Vec<f32>, PipelineError> {
        let scores = member.judge_alone(&fitted.tabular(rows).map_err(failed)?);
        scores
            .ok_or_else(|| PipelineError::fail("a member that remembers cannot be asked flow by flow"))?
            .map_err(failed)
    };
    Ok([scores(&parts.calibration)?, scores(&parts.judged)?])
}

fn of_lstm(run: &Measuring<'_>, fitted: &Preprocessor, parts: &Parts) -> Scored {
    let config = LstmConfig { epochs: run.config.lstm.epochs.min(MOST_EPOCHS), ..run.config.lstm.clone() };
    let sequences = |rows: &Dataset| {
        let entity = if run.follows_hosts(rows) { rows.entity.as_slice() } else { &[] };
        Sequences::by_entity(rows.n_rows(), entity, rows.end_time.as_deref(), &config.memory)
    };
    let of =
        |rows: &Dataset| -> Result<_, PipelineError> { Ok((fitted.dense(rows).map_err(failed)?, sequences(rows))) };
    let (train, validation, judged) = (of(&parts.fit)?, of(&parts.calibration)?, of(&parts.judged)?);
    let mut on_epoch = |_: &_, _: &_| match run.listener.cancelled() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    let (train, labels) =
        (rows(&train, parts.fit.labels().map_err(failed)?), parts.calibration.labels().map_err(failed)?);
    let told = config.fit(train, rows(&validation, labels), run.config.seed, None, &mut on_epoch, &Quiet);
    let lstm = told.map_err(failed)?.lstm;
    let scores = |(dense, sequences): &(_, _)| lstm.predict_proba(dense, sequences).map_err(failed);
    Ok([scores(&validation)?, scores(&judged)?])
}

fn rows<'a>((dense, sequences): &'a (Dense, Sequences), labels: &'a [Label]) -> Rows<'a> {
    Rows { dense, sequences, labels, weight: None }
}
