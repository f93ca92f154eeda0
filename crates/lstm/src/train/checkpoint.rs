//! Everything that training needs to go on as if it had never stopped.

use serde::{Deserialize, Serialize};

use super::report::EpochReport;
use crate::engine::Adam;
use crate::input::Inputs;
use crate::saved::{self, About};
use crate::weights::Weights;
use crate::{LstmConfig, LstmError};

/// Training at the end of an epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    pub(crate) run: Run,
    pub(crate) weights: Weights,
    pub(crate) best: Weights,
    pub(crate) adam: Adam,
    pub(crate) history: Vec<EpochReport>,
}

/// What must be the same for a checkpoint to be resumed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Run {
    pub(crate) config: LstmConfig,
    pub(crate) seed: u64,
    pub(crate) inputs: Inputs,
    /// Training rows, training sequences before cutting, validation rows.
    pub(crate) sizes: [usize; 3],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckpointAbout {
    network: About,
    config: LstmConfig,
    seed: u64,
    sizes: [usize; 3],
    steps: u64,
    history: Vec<EpochReport>,
}

impl Checkpoint {
    const KIND: &'static str = "checkpoint";

    /// Epochs behind.
    pub fn epoch(&self) -> usize {
        self.history.len()
    }

    /// What was reported of each epoch so far.
    pub fn history(&self) -> &[EpochReport] {
        &self.history
    }

    /// As bytes, a safetensors file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let run = &self.run;
        let about = CheckpointAbout {
            network: About {
                shape: self.weights.shape.clone(),
                inputs: run.inputs.clone(),
                carries_state: run.config.sequence.length > 1,
            },
            config: run.config.clone(),
            seed: run.seed,
            sizes: run.sizes,
            steps: self.adam.steps,
            history: self.history.clone(),
        };
        let parts = [
            ("now.", &self.weights),
            ("best.", &self.best),
            ("adam_mean.", &self.adam.mean),
            ("adam_square.", &self.adam.square),
        ];
        let tensors: Vec<_> = parts.iter().flat_map(|(prefix, weights)| weights.to_tensors(prefix)).collect();
        saved::write(Self::KIND, &about, &tensors)
    }

    /// Reads [`Checkpoint::to_bytes`]. Never panics.
    ///
    /// # Errors
    /// A file of a newer revision, or bytes that are no such checkpoint, with the first fault.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LstmError> {
        let damaged = |why| LstmError::Damaged { what: Self::KIND, why };
        let (about, tensors): (CheckpointAbout, _) = saved::read(Self::KIND, bytes)?;
        about.network.check().map_err(damaged)?;
        about.config.check()?;
        let shape = about.network.shape;
        let embedding = about.config.categorical.dimension(&shape.cardinality);
        let sizes = (shape.hidden, shape.layers, shape.embedding);
        if sizes != (about.config.hidden, about.config.layers, embedding) {
            return Err(damaged("its sizes are not those of its settings".into()));
        }
        let read = |prefix| Weights::from_tensors(&shape, prefix, &tensors).map_err(damaged);
        let adam = Adam { mean: read("adam_mean.")?, square: read("adam_square.")?, steps: about.steps };
        if adam.square.values.iter().any(|s| *s < 0.0) {
            return Err(damaged("a mean of squares is below 0".into()));
        }
        if about.history.iter().enumerate().any(|(i, report)| report.epoch != i + 1) || about.history.is_empty() {
            return Err(damaged("its history does not count the epochs from 1".into()));
        }
        Ok(Checkpoint {
            run: Run { config: about.config, seed: about.seed, inputs: about.network.inputs, sizes: about.sizes },
            weights: read("now.")?,
            best: read("best.")?,
            adam,
            history: about.history,
        })
    }

    /// Refuses to go on with another run's checkpoint.
    pub(crate) fn check_run(&self, now: &Run) -> Result<(), LstmError> {
        let then = &self.run;
        let same = |what, found: String, expected: String| {
            if found == expected { Ok(()) } else { Err(LstmError::OtherRun { what, found, expected }) }
        };
        let config = |run: &Run| serde_json::to_string(&run.config).unwrap_or_default();
        let inputs = |run: &Run| serde_json::to_string(&run.inputs).unwrap_or_default();
        same("seed", then.seed.to_string(), now.seed.to_string())?;
        same("configuration", config(then), config(now))?;
        same("inputs", inputs(then), inputs(now))?;
        let sizes = |run: &Run| {
            format!("{} training rows in {} sequences, {} validation rows", run.sizes[0], run.sizes[1], run.sizes[2])
        };
        same("data", sizes(then), sizes(now))
    }
}
