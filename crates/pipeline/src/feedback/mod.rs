//! `nta feedback`: what analysts say of flows that a model judged, kept under the model's name, so that the flows can
//! join the next retraining with that as their label.

mod store;
mod traffic;
mod verdict;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use nta_data::{Contact, Schema};
use nta_ingest::{AsWritten, Batch, IngestError, ReadOptions, Source, Truth};
use nta_model::{By, Model, Registry};
use nta_tracking::Moment;
use serde::Serialize;

use crate::error::{PipelineError, refused};
use crate::event::Listener;
use crate::project::Project;
use crate::score::glob_safe;
use crate::traffic::SENSOR_KEY;

pub use store::Submission;
use store::{KeptRow, Store};
pub use traffic::{FeedbackTraffic, feedback_traffic};
use verdict::role;
pub(crate) use verdict::{VERDICT, Verdict};

/// Rows held at a time.
const BATCH: usize = 8_192;

/// Verdicts to be kept.
#[derive(Debug, Clone)]
pub struct FeedbackRequest {
    /// The model that judged the flows: `name`, `name/3` or `name@alias`.
    pub model: String,
    /// The flows, as `nta score` wrote them, with a column `verdict`.
    pub input: PathBuf,
    /// The verdict on every flow of the file, where it has no such column.
    pub verdict: Option<String>,
    /// Who gives them, and a word on where they come from.
    pub by: By,
    /// What the record calls the input; its path where not given.
    pub from: Option<String>,
    /// How the file is written, where not as the model's schema says.
    pub written: AsWritten,
    /// Where models are looked up.
    pub project: Project,
}

/// What became of them.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FeedbackOutcome {
    /// The model, as `name/3`.
    pub model: String,
    /// Flows whose verdict is kept from now on.
    pub kept: u64,
    /// Those of them that had another verdict until now.
    pub revised: u64,
    /// Flows whose verdict was kept already.
    pub known: u64,
    /// Flows of the file without a verdict.
    pub without: u64,
    /// Flows kept, by verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// Where they are; `None` where nothing was new.
    pub file: Option<PathBuf>,
}

/// Keeps the verdicts of `request`: whole or not at all, and each once.
///
/// # Errors
/// A model outside the registry, a file that the model cannot read, a word that is no verdict.
pub fn feedback(request: &FeedbackRequest, listener: &dyn Listener) -> Result<FeedbackOutcome, PipelineError> {
    let contact = listener.contact();
    let registry = Registry::new(&request.project.home).in_contact(contact.clone());
    let version = registry.resolve(&request.model).map_err(refused)?;
    let Some((name, _)) = &version.registered else {
        let model = &request.model;
        return Err(PipelineError::refuse(format!(
            "{model} is a folder outside models/: feedback is kept by name there"
        )));
    };
    let given = request.verdict.as_deref().map(Verdict::parse).transpose().map_err(PipelineError::refuse)?;
    let model = Model::load(&version.path).map_err(refused)?;
    let store = Store::of(&request.project.home, name);
    let mut writing = store.write(&contact)?;
    let mut outcome = FeedbackOutcome { model: version.title(), ..FeedbackOutcome::default() };
    let mut batches = batches(request, given.as_ref(), &model, &contact)?;
    for batch in batches.by_ref() {
        let batch = batch.map_err(|error| in_words(error, request))?;
        outcome.without += batch.without_truth.n_rows();
        let verdicts = verdicts(&batch, request)?;
        let rows = batch.dataset.feature_hashes().into_iter().zip(&verdicts).enumerate();
        let time = |i: usize| batch.dataset.time.as_ref().map_or(0, |times| times[i]);
        let keep = rows.map(|(i, (hash, verdict))| match writing.see(&format!("{hash:032x}-{:x}", time(i)), verdict) {
            KeptRow::Known => {
                outcome.known += 1;
                None
            }
            KeptRow::New { key, revised } => {
                outcome.kept += 1;
                outcome.revised += u64::from(revised);
                *outcome.verdicts.entry(verdict.to_string()).or_default() += 1;
                Some(key)
            }
        });
        let keep: Vec<Option<String>> = keep.collect();
        writing.add(&batch.raw, &keep, &verdicts)?;
        if listener.cancelled() {
            return Err(PipelineError::Interrupted("while reading verdicts; nothing was kept".to_owned()));
        }
    }
    outcome.without += batches.without_truth().n_rows();
    outcome.file = writing.finish(&Submission {
        when: Moment::now().to_string(),
        who: request.by.who.clone(),
        model: version.title(),
        from: request.from.clone().unwrap_or_else(|| request.input.display().to_string()),
        why: request.by.why.clone(),
        rows: outcome.kept,
        verdicts: outcome.verdicts.clone(),
        written: request.written.clone(),
    })?;
    Ok(outcome)
}

/// What was kept under the name of `model`, oldest first.
///
/// # Errors
/// A model outside the registry, a record that is damaged.
pub fn feedback_kept(project: &Project, model: &str) -> Result<Vec<Submission>, PipelineError> {
    let version = Registry::new(&project.home).resolve(model).map_err(refused)?;
    match &version.registered {
        Some((name, _)) => Store::of(&project.home, name).submissions(),
        None => Ok(Vec::new()),
    }
}

fn batches(
    request: &FeedbackRequest,
    given: Option<&Verdict>,
    model: &Model,
    contact: &Contact,
) -> Result<nta_ingest::Batches, PipelineError> {
    let working = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let pattern = (glob_safe(&request.input.to_string_lossy()), given.map(Verdict::to_string));
    let source = Source::resolve_labelled(&[pattern], &working).map_err(refused)?;
    let schema = Schema { label: Some(role(VERDICT)), family: None, ..model.schema.clone() };
    let options = ReadOptions {
        written: request.written.clone(),
        advice: nta_ingest::Advice::Options,
        sensor_key: SENSOR_KEY,
        truth: Truth::Required,
        batch_rows: BATCH,
        contact: contact.clone(),
        ..ReadOptions::new(Arc::new(schema))
    };
    nta_ingest::batches(&source, &options).map_err(|error| in_words(error, request))
}

/// The verdict on each row of `batch`.
fn verdicts(batch: &Batch, request: &FeedbackRequest) -> Result<Vec<Verdict>, PipelineError> {
    let parse = |i: usize| {
        Verdict::parse(batch.dataset.family_of(i).unwrap_or_default()).map_err(|why| {
            let (file, row) = (request.input.display(), batch.dataset.row[i].row + 1);
            PipelineError::refuse(format!("{file}, row {row}, column `{VERDICT}`: {why}"))
        })
    };
    (0..batch.dataset.n_rows()).map(parse).collect()
}

/// What ingest says of a label, said of a verdict.
fn in_words(error: IngestError, request: &FeedbackRequest) -> PipelineError {
    match &error {
        IngestError::MissingColumns { missing, .. } if *missing == [VERDICT] => PipelineError::refuse(format!(
            "{} has no column `{VERDICT}`: add one that says {} of the flows you looked at, or give one verdict to all of \
             them with `--verdict`",
            request.input.display(),
            verdict::WORDS
        )),
        _ => refused(error),
    }
}
