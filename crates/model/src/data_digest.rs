//! Which bytes a model was made of.

use serde::{Deserialize, Serialize};

/// A file that the model was trained or judged on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataDigest {
    /// `train`, `test`, `replay` (old traffic of a retraining) or `labels` (of the others).
    pub role: String,
    /// File name, without folders.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Digest of the contents.
    pub sha256: String,
}
