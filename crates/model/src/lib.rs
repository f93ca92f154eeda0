//! The trained whole: saved so that no changed bit passes, versioned, and applied in exactly one way.
//!
//! [`Model`] is what a run makes, [`Scorer`] applies it, [`Registry`] keeps its versions. No file of traffic is read
//! here and no other tool's format is known: the scorer takes any [`nta_data::Dataset`].

mod digest;
mod error;
#[cfg(test)]
mod fixture;
mod golden;
mod hex_key;
mod manifest;
mod member;
mod model;
mod networks;
mod prepared;
mod reasons;
mod registry;
mod scorer;
mod store;
mod verify;

pub use error::ModelError;
pub use golden::{Golden, GoldenRow};
pub use manifest::{DataDigest, FORMAT_REVISION, FileEntry, MANIFEST, Manifest, MemberEntry, MemberKind, Provenance};
pub use member::{Member, NamedMember};
pub use model::{Model, NamedThreshold, StateRule};
pub use prepared::{PreparedRows, RecordLayout};
pub use reasons::{Reason, Reasons};
pub use registry::{Registry, Version, Versions};
pub use scorer::Scorer;
