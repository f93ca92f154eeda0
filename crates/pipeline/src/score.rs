//! `nta score`: a file of any size through a model, out again in its own order with scores and flags beside every row.
//!
//! Memory does not grow with the file: rows come in batches; where they do not stand in arrival order, what scoring
//! needs of them is sorted on disk, scored, and sorted back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use nta_data::{Dataset, Label, Order, Scores};
use nta_ingest::{Added, AddedValues, BadRows, Batch, ReadOptions, Reject, RejectsFile, Source, TableWriter, Truth};
use nta_metrics::{ConfusionMatrix, OperatingPoint};
use nta_model::{Model, PreparedRows, Reasons, Registry, Scorer};
use serde::Serialize;

use crate::error::{PipelineError, failed, refused};
use crate::event::{Event, Listener, Outcome, Stage, Unit};
use crate::external_sort::{ExternalSort, Sorted};
use crate::project::Project;

/// What to score.
#[derive(Debug, Clone)]
pub struct ScoreRequest {
    /// A path, `name`, `name/3` or `name@alias`.
    pub model: String,
    /// The traffic.
    pub input: PathBuf,
    /// Where the scored rows go.
    pub output: PathBuf,
    /// Rows held at a time.
    pub batch_rows: usize,
    /// How many reasons to write beside each flagged row: the features of the largest contributions to the forest's
    /// score. None: no such column.
    pub reasons: Option<usize>,
    /// One sensor's name for the input, in place of the file's own.
    pub sensor: Option<String>,
    /// What becomes of rows that cannot be read. Those set aside are in no output but `<output>.rejects.jsonl`.
    pub bad_rows: BadRows,
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
    /// Rows flagged by the hybrid.
    pub flagged: u64,
    /// Whether the rows had to be put in arrival order first.
    pub sorted: bool,
    /// Where the scored rows are.
    pub output: PathBuf,
    /// How right the flags are, by member and for the hybrid, where the file holds the truth.
    pub truth: Option<BTreeMap<String, OperatingPoint>>,
    /// Rows whose label the schema ignores: scored and written, and left out of `truth`.
    pub unjudged: u64,
    /// Rows set aside: not scored and not written.
    pub set_aside: u64,
    /// Where those are, if bad rows were to be set aside.
    pub rejects: Option<PathBuf>,
    /// Flows and flagged flows of each attack family, where the file holds them.
    pub families: BTreeMap<String, FamilyCount>,
    /// Seconds it took.
    pub seconds: f64,
}

/// Flows of one attack family.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct FamilyCount {
    /// All of them.
    pub flows: u64,
    /// Those that the hybrid flags.
    pub flagged: u64,
}

/// Bytes of records that the sort into arrival order holds in memory.
const SORT_ROOM: usize = 16 << 20;

/// Bytes of scores that the sort back into the file's order holds in memory: a record is some 30 bytes.
const BACK_ROOM: usize = 4 << 20;

/// The output column that holds the share of attacks to expect at the hybrid's score.
pub(crate) const PROBABILITY: &str = "probability";

/// The output column that holds the hybrid's flag.
pub(crate) const FLAGGED: &str = "flagged";

/// The output column that holds the reasons of flagged rows.
const REASONS: &str = "reasons";

/// Records scored at a time.
const RECORDS: usize = 8_192;

/// Scores `request.input` and writes the output whole or not at all.
pub fn score(request: &ScoreRequest, listener: &dyn Listener) -> Result<ScoreOutcome, PipelineError> {
    let begun = Instant::now();
    listener.hear(&Event::StageBegun { stage: Stage::Score });
    let version = Registry::new(&request.project.home).resolve(&request.model).map_err(refused)?;
    let model = Model::load(&version.path).map_err(refused)?;
    let pattern = request.input.to_string_lossy().into_owned();
    // The input is a path of the caller's, not of the project's.
    let working = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let source = Source::resolve(&[glob_safe(&pattern)], &working).map_err(refused)?;
    let options = ReadOptions {
        by: model.state.as_ref().map(|state| state.by),
        entity_key: model.state.as_ref().map_or([0; 16], |state| state.entity_key),
        sensor_key: model.state.as_ref().map(|state| state.sensor_key).unwrap_or_default(),
        sensor: request.sensor.clone(),
        truth: Truth::IfPresent,
        bad_rows: request.bad_rows,
        batch_rows: request.batch_rows,
        ..ReadOptions::new(Arc::new(model.schema.clone()))
    };
    let output = &request.output;
    let reasons = match request.reasons {
        Some(most) => Some((Reasons::new(&model).map_err(refused)?, most)),
        None => None,
    };
    let job = Job { source, options, model: &model, output, reasons, listener };
    let sorted = model.state.is_some() && model.schema.order == Order::EndTime;
    let tally = if sorted { job.by_arrival()? } else { job.as_read()? };
    let seconds = begun.elapsed().as_secs_f64();
    let outcome = ScoreOutcome {
        model: version.title(),
        digest: model.digest().map_err(failed)?,
        rows: tally.rows,
        flagged: tally.flagged,
        sorted,
        output: request.output.clone(),
        truth: tally.truth(),
        unjudged: tally.unjudged,
        set_aside: tally.set_aside,
        rejects: job.rejects_path(),
        families: tally.families,
        seconds,
    };
    let told = Outcome::Score { rows: outcome.rows, flagged: outcome.flagged, sorted };
    listener.hear(&Event::StageDone { outcome: told, seconds });
    Ok(outcome)
}

/// A path in which pattern characters mean themselves.
fn glob_safe(path: &str) -> String {
    let special = |c: char| matches!(c, '*' | '?' | '[' | ']');
    if !Path::new(path).exists() {
        return path.to_owned();
    }
    path.chars().map(|c| if special(c) { format!("[{c}]") } else { c.to_string() }).collect()
}

struct Job<'a> {
    source: Source,
    options: ReadOptions,
    model: &'a Model,
    output: &'a Path,
    /// Finds them, and how many to write.
    reasons: Option<(Reasons<'a>, usize)>,
    listener: &'a dyn Listener,
}

impl Job<'_> {
    /// The output, begun before any work: a wrong ending, a place that cannot be written and a column that the input
    /// has already are refused at once.
    fn begin_output(&self) -> Result<Out<'_>, PipelineError> {
        let same = |file: &PathBuf| is_same_file(file, self.output);
        if let Some(input) = self.source.files().iter().find(|file| same(file)) {
            let input = input.display();
            return Err(PipelineError::refuse(format!("{input} is the input; write the scored rows to another file")));
        }
        let writer = TableWriter::create(self.output, None).map_err(refused)?;
        let rejects = self.rejects_path().map(|path| RejectsFile::create(&path)).transpose().map_err(refused)?;
        if let Some(first) = self.batches()?.next() {
            let taken = first.map_err(refused)?.raw.column_names();
            if let Some(name) = self.columns().find(|name| taken.iter().any(|t| t == name)) {
                let input = self.source.files().first().map(|f| f.display().to_string()).unwrap_or_default();
                return Err(PipelineError::refuse(format!(
                    "{input} has a column `{name}` already, as a scored file has; score the original, or rename it"
                )));
            }
        }
        Ok(Out { job: self, writer, rejects, tally: Tally::default() })
    }

    /// Where the rows set aside go; `None` where bad rows are refused.
    fn rejects_path(&self) -> Option<PathBuf> {
        let mut name = self.output.as_os_str().to_owned();
        name.push(".rejects.jsonl");
        (self.options.bad_rows != BadRows::Refuse).then(|| PathBuf::from(name))
    }

    /// Columns that the output has beside the input's.
    fn columns(&self) -> impl Iterator<Item = &str> {
        self.model.names().chain([PROBABILITY, FLAGGED]).chain(self.reasons.as_ref().map(|_| REASONS))
    }

    fn batches(&self) -> Result<nta_ingest::Batches, PipelineError> {
        nta_ingest::batches(&self.source, &self.options).map_err(refused)
    }

    /// Rows stand in arrival order, or order does not matter: one pass.
    fn as_read(&self) -> Result<Tally, PipelineError> {
        let mut scorer = Scorer::new(self.model).map_err(failed)?;
        let mut out = self.begin_output()?;
        let mut batches = self.batches()?;
        while let Some(batch) = batches.next() {
            let batch = batch.map_err(refused)?;
            let scores = scorer.score(&batch.dataset).map_err(refused)?;
            out.write(&batch, &scores)?;
            out.set_aside(&batches.take_rejects())?;
        }
        out.set_aside(&batches.take_rejects())?;
        out.finish()
    }

    /// Rows are put in order of flow end on disk, scored, and put back.
    fn by_arrival(&self) -> Result<Tally, PipelineError> {
        let mut out = self.begin_output()?;
        let mut scorer = Scorer::new(self.model).map_err(failed)?;
        let folder = self.output.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut arrivals = self.prepare(&scorer, folder)?;
        let layout = scorer.layout();
        let mut back = ExternalSort::new(self.no_scores()?.record_bytes(), BACK_ROOM, folder).map_err(failed)?;
        let mut record = Vec::new();
        let mut more = true;
        while more {
            let mut bytes = Vec::with_capacity(RECORDS * layout.record_bytes());
            while more && bytes.len() < RECORDS * layout.record_bytes() {
                more = arrivals.next_into(&mut bytes).map_err(failed)?;
            }
            let rows = PreparedRows::from_bytes(layout, &bytes).map_err(failed)?;
            let scores = scorer.score_prepared(&rows).map_err(failed)?;
            for (i, id) in scores.rows().iter().enumerate() {
                let key = (i128::from(id.file) << 64) | i128::from(id.row);
                record.clear();
                scores.write_record(i, &mut record);
                back.push(key, &record).map_err(failed)?;
            }
            self.stopped()?;
        }
        drop(arrivals);
        let mut ordered = back.finish().map_err(failed)?;
        let mut batches = self.batches()?;
        while let Some(batch) = batches.next() {
            let batch = batch.map_err(refused)?;
            let scores = self.take_scores(&mut ordered, &batch.dataset)?;
            out.write(&batch, &scores)?;
            out.set_aside(&batches.take_rejects())?;
        }
        out.set_aside(&batches.take_rejects())?;
        if ordered.next_into(&mut Vec::new()).map_err(failed)? {
            return Err(changed());
        }
        out.finish()
    }

    fn prepare(&self, scorer: &Scorer<'_>, folder: &Path) -> Result<Sorted, PipelineError> {
        let mut sort = ExternalSort::new(scorer.layout().record_bytes(), SORT_ROOM, folder).map_err(failed)?;
        let mut record = Vec::new();
        let mut nth = 0i128;
        let mut batches = self.batches()?;
        while let Some(batch) = batches.next() {
            let rows = scorer.prepare(&batch.map_err(refused)?.dataset).map_err(refused)?;
            // They are kept in the pass that writes.
            drop(batches.take_rejects());
            for i in 0..rows.n_rows() {
                record.clear();
                rows.write_record(i, &mut record);
                // Ties by file order: the sort keeps the order of equal keys within a run, the count across runs.
                sort.push((i128::from(rows.end_time(i)) << 64) | nth, &record).map_err(failed)?;
                nth += 1;
            }
            self.listener.hear(&Event::Progress {
                stage: Stage::Score,
                done: nth as u64,
                total: None,
                unit: Unit::FlowsSorted,
            });
            self.stopped()?;
        }
        sort.finish().map_err(failed)
    }

    fn take_scores(&self, ordered: &mut Sorted, rows: &Dataset) -> Result<Scores, PipelineError> {
        let mut scores = self.no_scores()?;
        scores.reserve(rows.n_rows());
        let mut record = Vec::new();
        for &row in &rows.row {
            record.clear();
            if !ordered.next_into(&mut record).map_err(failed)? {
                return Err(changed());
            }
            scores.push_record(row, &record).map_err(failed)?;
        }
        Ok(scores)
    }

    fn no_scores(&self) -> Result<Scores, PipelineError> {
        self.model.no_scores().map_err(failed)
    }

    fn stopped(&self) -> Result<(), PipelineError> {
        match self.listener.cancelled() {
            true => Err(PipelineError::Interrupted("while scoring; nothing was written".to_owned())),
            false => Ok(()),
        }
    }
}

/// Whether both paths lead to one file, through links too.
fn is_same_file(a: &Path, b: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(a), Ok(b)) = (a.metadata(), b.metadata()) {
        use std::os::unix::fs::MetadataExt;
        return (a.dev(), a.ino()) == (b.dev(), b.ino());
    }
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

fn changed() -> PipelineError {
    PipelineError::fail("the input changed while it was scored; score it again".to_owned())
}

/// The output table and what is counted on the way.
struct Out<'a> {
    job: &'a Job<'a>,
    writer: TableWriter,
    rejects: Option<RejectsFile>,
    tally: Tally,
}

impl Out<'_> {
    fn write(&mut self, batch: &Batch, scores: &Scores) -> Result<(), PipelineError> {
        self.tally.add(batch, scores);
        let mut added: Vec<Added<'_>> =
            scores.columns().map(|c| Added { name: &c.name, values: AddedValues::Float(&c.p_attack) }).collect();
        let probability = self.job.model.probability(&scores.hybrid().p_attack);
        added.push(Added { name: PROBABILITY, values: AddedValues::Float(&probability) });
        let flags = &scores.hybrid().flags;
        added.push(Added { name: FLAGGED, values: AddedValues::Flag(flags) });
        let reasons = self.reasons(batch, flags)?;
        let reasons: Option<Vec<&str>> = reasons.as_ref().map(|texts| texts.iter().map(String::as_str).collect());
        if let Some(texts) = &reasons {
            added.push(Added { name: REASONS, values: AddedValues::Text(texts) });
        }
        self.writer.write(&batch.raw, &added).map_err(failed)?;
        self.job.listener.hear(&Event::Progress {
            stage: Stage::Score,
            done: self.tally.rows,
            total: None,
            unit: Unit::FlowsWritten,
        });
        self.job.stopped()
    }

    /// For each row why it is flagged, in words: empty where it is not. `None` where nobody asked.
    fn reasons(&self, batch: &Batch, flags: &[bool]) -> Result<Option<Vec<String>>, PipelineError> {
        let Some((finder, most)) = &self.job.reasons else { return Ok(None) };
        let mut texts = vec![String::new(); flags.len()];
        let flagged: Vec<u32> = (0..flags.len() as u32).filter(|&i| flags[i as usize]).collect();
        if !flagged.is_empty() {
            let reasons = finder.of(&batch.dataset, &flagged, *most).map_err(refused)?;
            for (&i, reasons) in flagged.iter().zip(&reasons) {
                let words = reasons.iter().map(|r| format!("{} {:+.3}", r.feature, r.contribution));
                texts[i as usize] = words.collect::<Vec<_>>().join("; ");
            }
        }
        Ok(Some(texts))
    }

    fn set_aside(&mut self, rejects: &[Reject]) -> Result<(), PipelineError> {
        self.tally.set_aside += rejects.len() as u64;
        self.rejects.as_mut().map_or(Ok(()), |file| file.write(rejects)).map_err(failed)
    }

    fn finish(self) -> Result<Tally, PipelineError> {
        self.writer.finish().map_err(failed)?;
        self.rejects.map_or(Ok(()), RejectsFile::finish).map_err(failed)?;
        Ok(self.tally)
    }
}

/// Counts that need no row to be kept.
#[derive(Default)]
struct Tally {
    rows: u64,
    flagged: u64,
    /// By column.
    confusion: BTreeMap<String, ConfusionMatrix>,
    labelled: bool,
    unjudged: u64,
    set_aside: u64,
    families: BTreeMap<String, FamilyCount>,
}

impl Tally {
    fn add(&mut self, batch: &Batch, scores: &Scores) {
        let rows = &batch.dataset;
        let flags = &scores.hybrid().flags;
        self.rows += rows.n_rows() as u64;
        self.flagged += flags.iter().filter(|f| **f).count() as u64;
        let Some(labels) = &rows.label else { return };
        self.labelled = true;
        self.unjudged += batch.unjudged.len() as u64;
        let judged: Vec<usize> =
            (0..labels.len()).filter(|i| batch.unjudged.binary_search(&(*i as u32)).is_err()).collect();
        let labels: Vec<Label> = judged.iter().map(|&i| labels[i]).collect();
        for column in scores.columns() {
            let flags: Vec<bool> = judged.iter().map(|&i| column.flags[i]).collect();
            let confusion = self.confusion.entry(column.name.clone()).or_default();
            if let Ok(counted) = ConfusionMatrix::count(&labels, &flags) {
                *confusion += counted;
            }
        }
        for (&i, label) in judged.iter().zip(&labels) {
            if let (true, Some(family)) = (label.is_attack(), rows.family_of(i)) {
                let count = self.families.entry(family.to_owned()).or_default();
                count.flows += 1;
                count.flagged += u64::from(flags[i]);
            }
        }
    }

    fn truth(&self) -> Option<BTreeMap<String, OperatingPoint>> {
        let points = self.confusion.iter().map(|(name, c)| (name.clone(), OperatingPoint::of(*c, None)));
        self.labelled.then(|| points.collect())
    }
}
