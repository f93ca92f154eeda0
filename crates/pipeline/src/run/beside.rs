//! The plain average of forest and LSTM, which stands beside whatever else the hybrid is.

use nta_data::{ScoreColumn, Scores};
use nta_hybrid::{Fusion, Hybrid};
use nta_metrics::AVERAGE;
use nta_model::MemberKind;

use crate::error::{PipelineError, failed};

/// The column of the plain average; `None` where `hybrid` is that itself, or where one of the two is not there.
pub(crate) fn plain_average(hybrid: &Hybrid, scores: &Scores) -> Result<Option<ScoreColumn>, PipelineError> {
    let kinds = [MemberKind::Forest, MemberKind::Lstm];
    let found: Vec<ScoreColumn> =
        kinds.iter().filter_map(|kind| scores.members().iter().find(|m| m.name == kind.name())).cloned().collect();
    if found.len() < kinds.len() || is_average(hybrid, &found) {
        return Ok(None);
    }
    let both = Hybrid::new(found.iter().map(|m| m.name.clone()).collect(), Fusion::Average).map_err(failed)?;
    let p_attack = both.combine(&found).map_err(failed)?;
    Ok(Some(ScoreColumn::new(AVERAGE, p_attack, |_| false)))
}

fn is_average(hybrid: &Hybrid, both: &[ScoreColumn]) -> bool {
    match hybrid.fusion() {
        Fusion::Average => hybrid.members().len() == both.len(),
        Fusion::Weighted(weights) => {
            weights.iter().all(|(name, w)| *w == if both.iter().any(|m| m.name == name) { 0.5 } else { 0.0 })
        }
        _ => false,
    }
}
