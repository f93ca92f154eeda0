//! The model in service and the steps towards a decision: which files are new, whether they can decide anything, what of them
//! has drifted.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use nta_data::hex;
use nta_ingest::FileDigest;
use nta_model::{Look, Model, Registry, Version};
use sha2::{Digest, Sha256};

use super::decision::{Decision, common_rate};
use super::fresh::{Fresh, FreshFiles};
use super::past::{Lineage, lineage};
use super::request::{RetrainOutcome, RetrainRequest};
use super::site::Site;
use super::{challenger, earlier};
use crate::bad_rows::BadRowsConfig;
use crate::config::{LoadedConfig, RunConfig};
use crate::digest::sha256_of;
use crate::drift::{Counting, DriftOutcome, Found};
use crate::drift_limits::own_limits;
use crate::error::{PipelineError, failed, refused};
use crate::event::{Event, Listener, Outcome, Stage, StageWatch, Unit};
use crate::feedback::feedback_kept;
use crate::labels_file::LabelsFile;
use crate::policy::{Promotion, RetrainConfig};
use crate::project::Project;
use crate::promises;
use crate::run::score_rows;
use crate::traffic::{self, Extent, SourceReport};

/// The model to be challenged, and the rule that it brought with it.
pub(super) struct Champion {
    pub(super) registry: Registry,
    pub(super) version: Version,
    pub(super) name: String,
    pub(super) model: Arc<Model>,
    pub(super) config: RunConfig,
    /// What becomes of a challenger that passes.
    pub(super) promotion: Promotion,
    /// Whether that was said in so many words by whoever called.
    pub(super) insists: bool,
    /// What the policy's alias points at.
    pub(super) aliased: Option<u32>,
    /// The common false positive rate.
    pub(super) rate: f64,
}

impl Champion {
    pub(super) fn of(
        request: &RetrainRequest,
        registry: Registry,
        version: Version,
        (name, number): (String, u32),
    ) -> Result<Self, PipelineError> {
        let model = Arc::new(Model::load(&version.path).map_err(refused)?);
        if let Some(set) = request.sets.iter().find(|set| !set.trim_start().starts_with("retrain.")) {
            return Err(PipelineError::refuse(format!(
                "--set {set}: a challenger is trained by the champion's own config; only `retrain.…` can be set"
            )));
        }
        let file = format!("the config in {}", version.title());
        let mut config = RunConfig::parse_kept(&model.provenance.config, &file, &request.sets)?;
        let promotion = request.promote.unwrap_or(config.retrain.promote);
        config.data.sensor = request.sensor.clone().or(config.data.sensor);
        if let Some(word) = request.bad_rows {
            config.data.bad_rows = BadRowsConfig::Word(word);
        }
        let alias = &config.retrain.alias;
        let aliased = registry.versions(&name).map_err(refused)?.aliases.get(alias).copied();
        if let Some(in_service) = aliased.filter(|n| *n != number && promotion != Promotion::Never) {
            return Err(PipelineError::refuse(format!(
                "{name}/{number} is not in service: {name}@{alias} points at {name}/{in_service}; retrain that, or \
                 compare only, with --no-promote"
            )));
        }
        let rate = common_rate(&config.retrain, &model)?;
        Ok(Champion {
            registry,
            version,
            name,
            model,
            config,
            promotion,
            insists: request.promote.is_some(),
            aliased,
            rate,
        })
    }

    pub(super) fn retrain(
        self,
        request: &RetrainRequest,
        begun: Instant,
        listener: &dyn Listener,
    ) -> Result<RetrainOutcome, PipelineError> {
        let lineage = lineage(&self.registry, &self.version, &self.model)?;
        let learned = lineage.iter().flat_map(|(_, told)| told.data.iter().map(|file| file.sha256.clone())).collect();
        let FreshFiles { files, sha256, known } = FreshFiles::find(&request.fresh, &learned)?;
        let outcome = |decision: Option<Decision>, decided_before: bool, known: Vec<String>| RetrainOutcome {
            champion: self.version.title(),
            known,
            decision,
            decided_before,
            seconds: begun.elapsed().as_secs_f64(),
        };
        if files.is_empty() {
            return Ok(outcome(None, false, known));
        }
        let labels = request.labels.clone().map(absolute);
        let key = self.key(&sha256, labels.as_ref(), &request.project)?;
        if let Some(decision) = earlier::decision(&request.project, &self.name, &key)? {
            let decision = self.settle(decision)?;
            return Ok(outcome(Some(decision), true, known));
        }
        let config = challenger::config(&self.config, &files, labels, &request.project);
        let loaded = LoadedConfig { config, path: self.version.path.clone(), project: request.project.clone() };
        let (fresh, report, labels) = self.audit(&loaded, known.clone(), listener)?;
        let site = Site::of(&self.version, &self.model, &self.registry, &request.project, listener)?;
        let drift = self.drift(&fresh, (&files, sha256), listener)?;
        let decision =
            self.challenge(&loaded, Material { key, fresh, report: (report, labels), lineage, site, drift }, listener)?;
        Ok(outcome(Some(decision), false, known))
    }

    /// Digest of all that the decision depends on; not of what becomes of it.
    fn key(&self, fresh: &[String], labels: Option<&LabelsFile>, project: &Project) -> Result<String, PipelineError> {
        let policy = RetrainConfig { promote: Promotion::Ask, ..self.config.retrain.clone() };
        let data = &self.config.data;
        let digest_of =
            |labels: &LabelsFile| sha256_of(Path::new(&labels.file)).map(|sha256| (sha256, labels.tolerance));
        let labels = labels.map(digest_of).transpose()?;
        let verdicts: Vec<String> = feedback_kept(project, &self.name)?.into_iter().map(|said| said.when).collect();
        let digest = self.model.digest().map_err(failed)?;
        let of = (digest, fresh, labels, verdicts, policy, &data.sensor, &data.bad_rows, env!("CARGO_PKG_VERSION"));
        Ok(hex(&Sha256::digest(serde_json::to_vec(&of).map_err(failed)?)))
    }

    /// Reads the fresh files as the champion reads traffic.
    fn audit(
        &self,
        loaded: &LoadedConfig,
        known: Vec<String>,
        listener: &dyn Listener,
    ) -> Result<(Fresh, SourceReport, Option<FileDigest>), PipelineError> {
        let begun = Instant::now();
        listener.hear(&Event::StageBegun { stage: Stage::Audit });
        let watch = StageWatch { listener, stage: Stage::Audit, unit: Unit::BytesRead };
        let schema = self.model.schema.clone();
        let read = traffic::read_as(&loaded.config, schema, &loaded.project, Extent::Whole, &watch, listener)?;
        let labels = read.report.labels;
        let report = read.report.sources.into_iter().next();
        let report = report.ok_or_else(|| PipelineError::fail("nothing was read"))?;
        if *read.train.schema != self.model.schema {
            let absent = report.summary.as_ref().map(|s| s.columns_absent.join(", ")).unwrap_or_default();
            let champion = self.version.title();
            return Err(PipelineError::refuse(format!(
                "{champion} was trained with columns that this traffic lacks: {absent}"
            )));
        }
        let asked = (self.config.retrain.holdout, self.rate, self.config.seed);
        let fresh = Fresh::of(read.train, &report, known, asked)?;
        let attacks = fresh.audit.learned.attacks + fresh.audit.held_out.attacks;
        let (rows, held_out) = (fresh.rows.n_rows() as u64, fresh.audit.held_out.rows);
        let seconds = begun.elapsed().as_secs_f64();
        listener.hear(&Event::StageDone { outcome: Outcome::Audit { rows, attacks, held_out }, seconds });
        Ok((fresh, report, labels))
    }

    /// All fresh rows against the champion's training, as `nta drift` does; its promise is kept beside the log.
    fn drift(
        &self,
        fresh: &Fresh,
        (files, sha256): (&[PathBuf], Vec<String>),
        listener: &dyn Listener,
    ) -> Result<DriftOutcome, PipelineError> {
        let begun = Instant::now();
        listener.hear(&Event::StageBegun { stage: Stage::Drift });
        let scores = score_rows(listener, &self.model, &fresh.rows, Stage::Drift)?;
        let mut counting = Counting::of(&self.model)?;
        counting.take_rows(&fresh.rows, &scores, &[]);
        let Found { drift, promise, past_limit } = counting.held_against(&self.model, &own_limits(&self.model))?;
        if let Some(seen) = &promise {
            let files = (fresh.audit.files.clone(), sha256);
            promises::keep(&self.registry, self.version.registered.as_ref(), Look::Retrain, files, seen, listener);
        }
        let seconds = begun.elapsed().as_secs_f64();
        let (model, fresh, set_aside) = (self.version.title(), files.to_vec(), fresh.audit.set_aside);
        let found = DriftOutcome { model, fresh, drift, promise, set_aside, past_limit, seconds };
        let outcome = Outcome::Drift { rows: found.drift.fresh_rows, past_limit: found.past_limit.len() };
        listener.hear(&Event::StageDone { outcome, seconds });
        Ok(found)
    }
}

/// What training and deciding take.
pub(super) struct Material {
    pub(super) key: String,
    pub(super) fresh: Fresh,
    /// Of the fresh traffic, and its labels' own file.
    pub(super) report: (SourceReport, Option<FileDigest>),
    pub(super) lineage: Lineage,
    /// The baseline whose promise is kept.
    pub(super) site: Option<Site>,
    pub(super) drift: DriftOutcome,
}

/// A path of the caller's, not of the project's.
fn absolute(labels: LabelsFile) -> LabelsFile {
    let path = Path::new(&labels.file);
    let file = path.canonicalize().map_or_else(|_| labels.file.clone(), |path| path.to_string_lossy().into_owned());
    LabelsFile { file, ..labels }
}
