//! The words every other crate speaks: what a table of flows is, what a feature is, what a score is.
//!
//! No file is read here and nothing is learned here.

mod census;
mod dataset;
mod entity;
mod features;
mod hex;
mod progress;
mod rng;
mod schema;
mod scores;
mod sealed;
mod sequences;

pub use census::Census;
pub use dataset::{Categories, DataError, Dataset, Label, RowId};
pub use entity::{EntityStore, MemoryConfig, N_SHARDS, SensorKey, entity_hash, segment_entity, shard_of};
pub use features::{Dense, Features, Tabular, TabularKind};
pub use hex::hex;
pub use progress::{Quiet, Watch};
pub use rng::{Purpose, Rng, rng};
pub use schema::{
    CategoricalColumn, EntityRole, FamilyRole, LabelMatch, LabelRole, NumericColumn, Order, Schema, SchemaError,
    SequenceBy, TimeRole, TimeUnit,
};
pub use scores::{HYBRID, ScoreColumn, Scores};
pub use sealed::Sealed;
pub use sequences::Sequences;
