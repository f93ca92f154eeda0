//! A member's score, a file a kind: one function from what it sees to `(rows, 1)`. A further kind is a file and its arm
//! in each of the two functions here. `tanh` is what networks share.

mod density;
mod forest;
mod isolation;
mod lstm;
mod tanh;

use nta_model::{Member, NamedMember};

use super::Columns;
use super::views::Views;
use crate::ExportError;
use crate::onnx::{GraphBuilder, Value};

/// What a member adds to the graph.
pub(crate) struct Written {
    /// `(rows, 1)`, f32.
    pub(crate) score: Value,
    /// What it remembers after the row, and its width; `None` where nothing comes in either.
    pub(crate) state: Option<(Value, usize)>,
}

/// Writes `member`.
///
/// # Errors
/// A member that a graph cannot say.
pub(crate) fn write(
    graph: &mut GraphBuilder,
    views: &mut Views<'_>,
    member: &NamedMember,
    columns: &Columns,
) -> Result<Written, ExportError> {
    match &member.member {
        Member::Forest(forest) => Ok(Written { score: forest::write(graph, views, forest)?, state: None }),
        Member::Density(density) => Ok(Written { score: density::write(graph, views, density)?, state: None }),
        Member::Isolation(isolation) => Ok(Written { score: isolation::write(graph, views, isolation)?, state: None }),
        Member::Lstm(lstm) => lstm::write(graph, views, lstm, columns.state(&member.name)),
    }
}

/// Numbers that a member remembers of a host; `None` for one that remembers nothing.
pub(crate) fn state_len(member: &Member) -> Option<usize> {
    match member {
        Member::Forest(_) | Member::Density(_) | Member::Isolation(_) => None,
        Member::Lstm(lstm) => lstm.carries_state().then(|| lstm.state_len()),
    }
}
