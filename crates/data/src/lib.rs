//! The words every other crate speaks: what a table of flows is, what a feature is, what a score is.
//!
//! No file is read here and nothing is learned here.
//!
//! | rooms | hold |
//! |---|---|
//! | `schema`, `dataset` | which column plays which role; the table of flows, its labels and categories |
//! | `features`, `sequences` | what members see of it: columns, rows, and which rows follow each other |
//! | `entity`, `entity_store`, `entity_queue`, `entity_changes` | whose flow a row is, and the bounded memory of what came before |
//! | `scores` | what members and the hybrid say about each row, by name |
//! | `sealed` | the test part until it is opened |
//! | `rng`, `hex`, `listed`, `progress` | random streams, bytes and names as text, how long work tells of itself |
//!
//! ```
//! use std::sync::Arc;
//!
//! use nta_data::{Categories, Dataset, HYBRID, Label, RowId, Schema, ScoreColumn, Scores};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let schema = r#"{ "name": "toy", "order": "file", "numeric": [{ "name": "bytes" }], "categorical": [{ "name": "proto" }] }"#;
//! let schema: Schema = serde_json::from_str(schema)?;
//! schema.check()?;
//!
//! // Two flows, column by column; NaN is a missing number.
//! let mut flows = Dataset::empty(Arc::new(schema));
//! flows.numeric[0] = vec![120.0, f32::NAN];
//! flows.categorical[0] = Categories::from_texts([Some("tcp"), None]);
//! flows.label = Some(vec![Label::Benign, Label::Attack]);
//! flows.row = (0..2).map(|row| RowId { file: 0, row }).collect();
//! assert_eq!((flows.n_rows(), flows.n_attacks()), (2, 1));
//!
//! // What two members and their hybrid say about them, and whom each flags.
//! let column = |name: &str, p_attack: [f32; 2]| ScoreColumn::new(name, p_attack.to_vec(), |score| score > 0.5);
//! let members = vec![column("forest", [0.1, 0.7]), column("lstm", [0.6, 0.9])];
//! let scores = Scores::new(flows.row.clone(), members, column(HYBRID, [0.35, 0.8]))?;
//! assert_eq!(scores.member("lstm").map(|lstm| lstm.p_attack[0]), Some(0.6));
//! assert_eq!(scores.hybrid().flags, [false, true]);
//! # Ok(())
//! # }
//! ```

mod census;
mod dataset;
mod entity;
mod entity_changes;
mod entity_queue;
mod entity_store;
mod features;
mod hex;
mod listed;
mod progress;
mod rng;
mod schema;
mod scores;
mod sealed;
mod sequences;

pub use census::Census;
pub use dataset::{Categories, DataError, Dataset, Label, RowId};
pub use entity::{MemoryConfig, N_SHARDS, SensorKey, entity_hash, segment_entity, shard_of};
pub use entity_changes::Changes;
pub use entity_store::{EntityStore, Remembered};
pub use features::{Dense, Features, Tabular, TabularKind};
pub use hex::hex;
pub use listed::listed;
pub use progress::{Awaited, Caller, Contact, Quiet, Wait, Watch};
pub use rng::{Purpose, Rng, rng};
pub use schema::{
    CategoricalColumn, EntityRole, FamilyRole, LabelMatch, LabelRole, NumberNotation, NumericColumn, Order, Schema,
    SchemaError, SequenceBy, TimeRole, TimeUnit,
};
pub use scores::{HYBRID, NOVELTY, ScoreColumn, Scores};
pub use sealed::{Sealed, SealedLabels};
pub use sequences::Sequences;
