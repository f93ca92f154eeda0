//! The members of a model: each a name, a learned whole, and a file.

use std::path::Path;

use nta_forest::Forest;
use nta_lstm::Lstm;

use crate::ModelError;
use crate::manifest::{MemberEntry, MemberKind};
use crate::store::Part;

/// A member by the name that the hybrid and the evaluation know it by.
#[derive(Debug, Clone)]
pub struct NamedMember {
    /// `forest`, `lstm`, …; also the stem of its file.
    pub name: String,
    /// What it learned.
    pub member: Member,
}

/// What a member learned. A third kind is one more variant here, in [`MemberKind`] and in the scorer.
#[derive(Debug, Clone)]
pub enum Member {
    /// Judges each flow by itself.
    Forest(Box<Forest>),
    /// Judges each flow by what its entity did before.
    Lstm(Box<Lstm>),
}

impl NamedMember {
    pub(crate) fn entry(&self) -> MemberEntry {
        let (kind, ending) = match self.member {
            Member::Forest(_) => (MemberKind::Forest, "bin"),
            Member::Lstm(_) => (MemberKind::Lstm, "safetensors"),
        };
        MemberEntry { name: self.name.clone(), kind, file: format!("{}.{ending}", self.name) }
    }

    pub(crate) fn to_part(&self) -> Result<Part, ModelError> {
        let bytes = match &self.member {
            Member::Forest(forest) => forest.to_bytes(),
            Member::Lstm(lstm) => lstm.to_safetensors(),
        };
        Ok(Part { name: self.entry().file, bytes, learned: true })
    }

    /// Reads the member from its file's verified bytes; `path` is for the error alone.
    pub(crate) fn from_bytes(entry: &MemberEntry, bytes: &[u8], path: &Path) -> Result<Self, ModelError> {
        let member = match entry.kind {
            MemberKind::Forest => {
                Member::Forest(Box::new(Forest::from_bytes(bytes).map_err(|e| ModelError::damaged(path, e))?))
            }
            MemberKind::Lstm => {
                Member::Lstm(Box::new(Lstm::from_safetensors(bytes).map_err(|e| ModelError::damaged(path, e))?))
            }
        };
        Ok(NamedMember { name: entry.name.clone(), member })
    }
}

impl Member {
    /// The forest, if it is one.
    pub fn forest(&self) -> Option<&Forest> {
        match self {
            Member::Forest(forest) => Some(forest),
            Member::Lstm(_) => None,
        }
    }

    /// The network, if it is one.
    pub fn lstm(&self) -> Option<&Lstm> {
        match self {
            Member::Lstm(lstm) => Some(lstm),
            Member::Forest(_) => None,
        }
    }
}
