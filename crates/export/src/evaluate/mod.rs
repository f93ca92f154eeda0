//! Runs a graph as it is written, to hold it against the model wherever nothing else can run one: the operators that
//! `graph` writes and no other, by their definitions in ONNX, each result rounded to its type. Slow and plain.

mod load;
mod operator;
mod tensor;
mod trees;

use std::collections::HashMap;

use crate::ExportError;

use load::Step;
pub(crate) use tensor::Tensor;

/// Something that runs graphs.
pub(crate) trait Runtime {
    /// What it is, for messages.
    fn name(&self) -> String;

    /// The outputs, by name, for these inputs.
    fn run(&mut self, inputs: Vec<(String, Tensor)>) -> Result<HashMap<String, Tensor>, ExportError>;
}

/// A graph that was read and is understood.
pub(crate) struct Evaluator {
    constants: HashMap<String, Tensor>,
    steps: Vec<Step>,
    inputs: Vec<String>,
    outputs: Vec<String>,
}

impl Runtime for Evaluator {
    fn name(&self) -> String {
        "the graph".to_owned()
    }

    fn run(&mut self, inputs: Vec<(String, Tensor)>) -> Result<HashMap<String, Tensor>, ExportError> {
        let mut values: HashMap<String, Tensor> = inputs.into_iter().collect();
        if let Some(missing) = self.inputs.iter().find(|name| !values.contains_key(*name)) {
            return Err(ExportError::graph(format!("input `{missing}` was not given")));
        }
        for step in &self.steps {
            let find = |name: &String| values.get(name).or_else(|| self.constants.get(name));
            let found: Option<Vec<&Tensor>> = step.inputs.iter().map(find).collect();
            let found = found.ok_or_else(|| ExportError::graph(format!("{} comes before its inputs", step.name)))?;
            let made = step.operator.run(&found);
            let made = made.map_err(|why| ExportError::graph(format!("{}: {why}", step.name)))?;
            values.extend(step.outputs.iter().cloned().zip(made));
        }
        let take = |name: &String| values.remove(name).map(|value| (name.clone(), value));
        let outputs: HashMap<String, Tensor> = self.outputs.iter().filter_map(take).collect();
        match self.outputs.iter().find(|name| !outputs.contains_key(*name)) {
            None => Ok(outputs),
            Some(missing) => Err(ExportError::graph(format!("output `{missing}` is made by nothing"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::onnx::{Attribute, Element, GraphBuilder, ML};

    /// Texts to codes, a split on them and a missing number, votes; beside it a sum of both columns.
    fn graph() -> Vec<u8> {
        use Attribute::{Floats, Int, Ints, Text, Texts};
        let mut graph = GraphBuilder::default();
        let bytes = graph.input("bytes", Element::Float, None, "").unwrap();
        let proto = graph.input("proto", Element::Text, None, "").unwrap();
        let texts = Texts(["tcp", "udp"].map(|text| text.as_bytes().to_vec()).to_vec());
        let codes = vec![("cats_strings", texts), ("cats_int64s", Ints(vec![1, 2])), ("default_int64", Int(0))];
        let codes = graph.nodes(ML, "CategoryMapper", &[&proto], codes, 1).remove(0);
        let ranks = graph.floats(vec![3, 1], &[5.0, 6.0, 7.0]);
        let (bytes, ranks) = (graph.column(&bytes), graph.gather(&ranks, &codes, 0));
        let both = graph.beside(&[bytes.clone(), ranks]);
        let leaves = |values: [f32; 3]| values.iter().flat_map(|x| [1.0 - x, *x]).collect::<Vec<f32>>();
        let votes = vec![
            ("nodes_treeids", Ints(vec![0; 5])),
            ("nodes_nodeids", Ints((0..5).collect())),
            ("nodes_featureids", Ints(vec![0, 1, 0, 0, 0])),
            ("nodes_modes", Texts(["BRANCH_LEQ", "BRANCH_LEQ", "LEAF", "LEAF", "LEAF"].map(Into::into).to_vec())),
            ("nodes_values", Floats(vec![10.0, 6.0, 0.0, 0.0, 0.0])),
            ("nodes_truenodeids", Ints(vec![1, 3, 0, 0, 0])),
            ("nodes_falsenodeids", Ints(vec![2, 4, 0, 0, 0])),
            ("nodes_missing_value_tracks_true", Ints(vec![1, 0, 0, 0, 0])),
            ("class_treeids", Ints(vec![0; 6])),
            ("class_nodeids", Ints(vec![2, 2, 3, 3, 4, 4])),
            ("class_ids", Ints(vec![0, 1, 0, 1, 0, 1])),
            ("class_weights", Floats(leaves([0.5, 0.25, 0.75]))),
            ("post_transform", Text("NONE")),
        ];
        let votes = graph.nodes(ML, "TreeEnsembleClassifier", &[&both], votes, 2).remove(1);
        let attack = graph.integers(vec![1], vec![1]);
        let votes = graph.gather(&votes, &attack, 1);
        graph.output("votes", &votes, Element::Float, None, "").unwrap();
        let ones = graph.floats(vec![2, 1], &[1.0; 2]);
        let sum = graph.node("MatMul", &[&both, &ones]);
        graph.output("sum", &sum, Element::Float, None, "").unwrap();
        graph.finish("toy", "", &[]).encode_to_vec()
    }

    fn run(evaluator: &mut Evaluator) -> Result<HashMap<String, Tensor>, ExportError> {
        let texts = ["tcp", "udp", "sctp", "udp"].map(str::to_owned).to_vec();
        let bytes = Tensor::floats(vec![4], [10.0, 9.0, 11.0, f32::NAN]);
        evaluator.run(vec![("bytes".to_owned(), bytes), ("proto".to_owned(), Tensor::Texts(texts))])
    }

    #[test]
    fn a_graph_worked_out_by_hand_gives_what_it_should() {
        let outputs = run(&mut Evaluator::load(&graph()).unwrap()).unwrap();
        assert_eq!(outputs["votes"].numbers().unwrap().2, [0.25, 0.75, 0.5, 0.75]);
        let (_, shape, sums) = outputs["sum"].numbers().unwrap();
        assert_eq!((shape, &sums[..3]), (&[4][..], &[16.0, 16.0, 16.0][..]));
        assert!(sums[3].is_nan());
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let bytes = graph();
        let mut refused = 0;
        for i in 0..bytes.len() {
            for bit in [0, 3, 7] {
                let mut changed = bytes.clone();
                changed[i] ^= 1 << bit;
                refused += u32::from(Evaluator::load(&changed).and_then(|mut e| run(&mut e)).is_err());
            }
            refused += u32::from(Evaluator::load(&bytes[..i]).and_then(|mut e| run(&mut e)).is_err());
        }
        assert!(refused > 100, "{refused}");
        let missing = Evaluator::load(&bytes).unwrap().run(Vec::new()).unwrap_err();
        assert!(missing.to_string().contains("input `bytes` was not given"), "{missing}");
    }
}
