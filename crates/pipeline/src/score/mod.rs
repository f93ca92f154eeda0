//! `nta score`: a file of any size through a model, out again in its own order with scores and flags beside every row.
//!
//! Memory does not grow with the file: rows come in batches; where they do not stand in arrival order, what scoring
//! needs of them is sorted on disk, scored, and sorted back.

mod in_order;
mod input;
mod kept;
mod output;
mod posted;
mod promise;
mod reasons;
mod rows;
mod sink;
mod stages;
mod summary;
mod tally;
mod timeline;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nta_data::{Dataset, Order, Scores};
use nta_ingest::{AsWritten, BadRows, Joined, LeftOut, TimeRead, TimeSpan, WithoutTruth};
use nta_metrics::OperatingPoint;
use nta_model::{Model, Scorer};
use serde::Serialize;

use crate::error::{PipelineError, failed, is_of_the_system, refused};
use crate::event::{Event, Listener, Outcome, Remark, Stage};
use crate::labels_file::LabelsFile;
use crate::project::Project;
use crate::track::locate;

pub(crate) use in_order::{needs_sorting, unsorted};
pub(crate) use input::{Asked, Input, glob_safe};
use kept::{Kept, Of};
pub(crate) use output::{FLAGGED, PROBABILITY, REASONS};
use output::{TableOutput, Written};
pub use posted::{LoadedModel, PostedScores};
pub(crate) use promise::HoldsHere;
pub use promise::{Outside, PerDay, ScorePromise};
pub(crate) use reasons::WhyFlagged;
pub(crate) use rows::{BY_SCORE, ENTRY, OFFSETS, ROWS, RowsFile};
pub(crate) use sink::ScoreSink;
use summary::Summary;
pub use summary::{HostCount, ScoreSummary};
pub use tally::FamilyCount;
use tally::Tally;
pub(crate) use timeline::Counts as TimelineCounts;
pub use timeline::{Timeline, TimelineBin};

/// What to score.
#[derive(Debug, Clone)]
pub struct ScoreRequest {
    /// A path, `name`, `name/3` or `name@alias`; `models:/name/3` or `models:/name@alias` on a tracking server.
    pub model: String,
    /// The traffic: files and patterns, scored in their order; `-` for standard input. A pipe is read once, whatever the
    /// model needs of it.
    pub inputs: Vec<PathBuf>,
    /// Where the scored rows go.
    pub output: PathBuf,
    /// Rows held at a time.
    pub batch_rows: usize,
    /// How many reasons to write beside each flagged row: the features of the largest contributions to the forest's
    /// score. None: no such column.
    pub reasons: Option<usize>,
    /// One sensor's name for the input, in place of the file's own.
    pub sensor: Option<String>,
    /// How the input is written, where not as the model's schema says.
    pub written: AsWritten,
    /// A second file that holds the labels, to judge by.
    pub labels: Option<LabelsFile>,
    /// What becomes of rows that cannot be read. Those set aside are in no output but `<output>.rejects.jsonl`.
    pub bad_rows: BadRows,
    /// The input's columns to write, in this order; `None`: all.
    pub columns: Option<Vec<String>>,
    /// Write flagged rows alone.
    pub only_flagged: bool,
    /// Count flows over time and by host.
    pub summary: bool,
    /// Keep beside the output what is done, so often, and go on with what an interrupted call has kept there.
    pub resume: Option<Duration>,
    /// Where models are looked up.
    pub project: Project,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct ScoreOutcome {
    /// The model used, as `name/3` or a path.
    pub model: String,
    /// Its digest.
    pub digest: String,
    /// Rows scored.
    pub rows: u64,
    /// How many of them an interrupted call had scored, or, where they are put in order first and none is, prepared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resumed: Option<u64>,
    /// Rows flagged by the hybrid.
    pub flagged: u64,
    /// Whether the rows had to be put in arrival order first.
    pub sorted: bool,
    /// From when until when the flows began, as the model's schema reads them; `None` without a time column.
    pub time: Option<TimeRead>,
    /// Whether the newest rows stand first, though the model takes rows in the order of the file.
    pub newest_first: bool,
    /// Where the scored rows are.
    pub output: PathBuf,
    /// How right the flags are, by member and for the hybrid, where the file holds the truth.
    pub truth: Option<BTreeMap<String, OperatingPoint>>,
    /// Rows of which no truth is known, where the file has labels at all: scored and written, and left out of `truth`.
    pub unjudged: u64,
    /// Why not.
    pub without_truth: WithoutTruth,
    /// What was found in the second file of labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined: Option<Joined>,
    /// Rows set aside: not scored and not written.
    pub set_aside: u64,
    /// Where those are, if bad rows were to be set aside.
    pub rejects: Option<PathBuf>,
    /// Lines of the input that hold no flow: not scored and not written.
    pub left_out: LeftOut,
    /// Flows and flagged flows of each attack family, where the file holds them.
    pub families: BTreeMap<String, FamilyCount>,
    /// What the model promises, and whether that holds for this traffic; `None` where it promises nothing.
    pub promise: Option<ScorePromise>,
    /// Flows over time and by host, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<ScoreSummary>,
    /// Seconds it took.
    pub seconds: f64,
}

impl ScoreRequest {
    /// Where the rows set aside go; `None` where bad rows are refused.
    fn rejects(&self) -> Option<PathBuf> {
        let mut name = self.output.as_os_str().to_owned();
        name.push(".rejects.jsonl");
        (self.bad_rows != BadRows::Refuse).then(|| PathBuf::from(name))
    }
}

/// Scores `request.input` and writes the output whole or not at all.
pub fn score(request: &ScoreRequest, listener: &dyn Listener) -> Result<ScoreOutcome, PipelineError> {
    score_and(request, listener, None, |_| ()).map(|(outcome, ())| outcome)
}

/// The same; the rows go to `rows` too, and rows and scores to a further sink, made for the model.
pub(crate) fn score_and<S: ScoreSink>(
    request: &ScoreRequest,
    listener: &dyn Listener,
    rows: Option<RowsFile>,
    further: impl FnOnce(&Model) -> S,
) -> Result<(ScoreOutcome, S::Output), PipelineError> {
    let begun = Instant::now();
    listener.hear(&Event::StageBegun { stage: Stage::Score });
    let rejects = request.rejects();
    for output in [Some(&request.output), rejects.as_ref()].into_iter().flatten() {
        nta_atomic::check_target(output).map_err(refused)?;
    }
    let located = locate(&request.project, &request.model, listener)?;
    let model = Arc::new(Model::load(&located.folder).map_err(refused)?);
    let asked = Asked {
        stage: Stage::Score,
        paths: &request.inputs,
        sensor: request.sensor.as_deref(),
        written: Some(request.written.clone()),
        labels: request.labels.as_ref(),
        bad_rows: request.bad_rows,
        batch_rows: request.batch_rows,
    };
    let digest = model.digest().map_err(failed)?;
    let mut input = Input::open(&asked, &model, listener)?;
    let keep = |every| Kept::open(request, every, &digest, input.files());
    let mut kept = request.resume.map(keep).transpose()?;
    let resumed = kept.as_ref().map(Kept::rows).filter(|rows| *rows > 0);
    if let Some(rows) = resumed {
        listener.hear(&Event::Remark(Remark::ScoringGoesOn { rows }));
    }
    if kept.is_some() {
        input = input.that_goes_on();
    }
    let scored = score_input(request, &input, &model, kept.as_mut(), rows, further);
    // Where the call is refused for what it reads, so is every other that would go on there.
    let is_over = match &scored {
        Ok(_) => true,
        Err(error) => matches!(error, PipelineError::Refused(_)) && !is_of_the_system(error),
    };
    if let Some(kept) = kept.filter(|_| is_over) {
        kept.remove()?;
    }
    let Made { tally, summary, promise, seen } = scored?;
    let seconds = begun.elapsed().as_secs_f64();
    let sorted = needs_sorting(&model);
    let outcome = ScoreOutcome {
        model: located.title,
        digest,
        rows: tally.rows,
        resumed,
        flagged: tally.flagged,
        sorted,
        time: tally.span.as_ref().map(TimeSpan::told),
        newest_first: model.schema.order == Order::File && tally.span.as_ref().is_some_and(|span| span.falls),
        output: request.output.clone(),
        truth: tally.truth(),
        unjudged: tally.without_truth.n_rows(),
        without_truth: tally.without_truth,
        joined: tally.joined,
        set_aside: tally.set_aside,
        left_out: tally.left_out,
        rejects,
        families: tally.families,
        promise,
        summary,
        seconds,
    };
    let told = Outcome::Score { rows: outcome.rows, flagged: outcome.flagged, sorted };
    listener.hear(&Event::StageDone { outcome: told, seconds });
    Ok((outcome, seen))
}

/// What came of the rows.
struct Made<T> {
    tally: Tally,
    summary: Option<ScoreSummary>,
    promise: Option<ScorePromise>,
    /// What the further sink made of them.
    seen: T,
}

fn score_input<S: ScoreSink>(
    request: &ScoreRequest,
    input: &Input<'_>,
    model: &Arc<Model>,
    kept: Option<&mut Kept>,
    rows: Option<RowsFile>,
    further: impl FnOnce(&Model) -> S,
) -> Result<Made<S::Output>, PipelineError> {
    let reasons = match request.reasons {
        Some(most) => Some(WhyFlagged::new(model, most)?),
        None => None,
    };
    let written = Written { columns: request.columns.clone(), only_flagged: request.only_flagged };
    let rejects = request.rejects();
    let place = kept.as_deref();
    let table =
        TableOutput::begin(&request.output, input, Arc::clone(model), reasons, rejects.as_deref(), written, place)?;
    let summary = request.summary.then(|| Summary::of(&model.schema));
    let sinks = ((table.and(rows), (Tally::default(), summary)), (HoldsHere::of(model), further(model)));
    let folder = in_order::folder_beside(&request.output);
    let (((), (tally, summary)), (promise, seen)) = match kept {
        Some(kept) => keeping(input, model, folder, sinks, kept)?,
        None => into_sink(input, model, folder, sinks)?,
    };
    Ok(Made { tally, summary, promise, seen })
}

/// Bytes of what is remembered of hosts that stay in memory; the rest is on disk beside the output.
const STATES_ROOM: usize = 4 << 20;

/// Scores every row of `input` and gives it to `sink` in the order read. What memory has no room for, and the sorts' files
/// where rows must be put in arrival order first, stand in `folder`.
pub(crate) fn into_sink<S: ScoreSink>(
    input: &Input<'_>,
    model: &Arc<Model>,
    folder: &Path,
    sink: S,
) -> Result<S::Output, PipelineError> {
    let scorer = Scorer::new(Arc::clone(model)).map_err(failed)?.with_disk(folder, STATES_ROOM);
    match needs_sorting(model) {
        true => in_order::score(input, scorer, folder, sink),
        false => as_read(input, scorer, sink),
    }
}

/// The same, from where an interrupted call was.
fn keeping<S: ScoreSink>(
    input: &Input<'_>,
    model: &Arc<Model>,
    folder: &Path,
    sink: S,
    kept: &mut Kept,
) -> Result<S::Output, PipelineError> {
    match needs_sorting(model) {
        true => in_order::score_keeping(input, model, folder, sink, kept),
        false => as_read_keeping(input, model, folder, sink, kept),
    }
}

/// Rows stand in arrival order, or order does not matter: one pass.
fn as_read<S: ScoreSink>(input: &Input<'_>, mut scorer: Scorer, mut sink: S) -> Result<S::Output, PipelineError> {
    let score = |rows: &Dataset| scorer.score(rows).map(|scores| (scores, ())).map_err(refused);
    input.deliver(&mut sink, score, |_, _, ()| Ok(()))?;
    sink.finish()
}

/// The same; the scores of rows that are kept are taken from there.
fn as_read_keeping<S: ScoreSink>(
    input: &Input<'_>,
    model: &Arc<Model>,
    folder: &Path,
    mut sink: S,
    kept: &mut Kept,
) -> Result<S::Output, PipelineError> {
    let mut scorer = kept.scorer(model)?.with_disk(folder, STATES_ROOM);
    let no_scores = model.no_scores().map_err(failed)?;
    let record_bytes = no_scores.record_bytes();
    let mut journal = kept.journal(Of::Scores, record_bytes)?;
    let mut known = kept.settled(Of::Scores, record_bytes)?;
    let (unread, unkept) = (kept.unkept(), kept.unkept());
    let pace = kept.pace();
    let mut record = Vec::with_capacity(record_bytes);
    let score = |rows: &Dataset| {
        if known.left() > 0 {
            let scores = take_scores(|record| known.next_into(record), rows, no_scores.clone(), &mut record);
            let scores = scores.map_err(&unread)?.ok_or_else(|| input.changed())?;
            return Ok((scores, None));
        }
        let scores = scorer.score(rows).map_err(refused)?;
        let memory = pace.is_due().then(|| scorer.snapshot(&[])).transpose().map_err(failed)?;
        Ok((scores, Some(memory)))
    };
    let mut record = Vec::with_capacity(record_bytes);
    input.deliver(&mut sink, score, |sink, scores, memory| {
        // Those that were kept already are not kept again.
        let Some(memory) = memory else { return Ok(()) };
        for i in 0..scores.n_rows() {
            record.clear();
            scores.write_record(i, &mut record);
            journal.push(&record).map_err(&unkept)?;
        }
        let Some(memory) = memory else { return Ok(()) };
        kept.saved.scored = journal.settle().map_err(&unkept)?;
        kept.saved.table = sink.settle()?;
        kept.save(&memory)
    })?;
    sink.finish()
}

/// The scores of the next rows of the file, as `next` gives their records, put behind `scores`; `None` where there are fewer.
/// `record` is room to work in.
fn take_scores(
    mut next: impl FnMut(&mut Vec<u8>) -> io::Result<bool>,
    rows: &Dataset,
    mut scores: Scores,
    record: &mut Vec<u8>,
) -> io::Result<Option<Scores>> {
    scores.reserve(rows.n_rows());
    for &row in &rows.row {
        record.clear();
        if !next(record)? {
            return Ok(None);
        }
        scores.push_record(row, record).map_err(io::Error::other)?;
    }
    Ok(Some(scores))
}
