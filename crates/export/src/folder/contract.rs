//! `preprocessing.json`: what a reader in any language needs to know to feed the graphs, or to do by hand what they do.
//! The Python loader reads it.

use nta_data::HYBRID;
use nta_model::Model;
use serde_json::{Value, json};

use crate::ExportError;
use crate::graph::{
    END_TIME, ENTITY, FLAGGED, Form, GAP, MISSING_TEXTS, PROBABILITY, state_input, state_len, state_output,
};
use crate::graphs::file_of;

/// A column of a table, and what the graphs take of it.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) is_text: bool,
}

/// The table's columns that the model uses, each once: numbers first.
pub(super) fn columns(model: &Model) -> Vec<Column> {
    let fitted = &model.preprocessor;
    let number = |name: &String| Column { name: name.clone(), is_text: false };
    let mut columns: Vec<Column> = fitted.numeric().iter().map(|column| number(&column.name)).collect();
    for column in fitted.categorical() {
        match columns.iter_mut().find(|known| known.name == column.name) {
            Some(known) => known.is_text = true,
            None => columns.push(Column { name: column.name.clone(), is_text: true }),
        }
    }
    columns
}

/// Names of the outputs that a row has, flags last.
pub(super) fn outputs(model: &Model) -> Vec<String> {
    model.names().chain([PROBABILITY, FLAGGED]).map(str::to_owned).collect()
}

/// The contents of the file.
pub(super) fn contract(model: &Model, title: &str) -> Result<Value, ExportError> {
    let fitted = &model.preprocessor;
    let names = fitted.tabular_names();
    let (numeric, texts) = names.split_at(fitted.numeric().len());
    let is_hex = |name: &str| model.schema.numeric.iter().any(|column| column.name == name && column.hex);
    let numbers = numeric.iter().zip(fitted.numeric());
    let numbers = numbers.map(|(input, c)| json!({ "input": input, "column": c.name, "hex": is_hex(&c.name) }));
    let texts = texts.iter().zip(fitted.categorical());
    let texts = texts.map(|(input, c)| json!({ "input": input, "column": c.name }));
    let forms = Form::all_of(model);
    let file = |form: Form| forms.contains(&form).then(|| file_of(model, form));
    Ok(json!({
        "model": title,
        "digest": model.digest()?,
        "graphs": { "sequences": file(Form::Sequences), "single_flows": file(Form::SingleFlows) },
        "numbers": numbers.collect::<Vec<_>>(),
        "texts": texts.collect::<Vec<_>>(),
        "missing_texts": MISSING_TEXTS,
        "memory": memory(model),
        "outputs": outputs(model),
        "threshold": model.threshold(HYBRID)?.value,
        "preprocessor": serde_json::to_value(fitted).map_err(ExportError::unsayable)?,
    }))
}

/// What the graph for sequences takes and gives beside.
fn memory(model: &Model) -> Value {
    let Some(state) = &model.state else { return Value::Null };
    let states = model.members.iter().filter_map(|member| {
        let width = state_len(&member.member)?;
        Some(json!({ "input": state_input(&member.name), "output": state_output(&member.name), "width": width }))
    });
    json!({
        "by": state.by,
        "entities": state.memory.entities,
        "idle_seconds": state.memory.idle_seconds,
        "entity_key": nta_data::hex(&state.entity_key),
        "gap": model.preprocessor.gap().map(|_| GAP),
        "states": states.collect::<Vec<_>>(),
        "entity": ENTITY,
        "end_time": END_TIME,
    })
}
