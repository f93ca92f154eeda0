//! The graph's inputs: a row's columns as they are read, the time since the host's last flow, and what members remember.

use nta_model::Model;
use nta_preprocess::FittedCategorical;

use super::names::{GAP, RESERVED};
use super::{Form, members, state_input};
use crate::ExportError;
use crate::onnx::{Attribute, Element, GraphBuilder, Value};

/// Texts that mean a missing cell; see `crates/ingest/src/values/number.rs`. The Python loader knows every spelling.
pub(crate) const MISSING_TEXTS: [&str; 5] = ["", "-", "(empty)", "nan", "NaN"];

/// Inputs of the graph.
pub(crate) struct Columns {
    /// `(rows, n_numbers)` as read; `None` where no number column is used.
    pub(crate) numbers: Option<Value>,
    /// Each text column's codes, `(rows)`.
    pub(crate) codes: Vec<Value>,
    /// `(rows, 1)` seconds, f64; `None` where the network is not told.
    pub(crate) gap: Option<Value>,
    /// What each member remembers, by its name, `(rows, width)`.
    pub(crate) states: Vec<(String, Value)>,
}

impl Columns {
    /// Makes the inputs: number columns, then text columns, in the preprocessor's order and under its names.
    pub(crate) fn inputs(graph: &mut GraphBuilder, model: &Model, form: Form) -> Result<Self, ExportError> {
        let fitted = &model.preprocessor;
        let names = fitted.tabular_names();
        if let Some(name) = names.iter().find(|name| RESERVED.contains(&name.as_str())) {
            return Err(ExportError::Name { name: name.clone() });
        }
        let (numeric, texts) = names.split_at(fitted.numeric().len());
        let mut numbers = Vec::with_capacity(numeric.len());
        for name in numeric {
            let input = graph.input(name, Element::Float, None, "a number as read; NaN or infinite is missing")?;
            numbers.push(graph.column(&input));
        }
        let numbers = (!numbers.is_empty()).then(|| graph.beside(&numbers));
        let mut codes = Vec::with_capacity(texts.len());
        for (name, column) in texts.iter().zip(fitted.categorical()) {
            let input = graph.input(name, Element::Text, None, "a text as read, trimmed; empty or `-` is missing")?;
            codes.push(code(graph, column, &input)?);
        }
        let mut columns = Columns { numbers, codes, gap: None, states: Vec::new() };
        if form == Form::Sequences {
            columns.memory(graph, model)?;
        }
        Ok(columns)
    }

    /// The inputs that come from flows before.
    fn memory(&mut self, graph: &mut GraphBuilder, model: &Model) -> Result<(), ExportError> {
        if model.preprocessor.gap().is_some() {
            let about = "seconds from the end of the host's last flow to the end of this one; NaN for its first";
            let gap = graph.input(GAP, Element::Double, None, about)?;
            self.gap = Some(graph.column(&gap));
        }
        for member in &model.members {
            let Some(width) = members::state_len(&member.member) else { continue };
            let about = "what the member remembers of the host: the output of its last flow, zeros for its first";
            let state = graph.input(&state_input(&member.name), Element::Float, Some(width), about)?;
            self.states.push((member.name.clone(), state));
        }
        Ok(())
    }

    /// What the member `name` remembers; `None` where nothing comes in.
    pub(crate) fn state(&self, name: &str) -> Option<&Value> {
        self.states.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }
}

/// The LSTM's code of each text, `(rows)`: what the preprocessor gives to it.
fn code(graph: &mut GraphBuilder, column: &FittedCategorical, input: &Value) -> Result<Value, ExportError> {
    let missing = column.category(None).code;
    let known = column.values.iter().map(|(text, category)| (text.as_str(), category.code));
    let mut codes: Vec<(&str, u32)> = known.filter(|(text, _)| !MISSING_TEXTS.contains(text)).collect();
    if codes.len() < column.values.len() {
        let why = format!("column `{}` has a category whose text means a missing cell", column.name);
        return Err(ExportError::unsayable(why));
    }
    codes.extend(MISSING_TEXTS.map(|text| (text, missing)));
    let attributes = vec![
        ("cats_strings", Attribute::Texts(codes.iter().map(|(text, _)| text.as_bytes().to_vec()).collect())),
        ("cats_int64s", Attribute::Ints(codes.iter().map(|(_, code)| i64::from(*code)).collect())),
        ("default_int64", Attribute::Int(i64::from(column.other.code))),
    ];
    Ok(graph.nodes(crate::onnx::ML, "CategoryMapper", &[input], attributes, 1).remove(0))
}
