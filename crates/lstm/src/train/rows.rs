//! The rows that training gets: what they must be, and what their classes weigh.

use nta_data::{Dense, Label, Sequences};

use crate::engine::Truth;
use crate::input::{Inputs, check_sequences};
use crate::weights::Shape;
use crate::{ClassWeight, LstmConfig, LstmError};

/// Most that a row of the rarer class counts against one of the other.
const MOST_CLASS_WEIGHT: f32 = 10.0;

/// Labelled rows in their sequences.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The inputs.
    pub dense: &'a Dense,
    /// Which rows follow each other; each row stands in exactly one sequence. Cut by the caller where the memory lets
    /// go of an entity (`Sequences::by_entity`), not at `sequence.length`.
    pub sequences: &'a Sequences,
    /// `(n_rows)`.
    pub labels: &'a [Label],
    /// `(n_rows)`, finite, at least 0; a row of weight 0 is seen as context and left out of the loss. `None`: all 1.
    pub weight: Option<&'a [f32]>,
}

/// Weights of benign and attack rows.
pub(super) fn class_weights(choice: ClassWeight, rows: &Rows<'_>) -> [f32; 2] {
    let count = |label: Label| rows.counting().filter(|&i| rows.labels[i] == label).count() as f32;
    let (benign, attacks) = (count(Label::Benign), count(Label::Attack));
    match choice {
        ClassWeight::None => [1.0, 1.0],
        ClassWeight::Balanced if attacks < benign => [1.0, (benign / attacks).min(MOST_CLASS_WEIGHT)],
        ClassWeight::Balanced => [(attacks / benign).min(MOST_CLASS_WEIGHT), 1.0],
    }
}

/// Log odds of an attack among the weighted rows.
pub(super) fn prior(truth: &Truth) -> f32 {
    let mut sums = [0f64; 2];
    for (&attack, &weight) in truth.attack.iter().zip(&truth.weight) {
        sums[usize::from(attack)] += f64::from(weight);
    }
    (sums[1] / sums[0]).ln().clamp(-10.0, 10.0) as f32
}

impl Rows<'_> {
    /// Indices of the rows whose weight is not 0.
    fn counting(&self) -> impl Iterator<Item = usize> {
        (0..self.labels.len()).filter(|&i| self.weight.is_none_or(|w| w[i] > 0.0))
    }

    fn check(&self, part: &'static str, inputs: &Inputs) -> Result<(), LstmError> {
        let n_rows = self.dense.n_rows;
        inputs.check(part, self.dense)?;
        let same = |what, found: usize| {
            if found == n_rows { Ok(()) } else { Err(LstmError::RowsDiffer { part, what, found, expected: n_rows }) }
        };
        same("labels", self.labels.len())?;
        same("weights", self.weight.map_or(n_rows, <[f32]>::len))?;
        let bad = |w: &f32| !w.is_finite() || *w < 0.0;
        if let Some((weights, row)) = self.weight.and_then(|w| Some((w, w.iter().position(bad)?))) {
            return Err(LstmError::BadWeight { part, row, value: weights[row].to_string() });
        }
        check_sequences(part, self.sequences, n_rows)?;
        if self.counting().next().is_none() { Err(LstmError::Empty { part }) } else { Ok(()) }
    }
}

/// Refuses parts that cannot be trained on; gives the shape of the network for them.
pub(super) fn check_parts(
    config: &LstmConfig,
    train: Rows<'_>,
    validation: Option<Rows<'_>>,
) -> Result<Shape, LstmError> {
    let inputs = Inputs::of(train.dense);
    train.check("training", &inputs)?;
    validation.map_or(Ok(()), |rows| rows.check("validation", &inputs))?;
    let attacks = train.counting().filter(|&i| train.labels[i].is_attack()).count();
    let rows = train.counting().count();
    if attacks == 0 || attacks == rows {
        let found = if attacks == 0 { "benign" } else { "attacks" };
        return Err(LstmError::OneClass { found, rows });
    }
    let shape = Shape {
        n_numeric: train.dense.numeric_names.len(),
        cardinality: train.dense.cardinality.clone(),
        embedding: config.categorical.dimension(&train.dense.cardinality),
        hidden: config.hidden,
        layers: config.layers,
    };
    shape.check().map_err(|why| LstmError::Damaged { what: "input", why })?;
    Ok(shape)
}
