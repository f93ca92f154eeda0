//! The main job: one config in, three judged models and a report out.

mod beside;
mod columns;
mod context;
mod fit;
mod fuse;
mod groups;
mod held_out;
mod importances;
mod judge;
mod learning;
mod leave_out;
mod log;
mod members;
mod moved;
mod profile;
mod publish;
mod refit;
mod scores;
pub(crate) mod settle;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use nta_data::{Awaited, Watch, hex};
use nta_ingest::RejectsFile;
use nta_metrics::{Evaluation, ThresholdRule, rows_needed, supported_budget};
use nta_model::Model;
use nta_preprocess::{FittedRows, Part, PartSummary, Partition, PartitionError, Requirements, partition};
use nta_tracking::{NewRun, RunDir};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::config::{LoadedConfig, RunConfig};
use crate::error::{PipelineError, chain, failed, refused};
use crate::event::{Begun, DatasetRead, Event, Listener, Outcome, PartSize, Remark, Settled, Stage, Unit};
use crate::track::{AskedTracking, TrackedRun, Tracking};
use crate::traffic::{self, ReadTraffic, SourceReport};

pub(crate) use context::Context;
pub(crate) use fuse::recalibrate;
pub(crate) use groups::by as groups_by;
use judge::Judging;
pub(crate) use leave_out::fusions;
pub use leave_out::leave_families_out;
use log::RunLog;
use members::MemberStage;
pub(crate) use moved::benign as benign_of;
pub(crate) use profile::fit as fit_profile;
pub(crate) use scores::{score_held_out, score_rows};
pub(crate) use settle::daily;

pub(crate) use columns::COLUMNS;
pub use columns::ColumnCheck;
/// A run whose traffic is given in place of read, made from an earlier run.
pub(crate) struct Given<'a> {
    /// What it learns from and, under its seal, what it is judged on.
    pub(crate) traffic: ReadTraffic,
    /// The run and the version, `name/3`, that it is made from.
    pub(crate) parent: Parent,
    /// What becomes of the frozen model before it is judged.
    pub(crate) settle: Option<Settle<'a>>,
    /// The last stage, once the model is stored.
    pub(crate) decide: Decide<'a>,
}

/// What a run is made from.
#[derive(Debug, Clone)]
pub(crate) struct Parent {
    pub(crate) run: String,
    pub(crate) version: String,
}

/// Makes another of the frozen model, from rows that its members have not learned from.
pub(crate) type Settle<'a> =
    Box<dyn FnOnce(&mut Context<'_>, Arc<Model>, &Partition) -> Result<Arc<Model>, PipelineError> + 'a>;

/// Does what is to be done with the frozen model.
pub(crate) type Decide<'a> =
    Box<dyn FnOnce(&mut Context<'_>, &Arc<Model>, &RunOutcome) -> Result<Outcome, PipelineError> + 'a>;

/// Whether a run starts afresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resume {
    /// A new run.
    No,
    /// The last interrupted run of this config; a new one where there is none.
    Last,
    /// This run.
    Run(String),
}

/// What a finished run leaves to be told.
#[derive(Debug, Clone, Serialize)]
pub struct RunOutcome {
    /// Run id.
    pub run: String,
    /// Experiment name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The report.
    pub report: PathBuf,
    /// The model version, `name/3`.
    pub model: String,
    /// Seconds in all stages.
    pub seconds: f64,
    /// What each feature says of the label by itself.
    pub columns: ColumnCheck,
    /// Everything measured.
    pub evaluation: Evaluation,
    /// Where a tracking server shows the run, where one was told of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking: Option<TrackedRun>,
}

impl RunOutcome {
    /// The gate of `--require-promise`: closed where the promised false positive rate was not kept on the test part.
    pub fn require_promise(&self) -> Result<(), PipelineError> {
        match self.evaluation.promise.as_ref().and_then(|promise| promise.kept) {
            Some(false) => Err(PipelineError::Gate("the promised false positive rate was not kept".to_owned())),
            _ => Ok(()),
        }
    }
}

/// Runs `loaded` to its end. A refusal leaves nothing behind; a failure or an interrupt leaves a run that can be resumed.
pub fn run(loaded: &LoadedConfig, resume: &Resume, listener: &dyn Listener) -> Result<RunOutcome, PipelineError> {
    run_members(loaded, resume, listener, &members::stages(&loaded.config))
}

/// The same with these members.
fn run_members(
    loaded: &LoadedConfig,
    resume: &Resume,
    listener: &dyn Listener,
    members: &[&dyn MemberStage],
) -> Result<RunOutcome, PipelineError> {
    run_job(loaded, resume, listener, members, None)
}

/// A new run of `loaded` on traffic that is given.
pub(crate) fn run_given(
    loaded: &LoadedConfig,
    given: Given<'_>,
    listener: &dyn Listener,
) -> Result<RunOutcome, PipelineError> {
    run_job(loaded, &Resume::No, listener, &members::stages(&loaded.config), Some(given))
}

fn run_job(
    loaded: &LoadedConfig,
    resume: &Resume,
    listener: &dyn Listener,
    members: &[&dyn MemberStage],
    given: Option<Given<'_>>,
) -> Result<RunOutcome, PipelineError> {
    let asked = AskedTracking::of(loaded)?;
    let parent = given.as_ref().map(|given| given.parent.clone());
    let (dir, resumed) = open(loaded, resume, parent.as_ref().map(|parent| parent.run.clone()), listener)?;
    let begun = |asked| Tracking::begin(asked, &loaded.project, &dir).map_err(|error| error.to_string());
    let tracking = asked.and_then(|asked| asked.map(begun).transpose());
    let (tracking, not_tracked) = tracking.map_or_else(|why| (None, Some(why)), |tracking| (tracking, None));
    let log = RunLog { dir, listener, tracking };
    let parent = parent.map(|parent| parent.version);
    let columns = ColumnCheck::default();
    let config = loaded.config.clone();
    let mut ctx = Context { config, project: &loaded.project, parent, log, columns, beside: None, cross_fitted: None };
    let nothing_to_resume = *resume == Resume::Last && !resumed;
    let begun = begin(&ctx, resumed, nothing_to_resume, not_tracked);
    let outcome = begun.and_then(|()| stages(&mut ctx, members, given));
    let RunLog { dir, tracking, .. } = ctx.log;
    let taken_back = !resumed && is_taken_back(&outcome, &ctx.columns);
    let Some(tracking) = tracking.map(Tracking::ended) else { return close(dir, listener, outcome, taken_back) };
    if taken_back {
        tracking.discard();
        return close(dir, listener, outcome, taken_back);
    }
    let run = dir.id().to_owned();
    let closed = close(dir, listener, outcome, taken_back);
    let told = tracking.finish(listener);
    told.tell(&run, listener);
    closed.map(|outcome| RunOutcome { tracking: Some(told), ..outcome })
}

/// A refused run leaves nothing, and one that a give-away stopped before it learned leaves no more; but what an earlier
/// session has learned is not thrown away.
fn is_taken_back(outcome: &Result<RunOutcome, PipelineError>, columns: &ColumnCheck) -> bool {
    match outcome {
        Err(PipelineError::Refused(_)) => true,
        Err(PipelineError::Gate(_)) => !columns.refused.is_empty(),
        _ => false,
    }
}

fn begin(
    ctx: &Context<'_>,
    resumed: bool,
    nothing_to_resume: bool,
    not_tracked: Option<String>,
) -> Result<(), PipelineError> {
    let record = ctx.log.dir.record();
    ctx.log.tell(&Event::Begun(Begun {
        name: record.name.clone(),
        run: record.id.clone(),
        seed: record.seed,
        resumed,
        parent: record.parent.clone(),
        version: record.version.clone(),
        config_digest: record.config_digest.clone(),
        config: serde_json::to_value(ctx.config.resolved()).map_err(failed)?,
    }))?;
    if nothing_to_resume {
        ctx.log.remark(Remark::NothingToResume)?;
    }
    let left = nta_tracking::sweep_ended(&ctx.project.home);
    left.iter().try_for_each(|error| ctx.log.remark(Remark::LeftBehind { reason: chain(error) }))?;
    not_tracked.map_or(Ok(()), |why| ctx.log.remark(Remark::NotTracked { why }))
}

fn open(
    loaded: &LoadedConfig,
    resume: &Resume,
    parent: Option<String>,
    listener: &dyn Listener,
) -> Result<(RunDir, bool), PipelineError> {
    let LoadedConfig { config, project, .. } = loaded;
    let digest = config_digest(config);
    let found = match resume {
        Resume::No => None,
        Resume::Last => nta_tracking::unfinished(&project.home, &config.name, &digest).map_err(refused)?,
        Resume::Run(id) => Some(nta_tracking::find(&project.home, id).map_err(refused)?),
    };
    if let Some(found) = found {
        if found.record.config_digest != digest {
            return Err(PipelineError::refuse(format!(
                "run {} was made with another config; it can go on only with its own, {}",
                found.record.id,
                found.folder.join("config.yaml").display()
            )));
        }
        if found.record.status == nta_tracking::Status::Finished {
            return Err(PipelineError::refuse(format!(
                "run {} is finished; there is nothing to resume",
                found.record.id
            )));
        }
        if found.record.version != VERSION {
            let (id, made_by) = (found.record.id, found.record.version);
            return Err(PipelineError::refuse(format!(
                "run {id} was begun by nta {made_by}, this is nta {VERSION}: finish it with that version, or start a new run"
            )));
        }
        let dir = RunDir::resume(&project.home, &found.folder).map_err(failed)?;
        keep_config(&dir, config)?;
        return Ok((dir, true));
    }
    let new = NewRun {
        name: config.name.clone(),
        seed: config.seed,
        config_digest: digest,
        version: VERSION.to_owned(),
        parent,
    };
    let contact = listener.contact();
    let go_on = |wait: &nta_atomic::FolderWait<'_>| {
        contact.waits(Awaited::Folder { path: wait.folder, holder: wait.holder }, wait.elapsed)
    };
    let dir = RunDir::create_while(&project.home, new, &go_on).map_err(failed)?;
    keep_config(&dir, config)?;
    Ok((dir, false))
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn keep_config(dir: &RunDir, config: &RunConfig) -> Result<(), PipelineError> {
    dir.write("config.yaml", config.to_yaml().as_bytes()).map(drop).map_err(failed)
}

fn config_digest(config: &RunConfig) -> String {
    hex(&Sha256::digest(config.to_yaml().as_bytes()))
}

fn close(
    dir: RunDir,
    listener: &dyn Listener,
    outcome: Result<RunOutcome, PipelineError>,
    taken_back: bool,
) -> Result<RunOutcome, PipelineError> {
    let marked = match &outcome {
        // Finished first: a kill in between leaves checkpoints that the next run sweeps, not a run that must learn again.
        Ok(outcome) => dir.finish().map(|_| {
            if let Err(error) = nta_tracking::drop_checkpoints(&outcome.folder) {
                listener.hear(&Event::Remark(Remark::LeftBehind { reason: chain(&error) }));
            }
        }),
        Err(_) if taken_back => dir.discard(),
        Err(error @ PipelineError::Interrupted(_)) => dir.interrupt(&error.to_string()).map(drop),
        Err(error) => dir.fail(&error.to_string()).map(drop),
    };
    // The first error is the one to tell; that the folder could not be marked is secondary to it.
    match (outcome, marked) {
        (Ok(_), Err(error)) => Err(failed(error)),
        (outcome, _) => outcome,
    }
}

fn stages(
    ctx: &mut Context<'_>,
    members: &[&dyn MemberStage],
    given: Option<Given<'_>>,
) -> Result<RunOutcome, PipelineError> {
    let (given, settle, decide) =
        given.map_or((None, None, None), |given| (Some(given.traffic), given.settle, Some(given.decide)));
    let traffic = ctx.stage(Stage::Read, |ctx| read(ctx, given))?;
    let traffic_report = traffic.report.clone();
    let mut parts = ctx.stage(Stage::Partition, |ctx| deal_parts(ctx, traffic))?;
    let leave_out = leave_out::leave_out(ctx, &parts)?;
    let mut learned = fit::learn(ctx, members, &parts)?;
    let learning = std::mem::take(&mut learned.report);
    let mut families = judge::attack_families(&parts.train);
    let mut model = match ctx.config.split.fit {
        FittedRows::Parts => fuse::fuse(ctx, learned, &parts, &traffic_report)?,
        FittedRows::All => {
            let others = [&parts.validation, &parts.calibration, &parts.threshold];
            families.extend(others.into_iter().flat_map(judge::attack_families));
            parts.copies.test = parts.test_copies_of_whole();
            refit::refit(ctx, members, (learned, &learning), &parts, &traffic_report)?
        }
    };
    if let Some(settle) = settle {
        model = settle(ctx, model, &parts)?;
    }
    let benign = moved::benign(&parts)?;
    let Partition { train, validation, calibration, threshold, test, test_hosts, origins, copies, summary } = parts;
    let judging = Judging {
        hosts: &test_hosts,
        learned: [&train, &validation, &calibration, &threshold],
        origins: origins.as_ref(),
        copies: &copies,
        summary: &summary,
        families: &families,
        leave_out,
        benign: &benign,
    };
    let earlier_test_reads = judge::note_reading(ctx, &test)?;
    let judged = judge::evaluate(ctx, test, &model, &judging, earlier_test_reads)?;
    let traffic = &traffic_report;
    let material = publish::Material { traffic, summary: &summary, learning: &learning, earlier_test_reads };
    let outcome = publish::publish(ctx, &model, &judged, &material)?;
    if let Some(decide) = decide {
        ctx.stage(Stage::Decide, |ctx| Ok(((), decide(ctx, &model, &outcome)?)))?;
    }
    Ok(outcome)
}

fn read(ctx: &mut Context<'_>, given: Option<ReadTraffic>) -> Result<(ReadTraffic, Outcome), PipelineError> {
    let watch: &dyn Watch = &ctx.log.watch(Stage::Read, Unit::BytesRead);
    let read = || traffic::read(&ctx.config, ctx.project, watch, ctx.log.listener);
    let traffic = given.map_or_else(read, Ok)?;
    let mut digests: BTreeMap<String, String> = traffic.report.digests().collect();
    // The roles decide what the bytes mean: a schema edited in between is other traffic.
    let roles = serde_json::to_vec(&*traffic.train.schema).map_err(failed)?;
    digests.insert("schema".to_owned(), hex(&Sha256::digest(&roles)));
    refuse_changed_traffic(&ctx.log.dir.record().digests, &digests)?;
    ctx.log.dir.update(|record| record.digests = digests).map_err(failed)?;
    traffic.report.sources.iter().try_for_each(|source| tell_source(ctx, source))?;
    traffic.report.remarks().into_iter().try_for_each(|remark| ctx.log.remark(remark))?;
    if let Some(found) = traffic.recognised.as_ref().filter(|found| found.builtin.is_none()) {
        ctx.log.dir.write(traffic::DRAFTED_SCHEMA, found.yaml.as_bytes()).map_err(failed)?;
    }
    let settled = settle::by_traffic(&mut ctx.config, &traffic)?;
    tell_settled(ctx, settled)?;
    if let Some(rejects) = &traffic.rejects {
        let path = ctx.log.dir.place(traffic::REJECTS).map_err(failed)?;
        let mut file = RejectsFile::create(&path).map_err(failed)?;
        file.write(rejects).and_then(|()| file.finish()).map_err(failed)?;
    }
    let sources = &traffic.report.sources;
    let outcome = Outcome::Read {
        rows: traffic.report.rows(),
        columns: sources.first().map_or(0, |s| s.columns as u64),
        files: sources.iter().map(|s| s.files.len() as u64).sum(),
        times: traffic.report.times(),
    };
    Ok((traffic, outcome))
}

/// An interrupted run goes on with the traffic that it began with.
fn refuse_changed_traffic(
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
) -> Result<(), PipelineError> {
    if before.is_empty() || before == now {
        return Ok(());
    }
    let changed: Vec<&str> =
        now.iter().filter(|(name, digest)| before.get(*name) != Some(digest)).map(|(name, _)| name.as_str()).collect();
    Err(PipelineError::refuse(format!(
        "the traffic has changed since this run began ({}); start a new run",
        changed.join(", ")
    )))
}

fn tell_source(ctx: &Context<'_>, source: &SourceReport) -> Result<(), PipelineError> {
    for (file, rows) in &source.files {
        ctx.log.tell(&Event::Dataset(DatasetRead {
            role: source.role.clone(),
            name: file.name.clone(),
            rows: *rows,
            bytes: file.bytes,
            sha256: file.sha256.clone(),
        }))?;
    }
    Ok(())
}

/// Deals the rows to the five parts, and holds each feature of the training part against the label.
fn deal_parts(ctx: &mut Context<'_>, traffic: ReadTraffic) -> Result<(Partition, Outcome), PipelineError> {
    let parts = partition_of(&ctx.config, traffic, 1.0)?;
    if !parts.summary.note.is_empty() {
        ctx.log.remark(Remark::Partition { text: parts.summary.note.clone() })?;
    }
    let settled = settle::by_partition(&mut ctx.config, &parts.summary);
    tell_settled(ctx, settled)?;
    ctx.columns = ColumnCheck::of(&parts.train);
    ctx.columns.tell(&ctx.log)?;
    ctx.columns.require_honest(&parts.train.schema, &ctx.config)?;
    let outcome = Outcome::Partition { parts: parts.summary.parts.iter().map(size).collect() };
    Ok((parts, outcome))
}

/// Tells what became of each `auto`, and keeps it in run.json. How the rows were dealt tells itself.
fn tell_settled(ctx: &mut Context<'_>, settled: Vec<Settled>) -> Result<(), PipelineError> {
    for settled in settled {
        let (key, value) = (settled.key.clone(), settled.value.clone());
        ctx.log.dir.update(|record| drop(record.settled.insert(key, value))).map_err(failed)?;
        if settled.key != settle::STRATEGY {
            ctx.log.remark(Remark::Settled(settled))?;
        }
    }
    Ok(())
}

fn size(part: &PartSummary) -> PartSize {
    PartSize {
        part: part.part.to_string(),
        rows: part.rows as u64,
        benign: part.benign as u64,
        attacks: part.attacks as u64,
        copies: part.copies as u64,
    }
}

/// The five parts that the config asks for, where each training row stands for `scale` rows (1 but for a sample).
pub(crate) fn partition_of(config: &RunConfig, traffic: ReadTraffic, scale: f64) -> Result<Partition, PipelineError> {
    let needed = (benign_rows_needed(config)? as f64 / scale).ceil() as usize;
    let requirements = Requirements { threshold_benign_rows: needed };
    partition(&config.split, traffic.train, traffic.test, config.seed, &requirements).map_err(|error| {
        let supported = match (&error, config.hybrid.rule()) {
            (PartitionError::Shortfall { part: Part::Threshold, benign, .. }, ThresholdRule::Budget(budget)) => {
                let share = supported_budget((*benign as f64 * scale) as u64, budget.confidence);
                format!("; {benign} benign rows support a false positive rate of {:.2} % or more", share * 100.0)
            }
            _ => String::new(),
        };
        PipelineError::refuse(format!("{error}{supported}"))
    })
}

fn benign_rows_needed(config: &RunConfig) -> Result<usize, PipelineError> {
    match config.hybrid.rule() {
        ThresholdRule::Budget(budget) => Ok(rows_needed(&budget).map_err(refused)? as usize),
        _ => Ok(0),
    }
}
