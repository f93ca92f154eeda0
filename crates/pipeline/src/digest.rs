//! Which bytes a file of traffic holds.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use nta_data::hex;
use sha2::{Digest, Sha256};

use crate::error::PipelineError;

/// SHA-256 of the file at `path`.
///
/// # Errors
/// What is no regular file, or cannot be read.
pub(crate) fn sha256_of(path: &Path) -> Result<String, PipelineError> {
    let named = path.display();
    if path.exists() && !path.is_file() {
        return Err(PipelineError::refuse(format!(
            "{named} is no regular file: its traffic is read more than once, give files"
        )));
    }
    let cannot = |error: std::io::Error| PipelineError::refuse(format!("cannot read {named}: {error}"));
    let mut file = File::open(path).map_err(cannot)?;
    let (mut hasher, mut block) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut block).map_err(cannot)? {
            0 => return Ok(hex(&hasher.finalize())),
            n => hasher.update(&block[..n]),
        }
    }
}
