//! What a run asks of its machine, sampled from /proc while it trains and kept in `tracking/system.jsonl` of its folder.

use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::lines::{self, LineFile};
use crate::{Moment, StepMetric, TrackingError};

/// Samples until it is dropped. A sample that cannot be taken or written is left out: it is worth no run.
#[derive(Debug)]
pub struct Sampler {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A short run has some samples, a long one not many more: the time between two grows with the time behind.
const FIRST: Duration = Duration::from_secs(1);
const SAMPLES_A_DOUBLING: u32 = 500;

impl Sampler {
    /// Begins to sample for the run in `folder`, which began at `started`.
    ///
    /// # Errors
    /// A file that cannot be opened or repaired, no thread.
    pub fn begin(folder: &Path, started: Moment) -> Result<Self, TrackingError> {
        let path = place(folder);
        let tracking = folder.join(crate::mlflow::TRACKING);
        std::fs::create_dir_all(&tracking).map_err(TrackingError::io("create", &tracking))?;
        let file = LineFile::open(&path)?;
        file.repair()?;
        let (stop, stopped) = mpsc::channel();
        let sample = move || {
            let begun = Instant::now();
            let (mut before, mut last) = (Usage::now(), None);
            loop {
                let pause = FIRST.max(begun.elapsed() / SAMPLES_A_DOUBLING);
                let end = stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout);
                let (now, moment) = (Usage::now(), Moment::now());
                // The end may come within a millisecond of a sample: the same point twice.
                let step = u64::try_from((moment.milliseconds() - started.milliseconds()) / 1_000).unwrap_or(0);
                if last.replace(step) != Some(step) {
                    let _ = write(&file, &before, &now, step, moment);
                }
                before = now;
                if end {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("machine".into()).spawn(sample);
        let thread = thread.map_err(TrackingError::io("begin a thread for", &path))?;
        Ok(Sampler { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The samples of the run in `folder`, oldest first; none where it was not sampled.
///
/// # Errors
/// A file that cannot be read, a line that is no sample.
pub fn machine(folder: &Path) -> Result<Vec<StepMetric>, TrackingError> {
    lines::read(&place(folder))
}

fn place(folder: &Path) -> std::path::PathBuf {
    folder.join(crate::mlflow::TRACKING).join("system.jsonl")
}

/// Counters at one moment; `None` where the system does not tell.
struct Usage {
    /// Clock ticks of all processors, and those of them that were idle.
    ticks: Option<(u64, u64)>,
    /// Clock ticks that this process was given.
    own_ticks: Option<u64>,
    own_kib: Option<u64>,
    /// Main memory, and how much of it is to be had.
    memory_kib: Option<(u64, u64)>,
}

impl Usage {
    fn now() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        Usage {
            ticks: ticks(&read("/proc/stat")),
            own_ticks: own_ticks(&read("/proc/self/stat")),
            own_kib: kib(&read("/proc/self/status"), "VmRSS:"),
            memory_kib: {
                let text = read("/proc/meminfo");
                kib(&text, "MemTotal:").zip(kib(&text, "MemAvailable:"))
            },
        }
    }
}

fn ticks(stat: &str) -> Option<(u64, u64)> {
    let counts: Vec<u64> =
        stat.lines().next()?.split_whitespace().skip(1).take(8).map_while(|n| n.parse().ok()).collect();
    Some((counts.iter().sum(), counts.get(3)? + counts.get(4)?))
}

/// After the name in brackets, which may hold anything, the 12th and 13th field.
fn own_ticks(stat: &str) -> Option<u64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}

fn kib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn write(file: &LineFile, before: &Usage, now: &Usage, step: u64, at: Moment) -> Result<(), TrackingError> {
    for (key, value) in numbers(before, now) {
        file.append(&StepMetric { key: format!("system/{key}"), value, step, timestamp: at.milliseconds() })?;
    }
    Ok(())
}

/// Shares of the time between two samples, in percent, and memory in megabytes.
fn numbers(before: &Usage, now: &Usage) -> Vec<(&'static str, f64)> {
    let mut numbers = Vec::new();
    if let (Some((all, idle)), Some((all_before, idle_before))) = (now.ticks, before.ticks) {
        let passed = all.saturating_sub(all_before) as f64;
        if passed > 0.0 {
            let busy = passed - idle.saturating_sub(idle_before) as f64;
            numbers.push(("cpu_utilization_percentage", 100.0 * busy / passed));
            if let (Some(own), Some(own_before)) = (now.own_ticks, before.own_ticks) {
                numbers.push(("process_cpu_percentage", 100.0 * own.saturating_sub(own_before) as f64 / passed));
            }
        }
    }
    if let Some(kib) = now.own_kib {
        numbers.push(("process_memory_megabytes", kib as f64 * 1_024.0 / 1e6));
    }
    if let Some((total, to_be_had)) = now.memory_kib {
        numbers.push(("system_memory_usage_percentage", 100.0 * (1.0 - to_be_had as f64 / total.max(1) as f64)));
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_where_they_stand() {
        assert_eq!(ticks("cpu  10 1 5 80 4 0 0 0 9 9\ncpu0 1\n"), Some((100, 84)));
        let stat = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 30 12 0 0";
        assert_eq!(own_ticks(stat), Some(42));
        assert_eq!(kib("MemTotal:  2000 kB\nMemAvailable: 500 kB\n", "MemAvailable:"), Some(500));
        assert_eq!((ticks(""), own_ticks(""), kib("", "VmRSS:")), (None, None, None));
        let at =
            |ticks, own| Usage { ticks: Some(ticks), own_ticks: Some(own), own_kib: None, memory_kib: Some((4, 1)) };
        let found = numbers(&at((100, 50), 10), &at((300, 100), 60));
        let wanted = [("cpu_utilization_percentage", 75.0), ("process_cpu_percentage", 25.0)];
        assert_eq!(found, [&wanted[..], &[("system_memory_usage_percentage", 75.0)]].concat());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_run_is_sampled_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        drop(Sampler::begin(folder.path(), Moment::now()).unwrap());
        drop(Sampler::begin(folder.path(), Moment::now()).unwrap());
        let found = machine(folder.path()).unwrap();
        assert!(found.iter().filter(|s| s.key == "system/process_memory_megabytes" && s.value > 1.0).count() >= 2);
    }
}
