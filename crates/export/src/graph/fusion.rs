//! Members' scores become the hybrid's score, the reported probability and the flag.

use nta_hybrid::{Fusion, Hybrid, LOG_ODDS_DRAW};
use nta_metrics::Isotonic;

use crate::onnx::{Element, GraphBuilder, Value};

/// The fused score, `(rows, 1)`: in f64, in the members' order, as [`Hybrid::combine_row`] has it.
pub(crate) fn fuse(graph: &mut GraphBuilder, hybrid: &Hybrid, scores: &[Value]) -> Value {
    let wide: Vec<Value> = scores.iter().map(|score| graph.cast(score, Element::Double)).collect();
    let numbers = |numbers: &nta_metrics::Named<f64>| numbers.iter().map(|(_, number)| *number).collect::<Vec<f64>>();
    let fused = match hybrid.fusion() {
        Fusion::Average => {
            let (sum, n) = (sum(graph, &wide), graph.doubles(vec![], &[wide.len() as f64]));
            graph.node("Div", &[&sum, &n])
        }
        Fusion::Weighted(weights) => weighted(graph, &numbers(weights), &wide),
        Fusion::Stacking { intercept, coefficients } => {
            let odds: Vec<Value> = wide.iter().map(|score| log_odds(graph, score)).collect();
            let (sum, start) = (weighted(graph, &numbers(coefficients), &odds), graph.doubles(vec![], &[*intercept]));
            let logit = graph.node("Add", &[&start, &sum]);
            logistic(graph, &logit)
        }
    };
    let (low, high) = (graph.floats(vec![], &[0.0]), graph.floats(vec![], &[1.0]));
    let narrow = graph.cast(&fused, Element::Float);
    graph.node("Clip", &[&narrow, &low, &high])
}

/// The share of attacks to expect at `score`, `(rows, 1)`: as [`Isotonic::probability`] has it. How many knots do not
/// exceed the score says between which two it lies.
pub(crate) fn probability(graph: &mut GraphBuilder, map: &Isotonic, score: &Value) -> Value {
    let (knots, rates) = map.knots();
    let (Some(&first), Some(&last)) = (rates.first(), rates.last()) else { return score.clone() };
    let pieces = Pieces::between(knots, rates, first, last);
    let row = graph.floats(vec![1, knots.len()], knots);
    let passed = graph.node("LessOrEqual", &[&row, score]);
    let passed = graph.cast(&passed, Element::Float);
    let ones = graph.floats(vec![knots.len(), 1], &vec![1.0; knots.len()]);
    let count = graph.node("MatMul", &[&passed, &ones]);
    let flat = graph.integers(vec![1], vec![-1]);
    let count = graph.node("Reshape", &[&count, &flat]);
    let piece = graph.cast(&count, Element::Int64);
    let mut of_piece = |values: &[f64]| {
        let table = graph.doubles(vec![values.len(), 1], values);
        graph.gather(&table, &piece, 0)
    };
    let (low, width) = (of_piece(&pieces.low), of_piece(&pieces.width));
    let (from, rise) = (of_piece(&pieces.from), of_piece(&pieces.rise));
    let wide = graph.cast(score, Element::Double);
    let along = graph.node("Sub", &[&wide, &low]);
    let risen = graph.node("Mul", &[&rise, &along]);
    let risen = graph.node("Div", &[&risen, &width]);
    let rate = graph.node("Add", &[&from, &risen]);
    graph.cast(&rate, Element::Float)
}

/// The map piece by piece, from below the first knot to above the last; both ends are level.
struct Pieces {
    low: Vec<f64>,
    width: Vec<f64>,
    from: Vec<f64>,
    rise: Vec<f64>,
}

impl Pieces {
    fn between(knots: &[f32], rates: &[f64], first: f64, last: f64) -> Self {
        let mut pieces = Pieces { low: vec![0.0], width: vec![1.0], from: vec![first], rise: vec![0.0] };
        for (knots, rates) in knots.windows(2).zip(rates.windows(2)) {
            pieces.low.push(f64::from(knots[0]));
            pieces.width.push(f64::from(knots[1]) - f64::from(knots[0]));
            pieces.from.push(rates[0]);
            pieces.rise.push(rates[1] - rates[0]);
        }
        pieces.low.push(0.0);
        pieces.width.push(1.0);
        pieces.from.push(last);
        pieces.rise.push(0.0);
        pieces
    }
}

/// 1 where `score` is above `threshold`, strictly.
pub(crate) fn flag(graph: &mut GraphBuilder, threshold: f32, score: &Value) -> Value {
    let threshold = graph.floats(vec![], &[threshold]);
    let above = graph.node("Greater", &[score, &threshold]);
    graph.cast(&above, Element::Int32)
}

/// 1 / (1 + exp(-x)) of f64.
pub(crate) fn logistic(graph: &mut GraphBuilder, x: &Value) -> Value {
    let negative = graph.node("Neg", &[x]);
    let (power, one) = (graph.node("Exp", &[&negative]), graph.doubles(vec![], &[1.0]));
    let under = graph.node("Add", &[&one, &power]);
    graph.node("Div", &[&one, &under])
}

fn log_odds(graph: &mut GraphBuilder, score: &Value) -> Value {
    let (draw, scale) = (graph.doubles(vec![], &[LOG_ODDS_DRAW]), graph.doubles(vec![], &[1.0 - 2.0 * LOG_ODDS_DRAW]));
    let scaled = graph.node("Mul", &[&scale, score]);
    let drawn = graph.node("Add", &[&draw, &scaled]);
    let one = graph.doubles(vec![], &[1.0]);
    let rest = graph.node("Sub", &[&one, &drawn]);
    let odds = graph.node("Div", &[&drawn, &rest]);
    graph.node("Log", &[&odds])
}

/// Σ number · value, in order.
fn weighted(graph: &mut GraphBuilder, numbers: &[f64], values: &[Value]) -> Value {
    let mut products = Vec::with_capacity(values.len());
    for (number, value) in numbers.iter().zip(values) {
        let number = graph.doubles(vec![], &[*number]);
        products.push(graph.node("Mul", &[&number, value]));
    }
    sum(graph, &products)
}

/// The sum, in order; of nothing, there is none to ask for.
pub(crate) fn sum(graph: &mut GraphBuilder, values: &[Value]) -> Value {
    let mut sum = values[0].clone();
    for value in &values[1..] {
        sum = graph.node("Add", &[&sum, value]);
    }
    sum
}
