//! From a file's bytes to steps that are understood; anything else is refused, in words.

use std::collections::HashMap;

use prost::Message;

use super::operator::Operator;
use super::trees::{Columns, Trees};
use super::{Evaluator, Tensor};
use crate::ExportError;
use crate::onnx::{Element, GraphProto, ML, ModelProto, NodeProto};

/// A node, ready to run.
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) operator: Operator,
    pub(crate) inputs: Vec<String>,
    pub(crate) outputs: Vec<String>,
}

impl Evaluator {
    /// Reads a graph.
    ///
    /// # Errors
    /// Bytes that are no ONNX model, an operator that is none of those written here, constants or trees that are not
    /// sound.
    pub(crate) fn load(bytes: &[u8]) -> Result<Self, ExportError> {
        let model = ModelProto::decode(bytes).map_err(|e| ExportError::graph(format!("it is no ONNX model: {e}")))?;
        let GraphProto { node, initializer, input, output, .. } =
            model.graph.ok_or_else(|| ExportError::graph("it holds none"))?;
        let mut constants = HashMap::new();
        for proto in &initializer {
            let tensor = Tensor::of(proto).map_err(|why| ExportError::graph(format!("{}: {why}", proto.name)))?;
            constants.insert(proto.name.clone(), tensor);
        }
        let mut steps = Vec::with_capacity(node.len());
        for node in node {
            let operator = operator(&node).map_err(|why| ExportError::graph(format!("{}: {why}", node.name)))?;
            steps.push(Step { name: node.name, operator, inputs: node.input, outputs: node.output });
        }
        let names = |infos: Vec<crate::onnx::ValueInfoProto>| infos.into_iter().map(|info| info.name).collect();
        Ok(Evaluator { constants, steps, inputs: names(input), outputs: names(output) })
    }
}

fn operator(node: &NodeProto) -> Result<Operator, String> {
    Ok(match (node.domain.as_str(), node.op_type.as_str()) {
        ("", "Abs") => Operator::Each(f64::abs),
        ("", "Neg") => Operator::Each(|x| -x),
        ("", "Exp") => Operator::Each(f64::exp),
        ("", "Log") => Operator::Each(f64::ln),
        // Of graphs published before the tangent was written out.
        ("", "Tanh") => Operator::Each(f64::tanh),
        ("", "Sign") => Operator::Each(|x| if x == 0.0 { 0.0 } else { x.signum() }),
        ("", "Add") => Operator::Pair(|a, b| a + b),
        ("", "Sub") => Operator::Pair(|a, b| a - b),
        ("", "Mul") => Operator::Pair(|a, b| a * b),
        ("", "Div") => Operator::Pair(|a, b| a / b),
        ("", "Max") => Operator::Pair(f64::max),
        ("", "LessOrEqual") => Operator::Compare(|a, b| a <= b),
        ("", "Greater") => Operator::Compare(|a, b| a > b),
        ("", "Where") => Operator::Where,
        ("", "Clip") => Operator::Clip,
        ("", "Cast") => Operator::Cast(Element::of(int(node, "to")? as i32).ok_or("an unknown type")?),
        ("", "Concat") if int(node, "axis")? == 1 => Operator::Concat,
        ("", "Gather") => Operator::Gather(int(node, "axis")?.clamp(0, 1) as usize),
        ("", "Reshape") => Operator::Reshape,
        ("", "Split") if int(node, "axis")? == 1 => Operator::Split,
        ("", "MatMul") => Operator::MatMul,
        (ML, "CategoryMapper") => category_mapper(node)?,
        (ML, "TreeEnsembleClassifier") => Operator::Trees(Box::new(trees(node)?)),
        (domain, name) => return Err(format!("{domain} {name} is no operator that is written here")),
    })
}

fn int(node: &NodeProto, name: &str) -> Result<i64, String> {
    let found = node.attribute.iter().find(|attribute| attribute.name == name);
    found.and_then(|attribute| attribute.i).ok_or_else(|| format!("`{name}` is missing"))
}

fn ints<'a>(node: &'a NodeProto, name: &str) -> Result<&'a [i64], String> {
    let found = node.attribute.iter().find(|attribute| attribute.name == name);
    found.map(|attribute| attribute.ints.as_slice()).ok_or_else(|| format!("`{name}` is missing"))
}

fn floats<'a>(node: &'a NodeProto, name: &str) -> Result<&'a [f32], String> {
    let found = node.attribute.iter().find(|attribute| attribute.name == name);
    found.map(|attribute| attribute.floats.as_slice()).ok_or_else(|| format!("`{name}` is missing"))
}

fn texts<'a>(node: &'a NodeProto, name: &str) -> Result<&'a [Vec<u8>], String> {
    let found = node.attribute.iter().find(|attribute| attribute.name == name);
    found.map(|attribute| attribute.strings.as_slice()).ok_or_else(|| format!("`{name}` is missing"))
}

fn category_mapper(node: &NodeProto) -> Result<Operator, String> {
    let (texts, codes) = (texts(node, "cats_strings")?, ints(node, "cats_int64s")?);
    if texts.len() != codes.len() {
        return Err("not one code a text".to_owned());
    }
    let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).map_err(|_| "a text is not UTF-8".to_owned());
    let texts = texts.iter().map(text).collect::<Result<Vec<_>, _>>()?;
    let codes = texts.into_iter().zip(codes.iter().copied()).collect();
    Ok(Operator::CategoryMapper { codes, other: int(node, "default_int64")? })
}

fn trees(node: &NodeProto) -> Result<Trees, String> {
    let mode = |mode: &Vec<u8>| match mode.as_slice() {
        b"LEAF" => Ok(true),
        b"BRANCH_LEQ" => Ok(false),
        _ => Err("a mode that is not written here".to_owned()),
    };
    let transform = node.attribute.iter().find(|attribute| attribute.name == "post_transform");
    if transform.and_then(|attribute| attribute.s.as_deref()) != Some(b"NONE") {
        return Err("a transform of votes that is not written here".to_owned());
    }
    Trees::of(&Columns {
        tree: ints(node, "nodes_treeids")?,
        node: ints(node, "nodes_nodeids")?,
        feature: ints(node, "nodes_featureids")?,
        is_leaf: texts(node, "nodes_modes")?.iter().map(mode).collect::<Result<_, _>>()?,
        threshold: floats(node, "nodes_values")?,
        left: ints(node, "nodes_truenodeids")?,
        right: ints(node, "nodes_falsenodeids")?,
        missing_left: ints(node, "nodes_missing_value_tracks_true")?,
        leaf_tree: ints(node, "class_treeids")?,
        leaf_node: ints(node, "class_nodeids")?,
        leaf_class: ints(node, "class_ids")?,
        leaf_weight: floats(node, "class_weights")?,
    })
}
