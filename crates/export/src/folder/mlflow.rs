//! The folder as an MLflow model (its storage format as of 3.17): `MLmodel`, the environments, an example.

use nta_model::Model;
use serde_json::{Value, json};

use super::contract::{Column, columns, outputs};
use crate::ExportError;
use crate::graph::{END_TIME, ENTITY, FLAGGED, Form};
use crate::graphs::file_of;

/// The MLflow whose format this is.
const MLFLOW: &str = "3.17.2";

/// The Python that the requirements were checked with.
const PYTHON: &str = "3.11";

/// What the loader needs, at the versions that it was checked with.
const REQUIREMENTS: [&str; 4] = ["mlflow==3.17.2", "numpy==2.4.6", "onnxruntime==1.32.0", "pandas==2.3.3"];

/// Rows of the example.
const EXAMPLE_ROWS: usize = 5;

/// A file of the folder.
pub(super) struct TextFile {
    pub(super) name: &'static str,
    pub(super) text: String,
}

/// Every file that MLflow reads.
pub(super) fn files(model: &Model, title: &str) -> Result<Vec<TextFile>, ExportError> {
    let requirements: String = REQUIREMENTS.iter().map(|line| format!("{line}\n")).collect();
    let conda = json!({
        "name": "nta",
        "channels": ["conda-forge"],
        "dependencies": [format!("python={PYTHON}"), "pip", { "pip": REQUIREMENTS }],
    });
    let virtualenv =
        json!({ "python": PYTHON, "build_dependencies": ["pip"], "dependencies": ["-r requirements.txt"] });
    Ok(vec![
        TextFile { name: "MLmodel", text: yaml(&description(model, title)?)? },
        TextFile { name: "requirements.txt", text: requirements },
        TextFile { name: "conda.yaml", text: yaml(&conda)? },
        TextFile { name: "python_env.yaml", text: yaml(&virtualenv)? },
        TextFile { name: "input_example.json", text: format!("{}\n", example(model)) },
    ])
}

fn yaml(value: &Value) -> Result<String, ExportError> {
    serde_saphyr::to_string(value).map_err(ExportError::unsayable)
}

fn description(model: &Model, title: &str) -> Result<Value, ExportError> {
    let digest = model.digest()?;
    let (inputs, outputs) = (json!(inputs(model)), json!(output_columns(model)));
    Ok(json!({
        "flavors": {
            "onnx": {
                "data": file_of(model, Form::SingleFlows),
                "onnx_version": "1.23.2",
                "providers": ["CPUExecutionProvider"],
                "code": "code",
            },
            "python_function": {
                "loader_module": "nta_loader",
                "code": "code",
                "data": ".",
                "env": { "conda": "conda.yaml", "virtualenv": "python_env.yaml" },
                "python_version": PYTHON,
            },
        },
        "metadata": { "nta_model": title, "nta_digest": digest },
        "mlflow_version": MLFLOW,
        "model_uuid": digest.get(..32),
        "saved_input_example_info": {
            "artifact_path": "input_example.json",
            "pandas_orient": "split",
            "type": "dataframe",
        },
        "signature": { "inputs": inputs.to_string(), "outputs": outputs.to_string(), "params": null },
        "utc_time_created": created(&model.provenance.created),
    }))
}

/// A time as MLflow writes it: a blank, no zone.
fn created(rfc3339: &str) -> String {
    rfc3339.trim_end_matches('Z').replacen('T', " ", 1)
}

/// The columns of a frame. Numbers may come in any type and a column may be read as a number and as a text, so a column
/// is of any type; the loader reads it.
fn inputs(model: &Model) -> Vec<Value> {
    let column = |column: Column| json!({ "type": "any", "name": column.name, "required": true });
    let mut inputs: Vec<Value> = columns(model).into_iter().map(column).collect();
    if model.state.is_some() {
        let optional = [ENTITY, END_TIME].map(|name| json!({ "type": "any", "name": name, "required": false }));
        inputs.extend(optional);
    }
    inputs
}

fn output_columns(model: &Model) -> Vec<Value> {
    let kind = |name: &str| if name == FLAGGED { "integer" } else { "float" };
    outputs(model).iter().map(|name| json!({ "type": kind(name), "name": name, "required": true })).collect()
}

/// The first golden rows as a frame.
fn example(model: &Model) -> Value {
    let columns = columns(model);
    let number = |name: &str| model.schema.numeric.iter().position(|c| c.name == name);
    let text = |name: &str| model.schema.categorical.iter().position(|c| c.name == name);
    let rows = model.golden.rows.iter().take(EXAMPLE_ROWS).map(|row| {
        let cell = |column: &Column| match column.is_text {
            true => text(&column.name).map_or(Value::Null, |j| json!(row.categorical[j])),
            false => number(&column.name).map_or(Value::Null, |j| json!(row.numeric[j])),
        };
        let mut cells: Vec<Value> = columns.iter().map(cell).collect();
        if model.state.is_some() {
            cells.extend([json!(row.entity), json!(row.end_time)]);
        }
        cells
    });
    let mut names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    if model.state.is_some() {
        names.extend([ENTITY, END_TIME]);
    }
    json!({ "columns": names, "data": rows.collect::<Vec<_>>() })
}
