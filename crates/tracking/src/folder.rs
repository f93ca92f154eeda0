//! The folder of a run that is being written.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use nta_atomic::{FolderLock, FolderWait, TEMPORARY_PREFIX};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::lines::{LineFile, check_is_file};
use crate::name::{check_name, fresh_id};
use crate::{EXPERIMENTS, Host, Moment, RunRecord, Status, StepMetric, TrackingError, read_record};

/// What a run is known by before it begins.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// The config's name; the folder below `experiments/`.
    pub name: String,
    /// Seed of every random number.
    pub seed: u64,
    /// Digest of the resolved config.
    pub config_digest: String,
    /// Version of the program.
    pub version: String,
    /// The run this one is made from.
    pub parent: Option<String>,
}

/// A run that this process writes. No second process can take it while this lives; a dead one holds nothing.
#[derive(Debug)]
pub struct RunDir {
    home: PathBuf,
    folder: PathBuf,
    record: RunRecord,
    /// Its lock is the run's lock: the one file of a run that is never replaced.
    events: LineFile,
    metrics: LineFile,
}

impl RunDir {
    /// Begins a run below `home`. The folder appears with its `run.json` in it, or not at all.
    pub fn create(home: &Path, new: NewRun) -> Result<Self, TrackingError> {
        RunDir::create_while(home, new, &|_| true)
    }

    /// The same; while another process begins a run of that name, `go_on` is asked whether to wait on.
    ///
    /// # Errors
    /// A name that cannot be a folder, whatever the system refuses, and [`std::io::ErrorKind::Interrupted`] where the
    /// waiting was given up.
    pub fn create_while(
        home: &Path,
        new: NewRun,
        go_on: &dyn Fn(&FolderWait<'_>) -> bool,
    ) -> Result<Self, TrackingError> {
        check_name("a run", &new.name)?;
        let parent = home.join(EXPERIMENTS).join(&new.name);
        let guard = FolderLock::take(&parent, go_on).map_err(TrackingError::io("lock", &parent))?;
        guard.sweep().map_err(TrackingError::io("clear", &parent))?;
        let started = Moment::now();
        let mut id = fresh_id(started);
        while parent.join(&id).exists() {
            id = fresh_id(started);
        }
        let record = RunRecord {
            id,
            name: new.name,
            status: Status::Running,
            reason: None,
            started,
            ended: None,
            resumed: Vec::new(),
            parent: new.parent,
            seed: new.seed,
            config_digest: new.config_digest,
            version: new.version,
            host: Host::here(),
            stages: Vec::new(),
            digests: Default::default(),
            test_digest: None,
            settled: Default::default(),
            model: None,
        };
        let staging = parent.join(format!("{TEMPORARY_PREFIX}{}", record.id));
        let folder = parent.join(&record.id);
        let begun = Self::begin(&staging, &folder, &record);
        if begun.is_err() {
            // Under either name: the disk may have failed between the renaming and its being safe.
            let _ = fs::remove_dir_all(&staging);
            let _ = fs::remove_dir_all(&folder);
        }
        let (events, metrics) = begun?;
        Ok(RunDir { home: home.to_owned(), folder, record, events, metrics })
    }

    fn begin(staging: &Path, folder: &Path, record: &RunRecord) -> Result<(LineFile, LineFile), TrackingError> {
        fs::create_dir_all(staging).map_err(TrackingError::io("create", staging))?;
        write_record(staging, record)?;
        let events = LineFile::open(&staging.join("events.jsonl"))?;
        // Before anybody sees the run: one that says running and is not held counts as killed.
        if !events.try_lock() {
            return Err(TrackingError::Busy { run: record.id.clone(), pid: record.host.pid });
        }
        let metrics = LineFile::open(&staging.join("metrics.jsonl"))?;
        nta_atomic::rename_folder(staging, folder)?;
        Ok((events.moved_to(folder.join("events.jsonl")), metrics.moved_to(folder.join("metrics.jsonl"))))
    }

    /// Takes up the run in `folder` (below `home`) again: locks it, clears what a killed writer left, cuts off torn
    /// lines and marks it running.
    pub fn resume(home: &Path, folder: &Path) -> Result<Self, TrackingError> {
        let mut record = read_record(folder)?;
        let events = LineFile::open(&folder.join("events.jsonl"))?;
        if !events.try_lock() {
            return Err(TrackingError::Busy { run: record.id, pid: record.host.pid });
        }
        nta_atomic::sweep(folder).map_err(TrackingError::io("clear", folder))?;
        // Read again under the lock: another process may have ended the run in between.
        record = read_record(folder)?;
        events.repair()?;
        let metrics = LineFile::open(&folder.join("metrics.jsonl"))?;
        metrics.repair()?;
        record.status = Status::Running;
        record.reason = None;
        record.ended = None;
        record.resumed.push(Moment::now());
        record.host = Host::here();
        write_record(folder, &record)?;
        Ok(RunDir { home: home.to_owned(), folder: folder.to_owned(), record, events, metrics })
    }

    /// The run's folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The project's home.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// `20261122-101503-k7f2`.
    pub fn id(&self) -> &str {
        &self.record.id
    }

    /// `run.json` as it stands.
    pub fn record(&self) -> &RunRecord {
        &self.record
    }

    /// Changes `run.json`, in one step on disk.
    pub fn update(&mut self, change: impl FnOnce(&mut RunRecord)) -> Result<(), TrackingError> {
        let mut record = self.record.clone();
        change(&mut record);
        write_record(&self.folder, &record)?;
        self.record = record;
        Ok(())
    }

    /// Appends to `events.jsonl`: `time`, then the fields of `event`, a struct or map whose field `event` names the kind.
    /// A field named `time` is passed over.
    pub fn event(&self, event: &impl Serialize) -> Result<(), TrackingError> {
        let refuse = |why: &str| TrackingError::damaged(&self.folder.join("events.jsonl"), None, why);
        let Value::Object(fields) = serde_json::to_value(event).map_err(|e| refuse(&e.to_string()))? else {
            return Err(refuse("an event is an object"));
        };
        let mut line = Map::new();
        line.insert("time".into(), Moment::now().to_string().into());
        for (key, value) in fields {
            line.entry(key).or_insert(value);
        }
        self.events.append(&line)
    }

    /// Appends a number at a step to `metrics.jsonl`.
    pub fn metric(&self, key: &str, value: f64, step: u64) -> Result<(), TrackingError> {
        self.metrics.append(&StepMetric::now(key, value, step))
    }

    /// Puts an artefact at `relative` below the run's folder, whole or not at all. Returns where it stands.
    pub fn write(&self, relative: &str, bytes: &[u8]) -> Result<PathBuf, TrackingError> {
        let path = self.place(relative)?;
        nta_atomic::write(&path, bytes)?;
        Ok(path)
    }

    /// Where the artefact `relative` stands or will stand.
    pub fn place(&self, relative: &str) -> Result<PathBuf, TrackingError> {
        let path = Path::new(relative);
        let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        if relative.is_empty() || !inside {
            return Err(TrackingError::Outside { relative: relative.to_owned() });
        }
        Ok(self.folder.join(path))
    }

    /// Where the checkpoint `name` stands or will stand.
    pub fn checkpoint(&self, name: &str) -> Result<PathBuf, TrackingError> {
        self.place(&format!("checkpoints/{name}"))
    }

    /// Puts a checkpoint in place of the last one of that name, sealed with the SHA-256 of its bytes: a changed bit must
    /// not go into another model.
    pub fn write_checkpoint(&self, name: &str, bytes: &[u8]) -> Result<(), TrackingError> {
        let sealed = [bytes, Sha256::digest(bytes).as_slice()].concat();
        self.write(&format!("checkpoints/{name}"), &sealed).map(|_| ())
    }

    /// The checkpoint of that name, if one was written; one whose seal does not hold is refused.
    pub fn read_checkpoint(&self, name: &str) -> Result<Option<Vec<u8>>, TrackingError> {
        let path = self.checkpoint(name)?;
        check_is_file(&path)?;
        match fs::read(&path) {
            Ok(sealed) => unsealed(sealed).map(Some).ok_or_else(|| {
                TrackingError::damaged(&path, None, "its seal does not hold; remove it and resume again")
            }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(TrackingError::io("read", &path)(e)),
        }
    }

    /// The run came to its end.
    pub fn finish(mut self) -> Result<RunRecord, TrackingError> {
        self.end(Status::Finished, None)
    }

    /// The run ended with an error.
    pub fn fail(mut self, reason: &str) -> Result<RunRecord, TrackingError> {
        self.end(Status::Failed, Some(reason))
    }

    /// The run was told to stop and can be taken up again.
    pub fn interrupt(mut self, reason: &str) -> Result<RunRecord, TrackingError> {
        self.end(Status::Interrupted, Some(reason))
    }

    fn end(&mut self, status: Status, reason: Option<&str>) -> Result<RunRecord, TrackingError> {
        self.event(&serde_json::json!({ "event": "ended", "status": status, "reason": reason }))?;
        self.update(|record| {
            record.status = status;
            record.reason = reason.map(str::to_owned);
            record.ended = Some(Moment::now());
        })?;
        Ok(self.record.clone())
    }

    /// Takes the run back as if it had never been begun: a refused config or input leaves nothing.
    pub fn discard(self) -> Result<(), TrackingError> {
        let Some(parent) = self.folder.parent() else { return Ok(()) };
        // Out of sight in one step: a kill meanwhile leaves what the next run sweeps, and no half run.
        let gone = parent.join(format!("{TEMPORARY_PREFIX}{}", self.record.id));
        fs::rename(&self.folder, &gone).map_err(TrackingError::io("remove", &self.folder))?;
        // Another run that begins may sweep it first.
        if let Err(e) = fs::remove_dir_all(&gone)
            && e.kind() != std::io::ErrorKind::NotFound
        {
            return Err(TrackingError::io("remove", &gone)(e));
        }
        remove_if_empty(parent);
        Ok(())
    }
}

/// Removes the checkpoints of the finished run in `folder`: it is not taken up again. What cannot be removed now is
/// swept by the next [`crate::sweep_ended`].
///
/// # Errors
/// Whatever the system refuses, with the place.
pub fn drop_checkpoints(folder: &Path) -> Result<(), TrackingError> {
    let path = folder.join("checkpoints");
    match fs::remove_dir_all(&path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(TrackingError::io("remove", &path)(e)),
        _ => Ok(()),
    }
}

/// Removes the folder of an experiment, and that of all experiments, where nothing else stands in them. Another run may
/// be beginning there: it holds the lock, or, having waited for it, makes the folder anew.
fn remove_if_empty(experiment: &Path) {
    let soon = |wait: &FolderWait<'_>| wait.elapsed < Duration::from_secs(1);
    if !experiment.exists() {
        return;
    }
    let Ok(_lock) = FolderLock::take(experiment, &soon) else { return };
    if fs::remove_dir(experiment).is_ok() {
        let _ = experiment.parent().map(fs::remove_dir);
    }
}

/// What was sealed, or `None` where the digest at the end is not that of the bytes before it.
fn unsealed(mut sealed: Vec<u8>) -> Option<Vec<u8>> {
    let end = sealed.len().checked_sub(Sha256::output_size())?;
    let holds = Sha256::digest(&sealed[..end]).as_slice() == &sealed[end..];
    sealed.truncate(end);
    holds.then_some(sealed)
}

fn write_record(folder: &Path, record: &RunRecord) -> Result<(), TrackingError> {
    let path = folder.join("run.json");
    let mut text = serde_json::to_vec_pretty(record).map_err(|e| TrackingError::damaged(&path, None, e))?;
    text.push(b'\n');
    nta_atomic::write(&path, &text)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{events, metrics, runs};

    pub(super) fn new(name: &str) -> NewRun {
        NewRun { name: name.into(), seed: 7, config_digest: "c0".into(), version: "0.1.0".into(), parent: None }
    }

    #[test]
    fn a_run_keeps_what_it_was_told_and_ends() {
        let home = tempfile::tempdir().unwrap();
        let mut run = RunDir::create(home.path(), new("quick")).unwrap();
        run.update(|record| record.note_stage("read", 1.5)).unwrap();
        run.update(|record| record.note_stage("read", 2.0)).unwrap();
        run.metric("loss", 0.25, 1).unwrap();
        run.event(&serde_json::json!({"event": "warning", "text": "one class", "time": "mine"})).unwrap();
        run.write("tables/a.csv", b"x\n").unwrap();
        run.write_checkpoint("lstm", b"weights").unwrap();
        assert_eq!(run.read_checkpoint("lstm").unwrap().unwrap(), b"weights");
        assert_eq!(run.read_checkpoint("forest").unwrap(), None);
        drop_checkpoints(run.path()).unwrap();
        let folder = run.path().to_owned();
        let record = run.finish().unwrap();
        assert_eq!(read_record(&folder).unwrap(), record);
        assert_eq!((record.status, record.seconds()), (Status::Finished, 2.0));
        let told = events(&folder).unwrap();
        assert_eq!(told[0]["text"], "one class");
        assert_ne!(told[0]["time"], "mine");
        assert_eq!(metrics(&folder).unwrap()[0].value, 0.25);
        let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["events.jsonl", "metrics.jsonl", "run.json", "tables"]);
    }

    #[test]
    fn what_ended_runs_left_is_swept_and_what_others_need_is_not() {
        let home = tempfile::tempdir().unwrap();
        let begin = || RunDir::create(home.path(), new("quick")).unwrap();
        // An unfinished file that is older than any is swept for, and a checkpoint.
        let leave = |run: &RunDir| {
            run.write_checkpoint("lstm", b"weights").unwrap();
            let half = fs::File::create(run.path().join("checkpoints/.nta-tmp-half")).unwrap();
            half.set_modified(std::time::SystemTime::now() - Duration::from_secs(60)).unwrap();
            run.path().join("checkpoints")
        };
        let (finished, killed, living) = (begin(), begin(), begin());
        let left = [&finished, &killed, &living].map(leave);
        finished.finish().unwrap();
        // Its process is gone, and says running.
        drop(killed);
        assert!(crate::sweep_ended(home.path()).is_empty());
        let stands = |folder: &Path| (folder.join("lstm").exists(), folder.join(".nta-tmp-half").exists());
        assert_eq!(left.each_ref().map(|folder| stands(folder)), [(false, false), (true, false), (true, true)]);
        living.finish().unwrap();
    }

    #[test]
    fn refused_runs_that_race_in_one_home_do_not_harm_each_other() {
        let home = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..40 {
                        let run = RunDir::create(home.path(), new("quick")).unwrap();
                        run.event(&serde_json::json!({"event": "begun"})).unwrap();
                        run.write("config.yaml", b"seed: 7\n").unwrap();
                        assert_eq!(events(run.path()).unwrap().len(), 1);
                        run.discard().unwrap();
                    }
                });
            }
        });
        assert!(!home.path().join("experiments/quick").exists());
    }

    #[test]
    fn artefacts_stay_inside_and_a_discarded_run_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let run = RunDir::create(home.path(), new("quick")).unwrap();
        for outside in ["../x", "/etc/x", "a/../../x", "", "./x"] {
            assert!(matches!(run.write(outside, b""), Err(TrackingError::Outside { .. })), "{outside}");
        }
        run.discard().unwrap();
        assert!(!home.path().join("experiments/quick").exists());
    }

    #[test]
    fn only_one_process_at_a_time_writes_a_run() {
        let home = tempfile::tempdir().unwrap();
        let run = RunDir::create(home.path(), new("quick")).unwrap();
        let folder = run.path().to_owned();
        let error = RunDir::resume(home.path(), &folder).unwrap_err();
        assert!(matches!(error, TrackingError::Busy { pid, .. } if pid == std::process::id()), "{error}");
        assert_eq!(runs(home.path()).unwrap().runs[0].status, Status::Running);
        run.interrupt("asked to stop").unwrap();
        let again = RunDir::resume(home.path(), &folder).unwrap();
        assert_eq!((again.record().resumed.len(), &again.record().reason), (1, &None));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_in_a_runs_folder_is_refused_and_not_waited_for() {
        for name in ["run.json", "events.jsonl"] {
            let home = tempfile::tempdir().unwrap();
            let run = RunDir::create(home.path(), new("quick")).unwrap();
            let folder = run.path().to_owned();
            run.interrupt("asked to stop").unwrap();
            fs::remove_file(folder.join(name)).unwrap();
            assert!(std::process::Command::new("mkfifo").arg(folder.join(name)).status().unwrap().success());
            let said = RunDir::resume(home.path(), &folder).unwrap_err().to_string();
            assert!(said.contains(name) && said.contains("no regular file"), "{said}");
            runs(home.path()).unwrap();
            assert_eq!(events(&folder).is_err(), name == "events.jsonl");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_as_a_checkpoint_is_refused_and_not_waited_for() {
        let home = tempfile::tempdir().unwrap();
        let run = RunDir::create(home.path(), new("quick")).unwrap();
        run.write_checkpoint("lstm", b"weights").unwrap();
        let path = run.checkpoint("lstm").unwrap();
        fs::remove_file(&path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let said = run.read_checkpoint("lstm").unwrap_err().to_string();
        assert!(said.contains("checkpoints/lstm") && said.contains("no regular file"), "{said}");
    }

    /// Not a test of its own: the process that the next test kills.
    #[test]
    #[ignore = "run by a_killed_run_is_interrupted_and_can_be_taken_up_again"]
    fn child_that_is_killed() {
        let Ok(home) = std::env::var("NTA_TEST_HOME") else { return };
        let run = RunDir::create(Path::new(&home), new("quick")).unwrap();
        fs::write(run.path().join(".nta-tmp-half"), b"half").unwrap();
        fs::write(run.path().join("events.jsonl"), b"{\"event\":\"a\"}\n{\"ev").unwrap();
        fs::create_dir(run.path().parent().unwrap().join(".nta-tmp-dead")).unwrap();
        fs::write(run.path().join("ready"), b"").unwrap();
        std::thread::sleep(std::time::Duration::from_secs(60));
    }

    #[test]
    fn a_killed_run_is_interrupted_and_can_be_taken_up_again() {
        let home = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "folder::tests::child_that_is_killed", "--ignored"])
            .env("NTA_TEST_HOME", home.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let ready = || runs(home.path()).is_ok_and(|r| r.runs.iter().any(|run| run.folder.join("ready").exists()));
        for _ in 0..1_000 {
            if ready() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let folder = runs(home.path()).unwrap().runs[0].folder.clone();
        assert!(
            matches!(RunDir::resume(home.path(), &folder), Err(TrackingError::Busy { pid, .. }) if pid == child.id())
        );
        child.kill().unwrap();
        child.wait().unwrap();
        let killed = crate::unfinished(home.path(), "quick", "c0").unwrap().unwrap();
        assert_eq!(killed.status, Status::Interrupted);
        let run = RunDir::resume(home.path(), &killed.folder).unwrap();
        run.event(&serde_json::json!({"event": "b"})).unwrap();
        assert_eq!(events(run.path()).unwrap().len(), 2);
        assert!(!run.path().join(".nta-tmp-half").exists());
        run.finish().unwrap();
        RunDir::create(home.path(), new("quick")).unwrap().discard().unwrap();
        assert!(!home.path().join("experiments/quick/.nta-tmp-dead").exists());
        assert_eq!(runs(home.path()).unwrap().runs.len(), 1);
        assert!(crate::unfinished(home.path(), "quick", "c0").unwrap().is_none());
    }
}
