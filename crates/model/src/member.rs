//! The members of a model: each a name, a learned whole, and a file. A new kind is a variant of [`Member`] and of
//! [`MemberKind`], and its arms here; nothing else matches on kinds.

use std::path::Path;

use nta_data::{Dense, Tabular};
use nta_density::Density;
use nta_forest::{Forest, Isolation};
use nta_lstm::Lstm;

use crate::ModelError;
use crate::manifest::{MemberEntry, MemberKind};
use crate::store::ModelFile;

/// A member by the name that the hybrid and the evaluation know it by.
#[derive(Debug, Clone)]
pub struct NamedMember {
    /// `forest`, `lstm`, …; also the stem of its file.
    pub name: String,
    /// What it learned.
    pub member: Member,
}

/// What a member learned.
#[derive(Debug, Clone)]
pub enum Member {
    /// Judges each flow by itself.
    Forest(Box<Forest>),
    /// Judges each flow by what its entity did before.
    Lstm(Box<Lstm>),
    /// Judges each flow by how surprising it is among benign ones.
    Density(Box<Density>),
    /// Judges each flow by how soon it stands alone among benign ones.
    Isolation(Box<Isolation>),
}

impl NamedMember {
    pub(crate) fn entry(&self) -> MemberEntry {
        let kind = self.member.kind();
        MemberEntry { name: self.name.clone(), kind, file: format!("{}.{}", self.name, kind.file_ending()) }
    }

    pub(crate) fn to_file(&self) -> ModelFile {
        ModelFile { name: self.entry().file, bytes: self.member.to_bytes(), learned: true }
    }

    /// Reads the member from its file's verified bytes; `path` is for the error alone.
    pub(crate) fn from_bytes(entry: &MemberEntry, bytes: &[u8], path: &Path) -> Result<Self, ModelError> {
        Ok(NamedMember { name: entry.name.clone(), member: Member::from_bytes(entry.kind, bytes, path)? })
    }
}

impl Member {
    /// Its kind.
    pub fn kind(&self) -> MemberKind {
        match self {
            Member::Forest(_) => MemberKind::Forest,
            Member::Lstm(_) => MemberKind::Lstm,
            Member::Density(_) => MemberKind::Density,
            Member::Isolation(_) => MemberKind::Isolation,
        }
    }

    /// The forest, if it is one.
    pub fn forest(&self) -> Option<&Forest> {
        match self {
            Member::Forest(forest) => Some(forest),
            Member::Lstm(_) | Member::Density(_) | Member::Isolation(_) => None,
        }
    }

    /// The network, if it is one.
    pub fn lstm(&self) -> Option<&Lstm> {
        match self {
            Member::Lstm(lstm) => Some(lstm),
            Member::Forest(_) | Member::Density(_) | Member::Isolation(_) => None,
        }
    }

    /// The density, if it is one.
    pub fn density(&self) -> Option<&Density> {
        match self {
            Member::Density(density) => Some(density),
            Member::Forest(_) | Member::Lstm(_) | Member::Isolation(_) => None,
        }
    }

    /// Whether it has learned from benign flows alone.
    pub fn knows_no_attacks(&self) -> bool {
        matches!(self, Member::Density(_) | Member::Isolation(_))
    }

    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Member::Forest(forest) => forest.to_bytes(),
            Member::Lstm(lstm) => lstm.to_safetensors(),
            Member::Density(density) => density.to_bytes(),
            Member::Isolation(isolation) => isolation.to_bytes(),
        }
    }

    fn from_bytes(kind: MemberKind, bytes: &[u8], path: &Path) -> Result<Self, ModelError> {
        Ok(match kind {
            MemberKind::Forest => {
                Member::Forest(Box::new(Forest::from_bytes(bytes).map_err(|e| ModelError::damaged(path, e))?))
            }
            MemberKind::Lstm => {
                Member::Lstm(Box::new(Lstm::from_safetensors(bytes).map_err(|e| ModelError::damaged(path, e))?))
            }
            MemberKind::Density => {
                Member::Density(Box::new(Density::from_bytes(bytes).map_err(|e| ModelError::damaged(path, e))?))
            }
            MemberKind::Isolation => {
                Member::Isolation(Box::new(Isolation::from_bytes(bytes).map_err(|e| ModelError::damaged(path, e))?))
            }
        })
    }

    /// Refuses features that it was not trained on.
    pub(crate) fn check_inputs(&self, tabular: &Tabular, dense: &Dense) -> Result<(), ModelError> {
        match self {
            Member::Forest(forest) => forest.predict_proba(tabular).map(drop).map_err(ModelError::parts),
            Member::Lstm(lstm) => lstm.check_inputs(dense).map_err(ModelError::parts),
            Member::Density(density) => density.predict_proba(tabular).map(drop).map_err(ModelError::parts),
            Member::Isolation(isolation) => isolation.predict_proba(tabular).map(drop).map_err(ModelError::parts),
        }
    }

    /// Scores `(n_rows)` of a member that judges each row by itself; `None` for one that carries state, which is asked
    /// row by row.
    ///
    /// # Errors
    /// Columns other than those of the training, values that are none.
    pub fn judge_alone(&self, tabular: &Tabular) -> Option<Result<Vec<f32>, ModelError>> {
        match self {
            Member::Forest(forest) => Some(forest.predict_proba(tabular).map_err(ModelError::rows)),
            Member::Density(density) => Some(density.predict_proba(tabular).map_err(ModelError::rows)),
            Member::Isolation(isolation) => Some(isolation.predict_proba(tabular).map_err(ModelError::rows)),
            Member::Lstm(_) => None,
        }
    }
}
