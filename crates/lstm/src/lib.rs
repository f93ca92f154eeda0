//! Labels every flow of an entity's traffic with the probability that it is an attack, seen what came before: a
//! many-to-many LSTM, one recurrent step a flow, in training and in scoring.
//!
//! [`LstmConfig::fit`] trains an [`Lstm`]; [`Lstm::predict_proba`] scores tables, [`Lstm::step`] one flow at a time, both
//! with the same bits. Not here: scaling and coding of columns, choosing a threshold. No tensor of burn's leaves.
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use nta_data::{Dense, Label, Quiet, Sequences};
//! use nta_lstm::{LstmConfig, Rows};
//!
//! // Forty flows of one number each, eight a host; attacks are those of high values.
//! let n_rows = 40;
//! let dense = Dense {
//!     numeric_names: vec!["bytes".into()],
//!     numeric: (0..n_rows).map(|row| if row % 4 == 3 { 1.5 } else { -0.5 }).collect(),
//!     code_names: vec![],
//!     codes: vec![],
//!     cardinality: vec![],
//!     n_rows,
//! };
//! let labels: Vec<Label> = (0..n_rows).map(|row| if row % 4 == 3 { Label::Attack } else { Label::Benign }).collect();
//! let sequences = Sequences { rows: (0..40).collect(), bounds: vec![0, 8, 16, 24, 32, 40] };
//!
//! let rows = Rows { dense: &dense, sequences: &sequences, labels: &labels, weight: None };
//! let config = LstmConfig { hidden: 8, epochs: 30, learning_rate: 0.05, ..LstmConfig::default() };
//! // The same rows for early stopping, for the example's sake.
//! let fitted = config.fit(rows, rows, 7, None, &mut |_, _| ControlFlow::Continue(()), &Quiet)?;
//! let scores = fitted.lstm.predict_proba(&dense, &sequences)?;
//! assert!(scores[0] < 0.5 && scores[3] > 0.5);
//! # Ok::<(), nta_lstm::LstmError>(())
//! ```
//!
//! # Rooms
//! | room | holds |
//! |---|---|
//! | `config`, `error` | what can be set, what can be wrong |
//! | `kernel` | vector units and the arithmetic made of them |
//! | `weights` | the network's sizes and weights, their names in PyTorch, embeddings as one-hot rows |
//! | `cell` | the step of a layer forward, with weights laid out for it |
//! | `input` | columns, sequences and packs of rows |
//! | `score` | a trained network: one flow, a table, its file |
//! | `engine` | what takes an optimiser's step: ours on the CPU, burn's on whatever burn runs on |
//! | `train` | epochs, batches, checkpoints |
//! | `saved` | the envelope of both files, of a network and of a checkpoint |
//!
//! `train` uses `engine` and gives what `score` holds; both use `cell`, `weights` and `kernel`; none of it goes back.
//!
//! Why it is as it is stands in `DECISIONS.md`.

mod cell;
mod config;
mod engine;
mod error;
mod input;
mod kernel;
mod saved;
mod score;
mod train;
mod weights;

pub use config::{
    Categorical, ClassWeight, DeviceChoice, Loss, LstmConfig, Precision, Schedule, SequenceChoice, SequenceConfig,
    Start,
};
pub use engine::{DeviceInfo, ResolvedDevice, devices, vectors};
pub use error::{ConfigError, LstmError};
pub use kernel::{RationalTanh, TANH};
pub use score::{Lstm, LstmState, Scratch};
pub use train::{Checkpoint, EpochReport, Fitted, Rows};
pub use weights::Tensor;
