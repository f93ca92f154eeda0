//! `nta drift`: fresh traffic, scored and counted in one pass, held against what the model was trained on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use nta_audit::{Drift, DriftConfig, observed_rate};
use nta_data::{Dataset, Scores};
use nta_ingest::{AsWritten, BadRows, Batch, Reject};
use nta_model::{Look, Model, Registry};
use nta_preprocess::{BinnedColumn, Spread};
use serde::Serialize;

use crate::digest::sha256_of;
use crate::drift_limits::own_limits;
use crate::error::{PipelineError, failed, refused};
use crate::event::{Event, Listener, Outcome, Stage};
use crate::project::Project;
use crate::promises::{self, ObservedPromise, promised};
use crate::score::{Asked, Input, ScoreSink, into_sink};
use crate::track::locate;

/// Rows held at a time.
const BATCH: usize = 8_192;

/// What to hold against which model.
#[derive(Debug, Clone)]
pub struct DriftRequest {
    /// A path, `name`, `name/3` or `name@alias`; `models:/name/3` or `models:/name@alias` on a tracking server.
    pub model: String,
    /// The fresh traffic; `-` for standard input.
    pub fresh: Vec<PathBuf>,
    /// What the traffic is called in what is told, in place of its paths.
    pub name: Option<String>,
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

impl DriftOutcome {
    /// drift.html, drift.json and the figure.
    pub(crate) fn pages(&self) -> Result<Vec<nta_report::Artefact>, PipelineError> {
        let head = nta_report::DriftHead {
            model: self.model.clone(),
            fresh: self.fresh.iter().map(|file| file.display().to_string()).collect(),
            promise: self.promise.as_ref().map(|promise| (promise.budget, promise.observed)),
            past_limit: self.past_limit.clone(),
        };
        let mut files = nta_report::render_drift(&head, &self.drift).map_err(failed)?;
        let json = serde_json::to_vec_pretty(self).map_err(failed)?;
        files.push(nta_report::Artefact { path: "drift.json".into(), bytes: json });
        Ok(files)
    }
}

/// Holds `request.fresh` against the model.
///
/// # Errors
/// Traffic that cannot be read or scored, a model without the spread of its training, too few rows, limits out of range.
pub fn drift(request: &DriftRequest, listener: &dyn Listener) -> Result<DriftOutcome, PipelineError> {
    let begun = Instant::now();
    listener.hear(&Event::StageBegun { stage: Stage::Drift });
    let version = locate(&request.project, &request.model, listener)?;
    let model = Arc::new(Model::load(&version.folder).map_err(refused)?);
    let limits = limits(request, &model)?;
    let counting = Counting::of(&model)?;
    let asked = Asked {
        stage: Stage::Drift,
        paths: &request.fresh,
        sensor: request.sensor.as_deref(),
        written: Some(request.written.clone()),
        labels: None,
        bad_rows: request.bad_rows,
        batch_rows: BATCH,
    };
    let input = Input::open(&asked, &model, listener)?;
    let counted = into_sink(&input, &model, &std::env::temp_dir(), counting)?;
    let Found { drift, promise, past_limit } = counted.held_against(&model, &limits)?;
    if let Some(promise) = &promise {
        let files: Vec<String> = input.files().iter().map(|file| file.display().to_string()).collect();
        // A stream cannot be read again: then the look counts as one at other traffic.
        let sha256: Vec<String> =
            input.files().iter().map(|file| sha256_of(file)).collect::<Result<_, _>>().unwrap_or_default();
        let registry = Registry::new(&request.project.home).in_contact(listener.contact());
        promises::keep(&registry, version.registered.as_ref(), Look::Drift, (files, sha256), promise, listener);
    }
    let seconds = begun.elapsed().as_secs_f64();
    let outcome = DriftOutcome {
        model: version.title,
        fresh: request.name.as_ref().map_or_else(|| input.files().to_vec(), |name| vec![PathBuf::from(name)]),
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
    let own = own_limits(model);
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

fn write(folder: &Path, outcome: &DriftOutcome) -> Result<(), PipelineError> {
    for file in outcome.pages()? {
        let path = folder.join(&file.path);
        nta_atomic::write(&path, &file.bytes).map_err(failed)?;
    }
    Ok(())
}

/// Counts rows, scores and, of benign rows, false alarms.
pub(crate) struct Counting {
    spread: Spread,
    /// `None` while no row has a label.
    false_alarms: Option<BinnedColumn>,
    set_aside: u64,
}

/// What counted traffic shows.
pub(crate) struct Found {
    pub(crate) drift: Drift,
    pub(crate) promise: Option<ObservedPromise>,
    /// What is past its limit.
    pub(crate) past_limit: Vec<String>,
}

impl Counting {
    /// Nothing counted yet, in the bins of the model's training.
    pub(crate) fn of(model: &Model) -> Result<Self, PipelineError> {
        let spread = model.profile.as_ref().and_then(|profile| profile.spread.as_ref());
        let spread = spread.ok_or_else(|| refused(nta_audit::DriftError::NoSpread))?.emptied();
        Ok(Counting { spread, false_alarms: None, set_aside: 0 })
    }

    /// Counts rows and their scores; `unjudged`, in ascending order, are the rows whose label says nothing.
    pub(crate) fn take_rows(&mut self, rows: &Dataset, scores: &Scores, unjudged: &[u32]) {
        self.spread.take_rows(rows);
        self.spread.take_scores(scores);
        let Some(labels) = &rows.label else { return };
        let counted = self.false_alarms.get_or_insert_with(|| BinnedColumn::of_flags("false alarms"));
        let judged = |i: &usize| !labels[*i].is_attack() && unjudged.binary_search(&(*i as u32)).is_err();
        counted.take_flags((0..labels.len()).filter(judged).map(|i| scores.hybrid().flags[i]));
    }

    /// Holds what was counted against the model's training.
    pub(crate) fn held_against(&self, model: &Model, limits: &DriftConfig) -> Result<Found, PipelineError> {
        let profile = model.profile.as_ref().ok_or_else(|| refused(nta_audit::DriftError::NoSpread))?;
        let drift = nta_audit::drift(profile, &self.spread, limits).map_err(refused)?;
        let observed = self.false_alarms.as_ref().map(observed_rate);
        let promise = promised(model).zip(observed);
        let promise = promise.map(|(made, observed)| ObservedPromise { budget: made.budget, observed });
        let broken = promise.as_ref().is_some_and(ObservedPromise::broken);
        let past_limit = drift.drifted().chain(broken.then_some("promise")).map(str::to_owned).collect();
        Ok(Found { drift, promise, past_limit })
    }
}

impl ScoreSink for Counting {
    type Output = Counting;

    fn take(&mut self, batch: &Batch, scores: &Scores) -> Result<(), PipelineError> {
        self.take_rows(&batch.dataset, scores, &batch.unjudged);
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
