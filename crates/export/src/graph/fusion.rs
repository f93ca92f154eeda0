//! Members' scores become the hybrid's score, the reported probability and the flag.

use nta_hybrid::{Fusion, Hybrid, LOG_ODDS_DRAW, ODDS_DRAW, Scale, Tail};
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
        Fusion::Surprise { half, tails } => {
            let own = |(name, score): (&String, &Value)| tails.get(name).map(|tail| (tail, score.clone()));
            let of: Vec<(&Tail, Value)> = hybrid.members().iter().zip(&wide).filter_map(own).collect();
            let surprises: Vec<Value> = of.iter().map(|(tail, score)| surprise(graph, tail, score)).collect();
            let (sum, half) = (sum(graph, &surprises), graph.doubles(vec![], &[*half]));
            let under = graph.node("Add", &[&sum, &half]);
            graph.node("Div", &[&sum, &under])
        }
    };
    let (low, high) = (graph.floats(vec![], &[0.0]), graph.floats(vec![], &[1.0]));
    let narrow = graph.cast(&fused, Element::Float);
    graph.node("Clip", &[&narrow, &low, &high])
}

/// The share of attacks to expect at `score`, `(rows, 1)`: as [`Isotonic::probability`] has it.
pub(crate) fn probability(graph: &mut GraphBuilder, map: &Isotonic, score: &Value) -> Value {
    let (knots, rates) = map.knots();
    let (Some(&first), Some(&last)) = (rates.first(), rates.last()) else { return score.clone() };
    let knots: Vec<f64> = knots.iter().map(|knot| f64::from(*knot)).collect();
    let level = |value| Piece { low: 0.0, width: 1.0, from: value, rise: 0.0 };
    let wide = graph.cast(score, Element::Double);
    let rate = piecewise(graph, &knots, &pieces(&knots, rates, level(first), level(last)), &wide);
    graph.cast(&rate, Element::Float)
}

/// -ln p of `score`, `(rows, 1)`, f64: as the tail has it, in the same order of operations.
fn surprise(graph: &mut GraphBuilder, tail: &Tail, score: &Value) -> Value {
    let scaled = match tail.scale {
        Scale::Plain => score.clone(),
        Scale::Odds => {
            let (one, draw) = (graph.doubles(vec![], &[1.0]), graph.doubles(vec![], &[ODDS_DRAW]));
            let rest = graph.node("Sub", &[&one, score]);
            let rest = graph.node("Add", &[&rest, &draw]);
            graph.node("Div", &[score, &rest])
        }
    };
    let (Some(&first), Some(&last), Some(&knot)) = (tail.nats.first(), tail.nats.last(), tail.knots.last()) else {
        return scaled;
    };
    let below = Piece { low: 0.0, width: 1.0, from: first, rise: 0.0 };
    let beyond = Piece { low: knot, width: tail.excess, from: last, rise: 1.0 };
    piecewise(graph, &tail.knots, &pieces(&tail.knots, &tail.nats, below, beyond), &scaled)
}

/// What `pieces` `(n_knots + 1)` say at `x` `(rows, 1)`, f64. How many knots do not exceed it says in which it lies.
fn piecewise(graph: &mut GraphBuilder, knots: &[f64], pieces: &[Piece], x: &Value) -> Value {
    let row = graph.doubles(vec![1, knots.len()], knots);
    let passed = graph.node("LessOrEqual", &[&row, x]);
    let passed = graph.cast(&passed, Element::Float);
    let ones = graph.floats(vec![knots.len(), 1], &vec![1.0; knots.len()]);
    let count = graph.node("MatMul", &[&passed, &ones]);
    let flat = graph.integers(vec![1], vec![-1]);
    let count = graph.node("Reshape", &[&count, &flat]);
    let piece = graph.cast(&count, Element::Int64);
    let mut of_piece = |value: fn(&Piece) -> f64| {
        let table = graph.doubles(vec![pieces.len(), 1], &pieces.iter().map(value).collect::<Vec<f64>>());
        graph.gather(&table, &piece, 0)
    };
    let (low, width) = (of_piece(|p| p.low), of_piece(|p| p.width));
    let (from, rise) = (of_piece(|p| p.from), of_piece(|p| p.rise));
    let along = graph.node("Sub", &[x, &low]);
    let risen = graph.node("Mul", &[&rise, &along]);
    let risen = graph.node("Div", &[&risen, &width]);
    graph.node("Add", &[&from, &risen])
}

/// `from + rise · (x - low) / width`.
struct Piece {
    low: f64,
    width: f64,
    from: f64,
    rise: f64,
}

/// The pieces between knots, with one below the first and one beyond the last.
fn pieces(knots: &[f64], values: &[f64], below: Piece, beyond: Piece) -> Vec<Piece> {
    let between = knots.windows(2).zip(values.windows(2)).map(|(knots, values)| Piece {
        low: knots[0],
        width: knots[1] - knots[0],
        from: values[0],
        rise: values[1] - values[0],
    });
    std::iter::once(below).chain(between).chain([beyond]).collect()
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
