//! Settles, before any row is read, which columns of which files serve which role: optional columns that the files
//! lack leave the schema here, and columns that are needed and absent are refused.

use std::path::PathBuf;
use std::sync::Arc;

use nta_data::{Order, Schema, SequenceBy};

use crate::labels::LabelRule;
use crate::layout::{self, Layout};
use crate::table::{self, Format, Table};
use crate::{IngestError, ReadOptions, Source};

/// Whether a table must tell the truth about its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// Labels of both classes are needed (training, judging).
    Required,
    /// Labels are read where they are.
    IfPresent,
    /// Labels are not looked at.
    Ignore,
}

/// What reading needs to know about the files.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The schema without the optional columns that are absent.
    pub(crate) schema: Arc<Schema>,
    /// How labels are judged; `None` where they are not read.
    pub(crate) label: Option<LabelRule>,
    pub(crate) files: Vec<PlannedFile>,
    /// Whose sequences, `None` where there are none.
    pub(crate) by: Option<SequenceBy>,
    pub(crate) key: [u8; 16],
    pub(crate) truth: Truth,
    /// Optional columns that were dropped.
    pub(crate) absent: Vec<String>,
}

/// One file of the plan.
#[derive(Debug, Clone)]
pub(crate) struct PlannedFile {
    pub(crate) path: PathBuf,
    /// The path as messages name it.
    pub(crate) file: String,
    pub(crate) format: Format,
    pub(crate) columns: Vec<String>,
    pub(crate) layout: Layout,
}

impl Plan {
    pub(crate) fn new(source: &Source, options: &ReadOptions) -> Result<Plan, IngestError> {
        options.schema.check()?;
        let files = look_at_files(source, &options.schema)?;
        let (schema, absent) = resolve(&options.schema, &files);
        let by = options.by.filter(|_| schema.order != Order::None);
        let label = plan_label(&schema, options, &files)?;
        refuse_missing(&schema, by, options.truth, &files)?;
        let truth = if label.is_some() { options.truth } else { Truth::Ignore };
        Ok(Plan { schema: Arc::new(schema), label, files, by, key: options.entity_key, truth, absent })
    }

    /// The columns of `file` that some role reads.
    pub(crate) fn columns_read(&self, file: &PlannedFile) -> Vec<String> {
        let mut names = self.names_read();
        names.retain(|name| file.layout.column(name).is_some());
        let mut columns: Vec<String> = names.iter().filter_map(|n| file.layout.column(n)).map(str::to_owned).collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// Opens a file of the plan.
    pub(crate) fn open(&self, file: &PlannedFile) -> Result<Box<dyn Table>, IngestError> {
        table::open(&file.path, &self.schema)
    }

    fn names_read(&self) -> Vec<&str> {
        let schema = &self.schema;
        let mut names: Vec<&str> = schema.numeric.iter().map(|c| c.name.as_str()).collect();
        names.extend(schema.categorical.iter().map(|c| c.name.as_str()));
        names.extend(schema.time.as_ref().map(|t| t.column.as_str()));
        names.extend(schema.duration.as_deref());
        names.extend(hosts_needed(schema, self.by));
        if self.by.is_some() {
            names.extend(schema.capture.as_deref());
        }
        if self.label.is_some() {
            names.extend(schema.label.as_ref().map(|l| l.column.as_str()));
            names.extend(schema.family.as_ref().map(|f| f.column.as_str()));
        }
        names
    }
}

/// The host columns that sequences by `by` need.
pub(crate) fn hosts_needed(schema: &Schema, by: Option<SequenceBy>) -> Vec<&str> {
    let (src, dst) = (schema.entity.src.as_deref(), schema.entity.dst.as_deref());
    match by {
        None | Some(SequenceBy::Capture) => Vec::new(),
        Some(SequenceBy::Src) => src.into_iter().collect(),
        Some(SequenceBy::Dst) => dst.into_iter().collect(),
        Some(SequenceBy::Pair) => src.into_iter().chain(dst).collect(),
    }
}

fn look_at_files(source: &Source, schema: &Schema) -> Result<Vec<PlannedFile>, IngestError> {
    let look = |path: &PathBuf| {
        let table = table::open(path, schema)?;
        Ok(PlannedFile {
            path: path.clone(),
            file: path.display().to_string(),
            format: table.format(),
            columns: table.columns().to_vec(),
            layout: Layout::new(schema, table.columns()),
        })
    };
    source.files().iter().map(look).collect()
}

/// The schema without optional columns that some file lacks, and their names.
fn resolve(schema: &Schema, files: &[PlannedFile]) -> (Schema, Vec<String>) {
    let everywhere = |name: &str| files.iter().all(|f| f.layout.column(name).is_some());
    let roles = schema.role_columns();
    let is_absent = |name: &&String| roles.contains(&name.as_str()) && !everywhere(name);
    let absent = schema.optional.iter().filter(is_absent).cloned().collect();
    (schema.resolved(everywhere), absent)
}

fn plan_label(schema: &Schema, options: &ReadOptions, files: &[PlannedFile]) -> Result<Option<LabelRule>, IngestError> {
    let role = match (&schema.label, options.truth) {
        (_, Truth::Ignore) | (None, Truth::IfPresent) => return Ok(None),
        (None, Truth::Required) => return Err(IngestError::NoLabelRole { schema: schema.name.clone() }),
        (Some(role), _) => role,
    };
    let rule = LabelRule::new(role);
    let (with, without): (Vec<_>, Vec<_>) = files.iter().partition(|f| f.layout.column(&role.column).is_some());
    match (with.first(), without.first(), options.truth) {
        (_, Some(_), Truth::Required) | (_, None, _) => Ok(Some(rule)),
        (None, Some(_), _) => Ok(None),
        (Some(labelled), Some(unlabelled), _) => Err(IngestError::PartlyLabelled {
            file: unlabelled.file.clone(),
            at: crate::error::Position::Line(1),
            problem: format!("no column `{}`, which {} has", role.column, labelled.file),
        }),
    }
}

fn refuse_missing(
    schema: &Schema,
    by: Option<SequenceBy>,
    truth: Truth,
    files: &[PlannedFile],
) -> Result<(), IngestError> {
    let mut needed: Vec<&str> = schema.numeric.iter().map(|c| c.name.as_str()).collect();
    needed.extend(schema.categorical.iter().map(|c| c.name.as_str()));
    needed.extend(schema.time.as_ref().map(|t| t.column.as_str()));
    needed.extend(schema.duration.as_deref());
    needed.extend(hosts_needed(schema, by));
    if by.is_some() {
        needed.extend(schema.capture.as_deref());
    }
    if truth == Truth::Required {
        needed.extend(schema.label.as_ref().map(|l| l.column.as_str()));
        let optional = |name: &&str| !schema.optional.iter().any(|o| o == name);
        needed.extend(schema.family.as_ref().map(|f| f.column.as_str()).filter(optional));
    }
    for file in files {
        let mut missing: Vec<String> =
            needed.iter().filter(|n| file.layout.column(n).is_none()).map(|n| (*n).to_owned()).collect();
        if !missing.is_empty() {
            missing.sort_unstable();
            missing.dedup();
            let hint = layout::hint(schema, &missing, &file.columns);
            let (file, found) = (file.file.clone(), file.columns.clone());
            return Err(IngestError::MissingColumns { file, missing, hint, found });
        }
    }
    refuse_no_sequences(schema, by, files)
}

fn refuse_no_sequences(schema: &Schema, by: Option<SequenceBy>, files: &[PlannedFile]) -> Result<(), IngestError> {
    let Some(by) = by.filter(|by| !schema.supports(*by)) else { return Ok(()) };
    let (by, need) = match by {
        SequenceBy::Src => ("src", "the column of the host that began each flow"),
        SequenceBy::Dst => ("dst", "the column of the host that was called"),
        SequenceBy::Pair => ("pair", "the columns of both hosts"),
        SequenceBy::Capture => ("capture", "an order"),
    };
    let remedy = "name it under `entity:` or `aliases:` in the schema, or choose `by: capture` for the sequences";
    let file = files.first().map(|f| f.file.clone()).unwrap_or_default();
    Err(IngestError::NoSequences { file, by: by.to_owned(), need: need.to_owned(), remedy: remedy.to_owned() })
}
