//! The run that a person means.

use std::path::Path;

use crate::list::summary;
use crate::{EXPERIMENTS, RunSummary, Status, TrackingError, runs};

/// Finds a run by id, unique beginning or end of an id (`20261122-10`, `k7f2`), name (its latest run), `name/id`,
/// folder, or `latest`.
pub fn find(home: &Path, asked: &str) -> Result<RunSummary, TrackingError> {
    let runs = runs(home)?.runs;
    if let Some(run) = runs.iter().find(|run| run.record.id == asked) {
        return Ok(run.clone());
    }
    let latest = |name: Option<&str>| runs.iter().rev().find(|run| name.is_none_or(|n| run.record.name == n)).cloned();
    if asked == "latest"
        && let Some(run) = latest(None)
    {
        return Ok(run);
    }
    if let Some(run) = latest(Some(asked)) {
        return Ok(run);
    }
    if Path::new(asked).join("run.json").is_file() {
        return summary(Path::new(asked));
    }
    let (name, part) = match asked.split_once('/') {
        Some((name, part)) => (Some(name), part),
        None => (None, asked),
    };
    let matches = |run: &&RunSummary| {
        let id = &run.record.id;
        name.is_none_or(|n| run.record.name == n) && (id.starts_with(part) || id.ends_with(part))
    };
    let candidates: Vec<&RunSummary> = if part.is_empty() { Vec::new() } else { runs.iter().filter(matches).collect() };
    match candidates[..] {
        [run] => Ok(run.clone()),
        [] => Err(not_found(home, asked, &runs)),
        _ => Err(TrackingError::Ambiguous { asked: asked.to_owned(), candidates: ids(&candidates) }),
    }
}

/// The newest run of `name` with this config that did not finish, for `--resume`. One that another process still
/// writes is among them: taking it up says so.
pub fn unfinished(home: &Path, name: &str, config_digest: &str) -> Result<Option<RunSummary>, TrackingError> {
    let same = |run: &RunSummary| run.record.name == name && run.record.config_digest == config_digest;
    Ok(runs(home)?.runs.into_iter().rev().find(|run| same(run) && run.status != Status::Finished))
}

/// How many runs of this project, `but_not` left out, opened the test rows with this digest.
pub fn times_test_was_read(home: &Path, test_digest: &str, but_not: &str) -> Result<usize, TrackingError> {
    let read = |run: &&RunSummary| run.record.test_digest.as_deref() == Some(test_digest) && run.record.id != but_not;
    Ok(runs(home)?.runs.iter().filter(read).count())
}

fn not_found(home: &Path, asked: &str, runs: &[RunSummary]) -> TrackingError {
    let newest: Vec<&RunSummary> = runs.iter().rev().take(5).collect();
    let known =
        if newest.is_empty() { "there is none yet".to_owned() } else { format!("the newest are {}", ids(&newest)) };
    TrackingError::NotFound { asked: asked.to_owned(), experiments: home.join(EXPERIMENTS), known }
}

fn ids(runs: &[&RunSummary]) -> String {
    runs.iter().map(|run| format!("{}/{}", run.record.name, run.record.id)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{NewRun, RunDir};

    fn run(home: &Path, name: &str, config: &str) -> RunDir {
        let new =
            NewRun { name: name.into(), seed: 1, config_digest: config.into(), version: "0.1.0".into(), parent: None };
        RunDir::create(home, new).unwrap()
    }

    #[test]
    fn a_run_is_found_by_every_name_it_goes_by() {
        let home = tempfile::tempdir().unwrap();
        let first = run(home.path(), "a", "x").finish().unwrap();
        let second = run(home.path(), "a", "x").finish().unwrap();
        let third = run(home.path(), "b", "x").finish().unwrap();
        let id = |asked: &str| find(home.path(), asked).map(|run| run.record.id);
        assert_eq!(id(&first.id).unwrap(), first.id);
        assert_eq!(id(&first.id[16..]).unwrap(), first.id);
        assert_eq!(id("a").unwrap(), second.id);
        assert_eq!(id("latest").unwrap(), third.id);
        assert_eq!(id(&format!("a/{}", first.id)).unwrap(), first.id);
        let folder = find(home.path(), &third.id).unwrap().folder;
        assert_eq!(id(&folder.display().to_string()).unwrap(), third.id);
        let error = id("20").unwrap_err().to_string();
        assert!(error.contains("could be a/") && error.contains(&third.id), "{error}");
        let error = id("zzz").unwrap_err().to_string();
        assert!(error.contains("no run `zzz`") && error.contains("the newest are b/"), "{error}");
        assert!(id("").is_err());
    }

    #[test]
    fn no_runs_at_all_is_said() {
        let home = tempfile::tempdir().unwrap();
        assert!(runs(home.path()).unwrap().runs.is_empty());
        assert!(find(home.path(), "latest").unwrap_err().to_string().contains("there is none yet"));
    }

    #[test]
    fn the_newest_unfinished_run_of_the_same_config_is_taken_up() {
        let home = tempfile::tempdir().unwrap();
        run(home.path(), "a", "x").fail("disk full").unwrap();
        let second = run(home.path(), "a", "x").interrupt("stopped").unwrap();
        run(home.path(), "a", "y").interrupt("stopped").unwrap();
        run(home.path(), "a", "x").finish().unwrap();
        assert_eq!(unfinished(home.path(), "a", "x").unwrap().unwrap().record.id, second.id);
        assert!(unfinished(home.path(), "b", "x").unwrap().is_none());
    }

    #[test]
    fn reads_of_the_same_test_rows_are_counted() {
        let home = tempfile::tempdir().unwrap();
        let mut ids = Vec::new();
        for digest in ["t", "t", "u"] {
            let mut run = run(home.path(), "a", "x");
            run.update(|record| record.test_digest = Some(digest.into())).unwrap();
            ids.push(run.finish().unwrap().id);
        }
        assert_eq!(times_test_was_read(home.path(), "t", "").unwrap(), 2);
        assert_eq!(times_test_was_read(home.path(), "t", &ids[0]).unwrap(), 1);
    }

    #[test]
    fn a_damaged_run_is_listed_apart_and_hides_no_other() {
        let home = tempfile::tempdir().unwrap();
        let damaged = run(home.path(), "a", "x").finish().unwrap();
        run(home.path(), "a", "x").finish().unwrap();
        fs::write(home.path().join("experiments/a").join(&damaged.id).join("run.json"), "{\"id\": 3").unwrap();
        fs::write(home.path().join("experiments/README.md"), "about").unwrap();
        let all = runs(home.path()).unwrap();
        assert_eq!((all.runs.len(), all.damaged.len()), (1, 1));
        assert!(all.damaged[0].why.contains("run.json"), "{}", all.damaged[0].why);
    }
}
