//! An isolation forest: the trees' mean path length as a forest's mean vote, and the score that it stands for.

use nta_forest::{Isolation, LONGEST_PATH};

use super::forest;
use crate::ExportError;
use crate::graph::views::Views;
use crate::onnx::{Element, GraphBuilder, Value};

/// The score, `(rows, 1)`.
pub(crate) fn write(
    graph: &mut GraphBuilder,
    views: &mut Views<'_>,
    isolation: &Isolation,
) -> Result<Value, ExportError> {
    let vote = forest::write(graph, views, isolation.forest())?;
    let vote = graph.cast(&vote, Element::Double);
    let (longest, half) = (graph.doubles(vec![], &[LONGEST_PATH]), graph.doubles(vec![], &[isolation.half()]));
    let length = graph.node("Mul", &[&vote, &longest]);
    let under = graph.node("Add", &[&half, &length]);
    let score = graph.node("Div", &[&half, &under]);
    Ok(graph.cast(&score, Element::Float))
}
