//! The scored table: the input's columns, and beside them scores, probability, flag and, where asked for, reasons.

use std::path::Path;
use std::sync::Arc;

use nta_data::Scores;
use nta_ingest::{Added, AddedValues, Batch, RawBatch, Reject, RejectsFile, TableWriter};
use nta_model::Model;
use nta_report::inert_cell;

use super::input::Input;
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
    ) -> Result<Self, PipelineError> {
        if let Some(input) = input.files().iter().find(|file| is_same_file(file, output)) {
            let input = input.display();
            return Err(PipelineError::refuse(format!("{input} is the input; write the scored rows to another file")));
        }
        let writer = TableWriter::create(output, None).map_err(refused)?;
        let rejects = rejects.map(RejectsFile::create).transpose().map_err(refused)?;
        let table = TableOutput { written, model, writer, rejects, reasons, rows: None };
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
