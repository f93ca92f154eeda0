//! The traffic to score, as often as it must be read, and how far the job is with it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use nta_data::{Dataset, Scores, SequenceBy};
use nta_ingest::{Advice, AsWritten, BadRows, Batches, IngestError, LeftOut, ReadOptions, Source, Truth};
use nta_model::Model;

use super::sink::ScoreSink;
use super::stages::overlap;
use crate::error::{PipelineError, refused};
use crate::event::{Event, Listener, Stage, Unit};
use crate::labels_file::LabelsFile;
use crate::traffic::of_odd_lines_and_columns;

/// Which traffic to read.
pub(crate) struct Asked<'a> {
    /// The job that reads it.
    pub(crate) stage: Stage,
    /// Files; `-` for standard input.
    pub(crate) paths: &'a [PathBuf],
    /// One sensor's name for all, in place of each file's own.
    pub(crate) sensor: Option<&'a str>,
    /// How the files are written, where not as the model's schema says; `None` where the job has no options for it.
    pub(crate) written: Option<AsWritten>,
    /// A second file that holds the labels.
    pub(crate) labels: Option<&'a LabelsFile>,
    /// What becomes of rows that cannot be read.
    pub(crate) bad_rows: BadRows,
    /// Rows held at a time.
    pub(crate) batch_rows: usize,
}

/// Files, read as the model reads traffic.
pub(crate) struct Input<'a> {
    source: Source,
    options: ReadOptions,
    listener: &'a dyn Listener,
    stage: Stage,
    /// Whether another call can go on where this one is stopped.
    goes_on: bool,
}

impl<'a> Input<'a> {
    /// Looks the files up; they are read when their batches are asked for.
    pub(crate) fn open(asked: &Asked<'_>, model: &Model, listener: &'a dyn Listener) -> Result<Self, PipelineError> {
        // The inputs are paths of the caller's, not of the project's.
        let working = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let stdin = Path::new("/dev/stdin");
        let paths = asked.paths.iter().map(|path| if path == Path::new("-") { stdin } else { path });
        let patterns: Vec<String> = paths.map(|path| glob_safe(&path.to_string_lossy())).collect();
        let source = Source::resolve(&patterns, &working).map_err(refused)?;
        let contact = listener.contact();
        let labels = asked.labels.map(|labels| labels.open(&working, &model.schema, &contact));
        let options = ReadOptions {
            sensor: asked.sensor.map(str::to_owned),
            advice: if asked.written.is_some() { Advice::Options } else { Advice::File },
            written: asked.written.clone().unwrap_or_default(),
            truth: Truth::IfPresent,
            labels: labels.transpose()?,
            bad_rows: asked.bad_rows,
            batch_rows: asked.batch_rows,
            contact,
            ..reads_as(model)
        };
        Ok(Input { source, options, listener, stage: asked.stage, goes_on: false })
    }

    /// The files.
    pub(crate) fn files(&self) -> &[PathBuf] {
        self.source.files()
    }

    /// Asks for the host that began each flow too, where the model itself does not look at it.
    pub(crate) fn with_hosts(mut self) -> Self {
        let supported = self.options.schema.supports(SequenceBy::Src) && self.files().iter().all(|path| path.is_file());
        if self.options.by.is_none() && supported {
            self.options.by = Some(SequenceBy::Src);
            // Files may lack the column, for nothing else needs it.
            if self.batches().is_err() {
                self.options.by = None;
            }
        }
        self
    }

    /// Of what another call can go on with.
    pub(super) fn that_goes_on(self) -> Self {
        Input { goes_on: true, ..self }
    }

    /// The same files as if one sensor had seen all.
    pub(crate) fn of_one_sensor(&self) -> Input<'a> {
        let options = ReadOptions { sensor: Some("site".to_owned()), ..self.options.clone() };
        Input { source: self.source.clone(), options, listener: self.listener, stage: self.stage, goes_on: false }
    }

    /// Whether a row's entity is the host that began it.
    pub(crate) fn tells_hosts(&self) -> bool {
        self.options.by == Some(SequenceBy::Src)
    }

    /// The rows from the first on.
    pub(crate) fn batches(&self) -> Result<Batches, PipelineError> {
        nta_ingest::batches(&self.source, &self.options).map_err(refused)
    }

    /// Gives every batch to `sink`, with what `score` makes of its rows, and then all three to `keep`: `score` may add what is
    /// to be kept of its own state behind these rows.
    pub(super) fn deliver<S: ScoreSink, K: Send>(
        &self,
        sink: &mut S,
        mut score: impl FnMut(&Dataset) -> Result<(Scores, K), PipelineError> + Send,
        mut keep: impl FnMut(&mut S, &Scores, K) -> Result<(), PipelineError>,
    ) -> Result<(), PipelineError> {
        let mut rows = 0;
        let mut batches = self.batches()?;
        for remark in of_odd_lines_and_columns("", LeftOut::default(), &batches.odd_columns()) {
            self.listener.hear(&Event::Remark(remark));
        }
        overlap(
            || batches.next().map(|batch| Ok((batch.map_err(refused)?, batches.take_rejects()))),
            |(batch, rejects)| score(&batch.dataset).map(|(scores, kept)| (batch, rejects, scores, kept)),
            |(batch, rejects, scores, kept)| {
                sink.take(&batch, &scores)?;
                sink.set_aside(&rejects)?;
                keep(sink, &scores, kept)?;
                rows += scores.n_rows() as u64;
                self.progress(rows, Unit::FlowsWritten)
            },
        )?;
        sink.leave_out(batches.without_flow());
        sink.set_aside(&batches.take_rejects())
    }

    /// The refusal of a file that has other rows than at its first pass.
    pub(crate) fn changed(&self) -> PipelineError {
        let file = self.source.names().join(", ");
        refused(IngestError::Changed { file })
    }

    /// Tells how far the job is, and stops where somebody asked it to.
    pub(crate) fn progress(&self, done: u64, unit: Unit) -> Result<(), PipelineError> {
        self.listener.hear(&Event::Progress { stage: self.stage, done, total: None, unit });
        self.stopped()
    }

    /// Stops where somebody asked the job to.
    pub(crate) fn stopped(&self) -> Result<(), PipelineError> {
        match self.listener.cancelled() {
            true if self.goes_on => Err(PipelineError::Interrupted(
                "while scoring; the same call goes on from where the scores were last saved".to_owned(),
            )),
            true => Err(PipelineError::Interrupted("while scoring; nothing was written".to_owned())),
            false => Ok(()),
        }
    }
}

/// Rows as `model` takes them.
pub(super) fn reads_as(model: &Model) -> ReadOptions {
    let state = model.state.as_ref();
    ReadOptions {
        by: state.map(|state| state.by),
        entity_key: state.map_or([0; 16], |state| state.entity_key),
        sensor_key: state.map(|state| state.sensor_key).unwrap_or_default(),
        ..ReadOptions::new(Arc::new(model.schema.clone()))
    }
}

/// A path in which pattern characters mean themselves.
pub(crate) fn glob_safe(path: &str) -> String {
    let special = |c: char| matches!(c, '*' | '?' | '[' | ']');
    if !Path::new(path).exists() {
        return path.to_owned();
    }
    path.chars().map(|c| if special(c) { format!("[{c}]") } else { c.to_string() }).collect()
}
