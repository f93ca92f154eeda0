//! Whole parts and test files through the one scorer, as service scores traffic: cold at the beginning alone, a row after
//! what its host did before.

use std::ops::Range;
use std::sync::Arc;

use nta_data::{Dataset, Scores};
use nta_model::{Model, Scorer};
use nta_preprocess::{Fold, Origin, Part, Partition, Stream};

use super::context::Context;
use crate::error::{PipelineError, failed};
use crate::event::{Event, Listener, Stage, Unit};

/// Rows scored between two signs of progress.
const CHUNK: usize = 32_768;

/// The parts `wanted`. Where they were dealt by blocks, each row is scored in the stream of all that is
/// learned from: a block scored by itself would meet every host anew, as service does not.
pub(super) fn score_parts<const N: usize>(
    listener: &dyn Listener,
    model: &Arc<Model>,
    parts: &Partition,
    wanted: [Part; N],
    stage: Stage,
) -> Result<[Scores; N], PipelineError> {
    if let Some(stream) = parts.learned().filter(|_| model.state.is_some()) {
        return score_stream(listener, model, &stream, wanted.map(|part| part as usize), stage);
    }
    let learned = [&parts.train, &parts.validation, &parts.calibration, &parts.threshold];
    let alone = |part: Part| score_rows(listener, model, learned[part as usize], stage);
    let scores: Vec<Scores> = wanted.into_iter().map(alone).collect::<Result<_, _>>()?;
    scores.try_into().map_err(|_| PipelineError::fail("a part has no scores"))
}

/// The calibration and the threshold part, as [`score_parts`] scores them.
pub(crate) fn score_held_out(
    listener: &dyn Listener,
    model: &Arc<Model>,
    parts: &Partition,
) -> Result<[Scores; 2], PipelineError> {
    score_parts(listener, model, parts, [Part::Calibration, Part::Threshold], Stage::Hybrid)
}

/// The rows that `fold` was fitted on, and those that it scores, as the parts are scored.
pub(super) fn score_fold(
    ctx: &Context<'_>,
    model: &Arc<Model>,
    fold: &Fold,
    stage: Stage,
) -> Result<[Scores; 2], PipelineError> {
    if let Some(stream) = fold.stream().filter(|_| model.state.is_some()) {
        return score_stream(ctx.log.listener, model, &stream, [0, 1], stage);
    }
    let alone = |rows: &Dataset| score_rows(ctx.log.listener, model, rows, stage);
    Ok([alone(&fold.fit)?, alone(&fold.scored)?])
}

/// The test part `test`; where it was dealt by blocks, each row after those of `learned`, the other four parts.
pub(super) fn score_test(
    ctx: &Context<'_>,
    model: &Arc<Model>,
    test: &Dataset,
    learned: [&Dataset; 4],
    origins: Option<&[Origin; 5]>,
) -> Result<Scores, PipelineError> {
    let cut = origins.filter(|origins| model.state.is_some() && !origins[Part::Test as usize].place.is_empty());
    let Some(origins) = cut else { return score_rows(ctx.log.listener, model, test, Stage::Evaluate) };
    let tables = learned.into_iter().chain([test]);
    let stream = Stream::new(&test.schema, tables.zip(origins).collect());
    let [scores] = score_stream(ctx.log.listener, model, &stream, [Part::Test as usize], Stage::Evaluate)?;
    Ok(scores)
}

/// The scores of the parts `wanted` of `stream`, all of whose rows are scored in arrival order.
fn score_stream<const N: usize>(
    listener: &dyn Listener,
    model: &Arc<Model>,
    stream: &Stream<'_>,
    wanted: [usize; N],
    stage: Stage,
) -> Result<[Scores; N], PipelineError> {
    let mut found = Vec::with_capacity(N);
    for _ in wanted {
        found.push(model.no_scores().map_err(failed)?);
    }
    let take = |range: Range<usize>| stream.rows(range).map_err(failed);
    in_chunks(listener, model, (stream.n_rows(), &take), stage, |range, scores| {
        let part_of: Vec<usize> = stream.parts_of(range).collect();
        for (found, part) in found.iter_mut().zip(wanted) {
            let of_part: Vec<usize> = (0..part_of.len()).filter(|&i| part_of[i] == part).collect();
            found.append(scores.select(&of_part)).map_err(failed)?;
        }
        Ok(())
    })?;
    found.try_into().map_err(|_| PipelineError::fail("a part has no scores"))
}

/// Rows that stand in arrival order, cold at their beginning.
pub(crate) fn score_rows(
    listener: &dyn Listener,
    model: &Arc<Model>,
    rows: &Dataset,
    stage: Stage,
) -> Result<Scores, PipelineError> {
    let mut all = model.no_scores().map_err(failed)?;
    all.reserve(rows.n_rows());
    let take = |range: Range<usize>| Ok(rows.take(&range.map(|row| row as u32).collect::<Vec<u32>>()));
    in_chunks(listener, model, (rows.n_rows(), &take), stage, |_, scores| all.append(scores).map_err(failed))?;
    Ok(all)
}

/// Scores `n_rows` rows, a chunk at a time, and hands on what comes of each.
fn in_chunks(
    listener: &dyn Listener,
    model: &Arc<Model>,
    (n_rows, take): (usize, &dyn Fn(Range<usize>) -> Result<Dataset, PipelineError>),
    stage: Stage,
    mut hand_on: impl FnMut(Range<usize>, Scores) -> Result<(), PipelineError>,
) -> Result<(), PipelineError> {
    let mut scorer = Scorer::new(Arc::clone(model)).map_err(failed)?;
    for start in (0..n_rows).step_by(CHUNK) {
        let range = start..n_rows.min(start + CHUNK);
        let scores = scorer.score(&take(range.clone())?).map_err(failed)?;
        let (done, total) = (range.end as u64, Some(n_rows as u64));
        hand_on(range, scores)?;
        listener.hear(&Event::Progress { stage, done, total, unit: Unit::FlowsScored });
        if listener.cancelled() {
            return Err(PipelineError::Interrupted("while scoring".to_owned()));
        }
    }
    Ok(())
}
