//! The parts that something is learned from, as the members see them. A view is made when it is asked for, so that no
//! member's view takes memory while another member learns.

use nta_data::{Dataset, Dense, Label, MemoryConfig, Sequences, Tabular};
use nta_preprocess::{Partition, Preprocessor};

use super::context::Context;
use crate::error::{PipelineError, failed};

/// What every member learns from.
pub(crate) struct LearningParts<'a> {
    /// The rows that it is fitted on.
    pub(crate) train: LearningPart<'a>,
    /// Rows that tell when to stop, and what was worth learning.
    pub(crate) validation: LearningPart<'a>,
    /// Whether an exact copy of the validation part's row stands in train, `(n_rows)`.
    pub(crate) validation_copies: &'a [bool],
}

/// One part and its truth.
pub(crate) struct LearningPart<'a> {
    rows: &'a Dataset,
    preprocessor: &'a Preprocessor,
    memory: MemoryConfig,
    in_sequences: bool,
    /// `(n_rows)`.
    pub(crate) labels: &'a [Label],
}

impl<'a> LearningParts<'a> {
    pub(crate) fn new(
        ctx: &Context<'_>,
        preprocessor: &'a Preprocessor,
        parts: &'a Partition,
    ) -> Result<Self, PipelineError> {
        let part = |rows| LearningPart::new(ctx, preprocessor, rows);
        let validation_copies = &parts.copies.validation;
        Ok(LearningParts { train: part(&parts.train)?, validation: part(&parts.validation)?, validation_copies })
    }
}

impl<'a> LearningPart<'a> {
    pub(crate) fn new(
        ctx: &Context<'_>,
        preprocessor: &'a Preprocessor,
        rows: &'a Dataset,
    ) -> Result<Self, PipelineError> {
        let memory = ctx.config.lstm.memory.clone();
        let in_sequences = uses_sequences(ctx, rows);
        Ok(LearningPart { rows, preprocessor, memory, in_sequences, labels: rows.labels().map_err(failed)? })
    }

    /// The view by columns, for members that judge each row by itself.
    pub(crate) fn tabular(&self) -> Result<Tabular, PipelineError> {
        self.preprocessor.tabular(self.rows).map_err(failed)
    }

    /// The same for a forest to learn from.
    pub(crate) fn tabular_to_learn(&self) -> Result<Tabular, PipelineError> {
        self.preprocessor.tabular_to_learn(self.rows).map_err(failed)
    }

    /// The view by rows, for networks.
    pub(crate) fn dense(&self) -> Result<Dense, PipelineError> {
        self.preprocessor.dense(self.rows).map_err(failed)
    }

    /// Which rows follow each other.
    pub(crate) fn sequences(&self) -> Sequences {
        let entity = if self.in_sequences { self.rows.entity.as_slice() } else { &[] };
        Sequences::by_entity(self.rows.n_rows(), entity, self.rows.end_time.as_deref(), &self.memory)
    }
}

/// Whether flows follow each other in this run: the data has an order and the config looks further back than one flow.
pub(crate) fn uses_sequences(ctx: &Context<'_>, data: &Dataset) -> bool {
    data.has_sequences() && ctx.config.lstm.sequence.length > 1
}

/// Weights that leave out rows whose exact copy stands in train; `None` (every row counts) where none does, or where
/// what is left would lack a class.
pub(crate) fn without_copies(labels: &[Label], copies: &[bool]) -> Option<Vec<f32>> {
    let kept = |label: Label| labels.iter().zip(copies).any(|(l, copy)| *l == label && !copy);
    let worth = copies.iter().any(|c| *c) && kept(Label::Benign) && kept(Label::Attack);
    worth.then(|| copies.iter().map(|copy| if *copy { 0.0 } else { 1.0 }).collect())
}
