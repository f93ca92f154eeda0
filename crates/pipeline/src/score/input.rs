//! The traffic to score, as often as it must be read, and how far the job is with it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use nta_data::{Dataset, Scores};
use nta_ingest::{Batch, Batches, ReadOptions, Source, Truth};
use nta_model::Model;

use super::ScoreRequest;
use super::sink::ScoreSink;
use crate::error::{PipelineError, refused};
use crate::event::{Event, Listener, Stage, Unit};

/// A file, read as the model reads traffic.
pub(super) struct Input<'a> {
    source: Source,
    options: ReadOptions,
    listener: &'a dyn Listener,
}

impl<'a> Input<'a> {
    /// Looks the file up; it is read when its batches are asked for.
    pub(super) fn open(
        request: &ScoreRequest,
        model: &Model,
        listener: &'a dyn Listener,
    ) -> Result<Self, PipelineError> {
        // The input is a path of the caller's, not of the project's.
        let working = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let path = if request.input == Path::new("-") { Path::new("/dev/stdin") } else { &request.input };
        let source = Source::resolve(&[glob_safe(&path.to_string_lossy())], &working).map_err(refused)?;
        let state = model.state.as_ref();
        let options = ReadOptions {
            by: state.map(|state| state.by),
            entity_key: state.map_or([0; 16], |state| state.entity_key),
            sensor_key: state.map(|state| state.sensor_key).unwrap_or_default(),
            sensor: request.sensor.clone(),
            truth: Truth::IfPresent,
            bad_rows: request.bad_rows,
            batch_rows: request.batch_rows,
            contact: listener.contact(),
            ..ReadOptions::new(Arc::new(model.schema.clone()))
        };
        Ok(Input { source, options, listener })
    }

    /// The files.
    pub(super) fn files(&self) -> &[PathBuf] {
        self.source.files()
    }

    /// The rows from the first on.
    pub(super) fn batches(&self) -> Result<Batches, PipelineError> {
        nta_ingest::batches(&self.source, &self.options).map_err(refused)
    }

    /// Gives every batch to `sink`, with what `score` makes of its rows.
    pub(super) fn deliver(
        &self,
        sink: &mut impl ScoreSink,
        mut score: impl FnMut(&Dataset) -> Result<Scores, PipelineError>,
    ) -> Result<(), PipelineError> {
        let mut rows = 0;
        let mut batches = self.batches()?;
        while let Some(batch) = batches.next() {
            let batch: Batch = batch.map_err(refused)?;
            let scores = score(&batch.dataset)?;
            sink.take(&batch, &scores)?;
            sink.set_aside(&batches.take_rejects())?;
            rows += scores.n_rows() as u64;
            self.progress(rows, Unit::FlowsWritten)?;
        }
        sink.set_aside(&batches.take_rejects())
    }

    /// Tells how far the job is, and stops where somebody asked it to.
    pub(super) fn progress(&self, done: u64, unit: Unit) -> Result<(), PipelineError> {
        self.listener.hear(&Event::Progress { stage: Stage::Score, done, total: None, unit });
        self.stopped()
    }

    /// Stops where somebody asked the job to.
    pub(super) fn stopped(&self) -> Result<(), PipelineError> {
        match self.listener.cancelled() {
            true => Err(PipelineError::Interrupted("while scoring; nothing was written".to_owned())),
            false => Ok(()),
        }
    }
}

/// A path in which pattern characters mean themselves.
fn glob_safe(path: &str) -> String {
    let special = |c: char| matches!(c, '*' | '?' | '[' | ']');
    if !Path::new(path).exists() {
        return path.to_owned();
    }
    path.chars().map(|c| if special(c) { format!("[{c}]") } else { c.to_string() }).collect()
}
