//! Builds a graph node by node.

use std::collections::HashSet;

use super::proto::{
    AttributeProto, AttributeType, DimensionProto, Element, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};
use crate::ExportError;

/// Name of the rows' dimension.
const ROWS: &str = "rows";

/// The operator set of `ai.onnx`: that of 2022, which every runtime in use knows.
const OPSET: i64 = 17;

/// The operator set of `ai.onnx.ml`.
const ML_OPSET: i64 = 3;

/// The format's revision that goes with both.
const IR_VERSION: i64 = 8;

/// Domain of the operators for trees and categories.
pub(crate) const ML: &str = "ai.onnx.ml";

/// The name of a tensor in the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value(String);

/// What an operator is set to.
pub(crate) enum Attribute {
    Int(i64),
    Text(&'static str),
    Floats(Vec<f32>),
    Ints(Vec<i64>),
    Texts(Vec<Vec<u8>>),
}

/// A graph under way.
#[derive(Default)]
pub(crate) struct GraphBuilder {
    graph: GraphProto,
    taken: HashSet<String>,
}

impl GraphBuilder {
    /// An input of a row each, `(rows)`, or `(rows, width)`.
    ///
    /// # Errors
    /// A name that an input has already.
    pub(crate) fn input(
        &mut self,
        name: &str,
        element: Element,
        width: Option<usize>,
        about: &str,
    ) -> Result<Value, ExportError> {
        if !self.taken.insert(name.to_owned()) {
            return Err(ExportError::Name { name: name.to_owned() });
        }
        self.graph.input.push(value_info(name, element, width, about));
        Ok(Value(name.to_owned()))
    }

    /// Makes `value` an output under `name`, `(rows)`, or `(rows, width)`.
    ///
    /// # Errors
    /// A name that an input or output has already.
    pub(crate) fn output(
        &mut self,
        name: &str,
        value: &Value,
        element: Element,
        width: Option<usize>,
        about: &str,
    ) -> Result<(), ExportError> {
        if !self.taken.insert(name.to_owned()) {
            return Err(ExportError::Name { name: name.to_owned() });
        }
        let shape = [-1].into_iter().chain(width.map(|w| w as i64)).collect();
        let shape = self.integers(vec![2 - usize::from(width.is_none())], shape);
        let inputs = vec![value.0.clone(), shape.0];
        self.push("Reshape", "", inputs, vec![name.to_owned()], Vec::new());
        self.graph.output.push(value_info(name, element, width, about));
        Ok(())
    }

    /// A constant of f32.
    pub(crate) fn floats(&mut self, shape: Vec<usize>, values: &[f32]) -> Value {
        let raw = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.constant(shape, Element::Float, raw)
    }

    /// A constant of f64.
    pub(crate) fn doubles(&mut self, shape: Vec<usize>, values: &[f64]) -> Value {
        let raw = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.constant(shape, Element::Double, raw)
    }

    /// A constant of whole numbers.
    pub(crate) fn integers(&mut self, shape: Vec<usize>, values: Vec<i64>) -> Value {
        let raw = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.constant(shape, Element::Int64, raw)
    }

    fn constant(&mut self, shape: Vec<usize>, element: Element, raw_data: Vec<u8>) -> Value {
        let name = self.fresh("constant");
        let dims = shape.into_iter().map(|n| n as i64).collect();
        self.graph.initializer.push(TensorProto { dims, data_type: element as i32, name: name.clone(), raw_data });
        Value(name)
    }

    /// The one output of an operator of `ai.onnx`.
    pub(crate) fn node(&mut self, operator: &str, inputs: &[&Value]) -> Value {
        self.node_with(operator, inputs, Vec::new())
    }

    /// The same with attributes.
    pub(crate) fn node_with(
        &mut self,
        operator: &str,
        inputs: &[&Value],
        attributes: Vec<(&'static str, Attribute)>,
    ) -> Value {
        self.nodes("", operator, inputs, attributes, 1).remove(0)
    }

    /// The outputs of an operator.
    pub(crate) fn nodes(
        &mut self,
        domain: &str,
        operator: &str,
        inputs: &[&Value],
        attributes: Vec<(&'static str, Attribute)>,
        n_outputs: usize,
    ) -> Vec<Value> {
        let outputs: Vec<String> = (0..n_outputs).map(|_| self.fresh(operator)).collect();
        let inputs = inputs.iter().map(|value| value.0.clone()).collect();
        self.push(operator, domain, inputs, outputs.clone(), attributes);
        outputs.into_iter().map(Value).collect()
    }

    /// `value` with elements of another type.
    pub(crate) fn cast(&mut self, value: &Value, to: Element) -> Value {
        self.node_with("Cast", &[value], vec![("to", Attribute::Int(to as i64))])
    }

    /// `values`, `(rows, …)` each, side by side.
    pub(crate) fn beside(&mut self, values: &[Value]) -> Value {
        let values: Vec<&Value> = values.iter().collect();
        match values[..] {
            [only] => only.clone(),
            _ => self.node_with("Concat", &values, vec![("axis", Attribute::Int(1))]),
        }
    }

    /// `value`, `(rows)`, as `(rows, 1)`.
    pub(crate) fn column(&mut self, value: &Value) -> Value {
        let shape = self.integers(vec![2], vec![-1, 1]);
        self.node("Reshape", &[value, &shape])
    }

    /// Places `which` along `axis` of `value`.
    pub(crate) fn gather(&mut self, value: &Value, which: &Value, axis: i64) -> Value {
        self.node_with("Gather", &[value, which], vec![("axis", Attribute::Int(axis))])
    }

    /// `value`, `(rows, n_parts * width)`, as parts of `(rows, width)`.
    pub(crate) fn split(&mut self, value: &Value, n_parts: usize, width: usize) -> Vec<Value> {
        if n_parts == 1 {
            return vec![value.clone()];
        }
        let sizes = self.integers(vec![n_parts], vec![width as i64; n_parts]);
        self.nodes("", "Split", &[value, &sizes], vec![("axis", Attribute::Int(1))], n_parts)
    }

    /// The graph as a model. `properties` are what is known of it beside.
    pub(crate) fn finish(mut self, name: &str, about: &str, properties: &[(&str, String)]) -> ModelProto {
        self.graph.name = name.to_owned();
        let domain = |domain: &str, version| OperatorSetIdProto { domain: domain.to_owned(), version };
        let property =
            |(key, value): &(&str, String)| StringStringEntryProto { key: (*key).to_owned(), value: value.clone() };
        ModelProto {
            ir_version: IR_VERSION,
            producer_name: "nta".to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            doc_string: about.to_owned(),
            graph: Some(self.graph),
            opset_import: vec![domain("", OPSET), domain(ML, ML_OPSET)],
            metadata_props: properties.iter().map(property).collect(),
        }
    }

    fn push(
        &mut self,
        operator: &str,
        domain: &str,
        input: Vec<String>,
        output: Vec<String>,
        attributes: Vec<(&'static str, Attribute)>,
    ) {
        let name = format!("{operator}_{}", self.graph.node.len());
        let attribute = attributes.into_iter().map(|(name, value)| attribute(name, value)).collect();
        let (op_type, domain) = (operator.to_owned(), domain.to_owned());
        self.graph.node.push(NodeProto { input, output, name, op_type, attribute, domain });
    }

    /// A name that no tensor has, nor any input or output to come: columns of traffic are not called so.
    fn fresh(&mut self, what: &str) -> String {
        let mut n = self.graph.node.len() + self.graph.initializer.len();
        loop {
            let name = format!("nta:{what}:{n}");
            if self.taken.insert(name.clone()) {
                return name;
            }
            n += 1;
        }
    }
}

fn attribute(name: &str, value: Attribute) -> AttributeProto {
    let mut proto = AttributeProto { name: name.to_owned(), ..Default::default() };
    let kind = match value {
        Attribute::Int(i) => {
            proto.i = Some(i);
            AttributeType::Int
        }
        Attribute::Text(text) => {
            proto.s = Some(text.as_bytes().to_vec());
            AttributeType::Text
        }
        Attribute::Floats(floats) => {
            proto.floats = floats;
            AttributeType::Floats
        }
        Attribute::Ints(ints) => {
            proto.ints = ints;
            AttributeType::Ints
        }
        Attribute::Texts(texts) => {
            proto.strings = texts;
            AttributeType::Texts
        }
    };
    proto.r#type = kind as i32;
    proto
}

fn value_info(name: &str, element: Element, width: Option<usize>, about: &str) -> ValueInfoProto {
    let rows = DimensionProto { dim_value: None, dim_param: Some(ROWS.to_owned()) };
    let width = width.map(|width| DimensionProto { dim_value: Some(width as i64), dim_param: None });
    let shape = TensorShapeProto { dim: [rows].into_iter().chain(width).collect() };
    let tensor_type = TensorTypeProto { elem_type: element as i32, shape: Some(shape) };
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto { tensor_type: Some(tensor_type) }),
        doc_string: about.to_owned(),
    }
}
