//! A run's folder and what happened in it: `experiments/<name>/<run>/` with `run.json`, `events.jsonl`,
//! `metrics.jsonl` and whatever artefacts the stages put there.
//!
//! Everything is written so that a killed process leaves a run that can be listed and taken up again. What a metric
//! means is not known here, and nothing is computed from one.

mod error;
mod find;
mod folder;
mod host;
mod lines;
mod list;
mod machine;
mod metric;
pub mod mlflow;
mod moment;
mod name;
mod post;
mod record;

pub use error::TrackingError;
pub use find::{find, times_test_was_read, unfinished};
pub use folder::{NewRun, RunDir, drop_checkpoints};
pub use host::Host;
pub use lines::{events, metrics, metrics_as_written};
pub use list::{Damaged, RunSummary, Runs, runs, sweep_ended};
pub use machine::{Sampler, machine};
pub use metric::StepMetric;
pub use moment::Moment;
pub use name::check_name;
pub use post::Poster;
pub use record::{RunRecord, StageRecord, Status, read_record};

/// Folder of all runs, below a project's home.
pub const EXPERIMENTS: &str = "experiments";
