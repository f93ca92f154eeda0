//! What reading learned about the files besides their rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::assemble::assembler::Assembled;
use crate::assemble::plan::Plan;
use crate::assemble::planned_file::FileLabel;
use crate::format::Format;
use crate::input::file::OpenInput;
use crate::labelling::join::Joined;
use crate::left_out::LeftOut;
use crate::reading::odd_columns::{OddColumn, odd_columns};
use crate::rejects::ledger::Ledger;
use crate::schema::layout;
use crate::values::time::span::TimeSpan;

/// What reading learned about the files besides their rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReadSummary {
    /// Rows in the dataset.
    pub rows: u64,
    /// Rows left out because the schema ignores their label.
    pub ignored_rows: u64,
    /// Rows left out because they have no label, by what stands in its place.
    #[serde(default)]
    pub unlabelled: BTreeMap<String, u64>,
    /// What was found in a second file of labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<Joined>,
    /// Rows set aside because they cannot be read.
    #[serde(default)]
    pub set_aside: u64,
    /// Lines of the files that hold no flow.
    #[serde(default)]
    pub left_out: LeftOut,
    /// Columns that stand twice in a header, and columns of kinds that are not read.
    #[serde(default)]
    pub odd_columns: Vec<OddColumn>,
    /// Missing cells of each feature column (rows of the dataset).
    pub missing: Vec<ColumnMissing>,
    /// Optional columns of the schema that the files lack.
    pub columns_absent: Vec<String>,
    /// Columns of the files that no role of the schema names.
    pub columns_present_unused: Vec<String>,
    /// Label texts with their rows, ignored ones too, most frequent first.
    pub label_values: Vec<(String, u64)>,
    /// From when until when the flows began, as they were read; `None` without a time column.
    #[serde(default)]
    pub time: Option<TimeSpan>,
    /// What is odd about the order of the times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub time_doubts: Vec<TimeDoubt>,
    /// How much was read, where not all of the files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sampled>,
    /// Format of the first file.
    pub format: Format,
    /// Rows of each file, ignored ones not counted.
    pub files: Vec<FileRows>,
}

/// How much of the files was read, of [`crate::Source::sampled`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sampled {
    /// Rows that were read, those left out or set aside among them.
    pub rows: u64,
    /// About as many as the files hold, by their bytes.
    pub of_rows: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Bytes of the files.
    pub of_bytes: u64,
    /// Whether some file is packed, so that only its beginning was read.
    pub beginning_only: bool,
}

impl Sampled {
    /// Adds a file, of which `rows` were read that are `bytes` on disk.
    pub(crate) fn add(&mut self, rows: u64, bytes: u64, input: &OpenInput) {
        let share = if input.sampling.is_none() { 1.0 } else { bytes.max(1) as f64 / input.length.max(1) as f64 };
        self.rows += rows;
        self.of_rows += (rows as f64 / share.min(1.0)).round() as u64;
        self.bytes += bytes.min(input.length);
        self.of_bytes += input.length;
        self.beginning_only |= input.sampling.is_some() && input.is_packed();
    }
}

/// Missing cells of one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnMissing {
    /// Column name, as in the schema.
    pub column: String,
    /// Cells that are empty, NaN, `-` or infinite.
    pub missing: u64,
}

/// Rows of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRows {
    /// The file's name as [`crate::Source::names`] gives it.
    pub name: String,
    /// Its format.
    pub format: Format,
    /// Rows read from it.
    pub rows: u64,
    /// The label given to all of them from outside the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<FileLabel>,
}

/// Something odd about the order of times: said, not refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeDoubt {
    /// The schema says `order: file`, and a file's times neither rise nor fall.
    Shuffled {
        /// The file.
        file: String,
    },
    /// The schema says `order: file`, and a file that ends before another begins is listed behind it.
    ListedLate {
        /// The earlier file.
        file: String,
        /// The one before it in the list.
        after: String,
    },
}

pub(crate) fn summarise(plan: &Plan, files: Vec<FileRows>, assembled: &Assembled, ledger: &Ledger) -> ReadSummary {
    let mut label_values = assembled.label_counts.clone();
    label_values.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let missing =
        assembled.missing.iter().map(|(column, missing)| ColumnMissing { column: column.clone(), missing: *missing });
    ReadSummary {
        rows: assembled.dataset.n_rows() as u64,
        ignored_rows: assembled.without_truth.ignored,
        joined: assembled.joined.clone(),
        unlabelled: assembled.without_truth.unlabelled.clone(),
        set_aside: ledger.n_set_aside(),
        left_out: ledger.left_out(),
        odd_columns: odd_columns(plan),
        missing: missing.collect(),
        columns_absent: plan.absent.clone(),
        columns_present_unused: unused_columns(plan),
        label_values,
        time: assembled.span.clone(),
        time_doubts: Vec::new(),
        sample: None,
        format: plan.files.first().map_or(Format::Csv, |f| f.format),
        files,
    }
}

/// Columns of any file that stand for no name of the schema, in order of appearance.
fn unused_columns(plan: &Plan) -> Vec<String> {
    let mut unused: Vec<String> = Vec::new();
    for file in &plan.files {
        let known = layout::known_names(&plan.schema);
        let named: Vec<&str> = known.iter().filter_map(|n| file.layout.column(n)).collect();
        for column in &file.columns {
            if !named.contains(&column.as_str()) && !unused.contains(column) {
                unused.push(column.clone());
            }
        }
    }
    unused
}
