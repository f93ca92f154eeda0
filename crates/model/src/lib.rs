//! The trained whole: saved so that no changed bit passes, versioned, and applied in exactly one way.
//!
//! [`Model`] is what a run makes, [`Scorer`] applies it, [`Registry`] keeps its versions. No file of traffic is read
//! here and no other tool's format is known: the scorer takes any [`nta_data::Dataset`].
//!
//! | rooms | hold |
//! |---|---|
//! | `model`, `member` | the whole and its members |
//! | `scorer`, `prepared`, `networks`, `chains` | applying it: what needs no order, its records, what carries state along entities |
//! | `memory` | what is remembered of entities, in memory and on disk |
//! | `snapshot` | a scorer's memory as bytes, to go on later or elsewhere |
//! | `reasons`, `novelty` | why rows have their scores: the forest's features, the columns that surprise the density |
//! | `golden`, `verify` | rows that every copy must judge alike |
//! | `site` | the benign flows of a site that a version's thresholds were set on |
//! | `store`, `manifest`, `parts`, `data_digest`, `digest`, `hex_key` | the folder: files, their digests, the seal |
//! | `registry`, `aliases` | versions and aliases, the log of promotions, promises as seen later, what a version was made from, what may go |
//!
//! ```
//! use std::path::Path;
//! use std::sync::Arc;
//!
//! use nta_data::{Categories, Dataset, RowId};
//! use nta_model::{Model, Scorer};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/model-revision-1");
//! let model = Arc::new(Model::load(&folder)?);
//!
//! // Three flows of one host, a second apart, in the columns of the model's schema: bytes, packets, proto.
//! let mut flows = Dataset::empty(Arc::new(model.schema.clone()));
//! flows.numeric = vec![vec![3.0, 14.5, 0.2], vec![1.0, 0.5, f32::NAN]];
//! flows.categorical = vec![Categories::from_texts([Some("tcp"), Some("udp"), None])];
//! flows.entity = vec![7; 3];
//! flows.end_time = Some(vec![0, 1_000_000, 2_000_000]);
//! flows.row = (0..3).map(|row| RowId { file: 0, row }).collect();
//!
//! let mut scorer = Scorer::new(Arc::clone(&model))?;
//! let scores = scorer.score(&flows.take(&[0, 1]))?;
//! assert_eq!(scores.n_rows(), 2);
//! assert!(scores.member("forest").is_some());
//!
//! // Stop here, and go on later as if nothing had been: the third flow is judged by the two before it.
//! let saved = scorer.snapshot(b"flows.csv, row 2")?;
//! let (mut restored, position) = Scorer::restore(model, &saved)?;
//! assert_eq!(position, b"flows.csv, row 2");
//! assert_eq!(restored.score(&flows.take(&[2]))?, scorer.score(&flows.take(&[2]))?);
//! # Ok(())
//! # }
//! ```

mod aliases;
mod chains;
mod data_digest;
mod digest;
mod error;
#[cfg(test)]
mod fixture;
mod golden;
mod hex_key;
mod manifest;
mod member;
mod memory;
mod model;
mod networks;
mod novelty;
mod parts;
mod prepared;
mod reasons;
mod registry;
#[cfg(test)]
mod resealed_tests;
mod scorer;
mod sections;
mod site;
mod snapshot;
mod store;
mod verify;

pub use data_digest::DataDigest;
pub use error::ModelError;
pub use golden::{Golden, GoldenRow};
pub use manifest::{FORMAT_REVISION, FileEntry, MANIFEST, Manifest, MemberEntry, MemberKind, Provenance};
pub use member::{Member, NamedMember};
pub use model::{Model, NamedThreshold, StateRule};
pub use novelty::{Held, Novelties, Novelty};
pub use prepared::{PreparedRows, RecordLayout};
pub use reasons::{Reason, Reasons};
pub use registry::{Act, AliasChange, By, Collected, Look, Observed, Registry, Reign, Removal, Version, Versions};
pub use scorer::Scorer;
pub use sections::{MemoryShape, Span};
pub use site::{FromVerdicts, SiteBaseline, SiteCandidate, SiteChoice, SiteKept, SitePerDay, SiteSource, SiteUnits};
