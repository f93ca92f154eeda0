//! Settles, before any row is read, which columns of which files serve which role: optional columns that the files
//! lack leave the schema here, and columns that are needed and absent are refused.

use std::sync::Arc;

use nta_data::{Contact, Label, Order, Schema, SensorKey, SequenceBy, listed};

use crate::assemble::fault::FaultKind;
use crate::assemble::labels::{LabelRule, Verdict};
use crate::assemble::needs::refuse_missing;
use crate::assemble::planned_file::{FileLabel, PlannedFile, hosts_needed};
use crate::assemble::role;
use crate::error::IngestError;
use crate::format::{self, Opened};
use crate::input::file::{Input, OpenInput};
use crate::input::source::Source;
use crate::input::tap::Hashing;
use crate::labelling::join::Join;
use crate::options::{Advice, ReadOptions, Truth};
use crate::rejects::reject::BadRows;
use crate::schema::layout::Layout;
use crate::values::cell::CellValue;
use crate::values::time::TimeReader;
use crate::values::time::epoch::ratio;

/// What reading needs to know about the files.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The schema without the optional columns that are absent.
    pub(crate) schema: Arc<Schema>,
    /// The same, with what the caller said of how the files are written.
    pub(crate) read_by: Schema,
    pub(crate) advice: Advice,
    /// How labels are judged; `None` where they are not read.
    pub(crate) label: Option<LabelRule>,
    pub(crate) files: Vec<PlannedFile>,
    /// Whose sequences, `None` where there are none.
    pub(crate) by: Option<SequenceBy>,
    pub(crate) key: [u8; 16],
    pub(crate) truth: Truth,
    pub(crate) bad_rows: BadRows,
    /// Optional columns that were dropped.
    pub(crate) absent: Vec<String>,
    /// Who may end the reading.
    pub(crate) contact: Contact,
}

impl Plan {
    /// Looks at every file of `source`.
    pub(crate) fn new(source: &Source, options: &ReadOptions) -> Result<Plan, IngestError> {
        options.schema.check()?;
        options.written.check(&options.schema)?;
        let files = look_at_files(source, options)?;
        Plan::settle(files, options)
    }

    /// The plan of a stream that is open already.
    pub(crate) fn of_stream(
        opened: &Opened,
        file: &str,
        sensor: &str,
        options: &ReadOptions,
    ) -> Result<Plan, IngestError> {
        options.schema.check()?;
        options.written.check(&options.schema)?;
        let sensor = sensor_key(options, 0, sensor);
        let file = planned(None, file.to_owned(), sensor, None, opened, options);
        Plan::settle(vec![file], options)
    }

    fn settle(mut files: Vec<PlannedFile>, options: &ReadOptions) -> Result<Plan, IngestError> {
        let (schema, absent) = resolve(&options.schema, &files);
        let by = options.by.filter(|_| schema.order != Order::None);
        let read_by = options.written.read_by(&schema);
        let label = plan_label(&schema, options, &files)?;
        if let Some(rule) = &label {
            files.iter_mut().try_for_each(|file| file.find_labels(&read_by, rule, options))?;
        }
        refuse_missing(&schema, by, options, &files)?;
        let truth = if label.is_some() { options.truth } else { Truth::Ignore };
        let (key, bad_rows, contact) = (options.entity_key, options.bad_rows, options.contact.clone());
        let (schema, advice) = (Arc::new(schema), options.advice);
        Ok(Plan { schema, read_by, advice, label, files, by, key, truth, bad_rows, absent, contact })
    }

    /// What the numbers of a feature are multiplied by: other than 1 for a duration in another unit than the schema's.
    pub(crate) fn scale(&self, feature: &str) -> f64 {
        let (theirs, ours) = (self.read_by.duration_unit, self.schema.duration_unit);
        match self.schema.duration.as_deref() {
            Some(duration) if duration == feature && theirs != ours => ratio(theirs, ours),
            _ => 1.0,
        }
    }

    /// The label that a file is given, and what it means; `None` where rows have their own or labels are not read.
    pub(crate) fn label_of(&self, file: &PlannedFile) -> Option<FileLabel> {
        let (rule, text) = (self.label.as_ref()?, file.label.clone()?);
        let class = if rule.judge(&text) == Verdict::Benign { Label::Benign } else { Label::Attack };
        Some(FileLabel { text, class })
    }

    /// How a time cell is read: traffic that is learned from must lie in a plausible year, what is scored is scored.
    pub(crate) fn start(&self) -> fn(CellValue<'_>, &TimeReader) -> Result<i64, FaultKind> {
        if self.truth == Truth::Required { role::plausible_start } else { role::start }
    }

    /// Its files, as messages name them all.
    pub(crate) fn file_names(&self) -> String {
        listed(&self.files.iter().map(|f| f.file.as_str()).collect::<Vec<_>>())
    }

    /// The columns of `file` that some role reads.
    pub(crate) fn columns_read(&self, file: &PlannedFile) -> Vec<String> {
        let mut names = self.names_read();
        names.retain(|name| file.layout.column(name).is_some());
        let mut columns: Vec<String> = names.iter().filter_map(|n| file.layout.column(n)).map(str::to_owned).collect();
        columns.extend(file.join.iter().flat_map(Join::columns).cloned());
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// Opens a file of the plan at its front, through the descriptor that it was looked at with.
    pub(crate) fn open(&self, file: &PlannedFile, hashing: Hashing) -> Result<(OpenInput, Opened), IngestError> {
        let gone = || IngestError::internal(&file.file, "a stream cannot be read again");
        let input = file.input.as_ref().ok_or_else(gone)?.open(&self.contact)?;
        let mut opened = format::open(&input, &self.read_by, self.bad_rows, hashing)?;
        if let Some(column) = self.schema.duration.as_deref().and_then(|name| file.layout.column(name)) {
            opened.reader.give_durations_in(column, self.read_by.duration_unit);
        }
        Ok((input, opened))
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

fn look_at_files(source: &Source, options: &ReadOptions) -> Result<Vec<PlannedFile>, IngestError> {
    let read_by = options.written.read_by(&options.schema);
    let look = |(index, input): (usize, &Arc<Input>)| {
        let opened = format::open(&input.open(&options.contact)?, &read_by, options.bad_rows, Hashing::No)?;
        let sensor = sensor_key(options, index, &source.sensors()[index]);
        let label = source.labels()[index].clone();
        Ok(planned(Some(Arc::clone(input)), input.name(), sensor, label, &opened, options))
    };
    source.inputs().iter().enumerate().map(look).collect()
}

fn planned(
    input: Option<Arc<Input>>,
    file: String,
    sensor: String,
    label: Option<String>,
    opened: &Opened,
    options: &ReadOptions,
) -> PlannedFile {
    let columns = opened.reader.columns().to_vec();
    let layout = Layout::renamed(&options.schema, &columns, &options.written.columns);
    let (doubles, unread) = (opened.reader.doubles().to_vec(), opened.reader.unread().to_vec());
    let (format, join) = (opened.format, None);
    PlannedFile { input, file, sensor, label, join, format, columns, layout, doubles, unread }
}

/// What the entities of file number `index`, whose sensor is called `name`, are hashed with.
fn sensor_key(options: &ReadOptions, index: usize, name: &str) -> String {
    match options.sensor_key {
        SensorKey::FileIndex => index.to_string(),
        SensorKey::Name => options.sensor.clone().unwrap_or_else(|| name.to_owned()),
    }
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
    let is_told = |f: &PlannedFile| f.label.is_some() || f.layout.column(&role.column).is_some();
    let is_read = options.truth == Truth::Required || options.labels.is_some() || files.iter().any(is_told);
    Ok(is_read.then(|| LabelRule::new(role)))
}
