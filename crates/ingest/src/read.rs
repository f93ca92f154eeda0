//! Reads files whole, or batch by batch in bounded memory, into datasets.

use std::sync::Arc;

use nta_data::{Dataset, Schema, SequenceBy, Watch};
use serde::{Deserialize, Serialize};

use crate::assemble::{Assembled, Assembler, Labelled};
use crate::plan::{Plan, PlannedFile, Truth};
use crate::raw::RawBatch;
use crate::table::{BlockSize, Format, Table};
use crate::{IngestError, Source};

/// Rows and text bytes of one step of [`read`].
const STEP: BlockSize = BlockSize { rows: 1 << 16, bytes: 16 << 20 };

/// How files are read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// Column roles. Optional columns that the files lack are dropped; the dataset carries what is left.
    pub schema: Arc<Schema>,
    /// Whose sequences the rows belong to; `None`: no sequences. With `order: none` there are none either.
    pub by: Option<SequenceBy>,
    /// Key of the entity hash; the same key gives a host the same hash.
    pub entity_key: [u8; 16],
    /// Whether labels are needed.
    pub truth: Truth,
    /// Most rows of one [`Batch`].
    pub batch_rows: usize,
}

/// A table read whole.
#[derive(Debug, Clone)]
pub struct Read {
    /// The rows, in the order read.
    pub dataset: Dataset,
    /// What was seen on the way.
    pub summary: ReadSummary,
}

/// What reading learned about the files besides their rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReadSummary {
    /// Rows in the dataset.
    pub rows: u64,
    /// Rows left out because the schema ignores their label.
    pub ignored_rows: u64,
    /// Missing cells of each feature column (rows of the dataset).
    pub missing: Vec<ColumnMissing>,
    /// Optional columns of the schema that the files lack.
    pub columns_absent: Vec<String>,
    /// Columns of the files that no role of the schema names.
    pub columns_present_unused: Vec<String>,
    /// Label texts with their rows, ignored ones too, most frequent first.
    pub label_values: Vec<(String, u64)>,
    /// Format of the first file.
    pub format: Format,
    /// Rows of each file, ignored ones not counted.
    pub files: Vec<FileRows>,
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
    /// The file's name as [`Source::names`] gives it.
    pub name: String,
    /// Its format.
    pub format: Format,
    /// Rows read from it.
    pub rows: u64,
}

/// Reads all files of `source` into one dataset.
///
/// `watch` is told bytes read of bytes there are. Refuses, besides what a single cell or file can have wrong, labels of
/// one class with [`Truth::Required`].
pub fn read(source: &Source, options: &ReadOptions, watch: &dyn Watch) -> Result<Read, IngestError> {
    let plan = Plan::new(source, options)?;
    let mut assembler = Assembler::new(&plan, Labelled::Unsettled);
    let total = source.bytes();
    let mut bytes_before = 0;
    let mut files = Vec::new();
    for (index, (file, name)) in plan.files.iter().zip(source.names()).enumerate() {
        let rows_before = assembler.n_rows();
        let mut table = plan.open(file)?;
        table.project(&plan.columns_read(file));
        let mut is_empty = true;
        while let Some(block) = table.next_block(STEP)? {
            is_empty = false;
            assembler.push(index, &block)?;
            watch.step((bytes_before + table.bytes_read()).min(total), total);
            if watch.cancelled() {
                return Err(IngestError::Cancelled);
            }
        }
        if is_empty {
            return Err(IngestError::HeaderOnly { file: file.file.clone() });
        }
        bytes_before += file.path.metadata().map_or(0, |m| m.len());
        let rows = (assembler.n_rows() - rows_before) as u64;
        files.push(FileRows { name: name.clone(), format: file.format, rows });
    }
    let n_attacks = assembler.n_attacks();
    let assembled = assembler.finish(source.names().to_vec());
    let summary = summarise(&plan, files, &assembled);
    refuse_one_class(&plan, &assembled.dataset, n_attacks, &summary)?;
    Ok(Read { dataset: assembled.dataset, summary })
}

fn summarise(plan: &Plan, files: Vec<FileRows>, assembled: &Assembled) -> ReadSummary {
    let mut label_values = assembled.label_counts.clone();
    label_values.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let missing =
        assembled.missing.iter().map(|(column, missing)| ColumnMissing { column: column.clone(), missing: *missing });
    ReadSummary {
        rows: assembled.dataset.n_rows() as u64,
        ignored_rows: assembled.n_ignored,
        missing: missing.collect(),
        columns_absent: plan.absent.clone(),
        columns_present_unused: unused_columns(plan),
        label_values,
        format: plan.files.first().map_or(Format::Csv, |f| f.format),
        files,
    }
}

/// Columns of any file that stand for no name of the schema, in order of appearance.
fn unused_columns(plan: &Plan) -> Vec<String> {
    let mut unused: Vec<String> = Vec::new();
    for file in &plan.files {
        let known = crate::layout::known_names(&plan.schema);
        let named: Vec<&str> = known.iter().filter_map(|n| file.layout.column(n)).collect();
        for column in &file.columns {
            if !named.contains(&column.as_str()) && !unused.contains(column) {
                unused.push(column.clone());
            }
        }
    }
    unused
}

fn refuse_one_class(
    plan: &Plan,
    dataset: &Dataset,
    n_attacks: usize,
    summary: &ReadSummary,
) -> Result<(), IngestError> {
    let (Truth::Required, Some(role)) = (plan.truth, &plan.schema.label) else { return Ok(()) };
    let files = plan.files.iter().map(|f| f.file.as_str()).collect::<Vec<_>>().join(", ");
    let found = counted(&summary.label_values);
    if dataset.n_rows() == 0 {
        return Err(IngestError::AllIgnored { files, rows: summary.ignored_rows, labels: found });
    }
    if n_attacks > 0 && n_attacks < dataset.n_rows() {
        return Ok(());
    }
    let class = if n_attacks == 0 { "benign" } else { "attack" }.to_owned();
    Err(IngestError::OneClass { files, column: role.column.clone(), class, found })
}

/// Label values as messages list them: the most frequent ones with their rows.
fn counted(values: &[(String, u64)]) -> String {
    let mut parts: Vec<String> = values.iter().take(8).map(|(v, n)| format!("`{v}` × {n}")).collect();
    if values.len() > 8 {
        parts.push(format!("{} more", values.len() - 8));
    }
    parts.join(", ")
}

/// Some rows of a source, as a dataset and as they stood in the file.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The rows.
    pub dataset: Dataset,
    /// All input columns of the same rows, for passing through.
    pub raw: RawBatch,
    /// Rows left out before and among these because the schema ignores their label ([`Truth::Required`] only).
    pub ignored_rows: u64,
    /// With [`Truth::IfPresent`]: places of the rows whose label the schema ignores. They are among the rows, no truth
    /// is known of them, and what stands in the dataset's label and family there means nothing.
    pub unjudged: Vec<u32>,
}

/// Reads a source batch by batch; memory does not grow with the files.
///
/// A batch never spans two files. Codes of a batch mean nothing in another.
pub struct Batches {
    plan: Plan,
    names: Vec<String>,
    rows: usize,
    index: usize,
    table: Option<Box<dyn Table>>,
    file_is_empty: bool,
    labelled: Labelled,
    done: bool,
}

/// Opens `source` for reading in batches of at most `options.batch_rows` rows. One class among the labels is no error
/// here.
pub fn batches(source: &Source, options: &ReadOptions) -> Result<Batches, IngestError> {
    let plan = Plan::new(source, options)?;
    Ok(Batches {
        plan,
        names: source.names().to_vec(),
        rows: options.batch_rows.max(1),
        index: 0,
        table: None,
        file_is_empty: true,
        labelled: Labelled::Unsettled,
        done: false,
    })
}

impl Batches {
    /// The schema without optional columns that the files lack, which every batch carries.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.plan.schema
    }

    fn next_batch(&mut self) -> Result<Option<Batch>, IngestError> {
        let mut ignored_rows = 0;
        loop {
            let Some(file) = self.plan.files.get(self.index) else { return Ok(None) };
            let table = match &mut self.table {
                Some(table) => table,
                none => none.insert(self.plan.open(file)?),
            };
            let size = BlockSize { rows: self.rows, bytes: usize::MAX };
            let Some(block) = table.next_block(size)? else {
                next_file(&mut self.table, &mut self.index, &mut self.file_is_empty, file)?;
                continue;
            };
            self.file_is_empty = false;
            let mut assembler = Assembler::new(&self.plan, self.labelled);
            if self.plan.truth == Truth::IfPresent {
                assembler = assembler.keeping_ignored();
            }
            let kept = assembler.push(self.index, &block)?;
            self.labelled = assembler.labelled();
            let assembled = assembler.finish(self.names.clone());
            if self.plan.truth == Truth::Required {
                ignored_rows += assembled.n_ignored;
            }
            if assembled.dataset.n_rows() > 0 {
                let raw = RawBatch::new(block.frame, kept.as_deref(), &file.file)?;
                let Assembled { dataset, unjudged, .. } = assembled;
                return Ok(Some(Batch { dataset, raw, ignored_rows, unjudged }));
            }
        }
    }
}

fn next_file(
    table: &mut Option<Box<dyn Table>>,
    index: &mut usize,
    is_empty: &mut bool,
    file: &PlannedFile,
) -> Result<(), IngestError> {
    if *is_empty {
        return Err(IngestError::HeaderOnly { file: file.file.clone() });
    }
    *table = None;
    *index += 1;
    *is_empty = true;
    Ok(())
}

impl Iterator for Batches {
    type Item = Result<Batch, IngestError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.next_batch().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}
