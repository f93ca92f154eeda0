//! `nta doctor`: what this program has to work with on this machine.

use std::path::PathBuf;

use serde::Serialize;

use crate::project::Project;

/// What is here.
#[derive(Debug, Clone, Serialize)]
pub struct Checkup {
    /// Version of nta.
    pub version: String,
    /// Operating system and processor family, `linux x86_64`.
    pub system: String,
    /// Processor model, where it is known.
    pub cpu: Option<String>,
    /// Vector unit that the LSTM computes with.
    pub vectors: String,
    /// Threads that jobs will use (`--threads`).
    pub threads: usize,
    /// Main memory in bytes, where it is known.
    pub memory_bytes: Option<u64>,
    /// Folder for experiments/ and models/.
    pub home: PathBuf,
    /// What can train the LSTM, as `lstm.device` names it.
    pub devices: Vec<Device>,
}

/// A value of `lstm.device`.
#[derive(Debug, Clone, Serialize)]
pub struct Device {
    /// Its name in a config.
    pub name: String,
    /// What it is, or why it cannot be used.
    pub what: String,
    /// Whether a config may name it here.
    pub available: bool,
}

/// Looks at the machine, and tries each device that this program was built for.
pub fn checkup(project: &Project) -> Checkup {
    let host = nta_tracking::Host::here();
    let device = |d: nta_lstm::DeviceInfo| Device { name: d.name.to_owned(), what: d.what, available: d.available };
    Checkup {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        system: format!("{} {}", host.os, host.arch),
        cpu: host.cpu,
        vectors: nta_lstm::vectors().to_owned(),
        threads: rayon::current_num_threads(),
        memory_bytes: host.memory_bytes,
        home: project.home.clone(),
        devices: nta_lstm::devices().into_iter().map(device).collect(),
    }
}
