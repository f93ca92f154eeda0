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
use crate::graphs::{Engine, Graphs};

use compare::compare;
use graph_scorer::GraphScorer;
use made_rows::made_rows;

/// Rows made for the proof, beside the golden ones; each graph sees all of them.
pub const MADE_ROWS: usize = 10_000;

/// Seed of the made rows.
const SEED: u64 = 7;

/// Rows that go through both at a time.
const BLOCK: usize = 4_096;

/// How far a score may lie from the model's.
pub const TOLERANCE: f32 = 1e-5;

/// What was held against each other, and how near it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Parity {
    /// Rows that went through a graph and through the model, over all graphs.
    pub rows: u64,
    /// Those that the hybrid flags; the graphs flagged them too, and no other.
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

/// The model and each of its graphs side by side.
pub struct Proof {
    sides: Vec<Side>,
}

impl Proof {
    /// All begin with an empty memory.
    ///
    /// # Errors
    /// Graphs that the engine cannot read, an engine that is not there.
    pub fn begin(model: &Arc<Model>, graphs: &Graphs, engine: &Engine) -> Result<Self, ExportError> {
        let side = |form: Form, bytes: &[u8]| Side::new(model, form, engine.load(bytes)?);
        let sides = graphs.iter().map(|(form, bytes)| side(form, bytes)).collect::<Result<_, _>>()?;
        Ok(Proof { sides })
    }

    /// Golden rows and made ones, from empty memory.
    ///
    /// # Errors
    /// See [`Proof::take`].
    pub fn of_known_rows(
        model: &Arc<Model>,
        graphs: &Graphs,
        engine: &Engine,
        watch: &dyn Watch,
    ) -> Result<Parity, ExportError> {
        let mut found = Parity::default();
        let (golden, made) = (model.golden.to_dataset(&model.schema)?, made_rows(model, MADE_ROWS, SEED));
        for (rows, source) in [(golden, "golden rows"), (made, "made rows")] {
            let mut proof = Proof::begin(model, graphs, engine)?;
            proof.take(&rows, source, watch)?;
            found = found.and(proof.found());
        }
        Ok(found)
    }

    /// Holds the next rows against each other, in arrival order, here and from call to call; `source` names them in an
    /// error.
    ///
    /// # Errors
    /// The first score that is further off than [`TOLERANCE`], the first flag that differs, rows that do not fit, stopped.
    pub fn take(&mut self, rows: &Dataset, source: &str, watch: &dyn Watch) -> Result<(), ExportError> {
        self.sides.iter_mut().try_for_each(|side| side.take(rows, source, watch))
    }

    /// What was found.
    pub fn found(&self) -> Parity {
        self.sides.iter().fold(Parity::default(), |all, side| all.and(side.found))
    }
}

/// The model and one graph of it, each with a memory of its own.
struct Side {
    scorer: Scorer,
    graph: GraphScorer,
    form: Form,
    found: Parity,
}

impl Side {
    fn new(model: &Arc<Model>, form: Form, runtime: Box<dyn Runtime>) -> Result<Self, ExportError> {
        let (scorer, graph) = (Scorer::new(Arc::clone(model))?, GraphScorer::new(Arc::clone(model), form, runtime));
        Ok(Side { scorer, graph, form, found: Parity::default() })
    }

    fn take(&mut self, rows: &Dataset, source: &str, watch: &dyn Watch) -> Result<(), ExportError> {
        let single = matches!(self.form, Form::SingleFlows).then(|| alone(rows, self.found.rows));
        let rows = single.as_ref().unwrap_or(rows);
        let order: Vec<u32> = (0..rows.n_rows() as u32).collect();
        for block in order.chunks(BLOCK) {
            if watch.cancelled() {
                return Err(ExportError::Interrupted);
            }
            let rows = rows.take(block);
            let (said, expected) = (self.graph.score(&rows)?, self.scorer.score(&rows)?);
            let found = compare(self.scorer.model(), &expected, &said, &self.graph.name(), source)?;
            self.found = self.found.and(found);
            watch.step(self.found.rows, 0);
        }
        Ok(())
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
