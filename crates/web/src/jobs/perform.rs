//! What a job does: the pipeline's jobs, one after the other.

use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use nta_pipeline::{
    AnalysedRows, AnalysisRequest, AsWritten, BadRows, BaselineOutcome, BaselineRequest, InitRequest, Listener,
    LoadedConfig, PipelineError, Resume, RunConfig, SimulateRequest, SiteThreshold, Trust, analyse, baseline, chain,
    init, models, run, simulate,
};

use super::ended::{Done, Ended};
use super::kept::{Job, Made, Work, told};
use super::progress::Followed;
use crate::server::Server;
use crate::spoken::for_pages;

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
        Work::Train { upload } => train(server, job, upload, followed),
        Work::Baseline { upload, model, verified, accept, budget } => {
            let file = server.uploads.data(upload);
            let request = BaselineRequest {
                model: model.clone(),
                files: vec![file.clone()],
                sensor: Some(job.name.clone()),
                written: AsWritten::default(),
                bad_rows: BadRows::Refuse,
                trust: if *verified { Trust::Verified } else { Trust::Unverified },
                budget: *budget,
                accept: *accept,
                all_hosts: false,
                alerts_per_day: None,
                flows_per_day: None,
                groups: None,
                project: server.project.clone(),
            };
            baseline(&request, followed).map(site).map_err(|error| ended(&error, &file, &job.name))
        }
    }));
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
        budget: outcome.site.budget,
        confidence: outcome.site.confidence,
        parent: outcome.parent,
        model: outcome.model,
    }
}

fn train(server: &Server, job: &Job, upload: &str, listener: &dyn Listener) -> Done {
    let folder = server.project.home.join("web/training").join(&job.id);
    let file = folder.join(file_name(&job.name));
    let failed = |error: PipelineError| ended(&error, &file, &job.name);
    let link = || {
        fs::create_dir_all(&folder)?;
        // The file under a name of its own kind: the config is called after it.
        if !file.exists() { fs::hard_link(server.uploads.data(upload), &file) } else { Ok(()) }
    };
    link().map_err(|error: std::io::Error| Ended::Failed(format!("cannot prepare the training: {error}")))?;
    let request = InitRequest {
        files: vec![file.clone()],
        test: None,
        output: Some(folder.clone()),
        force: true,
        home: Some(server.project.home.clone()),
    };
    let found = init(&request, listener).map_err(failed)?;
    found.require_runnable().map_err(failed)?;
    let home = Some(server.project.home.as_path());
    let loaded = RunConfig::load(&found.config, &[], home).map_err(|error| failed(error.into()))?;
    let outcome = run(&loaded, &Resume::Last, listener).map_err(failed)?;
    Ok(Made::Run { run: outcome.run, model: outcome.model, guesses: found.guesses.iter().map(told).collect() })
}

/// The user's name of a file as one of ours: letters, digits, `.`, `-` and `_`, and none but the first two in front.
fn file_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    let plain: String = name.chars().map(plain).collect();
    let plain: String = plain.trim_start_matches(['.', '-', '_']).chars().take(80).collect();
    if plain.is_empty() { "flows".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quickstart_is_a_config_and_has_its_name() {
        assert_eq!(RunConfig::parse(QUICKSTART, "quickstart.yaml", &[]).unwrap().name, QUICKSTART_NAME);
    }

    #[test]
    fn a_file_has_a_plain_name() {
        assert_eq!(file_name("../a b.csv"), "a_b.csv");
        assert_eq!(file_name("-.."), "flows");
        assert!(file_name(&"x".repeat(200)).len() <= 80);
    }
}
