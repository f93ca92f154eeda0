//! The main job: one config in, three judged models and a report out.

mod context;
mod fit;
mod fuse;
mod importances;
mod judge;
mod publish;

use std::collections::BTreeMap;
use std::path::PathBuf;

use nta_data::{Watch, hex};
use nta_ingest::RejectsFile;
use nta_metrics::{Evaluation, ThresholdRule, rows_needed, supported_budget};
use nta_preprocess::{Part, Partition, PartitionError, PartitionSummary, Requirements, partition};
use nta_report::thousands;
use nta_tracking::{NewRun, RunDir};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::config::{LoadedConfig, RunConfig};
use crate::error::{PipelineError, failed, refused};
use crate::event::{Event, Listener, Stage};
use crate::traffic::{self, ReadTraffic};

use context::Context;
pub(crate) use fuse::MEMBERS;
use judge::Judging;

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
    /// Everything measured.
    pub evaluation: Evaluation,
}

/// Runs `loaded` to its end. A refusal leaves nothing behind; a failure or an interrupt leaves a run that can be resumed.
pub fn run(loaded: &LoadedConfig, resume: &Resume, listener: &dyn Listener) -> Result<RunOutcome, PipelineError> {
    let (dir, resumed) = open(loaded, resume)?;
    let began =
        Event::Begun { name: loaded.config.name.clone(), run: dir.id().to_owned(), seed: loaded.config.seed, resumed };
    listener.hear(began);
    if *resume == Resume::Last && !resumed {
        listener.hear(Event::Note("nothing to resume: no interrupted run of this config; starting afresh".to_owned()));
    }
    let mut ctx = Context { config: &loaded.config, project: &loaded.project, dir, listener };
    let outcome = stages(&mut ctx);
    close(ctx.dir, outcome, resumed)
}

fn open(loaded: &LoadedConfig, resume: &Resume) -> Result<(RunDir, bool), PipelineError> {
    let LoadedConfig { config, project, .. } = loaded;
    let digest = config_digest(config);
    let found = match resume {
        Resume::No => None,
        Resume::Last => nta_tracking::unfinished(&project.home, &config.name, &digest).map_err(refused)?,
        Resume::Run(id) => Some(nta_tracking::find(&project.home, id).map_err(refused)?),
    };
    if let Some(found) = found {
        if found.record.config_digest != digest {
            return Err(PipelineError::Refused(format!(
                "run {} was made with another config; it can go on only with its own, {}",
                found.record.id,
                found.folder.join("config.yaml").display()
            )));
        }
        if found.record.status == nta_tracking::Status::Finished {
            return Err(PipelineError::Refused(format!(
                "run {} is finished; there is nothing to resume",
                found.record.id
            )));
        }
        if found.record.version != VERSION {
            let (id, made_by) = (found.record.id, found.record.version);
            return Err(PipelineError::Refused(format!(
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
        parent: None,
    };
    let dir = RunDir::create(&project.home, new).map_err(failed)?;
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

fn close(dir: RunDir, outcome: Result<RunOutcome, PipelineError>, resumed: bool) -> Result<RunOutcome, PipelineError> {
    let told = match &outcome {
        // Finished first: a kill in between leaves checkpoints that nobody asks for, not a run that must learn again.
        Ok(_) => {
            let checkpoints = dir.path().join("checkpoints");
            dir.finish().map(|_| drop(std::fs::remove_dir_all(checkpoints)))
        }
        // A refused run leaves nothing; but what an earlier session has learned is not thrown away.
        Err(PipelineError::Refused(_)) if !resumed => dir.discard(),
        Err(error @ (PipelineError::Refused(_) | PipelineError::Failed(_))) => dir.fail(&error.to_string()).map(drop),
        Err(error @ PipelineError::Interrupted(_)) => dir.interrupt(&error.to_string()).map(drop),
    };
    // The first error is the one to tell; that the folder could not be marked is secondary to it.
    match (outcome, told) {
        (Ok(_), Err(error)) => Err(failed(error)),
        (outcome, _) => outcome,
    }
}

fn stages(ctx: &mut Context<'_>) -> Result<RunOutcome, PipelineError> {
    let traffic = ctx.stage(Stage::Read, read)?;
    let told = traffic.told.clone();
    let parts = ctx.stage(Stage::Partition, |ctx| deal(ctx, traffic))?;
    let learned = fit::learn(ctx, &parts)?;
    let (history, oob_auc) = (learned.history.clone(), learned.forest_told.oob_auc);
    let importances = learned.importances.clone();
    let model = fuse::fuse(ctx, learned, &parts, &told)?;
    let families = judge::attack_families(&parts.train);
    let Partition { test, test_hosts, copies, summary, .. } = parts;
    let judging = Judging { hosts: &test_hosts, copies: &copies, summary: &summary, families: &families };
    let earlier_test_reads = judge::note_reading(ctx, &test)?;
    let judged = judge::evaluate(ctx, test, &model, &judging)?;
    let told = publish::Told {
        traffic: &told,
        summary: &summary,
        history: &history,
        oob_auc,
        importances: &importances,
        earlier_test_reads,
    };
    publish::publish(ctx, &model, &judged, &told)
}

fn read(ctx: &mut Context<'_>) -> Result<(ReadTraffic, String), PipelineError> {
    let watch: &dyn Watch = &ctx.watch(Stage::Read, "");
    let traffic = traffic::read(ctx.config, ctx.project, watch, ctx.listener)?;
    let mut digests: BTreeMap<String, String> = traffic.told.digests().collect();
    // The roles decide what the bytes mean: a schema edited in between is other traffic.
    let roles = serde_json::to_vec(&*traffic.train.schema).map_err(failed)?;
    digests.insert("schema".to_owned(), hex(&Sha256::digest(&roles)));
    let before = &ctx.dir.record().digests;
    if !before.is_empty() && *before != digests {
        let changed: Vec<&str> = digests
            .iter()
            .filter(|(name, digest)| before.get(*name) != Some(digest))
            .map(|(n, _)| n.as_str())
            .collect();
        return Err(PipelineError::Refused(format!(
            "the traffic has changed since this run began ({}); start a new run",
            changed.join(", ")
        )));
    }
    ctx.dir.update(|record| record.digests = digests).map_err(failed)?;
    if let Some(rejects) = &traffic.rejects {
        let mut file = RejectsFile::create(&ctx.dir.place(traffic::REJECTS).map_err(failed)?).map_err(failed)?;
        file.write(rejects).and_then(|()| file.finish()).map_err(failed)?;
    }
    let columns = traffic.told.sources.first().map_or(0, |s| s.columns);
    let files: usize = traffic.told.sources.iter().map(|s| s.files.len()).sum();
    for remark in traffic.told.sources.iter().flat_map(|s| s.remarks()) {
        ctx.note(&remark)?;
    }
    let plural = if files == 1 { "" } else { "s" };
    let says = format!("{} flows, {columns} feature columns, {files} file{plural}", thousands(traffic.told.rows()));
    Ok((traffic, says))
}

/// Deals the rows to the five parts and says how.
pub(crate) fn deal(ctx: &mut Context<'_>, traffic: ReadTraffic) -> Result<(Partition, String), PipelineError> {
    let parts = partition_of(ctx.config, traffic)?;
    let mut says = sizes(&parts.summary);
    let Some(test) = parts.summary.parts.last() else { return Ok((parts, says)) };
    if test.copies > 0 {
        let share = test.copies as f64 / test.rows.max(1) as f64;
        let text = format!("{} test flows stand in train ({:.1} %)", thousands(test.copies as u64), share * 100.0);
        says.push_str(&format!("\n{text}"));
    }
    if !parts.summary.note.is_empty() {
        let note = parts.summary.note.clone();
        ctx.note(&note)?;
    }
    Ok((parts, says))
}

/// The five parts that the config asks for.
pub(crate) fn partition_of(config: &RunConfig, traffic: ReadTraffic) -> Result<Partition, PipelineError> {
    let requirements = Requirements { threshold_benign_rows: benign_rows_needed(config)? };
    partition(&config.split, traffic.train, traffic.test, config.seed, &requirements).map_err(|error| {
        let supported = match (&error, config.hybrid.rule()) {
            (PartitionError::Shortfall { part: Part::Threshold, benign, .. }, ThresholdRule::Budget(budget)) => {
                let share = supported_budget(*benign as u64, budget.confidence);
                format!("; {benign} benign rows support a false positive rate of {:.2} % or more", share * 100.0)
            }
            _ => String::new(),
        };
        PipelineError::Refused(format!("{error}{supported}"))
    })
}

fn benign_rows_needed(config: &RunConfig) -> Result<usize, PipelineError> {
    match config.hybrid.rule() {
        ThresholdRule::Budget(budget) => Ok(rows_needed(&budget).map_err(refused)? as usize),
        _ => Ok(0),
    }
}

/// `train 94,480 · validation 12,597 · …`
fn sizes(summary: &PartitionSummary) -> String {
    let part = |p: &nta_preprocess::PartSummary| format!("{} {}", judge::part_name(p.part), thousands(p.rows as u64));
    summary.parts.iter().map(part).collect::<Vec<_>>().join(" · ")
}
