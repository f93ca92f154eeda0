//! A model becomes files that other tools load, with proof that they say what the model says.
//!
//! [`Graphs::of`] writes a model as ONNX, [`Proof`] holds the graphs against the model, [`write()`] puts everything into a
//! folder, [`verify_files`] holds a folder against what was published. Not here: training, and reading traffic.
//!
//! # Rooms
//! | room | holds |
//! |---|---|
//! | `onnx` | the format: messages, a builder |
//! | `graph` | a model as a graph, a file a kind of member |
//! | `evaluate` | runs a graph as it is written |
//! | `graphs` | the forms of a model as bytes, and what can run them |
//! | `parity` | the proof |
//! | `folder` | what is published: MLflow's files, the card, digests, a signature |
//!
//! Each room knows those above it. The Python side stands in `python/`; why it is as it is, in `DECISIONS.md`.

mod error;
mod evaluate;
mod folder;
mod graph;
mod graphs;
mod onnx;
mod onnxruntime;
mod parity;

pub use error::ExportError;
pub use folder::{Card, PrivateKey, PublicKey, Publication, SUMS, is_published, verify_files, write};
pub use graph::Form;
pub use graphs::{Engine, Graphs};
pub use parity::{MADE_ROWS, Parity, Proof, TOLERANCE};
