//! `nta drift`: fresh traffic, scored and counted in one pass, held against what the model was trained on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use nta_audit::{Drift, DriftConfig, ObservedRate, observed_rate};
use nta_data::{HYBRID, Scores};
use nta_ingest::{AsWritten, BadRows, Batch, Reject};
use nta_metrics::ThresholdRule;
use nta_model::{Model, Registry};
use nta_preprocess::{BinnedColumn, Spread};
use serde::Serialize;

use crate::error::{PipelineError, failed, refused};
use crate::event::{Event, Listener, Outcome, Stage};
use crate::project::Project;
use crate::score::{Asked, Input, ScoreSink, into_sink};
use crate::yaml;

/// Rows held at a time.
const BATCH: usize = 8_192;

/// What to hold against which model.
#[derive(Debug, Clone)]
pub struct DriftRequest {
    /// A path, `name`, `name/3` or `name@alias`.
    pub model: String,
    /// The fresh traffic; `-` for standard input.
    pub fresh: Vec<PathBuf>,
    /// One sensor's name for all files, in place of each file's own.
    pub sensor: Option<String>,
    /// How the files are written, where not as the model's schema says.
    pub written: AsWritten,
    /// What becomes of rows that cannot be read; those set aside are counted and in nothing else.
    pub bad_rows: BadRows,
    /// Limits in place of the model's own.
    pub psi: Option<f64>,
    #[allow(missing_docs)]
    pub alert_factor: Option<f64>,
    #[allow(missing_docs)]
    pub false_discovery: Option<f64>,
    /// Where the page, its figures and the numbers go; nothing is written when not given.
    pub output: Option<PathBuf>,
    /// Where models are looked up.
    pub project: Project,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct DriftOutcome {
    /// The model, as `name/3` or a path.
    pub model: String,
    /// The traffic.
    pub fresh: Vec<PathBuf>,
    /// Column by column.
    #[serde(flatten)]
    pub drift: Drift,
    /// False alarms against the promise, where the traffic is labelled and the model promised something.
    pub promise: Option<ObservedPromise>,
    /// Rows that could not be read.
    pub set_aside: u64,
    /// What is past its limit; empty where nothing is.
    pub past_limit: Vec<String>,
    /// Seconds it took.
    pub seconds: f64,
}

/// A promise held against fresh traffic.
#[derive(Debug, Clone, Serialize)]
pub struct ObservedPromise {
    /// Largest share of benign flows that may be flagged.
    pub budget: f64,
    /// The share that was, of the benign fresh flows.
    #[serde(flatten)]
    pub observed: ObservedRate,
}

impl ObservedPromise {
    /// The whole interval lies above the budget.
    pub fn broken(&self) -> bool {
        self.observed.interval.is_some_and(|(low, _)| low > self.budget)
    }
}

/// Holds `request.fresh` against the model.
///
/// # Errors
/// Traffic that cannot be read or scored, a model without the spread of its training, too few rows, limits out of range.
pub fn drift(request: &DriftRequest, listener: &dyn Listener) -> Result<DriftOutcome, PipelineError> {
    let begun = Instant::now();
    listener.hear(&Event::StageBegun { stage: Stage::Drift });
    let version = Registry::new(&request.project.home).resolve(&request.model).map_err(refused)?;
    let model = Arc::new(Model::load(&version.path).map_err(refused)?);
    let limits = limits(request, &model)?;
    let profile = model.profile.as_ref().ok_or_else(|| refused(nta_audit::DriftError::NoSpread))?;
    let spread = profile.spread.as_ref().ok_or_else(|| refused(nta_audit::DriftError::NoSpread))?;
    let asked = Asked {
        stage: Stage::Drift,
        paths: &request.fresh,
        sensor: request.sensor.as_deref(),
        written: request.written.clone(),
        labels: None,
        bad_rows: request.bad_rows,
        batch_rows: BATCH,
    };
    let input = Input::open(&asked, &model, listener)?;
    let counting = Counting { spread: spread.emptied(), false_alarms: None, set_aside: 0 };
    let counted = into_sink(&input, &model, &std::env::temp_dir(), counting)?;
    let drift = nta_audit::drift(profile, &counted.spread, &limits).map_err(refused)?;
    let promise = promise(&model, counted.false_alarms.as_ref())?;
    let broken = promise.as_ref().is_some_and(ObservedPromise::broken);
    let past_limit = drift.drifted().chain(broken.then_some("promise")).map(str::to_owned).collect();
    let seconds = begun.elapsed().as_secs_f64();
    let outcome = DriftOutcome {
        model: version.title(),
        fresh: input.files().to_vec(),
        promise,
        set_aside: counted.set_aside,
        past_limit,
        seconds,
        drift,
    };
    if let Some(folder) = &request.output {
        write(folder, &outcome)?;
    }
    let rows = outcome.drift.fresh_rows;
    listener
        .hear(&Event::StageDone { outcome: Outcome::Drift { rows, past_limit: outcome.past_limit.len() }, seconds });
    Ok(outcome)
}

/// The model's own limits, or those asked for.
fn limits(request: &DriftRequest, model: &Model) -> Result<DriftConfig, PipelineError> {
    // A model of before there were limits, or one made by other hands, is held to the usual ones. Its text is read within
    // the bounds of any config's, and no other block of it has a say here.
    let own = yaml::parse(&model.provenance.config).ok().and_then(|mut config| {
        let block = config.value.get_mut("drift").map(serde_json::Value::take)?;
        serde_json::from_value::<DriftConfig>(block).ok()
    });
    let own = own.unwrap_or_default();
    let limits = DriftConfig {
        psi: request.psi.unwrap_or(own.psi),
        alert_factor: request.alert_factor.unwrap_or(own.alert_factor),
        false_discovery: request.false_discovery.unwrap_or(own.false_discovery),
    };
    match limits.fault() {
        Some((key, value, right)) => Err(PipelineError::refuse(format!("`{key}` is {value}: give {right}"))),
        None => Ok(limits),
    }
}

fn promise(model: &Model, false_alarms: Option<&BinnedColumn>) -> Result<Option<ObservedPromise>, PipelineError> {
    let ThresholdRule::Budget(budget) = model.threshold(HYBRID).map_err(failed)?.rule else { return Ok(None) };
    let observed = false_alarms.map(observed_rate);
    Ok(observed.map(|observed| ObservedPromise { budget: budget.false_positive_rate, observed }))
}

fn write(folder: &Path, outcome: &DriftOutcome) -> Result<(), PipelineError> {
    let head = nta_report::DriftHead {
        model: outcome.model.clone(),
        fresh: outcome.fresh.iter().map(|file| file.display().to_string()).collect(),
        promise: outcome.promise.as_ref().map(|promise| (promise.budget, promise.observed)),
        past_limit: outcome.past_limit.clone(),
    };
    let mut files = nta_report::render_drift(&head, &outcome.drift).map_err(failed)?;
    let json = serde_json::to_vec_pretty(outcome).map_err(failed)?;
    files.push(nta_report::Artefact { path: "drift.json".into(), bytes: json });
    for file in files {
        let path = folder.join(&file.path);
        nta_atomic::write(&path, &file.bytes).map_err(failed)?;
    }
    Ok(())
}

/// Counts rows, scores and, of benign rows, false alarms.
struct Counting {
    spread: Spread,
    /// `None` while no row has a label.
    false_alarms: Option<BinnedColumn>,
    set_aside: u64,
}

impl ScoreSink for Counting {
    type Output = Counting;

    fn take(&mut self, batch: &Batch, scores: &Scores) -> Result<(), PipelineError> {
        self.spread.take_rows(&batch.dataset);
        self.spread.take_scores(scores);
        let Some(labels) = &batch.dataset.label else { return Ok(()) };
        let counted = self.false_alarms.get_or_insert_with(|| BinnedColumn::of_flags("false alarms"));
        let judged = |i: &usize| !labels[*i].is_attack() && batch.unjudged.binary_search(&(*i as u32)).is_err();
        counted.take_flags((0..labels.len()).filter(judged).map(|i| scores.hybrid().flags[i]));
        Ok(())
    }

    fn set_aside(&mut self, rejects: &[Reject]) -> Result<(), PipelineError> {
        self.set_aside += rejects.len() as u64;
        Ok(())
    }

    fn finish(self) -> Result<Counting, PipelineError> {
        Ok(self)
    }
}
