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
