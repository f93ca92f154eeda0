//! Whether the test traffic is like the training traffic, asked before its labels are read.

use std::sync::Arc;

use nta_data::{Dataset, Scores};
use nta_metrics::Moved;
use nta_model::Model;
use nta_preprocess::Partition;

use crate::error::{PipelineError, failed};

/// Benign rows kept of the training traffic: enough for a comparison, and for one of it with itself.
const MOST_KEPT: usize = 2 * nta_audit::MOST_COMPARED;

/// Benign rows of the parts that were learned from, evenly spaced, each part in arrival order.
pub(crate) fn benign(parts: &Partition) -> Result<Dataset, PipelineError> {
    let learned_from = [&parts.train, &parts.validation, &parts.calibration, &parts.threshold];
    let is_benign = |part: &Dataset, row: usize| part.label.as_ref().is_some_and(|labels| !labels[row].is_attack());
    let rows: Vec<(usize, u32)> = learned_from
        .iter()
        .enumerate()
        .flat_map(|(i, part)| (0..part.n_rows()).filter(|&row| is_benign(part, row)).map(move |row| (i, row as u32)))
        .collect();
    let kept = rows.len().min(MOST_KEPT);
    let rows: Vec<(usize, u32)> = (0..kept).map(|i| rows[i * rows.len() / kept]).collect();
    let mut all = parts.train.take(&[]);
    for (i, part) in learned_from.into_iter().enumerate() {
        let of_part: Vec<u32> = rows.iter().filter(|(of, _)| *of == i).map(|(_, row)| *row).collect();
        all.append(&part.take(&of_part)).map_err(failed)?;
    }
    Ok(all)
}

/// Holds the rows of `test`, whose labels are sealed, that the model leaves unflagged against `benign` ones of its training.
pub(super) fn moved(
    benign: &Dataset,
    test: &Dataset,
    scores: &Scores,
    model: &Arc<Model>,
) -> Result<Option<Moved>, PipelineError> {
    let flags = &scores.hybrid().flags;
    let unflagged: Vec<u32> = (0..test.n_rows() as u32).filter(|&row| !flags[row as usize]).collect();
    let kept = unflagged.len().min(nta_audit::MOST_COMPARED);
    let unflagged: Vec<u32> = (0..kept).map(|i| unflagged[i * unflagged.len() / kept]).collect();
    let tabular = |rows: &Dataset| model.preprocessor.tabular(rows).map_err(failed);
    nta_audit::moved(&tabular(benign)?, &tabular(&test.take(&unflagged))?, model.provenance.seed).map_err(failed)
}
