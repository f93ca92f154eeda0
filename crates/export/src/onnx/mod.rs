//! ONNX as a file: its messages, and a builder that gives every tensor its own name. Knows no model.

mod builder;
mod proto;

pub(crate) use builder::{Attribute, GraphBuilder, ML, Value};
pub(crate) use proto::{Element, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};
