//! The narrow waist: nothing after it knows a model, nothing before it knows a metric.

use crate::RowId;

/// One member's probability of attack for each row.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberScores {
    /// `forest`, `lstm`, … as in the model.
    pub name: String,
    /// `(n_rows)`, each in [0, 1].
    pub p_attack: Vec<f32>,
}

/// What a model says about some rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// The rows, in the order of the scores.
    pub rows: Vec<RowId>,
    /// Each member's scores, in the model's order of members.
    pub members: Vec<MemberScores>,
    /// The fused probability of attack.
    pub hybrid: Vec<f32>,
    /// Whether each member, then the hybrid, flags the row: `score > threshold`. `(n_members + 1)` columns.
    pub flags: Vec<Vec<bool>>,
}
