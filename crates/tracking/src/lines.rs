//! Files of one JSON object a line that survive their writer's death: a torn last line is cut off when the run is taken
//! up again, and passed over by readers.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{StepMetric, TrackingError};

/// A file that grows by whole lines. Appending takes `&self`, so that any thread may tell what it does.
#[derive(Debug)]
pub(crate) struct LineFile {
    file: File,
    path: PathBuf,
}

impl LineFile {
    /// Opens or makes the file without looking at what stands in it.
    pub(crate) fn open(path: &Path) -> Result<Self, TrackingError> {
        check_is_file(path)?;
        let file =
            File::options().create(true).append(true).read(true).open(path).map_err(TrackingError::io("open", path))?;
        Ok(LineFile { file, path: path.to_owned() })
    }

    /// The same file after its folder was renamed.
    pub(crate) fn moved_to(self, path: PathBuf) -> Self {
        LineFile { path, ..self }
    }

    /// Takes the file for this process alone, until it is closed or the process ends. False where another has it.
    pub(crate) fn try_lock(&self) -> bool {
        // A file system without locks answers with another error; then there is nobody to ask.
        !matches!(self.file.try_lock(), Err(fs::TryLockError::WouldBlock))
    }

    /// Cuts off a line that its writer did not finish.
    pub(crate) fn repair(&self) -> Result<(), TrackingError> {
        let text = fs::read(&self.path).map_err(TrackingError::io("read", &self.path))?;
        let whole = text.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        if whole < text.len() {
            self.file.set_len(whole as u64).map_err(TrackingError::io("repair", &self.path))?;
        }
        Ok(())
    }

    /// Appends one object in one write, or nothing.
    pub(crate) fn append(&self, object: &impl Serialize) -> Result<(), TrackingError> {
        let mut line = serde_json::to_vec(object).map_err(|e| TrackingError::damaged(&self.path, None, e))?;
        line.push(b'\n');
        let write = || -> io::Result<()> {
            let mut file = &self.file;
            let before = file.seek(SeekFrom::End(0))?;
            file.write_all(&line).inspect_err(|_| {
                // Half a line on a full disk: take it back, so that what stands there stays readable.
                let _ = self.file.set_len(before);
            })
        };
        write().map_err(TrackingError::io("append to", &self.path))
    }
}

/// Refuses what is there and no regular file, before it is opened: opening a pipe waits for its other end.
pub(crate) fn check_is_file(path: &Path) -> Result<(), TrackingError> {
    match path.metadata() {
        Ok(found) if !found.is_file() => Err(TrackingError::damaged(path, None, "this is no regular file")),
        _ => Ok(()),
    }
}

/// The events of the run in `folder`, oldest first: an object each, with `time` and `event`.
pub fn events(folder: &Path) -> Result<Vec<serde_json::Value>, TrackingError> {
    read(&folder.join("events.jsonl"))
}

/// Every step metric of the run in `folder`, a step run again after an interruption as often as it was run.
///
/// # Errors
/// A file that cannot be read, a line that is no metric.
pub fn metrics_as_written(folder: &Path) -> Result<Vec<StepMetric>, TrackingError> {
    read(&folder.join("metrics.jsonl"))
}

/// The step metrics of the run in `folder` in the order written; where a step was run again after an interruption only
/// its last value stands.
pub fn metrics(folder: &Path) -> Result<Vec<StepMetric>, TrackingError> {
    let all = metrics_as_written(folder)?;
    let mut last: Vec<StepMetric> = Vec::with_capacity(all.len());
    let mut place = std::collections::HashMap::new();
    for metric in all {
        match place.get(&(metric.key.clone(), metric.step)) {
            Some(&at) => last[at] = metric,
            None => {
                place.insert((metric.key.clone(), metric.step), last.len());
                last.push(metric);
            }
        }
    }
    Ok(last)
}

/// Every whole line; a missing file has none.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, TrackingError> {
    check_is_file(path)?;
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(TrackingError::io("read", path)(e)),
    };
    let whole = text.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    let lines = text[..whole].split(|&b| b == b'\n').enumerate().filter(|(_, line)| !line.is_empty());
    lines
        .map(|(i, line)| {
            serde_json::from_slice(line)
                .map_err(|e| TrackingError::damaged(path, Some(i + 1), format!("not JSON: {e}")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_last_line_is_passed_over_and_then_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        fs::write(&path, "{\"event\":\"a\"}\n{\"event\":\"b\"}\n{\"event\":\"c").unwrap();
        assert_eq!(events(folder.path()).unwrap().len(), 2);
        let file = LineFile::open(&path).unwrap();
        file.repair().unwrap();
        file.append(&serde_json::json!({"event": "d"})).unwrap();
        let all = events(folder.path()).unwrap();
        assert_eq!(all.iter().map(|e| e["event"].as_str().unwrap()).collect::<Vec<_>>(), ["a", "b", "d"]);
    }

    #[test]
    fn a_damaged_line_in_the_middle_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("events.jsonl"), "{}\n{\"a\":\n{}\n").unwrap();
        let error = events(folder.path()).unwrap_err().to_string();
        assert!(error.contains("events.jsonl, line 2"), "{error}");
    }

    #[test]
    fn a_step_run_again_counts_once_and_nan_survives() {
        let folder = tempfile::tempdir().unwrap();
        let file = LineFile::open(&folder.path().join("metrics.jsonl")).unwrap();
        for (value, step) in [(1.0, 1), (f64::NAN, 2), (0.5, 1)] {
            file.append(&StepMetric::now("loss", value, step)).unwrap();
        }
        let all = metrics(folder.path()).unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].step, all[0].value), (1, 0.5));
        assert!(all[1].value.is_nan());
    }
}
