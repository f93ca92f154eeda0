//! Flows of a baseline that look like attacks the model knows: a baseline with attacks in it teaches that they are benign.

use nta_data::{Dataset, Scores};
use nta_model::Model;
use serde::Serialize;

use crate::error::PipelineError;

/// A member that learned attacks is this sure of one.
const SURE: f32 = 0.75;
/// Share of the flows that such may be before the baseline is refused: a fifth of what was seen to blind the density.
const MOST: f64 = 0.002;
/// Flows named at most.
pub(super) const NAMED: usize = 5;

/// A flow that scores like a known attack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LikeAttack {
    /// Its file.
    pub file: String,
    /// Its place among that file's data rows, from 1.
    pub row: u64,
    /// The member that is sure of an attack.
    pub member: String,
    /// Its score.
    pub score: f32,
}

/// The flows of which a member that learned attacks is sure, the highest score first.
pub(super) fn find(model: &Model, rows: &Dataset, scores: &Scores) -> Vec<LikeAttack> {
    let learned_attacks = |name: &str| model.members.iter().any(|m| m.name == name && !m.member.knows_no_attacks());
    let columns: Vec<_> = scores.members().iter().filter(|column| learned_attacks(&column.name)).collect();
    let of_row = |i: usize| {
        let surest = columns.iter().max_by(|a, b| a.p_attack[i].total_cmp(&b.p_attack[i]))?;
        let (id, score) = (rows.row[i], surest.p_attack[i]);
        let file = rows.files.get(id.file as usize).cloned().unwrap_or_default();
        (score >= SURE).then(|| LikeAttack { file, row: id.row + 1, member: surest.name.clone(), score })
    };
    let mut found: Vec<LikeAttack> = (0..rows.n_rows()).filter_map(of_row).collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found
}

/// Refuses a baseline with more of them than benign traffic has by chance.
pub(super) fn refuse(found: &[LikeAttack], n_rows: usize) -> Result<(), PipelineError> {
    if found.len() as f64 <= MOST * n_rows as f64 {
        return Ok(());
    }
    let named = |like: &LikeAttack| format!("{}, row {} ({} {:.3})", like.file, like.row, like.member, like.score);
    let flows: Vec<String> = found.iter().take(NAMED).map(named).collect();
    let more = found.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Err(PipelineError::refuse(format!(
        "{} of {n_rows} flows score like known attacks: {}{more}. A baseline that holds attacks teaches that they are \
         benign: take them out, or, where somebody has looked at them and they are benign, say `--accept`",
        found.len(),
        flows.join("; ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_baseline_of_attacks_is_refused_by_file_and_row() {
        let like = |row| LikeAttack { file: "monday.csv".into(), row, member: "forest".into(), score: 0.99 };
        let few: Vec<LikeAttack> = (1..=5).map(like).collect();
        assert!(refuse(&few, 2_500).is_ok());
        let many: Vec<LikeAttack> = (1..=7).map(like).collect();
        let said = refuse(&many, 1_000).unwrap_err().to_string();
        assert!(said.contains("7 of 1000 flows") && said.contains("monday.csv, row 1 (forest 0.990)"), "{said}");
        assert!(said.contains("and 2 more") && said.contains("--accept"), "{said}");
    }
}
