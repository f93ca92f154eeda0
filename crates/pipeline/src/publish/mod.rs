//! `nta publish` and `nta verify`: a model as files for other tools, and whether a folder still is what was published.

mod arrivals;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use nta_export::{Card, Engine, ExportError, Graphs, Parity, PrivateKey, Proof, PublicKey, Publication};
use nta_ingest::BadRows;
use nta_model::Model;
use serde::Serialize;

use crate::error::{PipelineError, failed, refused};
use crate::event::{Event, Listener, Outcome, Stage, StageWatch, Unit};
use crate::project::Project;
use crate::runs;
use crate::score::{Asked, Input};
use crate::track::locate;
use crate::traffic::BATCH_ROWS;

/// What to publish, and how.
#[derive(Debug, Clone)]
pub struct PublishRequest {
    /// A path, `name`, `name/3` or `name@alias`; `models:/name/3` or `models:/name@alias` on a tracking server.
    pub model: String,
    /// Where it goes; `artifacts/<name>/<version>` in the project's home when not given, which only a version of the
    /// project can do without.
    pub output: Option<PathBuf>,
    /// Traffic that is scored for the proof too.
    pub rows: Option<PathBuf>,
    /// The shared library of an onnxruntime in which the proof is repeated.
    pub onnxruntime: Option<PathBuf>,
    /// A private key that signs the folder.
    pub sign: Option<PathBuf>,
    /// The terms under which the model is passed on, for its card.
    pub licence: Option<String>,
    /// Where models are looked up.
    pub project: Project,
}

/// What was published.
#[derive(Debug, Clone, Serialize)]
pub struct PublishOutcome {
    /// The model, as `name/3` or a path.
    pub model: String,
    /// Digest of its learned parts.
    pub digest: String,
    /// Where it is.
    pub folder: PathBuf,
    /// Files in it.
    pub files: usize,
    /// Whether it is signed.
    pub signed: bool,
    /// What was proved.
    pub proved: Proved,
}

/// What was held against the model.
#[derive(Debug, Clone, Serialize)]
pub struct Proved {
    /// By what: `nta`, and `onnxruntime` where that was asked for.
    pub by: Vec<&'static str>,
    /// What was found, over all of them.
    #[serde(flatten)]
    pub parity: Parity,
}

/// Publishes a model, after proof that the graphs say what it says.
pub fn publish(request: &PublishRequest, listener: &dyn Listener) -> Result<PublishOutcome, PipelineError> {
    let version = locate(&request.project, &request.model, listener)?;
    let folder = match (&request.output, &version.registered) {
        (Some(output), _) => output.clone(),
        (None, Some((name, number))) => request.project.home.join("artifacts").join(name).join(number.to_string()),
        (None, None) => {
            let asked = &request.model;
            return Err(PipelineError::refuse(format!(
                "{asked} is no version of this project: say where with --output"
            )));
        }
    };
    if folder.symlink_metadata().is_ok() {
        return Err(refused(ExportError::Exists { path: folder }));
    }
    let signer = request.sign.as_deref().map(PrivateKey::read).transpose().map_err(refused)?;
    let model = Arc::new(Model::load(&version.folder).map_err(refused)?);
    let graphs = Graphs::of(&model).map_err(refused)?;
    let check = Check { rows: request.rows.as_deref(), onnxruntime: request.onnxruntime.as_deref(), listener };
    let proved = check.prove(&model, &graphs)?;
    // What its run measured was measured with other thresholds than a site's.
    let of_run = || runs::show(&request.project, &model.provenance.run).ok().and_then(|run| run.evaluation);
    let evaluation = if model.provenance.site.is_none() { of_run() } else { None };
    let card = Card { evaluation, licence: request.licence.clone(), parity: proved.parity };
    let publication = Publication {
        source: &version.folder,
        model: &model,
        graphs: &graphs,
        title: &version.title,
        card: &card,
        signer: signer.as_ref(),
    };
    let files = nta_export::write(&publication, &folder).map_err(of_export)?;
    let digest = model.digest().map_err(failed)?;
    Ok(PublishOutcome { model: version.title, digest, folder, files, signed: signer.is_some(), proved })
}

/// What to check.
#[derive(Debug, Clone)]
pub struct VerifyRequest {
    /// A model, or the folder of a published one.
    pub model: String,
    /// As for publishing.
    pub rows: Option<PathBuf>,
    /// As for publishing.
    pub onnxruntime: Option<PathBuf>,
    /// The public key that must have signed the folder.
    pub key: Option<PathBuf>,
    /// Where models are looked up.
    pub project: Project,
}

/// A model that passed its checks.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    /// The model, as `name/3` or a path.
    pub model: String,
    /// Digest of its learned parts.
    pub digest: String,
    /// Golden rows scored again.
    pub golden_rows: usize,
    /// Largest difference from the scores it was saved with.
    pub largest_difference: f32,
    /// Files that are those published; null for a model that is no published one.
    pub published_files: Option<usize>,
    /// What was proved of its graphs; null for a model that is no published one.
    pub proved: Option<Proved>,
}

/// Checks every digest of a model and scores its golden rows again; of a published one every file, its signature and its
/// graphs too.
pub fn verify(request: &VerifyRequest, listener: &dyn Listener) -> Result<Verified, PipelineError> {
    let folder = published_at(&request.project, &request.model);
    if folder.is_none() && (request.key.is_some() || request.rows.is_some() || request.onnxruntime.is_some()) {
        let asked = &request.model;
        return Err(PipelineError::refuse(format!("{asked} is no published folder: `nta publish` makes one")));
    }
    let key = request.key.as_deref().map(PublicKey::read).transpose().map_err(refused)?;
    let files = folder.as_deref().map(|folder| nta_export::verify_files(folder, key.as_ref())).transpose();
    let published_files = files.map_err(of_export)?;
    let asked = folder.as_ref().map_or(request.model.clone(), |folder| folder.display().to_string());
    let version = locate(&request.project, &asked, listener)?;
    let model = Arc::new(Model::load(&version.folder).map_err(refused)?);
    let largest_difference = model.verify().map_err(refused)?;
    let proved = match &folder {
        None => None,
        Some(folder) => {
            let graphs = Graphs::read(folder, &model).map_err(of_export)?;
            let onnxruntime = request.onnxruntime.as_deref();
            Some(Check { rows: request.rows.as_deref(), onnxruntime, listener }.prove(&model, &graphs)?)
        }
    };
    Ok(Verified {
        model: version.title,
        digest: model.digest().map_err(failed)?,
        golden_rows: model.golden.rows.len(),
        largest_difference,
        published_files,
        proved,
    })
}

/// Refuses a model that is no published folder signed by the key in the file `key`.
pub fn require_key(project: &Project, asked: &str, key: &Path) -> Result<(), PipelineError> {
    let key = PublicKey::read(key).map_err(refused)?;
    let Some(folder) = published_at(project, asked) else {
        return Err(PipelineError::Gate(format!("{asked} is no published folder, and so not signed by anyone")));
    };
    nta_export::verify_files(&folder, Some(&key)).map(drop).map_err(of_export)
}

/// The published folder that `asked` means, if it means one.
fn published_at(project: &Project, asked: &str) -> Option<PathBuf> {
    [PathBuf::from(asked), project.home.join(asked)].into_iter().find(|folder| nta_export::is_published(folder))
}

fn of_export(error: ExportError) -> PipelineError {
    match error {
        ExportError::Interrupted => PipelineError::Interrupted("while proving; nothing was published".to_owned()),
        error if error.is_gate() => PipelineError::Gate(error.to_string()),
        error => refused(error),
    }
}

/// The proof, and what it is made with.
struct Check<'a> {
    rows: Option<&'a Path>,
    onnxruntime: Option<&'a Path>,
    listener: &'a dyn Listener,
}

impl Check<'_> {
    fn prove(&self, model: &Arc<Model>, graphs: &Graphs) -> Result<Proved, PipelineError> {
        let begun = Instant::now();
        self.listener.hear(&Event::StageBegun { stage: Stage::Prove });
        let mut engines = vec![("nta", Engine::Ours)];
        if let Some(library) = self.onnxruntime {
            engines.push(("onnxruntime", Engine::Onnxruntime(library.to_owned())));
        }
        let watch = StageWatch { listener: self.listener, stage: Stage::Prove, unit: Unit::FlowsProved };
        let mut parity = Parity::default();
        for (_, engine) in &engines {
            parity = parity.and(Proof::of_known_rows(model, graphs, engine, &watch).map_err(of_export)?);
        }
        if let Some(path) = self.rows {
            let begin = |(_, engine): &(_, Engine)| Proof::begin(model, graphs, engine).map_err(of_export);
            let mut proofs = engines.iter().map(begin).collect::<Result<Vec<_>, _>>()?;
            self.take_traffic(path, model, &mut proofs, &watch)?;
            parity = proofs.iter().fold(parity, |all, proof| all.and(proof.found()));
        }
        let outcome = Outcome::Prove { rows: parity.rows, largest_difference: parity.largest_difference };
        self.listener.hear(&Event::StageDone { outcome, seconds: begun.elapsed().as_secs_f64() });
        Ok(Proved { by: engines.into_iter().map(|(name, _)| name).collect(), parity })
    }

    /// Holds the rows of a file against each other, a batch at a time.
    fn take_traffic(
        &self,
        path: &Path,
        model: &Model,
        proofs: &mut [Proof],
        watch: &StageWatch<'_>,
    ) -> Result<(), PipelineError> {
        let (paths, source) = ([path.to_owned()], path.display().to_string());
        let (stage, bad_rows) = (Stage::Prove, BadRows::Refuse);
        let asked =
            Asked { stage, paths: &paths, sensor: None, written: None, labels: None, bad_rows, batch_rows: BATCH_ROWS };
        let input = Input::open(&asked, model, self.listener)?;
        let n_rows = arrivals::in_arrival_order(&input, model, |rows| {
            proofs.iter_mut().try_for_each(|proof| proof.take(rows, &source, watch)).map_err(of_export)
        })?;
        match n_rows {
            0 => Err(PipelineError::refuse(format!("{source} holds no flows"))),
            _ => Ok(()),
        }
    }
}
