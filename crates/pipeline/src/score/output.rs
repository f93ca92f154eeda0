//! The scored table: the input's columns, and beside them scores, probability, flag and, where asked for, reasons.

use std::path::Path;
use std::sync::Arc;

use nta_data::Scores;
use nta_ingest::{Added, AddedValues, Batch, RawBatch, Reject, RejectsFile, TableWriter};
use nta_model::Model;
use nta_report::inert_cell;

use super::input::Input;
use super::kept::{Kept, Place};
use super::reasons::WhyFlagged;
use super::rows::RowsFile;
use super::sink::ScoreSink;
use crate::error::{PipelineError, failed, refused};

/// The output column that holds the share of attacks to expect at the hybrid's score.
pub(crate) const PROBABILITY: &str = "probability";

/// The output column that holds the hybrid's flag.
pub(crate) const FLAGGED: &str = "flagged";

/// The output column that holds the reasons of flagged rows.
pub(crate) const REASONS: &str = "reasons";

/// Which of the rows and of the input's columns are written.
#[derive(Default)]
pub(super) struct Written {
    /// In this order; `None`: all.
    pub(super) columns: Option<Vec<String>>,
    pub(super) only_flagged: bool,
}

/// A table under way; it appears when it is finished.
pub(super) struct TableOutput {
    written: Written,
    model: Arc<Model>,
    writer: TableWriter,
    /// Where rows set aside go, where they are not refused.
    rejects: Option<RejectsFile>,
    /// Finds them.
    reasons: Option<WhyFlagged>,
    /// The same rows once more, to be looked at one by one.
    rows: Option<RowsFile>,
    /// Whether another call can go on with the table.
    goes_on: bool,
    /// Rows taken, and how many of them an earlier call has written.
    taken: u64,
    written_before: u64,
}

impl TableOutput {
    /// Begun before any work: a wrong ending, a place that cannot be written and a column that the input has already are
    /// refused at once.
    pub(super) fn begin(
        output: &Path,
        input: &Input<'_>,
        model: Arc<Model>,
        reasons: Option<WhyFlagged>,
        rejects: Option<&Path>,
        written: Written,
        kept: Option<&Kept>,
    ) -> Result<Self, PipelineError> {
        if let Some(input) = input.files().iter().find(|file| is_same_file(file, output)) {
            let input = input.display();
            return Err(PipelineError::refuse(format!("{input} is the input; write the scored rows to another file")));
        }
        let goes_on = TableWriter::can_go_on(output).map_err(refused)?;
        let place = kept.and_then(Kept::place).unwrap_or_default();
        let writer = match kept.filter(|_| goes_on) {
            Some(kept) => TableWriter::go_on(output, &kept.part(), place.bytes),
            None => TableWriter::create(output, None),
        };
        let writer = writer.map_err(refused)?;
        let rejects = rejects.map(RejectsFile::create).transpose().map_err(refused)?;
        let (goes_on, written_before) = (goes_on && kept.is_some(), place.rows);
        let table =
            TableOutput { written, model, writer, rejects, reasons, rows: None, goes_on, taken: 0, written_before };
        if let Some(first) = input.batches()?.next() {
            let raw = table.columns_written(&first.map_err(refused)?.raw)?;
            let taken = raw.column_names();
            if let Some(name) = table.columns().find(|name| taken.iter().any(|t| t == name)) {
                let input = input.files().first().map(|f| f.display().to_string()).unwrap_or_default();
                return Err(PipelineError::refuse(format!(
                    "{input} has a column `{name}` already, as a scored file has; score the original, or rename it"
                )));
            }
        }
        Ok(table)
    }

    /// Writes the rows to this file too.
    pub(super) fn and(self, rows: Option<RowsFile>) -> Self {
        TableOutput { rows, ..self }
    }

    fn columns_written(&self, raw: &RawBatch) -> Result<RawBatch, PipelineError> {
        self.written.columns.as_ref().map_or_else(|| Ok(raw.clone()), |names| raw.select(names).map_err(refused))
    }

    /// Columns that the output has beside the input's.
    fn columns(&self) -> impl Iterator<Item = &str> {
        self.model.names().chain([PROBABILITY, FLAGGED]).chain(self.reasons.as_ref().map(|_| REASONS))
    }

    /// For each row why it is flagged, in words: empty where it is not. `None` where nobody asked.
    fn reasons(&self, batch: &Batch, flags: &[bool]) -> Result<Option<Vec<String>>, PipelineError> {
        let Some(finder) = &self.reasons else { return Ok(None) };
        let mut texts = vec![String::new(); flags.len()];
        let flagged: Vec<u32> = (0..flags.len() as u32).filter(|&i| flags[i as usize]).collect();
        if !flagged.is_empty() {
            for (&i, words) in flagged.iter().zip(finder.of(&batch.dataset, &flagged)?) {
                // They begin with the name of a column, which the traffic brought.
                texts[i as usize] = inert_cell(&words).into_owned();
            }
        }
        Ok(Some(texts))
    }
}

impl ScoreSink for TableOutput {
    type Output = ();

    fn take(&mut self, batch: &Batch, scores: &Scores) -> Result<(), PipelineError> {
        let is_written = self.taken < self.written_before;
        let is_first = self.taken == 0;
        self.taken += scores.n_rows() as u64;
        // Of rows that stand in the table already, the first ones tell its columns.
        if is_written && !is_first {
            return Ok(());
        }
        let mut added: Vec<Added<'_>> =
            scores.columns().map(|c| Added { name: &c.name, values: AddedValues::Float(&c.p_attack) }).collect();
        let probability = self.model.probability(&scores.hybrid().p_attack);
        added.push(Added { name: PROBABILITY, values: AddedValues::Float(&probability) });
        let flags = &scores.hybrid().flags;
        added.push(Added { name: FLAGGED, values: AddedValues::Flag(flags) });
        let reasons = self.reasons(batch, flags)?;
        let reasons: Option<Vec<&str>> = reasons.as_ref().map(|texts| texts.iter().map(String::as_str).collect());
        if let Some(texts) = &reasons {
            added.push(Added { name: REASONS, values: AddedValues::Text(texts) });
        }
        if let Some(rows) = &mut self.rows {
            rows.write(&batch.raw, &added, &scores.hybrid().p_attack)?;
        }
        let raw = self.columns_written(&batch.raw)?;
        if is_written {
            return self.writer.pass(&raw, &added).map_err(failed);
        }
        if !self.written.only_flagged {
            return self.writer.write(&raw, &added).map_err(failed);
        }
        let picked: Vec<Picked<'_>> = added.iter().map(|column| Picked::of(column, flags)).collect();
        let added: Vec<Added<'_>> = picked.iter().map(Picked::added).collect();
        self.writer.write(&raw.filter(flags).map_err(failed)?, &added).map_err(failed)
    }

    fn set_aside(&mut self, rejects: &[Reject]) -> Result<(), PipelineError> {
        self.rejects.as_mut().map_or(Ok(()), |file| file.write(rejects)).map_err(failed)
    }

    fn settle(&mut self) -> Result<Option<Place>, PipelineError> {
        if !self.goes_on {
            return Ok(None);
        }
        let rows = self.taken.max(self.written_before);
        Ok(Some(Place { rows, bytes: self.writer.settle().map_err(failed)? }))
    }

    fn finish(self) -> Result<(), PipelineError> {
        self.writer.finish().map_err(failed)?;
        self.rows.map_or(Ok(()), RowsFile::finish)?;
        self.rejects.map_or(Ok(()), RejectsFile::finish).map_err(failed)
    }
}

/// The values of a column in flagged rows.
struct Picked<'a> {
    name: &'a str,
    values: PickedValues<'a>,
}

enum PickedValues<'a> {
    Float(Vec<f32>),
    Flag(Vec<bool>),
    Text(Vec<&'a str>),
    Integer(Vec<i64>),
}

impl<'a> Picked<'a> {
    fn of(column: &Added<'a>, flags: &[bool]) -> Picked<'a> {
        fn pick<T: Copy>(values: &[T], flags: &[bool]) -> Vec<T> {
            values.iter().zip(flags).filter(|(_, flag)| **flag).map(|(value, _)| *value).collect()
        }
        let values = match column.values {
            AddedValues::Float(values) => PickedValues::Float(pick(values, flags)),
            AddedValues::Flag(values) => PickedValues::Flag(pick(values, flags)),
            AddedValues::Text(values) => PickedValues::Text(pick(values, flags)),
            AddedValues::Integer(values) => PickedValues::Integer(pick(values, flags)),
        };
        Picked { name: column.name, values }
    }

    fn added(&self) -> Added<'_> {
        let values = match &self.values {
            PickedValues::Float(values) => AddedValues::Float(values),
            PickedValues::Flag(values) => AddedValues::Flag(values),
            PickedValues::Text(values) => AddedValues::Text(values),
            PickedValues::Integer(values) => AddedValues::Integer(values),
        };
        Added { name: self.name, values }
    }
}

/// Whether both paths lead to one file, through links too.
fn is_same_file(a: &Path, b: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(a), Ok(b)) = (a.metadata(), b.metadata()) {
        use std::os::unix::fs::MetadataExt;
        return (a.dev(), a.ino()) == (b.dev(), b.ino());
    }
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
