//! What a job does: the pipeline's jobs, one after the other.

use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use nta_pipeline::{
    AnalysedRows, AnalysisRequest, Answers, AsWritten, BadRows, BaselineOutcome, BaselineRequest, DriftRequest,
    Listener, LoadedConfig, PipelineError, Promotion, Resume, RetrainOutcome, RetrainRequest, RunConfig,
    SimulateRequest, SiteThreshold, Trust, analyse, baseline, chain, drift, models, retrain, run, simulate, tell_check,
};

use super::ended::{Done, Ended};
use super::kept::{Job, Made, SiteFlows, Work};
use super::progress::Followed;
use crate::server::Server;
use crate::spoken::for_pages;
use crate::training;
use crate::training::draft::{Draft, Place, file_name, refusal};

/// The run that "try it" makes.
const QUICKSTART: &str = include_str!("../../../../configs/quickstart.yaml");
/// Its name.
const QUICKSTART_NAME: &str = "quickstart";

/// The simulated file that is scored: another seed than the model's, so that no flow stands in its training.
const TRIED_SEED: u64 = 11;
const TRIED_FLOWS: &str = "flows=20000";

/// Reasons given of each flagged flow.
const REASONS: usize = 3;

/// Does `job`. A panic in it ends it alone.
pub(crate) fn perform(server: &Server, job: &Job, followed: &Followed) -> Done {
    let done = std::panic::catch_unwind(AssertUnwindSafe(|| match &job.work {
        Work::Score { upload, model, explain } => {
            let file = server.uploads.data(upload);
            score(server, job, &file, model, *explain, followed).map_err(|error| ended(&error, &file, &job.name))
        }
        Work::Try => try_out(server, job, followed).map_err(|error| ended(&error, Path::new(""), "")),
        Work::Draft { upload } => draft(server, job, upload, followed),
        Work::Train { upload, draft } => train(server, job, upload, draft.as_deref(), followed),
        Work::Retrain { upload, model } => challenge(server, job, upload, model, followed),
        Work::Drift { upload, model, result } => {
            let file = server.uploads.data(upload);
            moved(server, job, (&file, model, result), followed).map_err(|error| ended(&error, &file, &job.name))
        }
        Work::Baseline(asked) => site_of(server, job, asked, followed),
    }));
    // Before the job ends: what was promised for it and what is there may count together, and neither is left out.
    server.disk.changed();
    done.unwrap_or_else(|_| Err(Ended::Failed("an internal error; the server's log has more".to_owned())))
}

/// The error in words, with the user's name of the file in place of ours.
fn ended(error: &PipelineError, file: &Path, name: &str) -> Ended {
    if matches!(error, PipelineError::Interrupted(_)) {
        return Ended::Stopped;
    }
    let (ours, text) = (file.display().to_string(), for_pages(&chain(error)));
    Ended::Failed(if ours.is_empty() { text } else { text.replace(&ours, name) })
}

fn score(
    server: &Server,
    job: &Job,
    file: &Path,
    model: &str,
    explain: bool,
    listener: &dyn Listener,
) -> Result<Made, PipelineError> {
    let folder = server.result_folder(&job.id);
    // What was finished before the server was killed stands.
    let analysis = match AnalysedRows::new(&folder).analysis() {
        Ok(analysis) => analysis,
        Err(_) => analyse(
            &AnalysisRequest {
                model: model.to_owned(),
                input: file.to_owned(),
                name: job.name.clone(),
                folder,
                reasons: explain.then_some(REASONS),
                project: server.project.clone(),
            },
            listener,
        )?,
    };
    Ok(Made::Result { rows: analysis.rows, flagged: analysis.flagged, model: analysis.model })
}

fn try_out(server: &Server, job: &Job, listener: &dyn Listener) -> Result<Made, PipelineError> {
    let prefix = format!("{QUICKSTART_NAME}/");
    let is_there = |line: &nta_pipeline::ModelLine| line.version.starts_with(&prefix) && line.damaged.is_none();
    if !models(&server.project)?.iter().any(is_there) {
        let config = RunConfig::parse(QUICKSTART, "quickstart.yaml", &[])?;
        let loaded = LoadedConfig { config, path: PathBuf::from("quickstart.yaml"), project: server.project.clone() };
        run(&loaded, &Resume::Last, listener)?;
    }
    let file = server.project.home.join("web/training").join(format!("{}.csv", job.id));
    let simulated =
        SimulateRequest { seed: TRIED_SEED, sets: vec![TRIED_FLOWS.to_owned()], output: Some(file.clone()) };
    simulate(&simulated, listener)?;
    let made = score(server, job, &file, QUICKSTART_NAME, true, listener);
    let _ = fs::remove_file(&file);
    made
}

/// Holds a scored file against what its model was trained on; the page goes beside the result.
fn moved(
    server: &Server,
    job: &Job,
    (file, model, result): (&Path, &str, &str),
    listener: &dyn Listener,
) -> Result<Made, PipelineError> {
    let outcome = drift(
        &DriftRequest {
            model: model.to_owned(),
            fresh: vec![file.to_owned()],
            name: Some(job.name.clone()),
            sensor: Some(job.name.clone()),
            written: AsWritten::default(),
            bad_rows: BadRows::SetAside { share: 1.0 },
            psi: None,
            alert_factor: None,
            false_discovery: None,
            output: Some(server.drift_folder(result)),
            project: server.project.clone(),
        },
        listener,
    )?;
    Ok(Made::Drift { result: result.to_owned(), rows: outcome.drift.fresh_rows, past_limit: outcome.past_limit })
}

/// A challenger from the file, held against the model; it waits for somebody to put it in service.
fn challenge(server: &Server, job: &Job, upload: &str, model: &str, listener: &dyn Listener) -> Done {
    let file = file_name(&job.name);
    let names = (job.name.as_str(), file.as_str());
    // Later challengers read it again: it stays when the upload goes, unless no challenger comes of it.
    let place = prepared(server, &job.id, upload, &file)?;
    let request = RetrainRequest {
        model: model.to_owned(),
        fresh: vec![place.folder.join(&file)],
        sets: Vec::new(),
        promote: Some(Promotion::Ask),
        labels: None,
        sensor: None,
        bad_rows: None,
        project: server.project.clone(),
    };
    let outcome = retrain(&request, listener).map_err(|error| refused_wholly(&error, &place, names))?;
    if outcome.decision.is_none() {
        let _ = fs::remove_dir_all(&place.folder);
    }
    Ok(challenged(outcome))
}

fn challenged(outcome: RetrainOutcome) -> Made {
    let Some(decision) = outcome.decision else {
        let champion = outcome.champion;
        let (model, run, checks, gain, interval, drifted) = (None, None, Vec::new(), None, None, Vec::new());
        return Made::Challenge { champion, model, run, passed: false, checks, gain, interval, drifted };
    };
    let checks = decision.checks.iter().map(tell_check);
    Made::Challenge {
        checks: checks.map(|check| (check.words, check.found, check.limit, check.passed)).collect(),
        champion: decision.champion,
        model: Some(decision.challenger),
        run: Some(decision.run),
        passed: decision.passed,
        gain: Some(decision.held_out.gain),
        interval: decision.held_out.interval,
        drifted: decision.drifted,
    }
}

/// The next version of a model, with the thresholds of the site that the file is of.
fn site_of(server: &Server, job: &Job, asked: &SiteFlows, listener: &dyn Listener) -> Done {
    let file = file_name(&job.name);
    let names = (job.name.as_str(), file.as_str());
    // Retraining reads it again, to keep the promise that is made of it: it stays when the upload goes.
    let place = prepared(server, &job.id, &asked.upload, &file)?;
    let request = BaselineRequest {
        model: asked.model.clone(),
        files: vec![place.folder.join(&file)],
        sensor: Some(job.name.clone()),
        written: AsWritten::default(),
        bad_rows: BadRows::Refuse,
        trust: if asked.verified { Trust::Verified } else { Trust::Unverified },
        budget: asked.budget,
        accept: asked.accept,
        all_hosts: asked.all_hosts,
        alerts_per_day: asked.alerts_per_day,
        flows_per_day: asked.flows_per_day,
        groups: asked.groups,
        project: server.project.clone(),
    };
    baseline(&request, listener).map(site).map_err(|error| refused_wholly(&error, &place, names))
}

/// What came of a baseline, as it is kept.
fn site(outcome: BaselineOutcome) -> Made {
    let note = |t: &SiteThreshold| t.reason.as_ref().map(|reason| format!("{}: {reason}", t.name));
    Made::Site {
        notes: outcome.thresholds.iter().filter_map(note).collect(),
        thresholds: outcome
            .thresholds
            .into_iter()
            .map(|t| (t.name, t.before, t.flagged_before, t.value, t.flagged))
            .collect(),
        rows: outcome.site.rows,
        a_day: outcome.site.per_day.map(|day| (day.flows * outcome.site.budget, day.flows)),
        budget: outcome.site.budget,
        confidence: outcome.site.confidence,
        parent: outcome.parent,
        model: outcome.model,
    }
}

/// Looks at a file, for a person to correct what is recognised.
fn draft(server: &Server, job: &Job, upload: &str, listener: &dyn Listener) -> Done {
    let file = file_name(&job.name);
    let names = (job.name.as_str(), file.as_str());
    let place = prepared(server, &job.id, upload, &file)?;
    let draft = made(&place, upload, names, listener)?;
    Ok(Made::Draft { problem: draft.problem })
}

/// Trains by the config that was prepared, or by the one that is made for the file.
fn train(server: &Server, job: &Job, upload: &str, draft: Option<&str>, listener: &dyn Listener) -> Done {
    let file = file_name(&job.name);
    let names = (job.name.as_str(), file.as_str());
    let place = prepared(server, draft.unwrap_or(&job.id), upload, &file)?;
    let draft = match draft {
        Some(_) => Draft::read(&place).map_err(|problem| Ended::Failed(problem.detail))?,
        None => made(&place, upload, names, listener)?,
    };
    if let Some(problem) = &draft.problem {
        return Err(Ended::Failed(problem.clone()));
    }
    let loaded = draft.loaded(&place).map_err(|problem| Ended::Failed(problem.detail))?;
    let outcome = run(&loaded, &Resume::Last, listener).map_err(|error| refused(&error, &place, names))?;
    Ok(Made::Run { run: outcome.run, model: outcome.model, guesses: draft.guesses })
}

/// What is recognised; of a file that cannot be read nothing stays.
fn made(place: &Place, upload: &str, names: (&str, &str), listener: &dyn Listener) -> Result<Draft, Ended> {
    let draft = Draft::make(place, upload, names, Answers::default(), listener);
    draft.map_err(|error| refused_wholly(&error, place, names))
}

/// The same as [`refused`], and nothing stays of what was prepared: a job that goes on later prepares it again.
fn refused_wholly(error: &PipelineError, place: &Place, names: (&str, &str)) -> Ended {
    let ended = refused(error, place, names);
    let _ = fs::remove_dir_all(&place.folder);
    ended
}

fn prepared(server: &Server, id: &str, upload: &str, file: &str) -> Result<Place, Ended> {
    let place = training::place(server, id).map_err(|problem| Ended::Failed(problem.detail))?;
    let ended = |error: std::io::Error| Ended::Failed(format!("cannot prepare the training: {error}"));
    training::prepare(&place, &server.uploads.data(upload), file).map_err(ended)?;
    Ok(place)
}

fn refused(error: &PipelineError, place: &Place, names: (&str, &str)) -> Ended {
    match error {
        PipelineError::Interrupted(_) => Ended::Stopped,
        error => Ended::Failed(refusal(error, place, names)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quickstart_is_a_config_and_has_its_name() {
        assert_eq!(RunConfig::parse(QUICKSTART, "quickstart.yaml", &[]).unwrap().name, QUICKSTART_NAME);
    }
}
