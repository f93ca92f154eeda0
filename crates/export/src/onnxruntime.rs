//! Graphs in a real onnxruntime, whose shared library is loaded when it is asked for: nothing of it is built or linked.

use std::collections::HashMap;
use std::path::Path;
use std::sync::OnceLock;

use ort::environment::Environment;
use ort::session::SessionInputValue;
use ort::value::Tensor as OrtTensor;

use crate::ExportError;
use crate::evaluate::{Runtime, Tensor};
use crate::onnx::Element;

/// A graph that onnxruntime has taken up.
pub(crate) struct Session {
    session: ort::session::Session,
    outputs: Vec<String>,
}

impl Session {
    /// Takes up a graph. A process has one runtime: the library named first.
    pub(crate) fn load(library: &Path, bytes: &[u8]) -> Result<Self, ExportError> {
        static RUNTIME: OnceLock<Environment> = OnceLock::new();
        let environment = match RUNTIME.get() {
            Some(environment) => environment,
            None => {
                let why =
                    |e: &dyn std::fmt::Display| ExportError::Runtime { why: format!("{}: {e}", library.display()) };
                let made = ort::init_from(library).map_err(|e| why(&e))?.with_name("nta").build();
                let made = made.map_err(|e| why(&e))?;
                RUNTIME.get_or_init(|| made)
            }
        };
        let mut builder = ort::session::Session::builder(environment).map_err(refused)?;
        let session = builder.commit_from_memory(bytes).map_err(refused)?;
        let outputs = session.outputs().iter().map(|output| output.name().to_owned()).collect();
        Ok(Session { session, outputs })
    }
}

impl Runtime for Session {
    fn name(&self) -> String {
        "the graph in onnxruntime".to_owned()
    }

    fn run(&mut self, inputs: Vec<(String, Tensor)>) -> Result<HashMap<String, Tensor>, ExportError> {
        let inputs = inputs.into_iter().map(|(name, tensor)| Ok((name, value(tensor)?)));
        let inputs = inputs.collect::<Result<Vec<(String, SessionInputValue<'_>)>, ExportError>>()?;
        let made = self.session.run(inputs).map_err(refused)?;
        let mut outputs = HashMap::new();
        for name in &self.outputs {
            let value = made.get(name).ok_or_else(|| ExportError::Runtime { why: format!("it made no `{name}`") })?;
            let (element, values): (_, Vec<f64>) = match value.try_extract_tensor::<f32>() {
                Ok((_, values)) => (Element::Float, values.iter().map(|&x| x.into()).collect()),
                Err(_) => {
                    let (_, values) = value.try_extract_tensor::<i32>().map_err(refused)?;
                    (Element::Int32, values.iter().map(|&x| x.into()).collect())
                }
            };
            outputs.insert(name.clone(), Tensor::Numbers { element, shape: vec![values.len()], values });
        }
        Ok(outputs)
    }
}

fn value(tensor: Tensor) -> Result<SessionInputValue<'static>, ExportError> {
    let value = match tensor {
        Tensor::Texts(texts) => {
            OrtTensor::from_string_array(([texts.len()], texts.as_slice())).map_err(refused)?.into_dyn()
        }
        Tensor::Numbers { element: Element::Double, shape, values } => {
            OrtTensor::from_array((shape, values)).map_err(refused)?.into_dyn()
        }
        Tensor::Numbers { shape, values, .. } => {
            let values: Vec<f32> = values.into_iter().map(|x| x as f32).collect();
            OrtTensor::from_array((shape, values)).map_err(refused)?.into_dyn()
        }
    };
    Ok(value.into())
}

fn refused<T>(error: ort::Error<T>) -> ExportError {
    ExportError::Runtime { why: error.to_string() }
}
