//! The hyperbolic tangent of our own scorer in plain operators, so that no runtime's own one counts.

use nta_lstm::TANH;

use crate::onnx::{GraphBuilder, Value};

/// tanh(x), f32 as `nta_lstm` works it out, but that a product and its sum are rounded one after the other.
pub(super) fn tanh(graph: &mut GraphBuilder, x: &Value) -> Value {
    let (low, high) = (graph.floats(vec![], &[-TANH.clamp]), graph.floats(vec![], &[TANH.clamp]));
    let x = graph.node("Clip", &[x, &low, &high]);
    let square = graph.node("Mul", &[&x, &x]);
    let (over, under) = (polynomial(graph, &square, &TANH.over), polynomial(graph, &square, &TANH.under));
    let over = graph.node("Mul", &[&x, &over]);
    graph.node("Div", &[&over, &under])
}

/// Σ coefficient · x^k, the highest power first.
fn polynomial(graph: &mut GraphBuilder, x: &Value, coefficients: &[f32]) -> Value {
    let mut sum = graph.floats(vec![], &coefficients[..1]);
    for coefficient in &coefficients[1..] {
        let (product, coefficient) = (graph.node("Mul", &[x, &sum]), graph.floats(vec![], &[*coefficient]));
        sum = graph.node("Add", &[&product, &coefficient]);
    }
    sum
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::evaluate::{Evaluator, Runtime, Tensor};
    use crate::onnx::Element;

    #[test]
    fn it_is_the_tangent_to_within_what_our_scorer_errs() {
        let mut graph = GraphBuilder::default();
        let x = graph.input("x", Element::Float, None, "").unwrap();
        let made = tanh(&mut graph, &x);
        graph.output("tanh", &made, Element::Float, None, "").unwrap();
        let bytes = graph.finish("tanh", "", &[]).encode_to_vec();
        let values: Vec<f32> = (-4_000..=4_000).map(|i| i as f32 / 400.0).collect();
        let inputs = vec![("x".to_owned(), Tensor::floats(vec![values.len()], values.iter().copied()))];
        let outputs = Evaluator::load(&bytes).unwrap().run(inputs).unwrap();
        let found = outputs["tanh"].numbers().unwrap().2;
        assert_eq!(found.len(), values.len());
        for (x, found) in values.iter().zip(found) {
            assert!((found - f64::from(*x).tanh()).abs() < 6e-7, "tanh({x}) = {found}");
        }
    }
}
