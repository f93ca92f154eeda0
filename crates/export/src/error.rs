//! What can stand in the way of a model becoming files for other tools.

use std::io;
use std::path::{Path, PathBuf};

use nta_atomic::WriteError;
use nta_model::ModelError;

/// A model that cannot be published, or a published one that is not what it was.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ExportError {
    /// A file could not be put on disk; nothing of the publication stays behind.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The model itself.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    /// There is something at the place already.
    #[error("{} exists already: a published version is never changed; give another folder with --output", path.display())]
    Exists { path: PathBuf },
    /// Two tensors of one name.
    #[error("`{name}` names two inputs or outputs of the graph: rename that column of the traffic and train again")]
    Name { name: String },
    /// A graph that is none of ours, or damaged.
    #[error("this graph cannot be run: {why}")]
    Graph { why: String },
    /// A model whose parts a graph cannot say.
    #[error("this model cannot become a graph: {why}")]
    Unsayable { why: String },
    /// The graph and the model do not say the same.
    #[error(
        "{graph} does not say what the model says: row {row} of the {rows}, {column}: {found}, and the model says \
         {expected}; nothing is to be trusted that was made of it"
    )]
    Apart { graph: String, rows: String, row: u64, column: String, found: f32, expected: f32 },
    /// A published file that is not what was published.
    #[error("{}: {why}; this folder cannot be trusted: publish or fetch it again", path.display())]
    Damaged { path: PathBuf, why: String },
    /// A key file that holds none.
    #[error("{}: {why}; make one with `openssl genpkey -algorithm ed25519 -out key.pem`, and its public half with \
             `openssl pkey -in key.pem -pubout -out key.pub.pem`", path.display())]
    Key { path: PathBuf, why: String },
    /// A folder that the key asked for did not sign.
    #[error("{}: {why}", path.display())]
    Signature { path: PathBuf, why: String },
    /// Somebody asked to stop.
    #[error("stopped while the graph was held against the model; nothing was published")]
    Interrupted,
    /// The runtime that was asked for.
    #[error("onnxruntime: {why}")]
    Runtime { why: String },
}

impl ExportError {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| ExportError::Io { doing, path, source }
    }

    pub(crate) fn graph(why: impl ToString) -> Self {
        ExportError::Graph { why: why.to_string() }
    }

    pub(crate) fn unsayable(why: impl ToString) -> Self {
        ExportError::Unsayable { why: why.to_string() }
    }

    pub(crate) fn damaged(path: &Path, why: impl ToString) -> Self {
        ExportError::Damaged { path: path.to_owned(), why: why.to_string() }
    }

    /// Whether a gate said no: parity, or a key that was asked for. The rest is a wrong request or a failure.
    pub fn is_gate(&self) -> bool {
        matches!(self, Self::Apart { .. } | Self::Signature { .. })
    }
}
