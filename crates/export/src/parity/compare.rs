//! One block of rows: what the graph said against what the model says.

use nta_data::Scores;
use nta_model::Model;

use super::graph_scorer::Said;
use super::{Parity, TOLERANCE};
use crate::ExportError;

/// Refuses the first score too far off and the first flag that differs, by the row's place in `source`.
pub(super) fn compare(
    model: &Model,
    expected: &Scores,
    said: &Said,
    graph: &str,
    source: &str,
) -> Result<Parity, ExportError> {
    let ids = expected.rows();
    let apart = |row: usize, column: &str, found: f32, expected: f32| ExportError::Apart {
        graph: graph.to_owned(),
        rows: source.to_owned(),
        row: ids[row].row,
        column: column.to_owned(),
        found,
        expected,
    };
    let mut found = Parity { rows: expected.n_rows() as u64, ..Parity::default() };
    for (column, scores) in expected.columns().zip(&said.scores) {
        found.largest_difference =
            found
                .largest_difference
                .max(furthest(&column.p_attack, scores, |row, ours, theirs| apart(row, &column.name, theirs, ours))?);
    }
    // The map to a probability may rise steeply: it is asked at the graph's own score whether it is the same map.
    let hybrid = said.scores.last().map_or(&[][..], Vec::as_slice);
    furthest(&model.probability(hybrid), &said.probability, |row, ours, theirs| {
        apart(row, "probability", theirs, ours)
    })?;
    for (row, (ours, theirs)) in expected.hybrid().flags.iter().zip(&said.flags).enumerate() {
        if ours != theirs {
            let number = |flag: bool| f32::from(u8::from(flag));
            return Err(apart(row, "flagged", number(*theirs), number(*ours)));
        }
    }
    found.flagged = said.flags.iter().filter(|flag| **flag).count() as u64;
    Ok(found)
}

/// The largest distance; an error where one is too large, or no number.
fn furthest(ours: &[f32], theirs: &[f32], apart: impl Fn(usize, f32, f32) -> ExportError) -> Result<f32, ExportError> {
    let mut largest = 0f32;
    for (row, (&ours, &theirs)) in ours.iter().zip(theirs).enumerate() {
        let distance = (ours - theirs).abs();
        if distance.is_nan() || distance > TOLERANCE {
            return Err(apart(row, ours, theirs));
        }
        largest = largest.max(distance);
    }
    Ok(largest)
}
