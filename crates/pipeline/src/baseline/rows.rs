//! The flows of a site, read as the model reads traffic.

use std::path::PathBuf;

use nta_data::Dataset;
use nta_model::DataDigest;

use crate::digest::sha256_of;
use crate::error::{PipelineError, failed, refused};
use crate::event::{Listener, Unit};
use crate::score::Input;

/// The role of a baseline's files among a version's data.
const BASELINE: &str = "baseline";

/// What was read.
pub(super) struct SiteRows {
    /// In arrival order, without labels.
    pub(super) rows: Dataset,
    /// Rows that could not be read.
    pub(super) set_aside: u64,
}

/// Reads all flows. Where the files hold labels, one that says attack ends it.
pub(super) fn read(input: &Input<'_>, listener: &dyn Listener) -> Result<SiteRows, PipelineError> {
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
    Ok(SiteRows { rows: all.take(&all.arrival_order()), set_aside })
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

/// The files' digests; a pipe has none.
pub(super) fn digests(input: &Input<'_>) -> Result<Vec<DataDigest>, PipelineError> {
    let digest = |path: &PathBuf| {
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let bytes = path.metadata().map_err(failed)?.len();
        Ok(DataDigest { role: BASELINE.to_owned(), name, bytes, sha256: sha256_of(path)? })
    };
    input.files().iter().filter(|path| path.is_file()).map(digest).collect()
}
