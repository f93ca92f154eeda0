//! `nta retrain`: a challenger from fresh traffic, held against the champion on rows that neither has learned from, and put
//! in its place where the rule says so.
//!
//! The challenger is a run like any other, made from the champion's config; its last stage is the decision. What is judged is
//! sealed until both models are frozen.

mod challenger;
mod decision;
mod earlier;
mod fresh;
mod mix;
mod past;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use nta_atomic::{FolderLock, FolderWait};
use nta_data::{Awaited, hex};
use nta_model::{Look, Model, Registry, Version};
use serde::Serialize;
use sha2::{Digest, Sha256};

pub use decision::Decision;
pub use fresh::{FreshAudit, RowCounts};
pub use past::Unavailable;

use crate::bad_rows::{BadRowsConfig, BadRowsWord};
use crate::config::{LoadedConfig, RunConfig};
use crate::drift::{Counting, DriftOutcome, Found, own_limits};
use crate::error::{PipelineError, failed, refused};
use crate::event::{Event, Listener, Outcome, Remark, Stage, StageWatch, Unit};
use crate::policy::{Promotion, RetrainConfig};
use crate::project::Project;
use crate::promises;
use crate::promotions::{self, AliasMoved};
use crate::run::{Context, Given, Parent, RunOutcome, run_given, score_rows};
use crate::traffic::{self, SourceReport};

use decision::{Judged, Judging, common_rate};
use fresh::{Fresh, FreshFiles};
use nta_report::Standing;
use past::{Lineage, Past};

/// Which model to make a challenger of, from what.
#[derive(Debug, Clone)]
pub struct RetrainRequest {
    /// `name` (the version that its alias points at), `name/3` or `name@alias`.
    pub model: String,
    /// The fresh traffic, labelled.
    pub fresh: Vec<PathBuf>,
    /// `retrain.key=value` over the policy that is kept with the model.
    pub sets: Vec<String>,
    /// What becomes of a challenger that passes, in place of the policy's.
    pub promote: Option<Promotion>,
    /// One sensor's name for all files, in place of the config's.
    pub sensor: Option<String>,
    /// What becomes of rows that cannot be read, in place of the config's.
    pub bad_rows: Option<BadRowsWord>,
    /// Where models are looked up.
    pub project: Project,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct RetrainOutcome {
    /// The version in service when it began.
    pub champion: String,
    /// Files left out, for a model of the lineage has learned from them.
    pub known: Vec<String>,
    /// The decision; null where no file is new.
    pub decision: Option<Decision>,
    /// Whether it was made by an earlier call on the same traffic, and nothing was trained.
    pub decided_before: bool,
    /// Seconds it took.
    pub seconds: f64,
}

impl RetrainOutcome {
    /// The gate: closed where the challenger did not show what the rule asks.
    pub fn gate(&self) -> Result<(), PipelineError> {
        match &self.decision {
            Some(decision) if !decision.passed => {
                let failed = decision.checks.iter().filter(|check| !check.passed).count();
                let (champion, challenger) = (&decision.champion, &decision.challenger);
                Err(PipelineError::Gate(format!(
                    "{champion} stays: {challenger} did not pass {failed} of {} checks",
                    decision.checks.len()
                )))
            }
            Some(Decision { standing: Standing::TakenBack, challenger, alias, .. }) => {
                Err(PipelineError::Gate(format!(
                    "{challenger} passed, and {alias} was moved back from it by hand: with --promote it takes over again"
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Retrains `request.model` and decides. One process at a time retrains a name.
///
/// # Errors
/// Traffic that cannot be read or cannot decide anything, a model that is no version of this project, one that is not in
/// service, whatever a run may fail of.
pub fn retrain(request: &RetrainRequest, listener: &dyn Listener) -> Result<RetrainOutcome, PipelineError> {
    let begun = Instant::now();
    let registry = Registry::new(&request.project.home).in_contact(listener.contact());
    let (_, name, _) = asked(request, &registry)?;
    let folder = request.project.home.join("models").join(&name).join("retraining");
    let go_on = |wait: &FolderWait<'_>| {
        listener.contact().waits(Awaited::Folder { path: wait.folder, holder: wait.holder }, wait.elapsed)
    };
    let _lock = FolderLock::take(&folder, &go_on)
        .map_err(|source| failed(nta_tracking::TrackingError::Io { doing: "lock", path: folder.clone(), source }))?;
    // Whoever held the lock may have put another in its place.
    let (version, name, number) = asked(request, &registry)?;
    let champion = Champion::of(request, registry, version, (name, number))?;
    champion.retrain(request, begun, listener)
}

/// The version meant, by name and number. A bare name means the version in service, where there is one.
fn asked(request: &RetrainRequest, registry: &Registry) -> Result<(Version, String, u32), PipelineError> {
    let alias = RetrainConfig::default().alias;
    let in_service = || registry.resolve(&format!("{}@{alias}", request.model));
    let version = match request.model.contains(['/', '@']) {
        true => registry.resolve(&request.model),
        false => in_service().or_else(|_| registry.resolve(&request.model)),
    };
    let version = version.map_err(refused)?;
    match version.registered.clone() {
        Some((name, number)) => Ok((version, name, number)),
        None => Err(PipelineError::refuse(format!(
            "{} is a folder outside {}: only a version in there has a lineage and an alias",
            request.model,
            request.project.home.join("models").display()
        ))),
    }
}

/// The model to be challenged, and the rule that it brought with it.
struct Champion {
    registry: Registry,
    version: Version,
    name: String,
    model: Arc<Model>,
    config: RunConfig,
    /// What becomes of a challenger that passes.
    promotion: Promotion,
    /// Whether that was said in so many words by whoever called.
    insists: bool,
    /// What the policy's alias points at.
    aliased: Option<u32>,
    /// The common false positive rate.
    rate: f64,
}

impl Champion {
    fn of(
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
        let mut config = RunConfig::parse(&model.provenance.config, &file, &request.sets)?;
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

    fn retrain(
        self,
        request: &RetrainRequest,
        begun: Instant,
        listener: &dyn Listener,
    ) -> Result<RetrainOutcome, PipelineError> {
        let lineage = past::lineage(&self.registry, &self.version, &self.model)?;
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
        let key = self.key(&sha256)?;
        if let Some(decision) = earlier::decision(&request.project, &self.name, &key)? {
            let decision = self.settle(decision)?;
            return Ok(outcome(Some(decision), true, known));
        }
        let config = challenger::config(&self.config, &files, &request.project);
        let loaded = LoadedConfig { config, path: self.version.path.clone(), project: request.project.clone() };
        let (fresh, report) = self.audit(&loaded, known.clone(), listener)?;
        let drift = self.drift(&fresh, &files, listener)?;
        let decision = self.challenge(&loaded, Material { key, fresh, report, lineage, drift }, listener)?;
        Ok(outcome(Some(decision), false, known))
    }

    /// Digest of all that the decision depends on; not of what becomes of it.
    fn key(&self, fresh: &[String]) -> Result<String, PipelineError> {
        let policy = RetrainConfig { promote: Promotion::Ask, ..self.config.retrain.clone() };
        let data = &self.config.data;
        let digest = self.model.digest().map_err(failed)?;
        let of = (digest, fresh, policy, &data.sensor, &data.bad_rows, env!("CARGO_PKG_VERSION"));
        Ok(hex(&Sha256::digest(serde_json::to_vec(&of).map_err(failed)?)))
    }

    /// Reads the fresh files as the champion reads traffic.
    fn audit(
        &self,
        loaded: &LoadedConfig,
        known: Vec<String>,
        listener: &dyn Listener,
    ) -> Result<(Fresh, SourceReport), PipelineError> {
        let begun = Instant::now();
        listener.hear(&Event::StageBegun { stage: Stage::Audit });
        let watch = StageWatch { listener, stage: Stage::Audit, unit: Unit::BytesRead };
        let schema = self.model.schema.clone();
        let read = traffic::read_as(&loaded.config, schema, &loaded.project, &watch, listener)?;
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
        Ok((fresh, report))
    }

    fn past(&self, lineage: &Lineage, project: &Project, listener: &dyn Listener) -> Result<Past, PipelineError> {
        listener.hear(&Event::StageBegun { stage: Stage::Replay });
        let past = Past::read(lineage, &self.model, project, listener)?;
        for gone in &past.unavailable {
            let remark = Remark::NotReplayed { version: gone.version.clone(), why: gone.why.clone() };
            listener.hear(&Event::Remark(remark));
        }
        Ok(past)
    }

    /// All fresh rows against the champion's training, as `nta drift` does; its promise is kept beside the log.
    fn drift(&self, fresh: &Fresh, files: &[PathBuf], listener: &dyn Listener) -> Result<DriftOutcome, PipelineError> {
        let begun = Instant::now();
        listener.hear(&Event::StageBegun { stage: Stage::Drift });
        let scores = score_rows(listener, &self.model, &fresh.rows, Stage::Drift)?;
        let mut counting = Counting::of(&self.model)?;
        counting.take_rows(&fresh.rows, &scores, &[]);
        let Found { drift, promise, past_limit } = counting.held_against(&self.model, &own_limits(&self.model))?;
        if let Some(seen) = &promise {
            promises::keep(&self.registry, &self.version, Look::Retrain, fresh.audit.files.clone(), seen, listener);
        }
        let seconds = begun.elapsed().as_secs_f64();
        let (model, fresh, set_aside) = (self.version.title(), files.to_vec(), fresh.audit.set_aside);
        let found = DriftOutcome { model, fresh, drift, promise, set_aside, past_limit, seconds };
        let outcome = Outcome::Drift { rows: found.drift.fresh_rows, past_limit: found.past_limit.len() };
        listener.hear(&Event::StageDone { outcome, seconds });
        Ok(found)
    }

    /// Trains the challenger and decides, both in one run.
    fn challenge(
        &self,
        loaded: &LoadedConfig,
        material: Material,
        listener: &dyn Listener,
    ) -> Result<Decision, PipelineError> {
        let begun = Instant::now();
        let Material { key, fresh, report, lineage, drift } = material;
        let Fresh { audit, rows, learned, held_out, judged_on } = fresh;
        drop(rows);
        let mut past = self.past(&lineage, &loaded.project, listener)?;
        let share = (loaded.config.retrain.replay, loaded.config.seed);
        let (traffic, replay) = challenger::mix(&learned, held_out, report, &mut past, share)?;
        let told = Outcome::Replay { rows: replay.rows, of: replay.of, unavailable: replay.unavailable.len() };
        listener.hear(&Event::StageDone { outcome: told, seconds: begun.elapsed().as_secs_f64() });
        let old_test = past.old_test.take();
        let mut decided = None;
        let decide = |ctx: &mut Context<'_>, model: &Arc<Model>, run: &RunOutcome| {
            let judging = Judging {
                champion: &self.model,
                challenger: model,
                evaluation: &run.evaluation,
                policy: &self.config.retrain,
                rate: self.rate,
                seed: self.config.seed,
            };
            let judged = judging.judge(judged_on, old_test, ctx.log.listener)?;
            let decision = self.decision(run, key, audit, replay, &drift, judged);
            let decision = self.settle(decision)?;
            for file in decision.pages()?.into_iter().chain(in_folder("drift", drift.pages()?)) {
                ctx.log.dir.write(&file.path, &file.bytes).map_err(failed)?;
            }
            let outcome = told_of(&decision);
            decided = Some(decision);
            Ok(outcome)
        };
        let parent = Parent { run: self.model.provenance.run.clone(), version: self.version.title() };
        run_given(loaded, Given { traffic, parent, decide: Box::new(decide) }, listener)?;
        decided.ok_or_else(|| PipelineError::fail("the run ended without a decision"))
    }

    fn decision(
        &self,
        run: &RunOutcome,
        key: String,
        fresh: FreshAudit,
        replay: decision::Replay,
        drift: &DriftOutcome,
        judged: Judged,
    ) -> Decision {
        let Judged { held_out, old_test, in_service: [champion_in_service, challenger_in_service], checks } = judged;
        Decision {
            key,
            champion: self.version.title(),
            challenger: run.model.clone(),
            run: run.run.clone(),
            folder: run.folder.clone(),
            report: run.folder.join("decision.html"),
            fresh,
            drifted: drift.past_limit.clone(),
            replay,
            held_out,
            old_test,
            champion_in_service,
            challenger_in_service,
            passed: checks.iter().all(|check| check.passed),
            checks,
            standing: Standing::Refused,
            alias: format!("{}@{}", self.name, self.config.retrain.alias),
            policy: self.config.retrain.clone(),
        }
    }

    /// Does with the challenger what the policy of now says.
    fn settle(&self, mut decision: Decision) -> Result<Decision, PipelineError> {
        decision.standing = match (decision.passed, self.promotion) {
            (false, _) => Standing::Refused,
            (true, Promotion::Never) => Standing::Compared,
            (true, Promotion::Ask) => Standing::Asked,
            (true, Promotion::Auto) if !self.insists && self.has_reigned(&decision)? => Standing::TakenBack,
            (true, Promotion::Auto) => {
                self.promote(&decision)?;
                Standing::Promoted
            }
        };
        Ok(decision)
    }

    /// Whether the alias pointed at the challenger before, as it no longer does: a crontab must not undo a rollback.
    fn has_reigned(&self, decision: &Decision) -> Result<bool, PipelineError> {
        let reigns = self.registry.reigns(&self.name).map_err(refused)?;
        let of = |number: u32| self.registry.version(&self.name, number).title();
        let alias = &self.config.retrain.alias;
        Ok(reigns.iter().any(|reign| reign.alias == *alias && of(reign.version) == decision.challenger))
    }

    fn promote(&self, decision: &Decision) -> Result<AliasMoved, PipelineError> {
        let number = decision.challenger.rsplit_once('/').and_then(|(_, number)| number.parse().ok());
        let number = number.ok_or_else(|| PipelineError::fail(format!("{} is no version", decision.challenger)))?;
        let alias = &self.config.retrain.alias;
        promotions::succeed(&self.registry, (&self.name, number), alias, self.aliased, decision.why())
    }
}

/// What training and deciding take.
struct Material {
    key: String,
    fresh: Fresh,
    report: SourceReport,
    lineage: Lineage,
    drift: DriftOutcome,
}

fn in_folder(folder: &str, files: Vec<nta_report::Artefact>) -> impl Iterator<Item = nta_report::Artefact> {
    files.into_iter().map(move |file| nta_report::Artefact { path: format!("{folder}/{}", file.path), ..file })
}

fn told_of(decision: &Decision) -> Outcome {
    Outcome::Decide {
        champion: decision.champion.clone(),
        challenger: decision.challenger.clone(),
        gain: decision.held_out.gain,
        failed: decision.checks.iter().filter(|check| !check.passed).count(),
        promoted: decision.standing == Standing::Promoted,
    }
}
