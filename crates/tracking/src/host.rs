//! The machine that a run ran on, as far as the system tells without asking for rights.

use serde::{Deserialize, Serialize};

/// The machine and process of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Host name, where it is known.
    pub name: Option<String>,
    /// Operating system, `linux`.
    pub os: String,
    /// Processor family, `x86_64`.
    pub arch: String,
    /// Processor model, where it is known. Scores are the same bits on the same model only.
    pub cpu: Option<String>,
    /// Threads the process may use.
    pub threads: usize,
    /// Main memory in bytes, where it is known.
    pub memory_bytes: Option<u64>,
    /// The process that writes or wrote the run.
    pub pid: u32,
}

impl Host {
    /// This machine and process.
    pub fn here() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).ok();
        let field = |text: &str, key: &str| {
            let line = text.lines().find(|line| line.starts_with(key))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        Host {
            name: read("/proc/sys/kernel/hostname").or_else(|| read("/etc/hostname")).map(|n| n.trim().to_owned()),
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            cpu: read("/proc/cpuinfo").and_then(|text| field(&text, "model name")),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: read("/proc/meminfo")
                .and_then(|text| field(&text, "MemTotal"))
                .and_then(|kib| kib.split_whitespace().next()?.parse::<u64>().ok())
                .map(|kib| kib * 1_024),
            pid: std::process::id(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_thread_and_a_process() {
        let host = Host::here();
        assert!(host.threads >= 1 && host.pid == std::process::id());
        #[cfg(target_os = "linux")]
        assert!(host.memory_bytes.unwrap() > 1 << 20);
    }
}
