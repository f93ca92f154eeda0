//! Refuses files that lack what the schema and the caller need of them.

use nta_data::{Schema, SequenceBy};

use crate::assemble::planned_file::{PlannedFile, hosts_needed};
use crate::error::IngestError;
use crate::options::{Advice, ReadOptions, Truth};
use crate::schema::hints;

/// What to do about a column of a kind that is not read.
const UNREAD_REMEDY: &str = "write it as a number or a text, or take it out of the schema";

/// Columns of roles that are not optional, sequences that no column allows.
pub(crate) fn refuse_missing(
    schema: &Schema,
    by: Option<SequenceBy>,
    options: &ReadOptions,
    files: &[PlannedFile],
) -> Result<(), IngestError> {
    refuse_no_such_column(options, files)?;
    let mut needed: Vec<&str> = schema.numeric.iter().map(|c| c.name.as_str()).collect();
    needed.extend(schema.categorical.iter().map(|c| c.name.as_str()));
    needed.extend(schema.time.as_ref().map(|t| t.column.as_str()));
    needed.extend(schema.duration.as_deref());
    needed.extend(hosts_needed(schema, by));
    if by.is_some() {
        needed.extend(schema.capture.as_deref());
    }
    let truths = truths_needed(schema, options.truth);
    for file in files {
        let truths = truths.iter().filter(|_| file.label.is_none() && file.join.is_none());
        let mut missing: Vec<String> =
            needed.iter().chain(truths).filter(|n| file.layout.column(n).is_none()).map(|n| (*n).to_owned()).collect();
        if !missing.is_empty() {
            missing.sort_unstable();
            missing.dedup();
            let is_label = schema.label.as_ref().is_some_and(|l| missing == [l.column.as_str()]);
            let unread = file.unread.iter().find(|(name, _)| missing.contains(name));
            let unread =
                unread.map(|(name, kind)| format!("`{name}` is there as {kind}, which is not read: {UNREAD_REMEDY}; "));
            let hint = match options.advice {
                Advice::Options => hints::rename(schema, &file.layout, &missing, &file.columns),
                Advice::File => hints::file(&file.layout, &missing, &file.columns),
                Advice::Schema if is_label => hints::label(schema, &file.layout, &missing, &file.columns),
                Advice::Schema => hints::schema(schema, &file.layout, &missing, &file.columns),
            };
            let hint = unread.unwrap_or(hint);
            let (file, found) = (file.file.clone(), file.columns.clone());
            return Err(IngestError::MissingColumns { file, missing, hint, found });
        }
    }
    refuse_no_sequences(schema, by, files)
}

/// A column that the caller names must be there.
fn refuse_no_such_column(options: &ReadOptions, files: &[PlannedFile]) -> Result<(), IngestError> {
    for file in files {
        if let Some((name, column)) = options.written.columns.iter().find(|(_, c)| !file.columns.contains(c)) {
            let (name, column) = (name.clone(), column.clone());
            let (file, found) = (file.file.clone(), file.columns.clone());
            return Err(IngestError::NoSuchColumn { file, column, name, found });
        }
    }
    Ok(())
}

/// The columns that hold the truth, where it is needed of each file that is given none.
fn truths_needed(schema: &Schema, truth: Truth) -> Vec<&str> {
    if truth != Truth::Required {
        return Vec::new();
    }
    let is_optional = |name: &&str| schema.optional.iter().any(|o| o == name);
    let family = schema.family.as_ref().map(|f| f.column.as_str()).filter(|f| !is_optional(f));
    schema.label.iter().map(|l| l.column.as_str()).chain(family).collect()
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
