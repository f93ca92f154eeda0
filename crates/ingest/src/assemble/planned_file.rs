//! A file as it was looked at before any row is read, and what is given of it from outside.

use std::sync::Arc;

use nta_data::{Label, Schema, SequenceBy};
use polars_core::prelude::DataFrame;
use serde::{Deserialize, Serialize};

use crate::assemble::labels::LabelRule;
use crate::error::IngestError;
use crate::format::Format;
use crate::input::file::Input;
use crate::labelling::join::Join;
use crate::options::ReadOptions;
use crate::schema::header::Double;
use crate::schema::layout::Layout;
use crate::values::cell::TypedColumn;

/// A label that all rows of a file are given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLabel {
    /// The label, as the schema spells it.
    pub text: String,
    /// What it means.
    pub class: Label,
}

/// One file of the plan, or a stream.
#[derive(Debug, Clone)]
pub(crate) struct PlannedFile {
    /// `None` for a stream, which is read by the reader that was open when it was planned.
    pub(crate) input: Option<Arc<Input>>,
    /// The path as messages name it.
    pub(crate) file: String,
    /// What its entities are hashed with, where no column names their capture.
    pub(crate) sensor: String,
    /// The label of all its rows, given from outside, as the schema spells it.
    pub(crate) label: Option<String>,
    /// How its rows find their labels in a second file, where they do.
    pub(crate) join: Option<Join>,
    pub(crate) format: Format,
    pub(crate) columns: Vec<String>,
    pub(crate) layout: Layout,
    /// Columns under a name that stood before them in the header.
    pub(crate) doubles: Vec<Double>,
    /// Columns of kinds that no role can use, and those kinds.
    pub(crate) unread: Vec<(String, String)>,
}

impl PlannedFile {
    /// Settles where its labels come from, where that is no column of its own.
    pub(super) fn find_labels(
        &mut self,
        schema: &Schema,
        rule: &LabelRule,
        options: &ReadOptions,
    ) -> Result<(), IngestError> {
        self.label = self.label.as_deref().map(|given| rule.spelled(given));
        if let Some(given) = options.labels.as_ref().filter(|_| self.label.is_none()) {
            self.join = Some(Join::new(given, schema, &self.layout, &self.columns, &self.file, rule)?);
        }
        Ok(())
    }

    /// A column of a block of this file.
    pub(crate) fn typed_column<'f>(&self, frame: &'f DataFrame, column: &str) -> Result<TypedColumn<'f>, IngestError> {
        let series = frame.column(column).map_err(|e| IngestError::internal(&self.file, e))?.as_materialized_series();
        let kind = series.dtype();
        TypedColumn::of(series)
            .ok_or_else(|| IngestError::internal(&self.file, format!("column {column} is of kind {kind}")))
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
