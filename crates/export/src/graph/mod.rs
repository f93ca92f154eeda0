//! A model as one graph: a row's columns in, as they are read; every member's score, the hybrid's, the reported
//! probability and the flag out.
//!
//! | step | stands in | in |
//! |---|---|---|
//! | columns become inputs | `inputs` | f32, text |
//! | what the members see | `views` | f64 for numbers of the network, as the preprocessor has it |
//! | a member's score | `members`, a file a kind | f32 |
//! | fusion, probability, flag | `fusion` | f64, then f32 |
//!
//! The order of operations is the model's own wherever it shows in the result.

mod fusion;
mod inputs;
mod members;
mod names;
mod views;

use nta_model::Model;

use crate::ExportError;
use crate::onnx::{Element, GraphBuilder, ModelProto};

pub(crate) use inputs::{Columns, MISSING_TEXTS};
pub(crate) use members::state_len;
pub(crate) use names::{END_TIME, ENTITY, FLAGGED, GAP, PROBABILITY, state_input, state_output};

/// What a row is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// By its host's flows before it, where the model does: what is remembered comes in and goes out, beside the time since the last one.
    Sequences,
    /// By itself, as if it were the first of its host.
    SingleFlows,
}

impl Form {
    /// The forms of a model: a model that judges single flows has no other.
    pub fn all_of(model: &Model) -> Vec<Form> {
        match model.state {
            Some(_) => vec![Form::Sequences, Form::SingleFlows],
            None => vec![Form::SingleFlows],
        }
    }
}

/// The graph of `model`.
///
/// # Errors
/// A column that bears the name of an output, categories that a graph cannot say.
pub(crate) fn graph_of(model: &Model, form: Form) -> Result<ModelProto, ExportError> {
    let mut graph = GraphBuilder::default();
    let columns = Columns::inputs(&mut graph, model, form)?;
    let mut views = views::Views::new(&model.preprocessor, &columns, form);
    let (mut scores, mut states) = (Vec::new(), Vec::new());
    for member in &model.members {
        let written = members::write(&mut graph, &mut views, member, &columns)?;
        scores.push(written.score);
        states.extend(written.state.map(|state| (member, state)));
    }
    let hybrid = fusion::fuse(&mut graph, &model.hybrid, &scores);
    let probability = fusion::probability(&mut graph, &model.calibration, &hybrid);
    let flagged = fusion::flag(&mut graph, model.threshold(nta_data::HYBRID)?.value, &hybrid);
    let names = model.names().map(str::to_owned).collect::<Vec<_>>();
    for (name, score) in names.iter().zip(scores.iter().chain([&hybrid])) {
        graph.output(name, score, Element::Float, None, "probability of attack, 0 to 1")?;
    }
    graph.output(
        PROBABILITY,
        &probability,
        Element::Float,
        None,
        "share of attacks to expect at the hybrid's score",
    )?;
    graph.output(FLAGGED, &flagged, Element::Int32, None, "1 where the hybrid's score is above the threshold")?;
    for (member, (state, width)) in states {
        let about = "what to remember of the host, the input of its next flow";
        graph.output(&state_output(&member.name), &state, Element::Float, Some(width), about)?;
    }
    let about = match form {
        Form::Sequences => "Scores network flows by what their host did before.",
        Form::SingleFlows => "Scores network flows, each by itself.",
    };
    let properties = [("digest", model.digest()?), ("run", model.provenance.run.clone())];
    Ok(graph.finish(&model.provenance.name, about, &properties))
}
