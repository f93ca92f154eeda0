//! Where verdicts are kept: `models/<name>/feedback/`, a table and a record for each submission. Nothing there is ever
//! changed; a later verdict on the same flow goes before an earlier one.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use nta_atomic::{FolderLock, FolderWait};
use nta_data::{Awaited, Contact};
use nta_ingest::{Added, AddedValues, AsWritten, ColumnValues, RawBatch, TableWriter, read_columns_named};
use serde::{Deserialize, Serialize};

use super::verdict::Verdict;
use crate::error::{PipelineError, failed, refused};

/// Columns put beside those of the flows.
pub(super) const KEY: &str = "nta_flow";
pub(super) const SAID: &str = "nta_verdict";
pub(super) const LABEL: &str = "nta_label";

/// What one call of `nta feedback` kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Submission {
    /// When, RFC 3339 in UTC.
    pub when: String,
    /// Who: `user@host`.
    pub who: String,
    /// The version that had judged the flows.
    pub model: String,
    /// The file that the verdicts stood in.
    pub from: String,
    /// A word on where they come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Flows.
    pub rows: u64,
    /// Flows by verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// How the flows are written, where not as the model's schema says.
    #[serde(default)]
    pub written: AsWritten,
}

/// The feedback of one name.
#[derive(Debug, Clone)]
pub(super) struct Store {
    folder: PathBuf,
}

impl Store {
    pub(super) fn of(home: &Path, name: &str) -> Store {
        Store { folder: home.join("models").join(name).join("feedback") }
    }

    /// Numbers of the submissions, oldest first: those whose record stands.
    fn numbers(&self) -> Result<Vec<u32>, PipelineError> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut numbers = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            numbers.extend(name.to_str().and_then(|n| n.strip_suffix(".json")).and_then(|n| n.parse::<u32>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn record(&self, number: u32) -> PathBuf {
        self.folder.join(format!("{number:06}.json"))
    }

    fn table(&self, number: u32) -> PathBuf {
        self.folder.join(format!("{number:06}.parquet"))
    }

    /// Every submission, oldest first.
    pub(super) fn submissions(&self) -> Result<Vec<Submission>, PipelineError> {
        Ok(self.tables()?.into_iter().map(|(_, submission)| submission).collect())
    }

    /// Every submission with its table, oldest first.
    pub(super) fn tables(&self) -> Result<Vec<(PathBuf, Submission)>, PipelineError> {
        let read = |number: u32| {
            let path = self.record(number);
            let text = fs::read(&path).map_err(refused)?;
            let damaged = |e| PipelineError::refuse(format!("{} is damaged: {e}", path.display()));
            Ok((self.table(number), serde_json::from_slice(&text).map_err(damaged)?))
        };
        self.numbers()?.into_iter().map(read).collect()
    }

    /// Begins a submission. Until it is finished or dropped no other process begins one.
    pub(super) fn write(&self, contact: &Contact) -> Result<Writing, PipelineError> {
        let go_on = |wait: &FolderWait<'_>| {
            contact.waits(Awaited::Folder { path: wait.folder, holder: wait.holder }, wait.elapsed)
        };
        let lock = FolderLock::take(&self.folder, &go_on).map_err(failed)?;
        lock.sweep().map_err(failed)?;
        let mut said = HashMap::new();
        for (table, _) in self.tables()? {
            let columns = read_columns_named(&table, &[KEY, SAID]).map_err(refused)?;
            let keys = texts(columns.get(KEY));
            said.extend(keys.into_iter().zip(texts(columns.get(SAID))));
        }
        let number = self.numbers()?.last().map_or(1, |last| last + 1);
        Ok(Writing { store: self.clone(), number, said, seen: HashMap::new(), table: None, _lock: lock })
    }
}

/// The cells of a column of text that this program wrote.
pub(super) fn texts(column: Option<&ColumnValues>) -> Vec<String> {
    match column {
        Some(ColumnValues::Text(cells)) => cells.iter().map(|c| c.clone().unwrap_or_default()).collect(),
        Some(ColumnValues::Integer(cells)) => cells.iter().map(i64::to_string).collect(),
        _ => Vec::new(),
    }
}

/// A submission under way.
pub(super) struct Writing {
    store: Store,
    number: u32,
    /// The verdict in force on each flow.
    said: HashMap<String, String>,
    /// How often a flow came in this submission: flows that are alike to the last number are not one.
    seen: HashMap<String, u64>,
    table: Option<TableWriter>,
    _lock: FolderLock,
}

/// What a flow is to the store.
pub(super) enum KeptRow {
    /// The same verdict is kept.
    Known,
    New {
        key: String,
        revised: bool,
    },
}

impl Writing {
    /// Takes notice of a flow.
    pub(super) fn see(&mut self, flow: &str, verdict: &Verdict) -> KeptRow {
        let nth = self.seen.entry(flow.to_owned()).or_default();
        *nth += 1;
        let (key, verdict) = (format!("{flow}-{nth}"), verdict.to_string());
        match self.said.insert(key.clone(), verdict.clone()) {
            Some(before) if before == verdict => KeptRow::Known,
            before => KeptRow::New { key, revised: before.is_some() },
        }
    }

    /// Adds the rows that have a key.
    pub(super) fn add(
        &mut self,
        rows: &RawBatch,
        keys: &[Option<String>],
        verdicts: &[Verdict],
    ) -> Result<(), PipelineError> {
        let kept: Vec<bool> = keys.iter().map(Option::is_some).collect();
        if !kept.contains(&true) {
            return Ok(());
        }
        let verdicts = || verdicts.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(verdict, _)| verdict);
        let said: Vec<String> = verdicts().map(Verdict::to_string).collect();
        let keys: Vec<&str> = keys.iter().flatten().map(String::as_str).collect();
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        let labels: Vec<&str> = verdicts().map(Verdict::label).collect();
        let added = [(KEY, &keys), (SAID, &said), (LABEL, &labels)];
        let added = added.map(|(name, texts)| Added { name, values: AddedValues::Text(texts) });
        let rows = rows.filter(&kept).map_err(failed)?;
        let table = match &mut self.table {
            Some(table) => table,
            none => none.insert(TableWriter::create(&self.store.table(self.number), None).map_err(failed)?),
        };
        table.write(&rows, &added).map_err(refused)
    }

    /// Keeps what was added; `None` where that is nothing. The record comes last, and without it there is no submission.
    pub(super) fn finish(mut self, submission: &Submission) -> Result<Option<PathBuf>, PipelineError> {
        let Some(table) = self.table.take() else { return Ok(None) };
        table.finish().map_err(failed)?;
        let record = serde_json::to_vec_pretty(submission).map_err(failed)?;
        nta_atomic::write(&self.store.record(self.number), &record).map_err(failed)?;
        Ok(Some(self.store.table(self.number)))
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        // A refused submission leaves no folder that was not there; one that holds anything stays.
        let _ = fs::remove_dir(&self.store.folder);
    }
}
