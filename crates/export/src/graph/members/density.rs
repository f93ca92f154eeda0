//! A density as comparisons and one table: each column's code is how many bounds lie below its value, each term of the
//! surprise is looked up by two codes, and the sum is exact in f64, in whatever order a runtime adds.

use nta_density::{Bins, Density, Term};

use crate::ExportError;
use crate::graph::views::Views;
use crate::onnx::{Element, GraphBuilder, Value};

/// Ranks from here on have no neighbour half a rank away in f32.
const MOST_RANK: u32 = 1 << 23;

/// The score, `(rows, 1)`.
pub(crate) fn write(graph: &mut GraphBuilder, views: &mut Views<'_>, density: &Density) -> Result<Value, ExportError> {
    let names = views.tabular_names();
    let rows = views.tabular(graph);
    let mut codes = Vec::with_capacity(density.n_columns());
    for (name, bins) in density.names().zip(density.bins()) {
        let place = names.iter().position(|other| other == name);
        let place = place.ok_or_else(|| ExportError::unsayable("the density asks for columns that are not there"))?;
        let place = graph.integers(vec![1], vec![place as i64]);
        let values = graph.gather(&rows, &place, 1);
        codes.push(code(graph, &values, &steps(bins)?));
    }
    let codes = graph.beside(&codes);
    let codes = graph.cast(&codes, Element::Int64);
    let surprise = surprise(graph, &codes, density);
    let half = graph.doubles(vec![], &[density.half()]);
    let under = graph.node("Add", &[&surprise, &half]);
    let score = graph.node("Div", &[&surprise, &under]);
    Ok(graph.cast(&score, Element::Float))
}

/// Bounds, and by how much the code of a value changes above each. Nothing lies above NaN, so that a missing value has code
/// 0, and every number above minus infinity.
fn steps(bins: &Bins) -> Result<Vec<(f32, f32)>, ExportError> {
    let first = (f32::NEG_INFINITY, 1.0);
    match bins {
        Bins::Numbers { bounds } => Ok([first].into_iter().chain(bounds.iter().map(|bound| (*bound, 1.0))).collect()),
        Bins::Categories { kept, rare } => {
            let own = kept.iter().enumerate().map(|(place, rank)| (*rank, place as f32 + 2.0));
            let mut steps = vec![first];
            for (rank, above_unseen) in own.chain(rare.iter().map(|rank| (*rank, 1.0))) {
                if rank >= MOST_RANK {
                    return Err(ExportError::unsayable("a category has a rank beyond 2^23"));
                }
                steps.extend([(rank as f32 - 0.5, above_unseen), (rank as f32 + 0.5, -above_unseen)]);
            }
            Ok(steps)
        }
    }
}

/// The code of each of `values` `(rows, 1)`, as f32: small whole numbers, exact.
fn code(graph: &mut GraphBuilder, values: &Value, steps: &[(f32, f32)]) -> Value {
    let (bounds, sizes): (Vec<f32>, Vec<f32>) = steps.iter().copied().unzip();
    let bounds = graph.floats(vec![1, bounds.len()], &bounds);
    let above = graph.node("Greater", &[values, &bounds]);
    let above = graph.cast(&above, Element::Float);
    let sizes = graph.floats(vec![sizes.len(), 1], &sizes);
    graph.node("MatMul", &[&above, &sizes])
}

/// Nats, `(rows, 1)`, f64, from `codes` `(rows, n_columns)`.
fn surprise(graph: &mut GraphBuilder, codes: &Value, density: &Density) -> Value {
    let widths: Vec<usize> = density.bins().map(Bins::n_codes).collect();
    let terms: Vec<Term> = density.terms().collect();
    let n_terms = terms.len();
    let (mut strides, mut starts, mut nats) = (Vec::new(), Vec::new(), Vec::new());
    for term in &terms {
        strides.push(if term.given.is_some() { widths[term.column] as i64 } else { 0 });
        starts.push(nats.len() as i64);
        nats.extend_from_slice(&term.nats);
    }
    let places = |of: fn(&Term) -> usize| terms.iter().map(|term| of(term) as i64).collect::<Vec<i64>>();
    let own = graph.integers(vec![n_terms], places(|term| term.column));
    // A term that is given nothing takes its own code times 0.
    let given = graph.integers(vec![n_terms], places(|term| term.given.unwrap_or(term.column)));
    let (own, given) = (graph.gather(codes, &own, 1), graph.gather(codes, &given, 1));
    let (strides, starts) = (graph.integers(vec![1, n_terms], strides), graph.integers(vec![1, n_terms], starts));
    let row = graph.node("Mul", &[&given, &strides]);
    let place = graph.node("Add", &[&own, &starts]);
    let place = graph.node("Add", &[&row, &place]);
    let (flat, wide) = (graph.integers(vec![1], vec![-1]), graph.integers(vec![2], vec![-1, n_terms as i64]));
    let place = graph.node("Reshape", &[&place, &flat]);
    let table = graph.floats(vec![nats.len(), 1], &nats);
    let looked_up = graph.gather(&table, &place, 0);
    let looked_up = graph.node("Reshape", &[&looked_up, &wide]);
    let looked_up = graph.cast(&looked_up, Element::Double);
    let ones = graph.doubles(vec![n_terms, 1], &vec![1.0; n_terms]);
    graph.node("MatMul", &[&looked_up, &ones])
}
