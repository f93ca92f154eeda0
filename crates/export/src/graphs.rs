//! The graphs of a model as files' bytes, and what can run them.

use std::path::{Path, PathBuf};

use nta_model::Model;
use prost::Message;

use crate::ExportError;
use crate::evaluate::{Evaluator, Runtime};
use crate::graph::{Form, graph_of};

/// The file of the whole model: with what is remembered of hosts, where the model does.
pub(crate) const WHOLE: &str = "model.onnx";

/// The file of the same model for single flows, where the whole one remembers.
pub(crate) const STATELESS: &str = "model_stateless.onnx";

/// Every form of a model, as the bytes of an ONNX file each.
#[derive(Debug, Clone)]
pub struct Graphs {
    forms: Vec<(Form, Vec<u8>)>,
}

/// What runs graphs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    /// The evaluator in this crate.
    Ours,
    /// The shared library of an onnxruntime, as the Python package `onnxruntime` has it under `capi/`.
    Onnxruntime(PathBuf),
}

impl Graphs {
    /// The graphs of `model`.
    ///
    /// # Errors
    /// A column that bears the name of an output, what a graph cannot say.
    pub fn of(model: &Model) -> Result<Self, ExportError> {
        let forms = Form::all_of(model).into_iter().map(|form| Ok((form, graph_of(model, form)?.encode_to_vec())));
        Ok(Graphs { forms: forms.collect::<Result<_, ExportError>>()? })
    }

    /// The graphs of `model` as they stand in `folder`.
    ///
    /// # Errors
    /// A file that is not there.
    pub fn read(folder: &Path, model: &Model) -> Result<Self, ExportError> {
        let read = |form: Form| {
            let path = folder.join(file_of(model, form));
            let bytes = std::fs::read(&path).map_err(ExportError::io("read", &path))?;
            Ok((form, bytes))
        };
        let forms = Form::all_of(model).into_iter().map(read).collect::<Result<_, ExportError>>()?;
        Ok(Graphs { forms })
    }

    /// Each form and its bytes.
    pub fn iter(&self) -> impl Iterator<Item = (Form, &[u8])> {
        self.forms.iter().map(|(form, bytes)| (*form, bytes.as_slice()))
    }
}

/// The name of a form's file.
pub(crate) fn file_of(model: &Model, form: Form) -> &'static str {
    match (form, &model.state) {
        (Form::SingleFlows, Some(_)) => STATELESS,
        _ => WHOLE,
    }
}

impl Engine {
    pub(crate) fn load(&self, bytes: &[u8]) -> Result<Box<dyn Runtime>, ExportError> {
        match self {
            Engine::Ours => Ok(Box::new(Evaluator::load(bytes)?)),
            Engine::Onnxruntime(library) => Ok(Box::new(crate::onnxruntime::Session::load(library, bytes)?)),
        }
    }
}
