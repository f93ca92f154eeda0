//! Reads files whole, into one dataset.

use nta_data::{Dataset, Watch};

use crate::assemble::assembler::{Assembled, Assembler};
use crate::assemble::plan::Plan;
use crate::assemble::planned_file::PlannedFile;
use crate::assemble::screen::screen;
use crate::block::BlockLimit;
use crate::error::IngestError;
use crate::format::Opened;
use crate::input::file::OpenInput;
use crate::input::source::{FileDigest, Source};
use crate::input::tap::Hashing;
use crate::options::{ReadOptions, Truth};
use crate::reading::summary::{FileRows, ReadSummary, Sampled, summarise};
use crate::reading::time_checks;
use crate::rejects::ledger::Ledger;
use crate::rejects::reject::Reject;

/// Rows and text bytes of one step of [`read`].
const STEP: BlockLimit = BlockLimit { rows: 1 << 16, bytes: 16 << 20, deadline: None };

/// A table read whole.
#[derive(Debug, Clone)]
pub struct Read {
    /// The rows, in the order read.
    pub dataset: Dataset,
    /// What was seen on the way.
    pub summary: ReadSummary,
    /// Size and SHA-256 of every file: of the bytes that were read.
    pub digests: Vec<FileDigest>,
    /// The rows set aside, in the order met.
    pub rejects: Vec<Reject>,
    /// With [`Truth::IfPresent`]: places of the rows of which no truth is known, as in [`crate::Batch::unjudged`].
    pub unjudged: Vec<u32>,
}

/// Reads all files of `source` into one dataset.
///
/// `watch` is told bytes read of bytes there are. Refuses, besides what a single cell or file can have wrong, labels of
/// one class with [`Truth::Required`], and more bad rows than [`ReadOptions::bad_rows`] allows.
pub fn read(source: &Source, options: &ReadOptions, watch: &dyn Watch) -> Result<Read, IngestError> {
    match read_once(source, options, watch) {
        // Of a sample no line's number is known until one is asked for.
        Err(error) if source.is_sampled() && !matches!(error, IngestError::Cancelled) => {
            read_once(&source.counting_lines(), options, watch)
        }
        read => read,
    }
}

fn read_once(source: &Source, options: &ReadOptions, watch: &dyn Watch) -> Result<Read, IngestError> {
    let plan = Plan::new(source, options)?;
    let mut pass = Pass {
        plan: &plan,
        assembler: Assembler::new(&plan),
        ledger: Ledger::new(options.bad_rows),
        sample: source.is_sampled().then(Sampled::default),
        bytes_before: 0,
        bytes: plan
            .files
            .iter()
            .filter_map(|f| f.input.as_ref()?.open(&plan.contact).ok())
            .map(|input| input.length)
            .sum(),
        watch,
    };
    let (mut files, mut digests) = (Vec::new(), Vec::new());
    for (index, (file, name)) in plan.files.iter().zip(source.names()).enumerate() {
        let rows_before = pass.assembler.n_rows();
        let hashing = if source.is_sampled() { Hashing::No } else { Hashing::Yes };
        let (input, opened) = plan.open(file, hashing)?;
        digests.push(pass.read_file(index, file, name, &input, opened)?);
        let rows = (pass.assembler.n_rows() - rows_before) as u64;
        files.push(FileRows { name: name.clone(), format: file.format, rows, label: plan.label_of(file) });
    }
    let Pass { assembler, mut ledger, sample, .. } = pass;
    ledger.refuse_nothing_left(&plan.file_names())?;
    let n_attacks = assembler.n_attacks();
    let assembled = assembler.finish(source.names().to_vec());
    let mut summary = ReadSummary { sample, ..summarise(&plan, files, &assembled, &ledger) };
    refuse_one_class(&plan, &assembled.dataset, n_attacks, &summary)?;
    if plan.truth == Truth::Required {
        summary.time_doubts = time_checks::check(&plan, &assembled.dataset, &summary)?;
    }
    let Assembled { dataset, unjudged, .. } = assembled;
    Ok(Read { dataset, summary, digests, rejects: ledger.take(), unjudged })
}

/// One reading of all files.
struct Pass<'a> {
    plan: &'a Plan,
    assembler: Assembler<'a>,
    ledger: Ledger,
    sample: Option<Sampled>,
    bytes_before: u64,
    bytes: u64,
    watch: &'a dyn Watch,
}

impl Pass<'_> {
    fn read_file(
        &mut self,
        index: usize,
        file: &PlannedFile,
        name: &str,
        input: &OpenInput,
        opened: Opened,
    ) -> Result<FileDigest, IngestError> {
        let Opened { mut reader, tap, .. } = opened;
        reader.project(&self.plan.columns_read(file));
        let (mut is_empty, mut n_rows) = (true, 0);
        while let Some(block) = reader.next_block(STEP)? {
            is_empty &= block.is_empty();
            self.ledger.leave_out(block.left_out);
            let (block, rejects) = screen(self.plan, index, block)?;
            self.assembler.push(index, &block)?;
            n_rows += (block.rows.len() + rejects.len()) as u64;
            self.ledger.add(block.rows.len(), rejects, &file.file)?;
            self.watch.step((self.bytes_before + reader.bytes_read()).min(self.bytes), self.bytes);
            if self.watch.cancelled() {
                return Err(IngestError::Cancelled);
            }
        }
        if is_empty {
            return Err(IngestError::HeaderOnly { file: file.file.clone() });
        }
        self.bytes_before += input.length;
        if let Some(sample) = &mut self.sample {
            sample.add(n_rows, reader.bytes_read(), input);
            if let Some(file) = &file.input {
                file.refuse_changed()?;
            }
            return Ok(FileDigest { name: name.to_owned(), bytes: input.length, sha256: String::new() });
        }
        let (bytes, sha256) = tap.digest(input).map_err(|e| IngestError::read(&file.file, &e))?;
        if let Some(input) = &file.input {
            input.refuse_changed()?;
        }
        Ok(FileDigest { name: name.to_owned(), bytes, sha256 })
    }
}

fn refuse_one_class(
    plan: &Plan,
    dataset: &Dataset,
    n_attacks: usize,
    summary: &ReadSummary,
) -> Result<(), IngestError> {
    let (Truth::Required, Some(role)) = (plan.truth, &plan.schema.label) else { return Ok(()) };
    let (files, column, found) = (plan.file_names(), role.column.clone(), counted(&summary.label_values));
    let blanks: Vec<(String, u64)> = summary.unlabelled.iter().map(|(text, rows)| (text.clone(), *rows)).collect();
    if let (0, Some(joined)) = (dataset.n_rows(), &summary.joined) {
        let (labels, by, rows) = (joined.file.clone(), joined.by.clone(), joined.unmatched + joined.ambiguous);
        return Err(IngestError::NothingJoined { files, rows, labels, by });
    }
    if dataset.n_rows() == 0 && summary.ignored_rows == 0 {
        let rows = blanks.iter().map(|(_, rows)| rows).sum();
        return Err(IngestError::NoLabels { files, column, rows, found: counted(&blanks) });
    }
    if dataset.n_rows() == 0 {
        return Err(IngestError::AllIgnored { files, rows: summary.ignored_rows, labels: found });
    }
    if n_attacks > 0 && n_attacks < dataset.n_rows() {
        return Ok(());
    }
    let class = if n_attacks == 0 { "benign" } else { "attack" }.to_owned();
    let note = match &summary.joined {
        Some(joined) if joined.windows.iter().all(|w| w.rows == 0) && !joined.windows.is_empty() => {
            format!("; no flow lies in any window of {}: check its time zone and hosts", joined.file)
        }
        None if !blanks.is_empty() => format!("; unlabelled: {}, which can be listed as benign", counted(&blanks)),
        _ => String::new(),
    };
    Err(IngestError::OneClass { files, column, class, found, note })
}

/// Label values as messages list them: the most frequent ones with their rows.
fn counted(values: &[(String, u64)]) -> String {
    let shown = |text: &str| if text.is_empty() { "an empty cell".to_owned() } else { format!("`{text}`") };
    let mut parts: Vec<String> = values.iter().take(8).map(|(v, n)| format!("{} × {n}", shown(v))).collect();
    if values.len() > 8 {
        parts.push(format!("{} more", values.len() - 8));
    }
    parts.join(", ")
}
