//! The flows of a site, read as the model reads traffic.

use std::path::{Path, PathBuf};

use nta_data::Dataset;
use nta_model::{DataDigest, SiteSource};

use crate::digest::sha256_of;
use crate::error::{PipelineError, failed, refused};
use crate::event::{Listener, Unit};
use crate::project::Project;
use crate::score::Input;

use super::BaselineRequest;

/// The role of a baseline's files among a version's data.
const BASELINE: &str = "baseline";

/// What was read.
pub(crate) struct SiteRows {
    /// In arrival order, without labels.
    pub(crate) rows: Dataset,
    /// The host that began each of them, `(n_rows)`; empty where the schema names none.
    pub(crate) hosts: Vec<u64>,
    /// Rows that could not be read.
    pub(crate) set_aside: u64,
}

/// Reads all flows. Where the files hold labels, one that says attack ends it.
pub(crate) fn read(input: &Input<'_>, listener: &dyn Listener) -> Result<SiteRows, PipelineError> {
    let (mut all, mut set_aside): (Option<Dataset>, u64) = (None, 0);
    let mut batches = input.batches()?;
    while let Some(batch) = batches.next() {
        let batch = batch.map_err(refused)?;
        set_aside += batches.take_rejects().len() as u64;
        refuse_attacks(&batch.dataset, &batch.unjudged)?;
        let rows = Dataset { label: None, family: None, ..batch.dataset };
        match &mut all {
            None => all = Some(rows),
            Some(all) => {
                // Later batches know later files.
                all.files.clone_from(&rows.files);
                all.append(&rows).map_err(failed)?;
            }
        }
        if listener.cancelled() {
            return Err(PipelineError::Interrupted("while reading the baseline; nothing was made".to_owned()));
        }
        input.progress(all.as_ref().map_or(0, Dataset::n_rows) as u64, Unit::FlowsScored)?;
    }
    let all = all.filter(|rows| rows.n_rows() > 0);
    let all = all.ok_or_else(|| PipelineError::refuse("the files hold no flow"))?;
    let order = all.arrival_order();
    let hosts = if input.tells_hosts() { hosts(input, &all)? } else { Vec::new() };
    let hosts = order.iter().filter_map(|&row| hosts.get(row as usize).copied()).collect();
    Ok(SiteRows { rows: all.take(&order), hosts, set_aside })
}

/// The host that began each of `rows`, as they were read. A host of two files is one host of the site, though each file's sensor has a
/// name of its own and follows it by itself: so several files are read once more under one name.
fn hosts(input: &Input<'_>, rows: &Dataset) -> Result<Vec<u64>, PipelineError> {
    if input.files().len() == 1 {
        return Ok(rows.entity.clone());
    }
    let together = input.of_one_sensor();
    let mut hosts = Vec::with_capacity(rows.n_rows());
    let mut batches = together.batches()?;
    while let Some(batch) = batches.next() {
        hosts.extend(batch.map_err(refused)?.dataset.entity);
        batches.take_rejects();
        input.stopped()?;
    }
    match hosts.len() == rows.n_rows() {
        true => Ok(hosts),
        false => Err(input.changed()),
    }
}

fn refuse_attacks(rows: &Dataset, unjudged: &[u32]) -> Result<(), PipelineError> {
    let labels = rows.label.as_deref().unwrap_or_default();
    let is_attack = |i: &usize| labels[*i].is_attack() && unjudged.binary_search(&(*i as u32)).is_err();
    let Some(first) = (0..labels.len()).find(is_attack) else { return Ok(()) };
    let (file, row) =
        (rows.files.get(rows.row[first].file as usize).cloned().unwrap_or_default(), rows.row[first].row + 1);
    let called = rows.family_of(first).map(|family| format!(", `{family}`")).unwrap_or_default();
    Err(PipelineError::refuse(format!(
        "{file}, row {row}, is labelled as an attack{called}: a baseline is of benign flows alone"
    )))
}

/// How the files are read again; a pipe cannot be.
pub(super) fn source(
    request: &BaselineRequest,
    input: &Input<'_>,
    false_positive_rate: f64,
) -> Result<Option<SiteSource>, PipelineError> {
    let is_default = request.written == nta_ingest::AsWritten::default();
    Ok(input.files().iter().all(|path| path.is_file()).then_some(SiteSource {
        paths: input.files().iter().map(|path| inside(path, &request.project)).collect(),
        sensor: request.sensor.clone(),
        written: if is_default {
            serde_json::Value::Null
        } else {
            serde_json::to_value(&request.written).map_err(failed)?
        },
        false_positive_rate,
        all_hosts: request.all_hosts,
    }))
}

/// A file's path as long as the project stays where it is.
fn inside(path: &Path, project: &Project) -> String {
    let absolute = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let root = project.root.canonicalize().unwrap_or_else(|_| project.root.clone());
    absolute.strip_prefix(&root).unwrap_or(&absolute).to_string_lossy().into_owned()
}

/// The files' digests; a pipe has none.
pub(super) fn digests(input: &Input<'_>) -> Result<Vec<DataDigest>, PipelineError> {
    let digest = |path: &PathBuf| {
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let bytes = path.metadata().map_err(failed)?.len();
        Ok(DataDigest { role: BASELINE.to_owned(), name, bytes, sha256: sha256_of(path)? })
    };
    input.files().iter().filter(|path| path.is_file()).map(digest).collect()
}
