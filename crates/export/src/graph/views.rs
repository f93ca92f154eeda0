//! What the members see, as the preprocessor makes it (`crates/preprocess/src/preprocessor/views.rs`): one after the
//! other, in the same precision.

use nta_preprocess::{CLIP, GapScaling, Preprocessor, Transform};

use super::{Columns, Form};
use crate::onnx::{Element, GraphBuilder, Value};

/// The two views of a row, made when a member first asks.
pub(crate) struct Views<'a> {
    fitted: &'a Preprocessor,
    columns: &'a Columns,
    form: Form,
    finite: Option<Value>,
    tabular: Option<Value>,
    dense: Option<Option<Value>>,
}

impl<'a> Views<'a> {
    pub(crate) fn new(fitted: &'a Preprocessor, columns: &'a Columns, form: Form) -> Self {
        Views { fitted, columns, form, finite: None, tabular: None, dense: None }
    }

    /// Names of the forest's columns, in the order of [`Views::tabular`].
    pub(crate) fn tabular_names(&self) -> Vec<String> {
        self.fitted.tabular_names()
    }

    /// Each text column's codes, `(rows)`.
    pub(crate) fn codes(&self) -> &'a [Value] {
        &self.columns.codes
    }

    /// Numbers as read, NaN where missing or infinite, then each category's rank: `(rows, n_features)`, f32.
    pub(crate) fn tabular(&mut self, graph: &mut GraphBuilder) -> Value {
        if let Some(made) = &self.tabular {
            return made.clone();
        }
        let mut parts = Vec::new();
        if let Some(numbers) = &self.columns.numbers {
            let (finite, missing) = (self.finite(graph, numbers), graph.floats(vec![], &[f32::NAN]));
            parts.push(graph.node("Where", &[&finite, numbers, &missing]));
        }
        for (column, codes) in self.fitted.categorical().iter().zip(&self.columns.codes) {
            let mut ranks = vec![0.0; column.cardinality() as usize];
            let all = column.values.values().chain(&column.missing).chain([&column.other]);
            all.for_each(|category| ranks[category.code as usize] = category.rank as f32);
            let ranks = graph.floats(vec![ranks.len(), 1], &ranks);
            parts.push(graph.gather(&ranks, codes, 0));
        }
        let made = graph.beside(&parts);
        self.tabular = Some(made.clone());
        made
    }

    /// The network's numbers that depend on the row, `(rows, n)`, f32; `None` where there is none.
    pub(crate) fn dense(&mut self, graph: &mut GraphBuilder) -> Option<Value> {
        if let Some(made) = &self.dense {
            return made.clone();
        }
        let mut parts = Vec::new();
        if let Some(numbers) = &self.columns.numbers {
            let finite = self.finite(graph, numbers);
            parts.push(self.scaled(graph, numbers, &finite));
            parts.extend(self.indicators(graph, &finite));
        }
        if let (Some(seconds), Some(gap)) = (&self.columns.gap, self.fitted.gap()) {
            parts.push(gap_inputs(graph, gap, seconds));
        }
        let made = (!parts.is_empty()).then(|| graph.beside(&parts));
        self.dense = Some(made.clone());
        made
    }

    /// The network's last numbers where they are the same for every row: those of a host's first flow.
    pub(crate) fn constant_numbers(&self) -> &'static [f32] {
        match (self.form, self.fitted.gap()) {
            (Form::SingleFlows, Some(_)) => &[0.0, 1.0],
            _ => &[],
        }
    }

    /// Whether the row goes on from a flow before, `(rows, 1)`; `None` where that is not known.
    pub(crate) fn goes_on(&self, graph: &mut GraphBuilder) -> Option<Value> {
        let (seconds, gap) = (self.columns.gap.as_ref()?, self.fitted.gap()?);
        Some(goes_on(graph, gap, seconds))
    }

    /// Which numbers are there, `(rows, n_numbers)`.
    fn finite(&mut self, graph: &mut GraphBuilder, numbers: &Value) -> Value {
        if let Some(made) = &self.finite {
            return made.clone();
        }
        // False for NaN and infinity alike.
        let (size, largest) = (graph.node("Abs", &[numbers]), graph.floats(vec![], &[f32::MAX]));
        let made = graph.node("LessOrEqual", &[&size, &largest]);
        self.finite = Some(made.clone());
        made
    }

    /// Numbers filled, transformed, scaled and held within bounds, in f64, then f32.
    fn scaled(&self, graph: &mut GraphBuilder, numbers: &Value, finite: &Value) -> Value {
        let fitted = self.fitted.numeric();
        let mut constant = |of: fn(&nta_preprocess::FittedNumeric) -> f64| {
            let values: Vec<f64> = fitted.iter().map(of).collect();
            graph.doubles(vec![values.len()], &values)
        };
        let (fill, center, spread) = (constant(|c| c.fill), constant(|c| c.center), constant(|c| c.spread));
        let wide = graph.cast(numbers, Element::Double);
        let filled = graph.node("Where", &[finite, &wide, &fill]);
        let transformed = match self.fitted.config().numeric.transform {
            Transform::None => filled,
            Transform::Log1p => signed_log(graph, &filled),
        };
        let centered = graph.node("Sub", &[&transformed, &center]);
        let scaled = graph.node("Div", &[&centered, &spread]);
        let clipped = clipped(graph, &scaled);
        graph.cast(&clipped, Element::Float)
    }

    /// 1 where a number is missing, for the columns where that says something.
    fn indicators(&self, graph: &mut GraphBuilder, finite: &Value) -> Option<Value> {
        let with_missing = self.fitted.numeric().iter().enumerate().filter(|(_, column)| column.missing_rows > 0);
        let which: Vec<i64> = with_missing.map(|(place, _)| place as i64).collect();
        if which.is_empty() {
            return None;
        }
        let (zero, one) = (graph.floats(vec![], &[0.0]), graph.floats(vec![], &[1.0]));
        let missing = graph.node("Where", &[finite, &zero, &one]);
        let which = graph.integers(vec![which.len()], which);
        Some(graph.gather(&missing, &which, 1))
    }
}

/// sign(x) ln(1 + |x|).
fn signed_log(graph: &mut GraphBuilder, x: &Value) -> Value {
    let (size, one) = (graph.node("Abs", &[x]), graph.doubles(vec![], &[1.0]));
    let sum = graph.node("Add", &[&size, &one]);
    let (log, sign) = (graph.node("Log", &[&sum]), graph.node("Sign", &[x]));
    graph.node("Mul", &[&log, &sign])
}

fn clipped(graph: &mut GraphBuilder, x: &Value) -> Value {
    let (low, high) = (graph.doubles(vec![], &[-CLIP]), graph.doubles(vec![], &[CLIP]));
    graph.node("Clip", &[x, &low, &high])
}

/// The silence has not been too long; NaN, for no flow before, is none.
fn goes_on(graph: &mut GraphBuilder, gap: &GapScaling, seconds: &Value) -> Value {
    // As the entity store has it: whole microseconds.
    let idle = (gap.memory.idle_seconds * 1e6) as i64;
    let longest = graph.doubles(vec![], &[idle as f64 / 1e6]);
    graph.node("LessOrEqual", &[seconds, &longest])
}

/// The scaled gap, and whether the flow is a first one, `(rows, 2)`.
fn gap_inputs(graph: &mut GraphBuilder, gap: &GapScaling, seconds: &Value) -> Value {
    let goes_on = goes_on(graph, gap, seconds);
    let zero = graph.doubles(vec![], &[0.0]);
    // A first flow's NaN must go before it is computed with; what comes of it is replaced below.
    let known = graph.node("Where", &[&goes_on, seconds, &zero]);
    let at_least_zero = graph.node("Max", &[&known, &zero]);
    let one = graph.doubles(vec![], &[1.0]);
    let sum = graph.node("Add", &[&at_least_zero, &one]);
    let log = graph.node("Log", &[&sum]);
    let (mean, deviation) = (graph.doubles(vec![], &[gap.mean]), graph.doubles(vec![], &[gap.deviation]));
    let centered = graph.node("Sub", &[&log, &mean]);
    let scaled = graph.node("Div", &[&centered, &deviation]);
    let clipped = clipped(graph, &scaled);
    let value = graph.node("Where", &[&goes_on, &clipped, &zero]);
    let first = graph.node("Where", &[&goes_on, &zero, &one]);
    let both = graph.beside(&[value, first]);
    graph.cast(&both, Element::Float)
}
