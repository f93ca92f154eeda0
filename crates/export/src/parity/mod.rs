//! Proof that a graph says what the model says: rows through both, score by score and flag by flag.

mod compare;
mod graph_scorer;
mod made_rows;

use std::sync::Arc;

use nta_data::{Dataset, Watch};
use nta_model::{Model, Scorer};
use serde::Serialize;

use crate::ExportError;
use crate::evaluate::Runtime;
use crate::graph::Form;

use compare::compare;
use graph_scorer::GraphScorer;
pub(crate) use made_rows::made_rows;

/// Rows made for the proof, beside the golden ones.
pub const MADE_ROWS: usize = 10_000;

/// Rows that go through both at a time.
const BLOCK: usize = 4_096;

/// How far a score may lie from the model's.
pub const TOLERANCE: f32 = 1e-5;

/// What was held against each other, and how near it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Parity {
    /// Rows, over all graphs.
    pub rows: u64,
    /// Rows that the hybrid flags among them; all were flagged by the graph, and no other.
    pub flagged: u64,
    /// The largest distance of any score.
    pub largest_difference: f32,
}

impl Parity {
    /// Both together.
    pub fn and(self, other: Parity) -> Parity {
        Parity {
            rows: self.rows + other.rows,
            flagged: self.flagged + other.flagged,
            largest_difference: self.largest_difference.max(other.largest_difference),
        }
    }
}

/// The model and one graph of it, each with a memory of its own, side by side.
pub(crate) struct Proof<'a> {
    scorer: Scorer,
    graph: GraphScorer<'a>,
    form: Form,
    found: Parity,
}

impl<'a> Proof<'a> {
    /// Both begin with an empty memory.
    pub(crate) fn new(model: &Arc<Model>, form: Form, runtime: &'a mut dyn Runtime) -> Result<Self, ExportError> {
        let (scorer, graph) = (Scorer::new(Arc::clone(model))?, GraphScorer::new(Arc::clone(model), form, runtime));
        Ok(Proof { scorer, graph, form, found: Parity::default() })
    }

    /// Holds the next rows against each other, in arrival order; `source` names them in an error.
    ///
    /// # Errors
    /// The first score that is further off than [`TOLERANCE`], the first flag that differs, rows that do not fit.
    pub(crate) fn take(&mut self, rows: &Dataset, source: &str, watch: &dyn Watch) -> Result<(), ExportError> {
        let rows = match self.form {
            Form::Sequences => rows,
            Form::SingleFlows => &alone(rows, self.found.rows),
        };
        let order: Vec<u32> = (0..rows.n_rows() as u32).collect();
        for block in order.chunks(BLOCK) {
            if watch.cancelled() {
                return Err(ExportError::Interrupted);
            }
            let rows = rows.take(block);
            let (said, expected) = (self.graph.score(&rows)?, self.scorer.score(&rows)?);
            let name = self.graph.name();
            let at = block.first().copied().unwrap_or(0) as usize;
            let found = compare(self.scorer.model(), &expected, &said, &name, source, at)?;
            self.found = self.found.and(found);
            watch.step(self.found.rows, 0);
        }
        Ok(())
    }

    /// What was found.
    pub(crate) fn found(&self) -> Parity {
        self.found
    }
}

/// The same rows, each the first of a host of its own; `before` rows have been so already.
fn alone(rows: &Dataset, before: u64) -> Dataset {
    let mut rows = rows.clone();
    for (i, entity) in rows.entity.iter_mut().enumerate() {
        *entity = nta_data::entity_hash(&[0x61; 16], &[&(before + i as u64).to_le_bytes()]);
    }
    rows
}
