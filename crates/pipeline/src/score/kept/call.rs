//! What two calls must have in common for one to go on where the other was interrupted.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::error::PipelineError;
use crate::score::ScoreRequest;

/// Each thing that the output depends on, under the name of its option.
pub(super) type Call = BTreeMap<String, String>;

/// The call that `request` is, of the model `digest` on `files`.
///
/// # Errors
/// A pipe, which cannot be read a second time.
pub(super) fn of(request: &ScoreRequest, digest: &str, files: &[std::path::PathBuf]) -> Result<Call, PipelineError> {
    let mut call = Call::new();
    let mut put = |name: &str, value: String| call.insert(name.to_owned(), value);
    put("version of nta", env!("CARGO_PKG_VERSION").to_owned());
    put("model", digest.to_owned());
    put("--batch", request.batch_rows.to_string());
    put("--explain", format!("{:?}", request.reasons));
    put("--sensor", format!("{:?}", request.sensor));
    put("way the input is written", format!("{:?}", request.written));
    put("--bad-rows", format!("{:?}", request.bad_rows));
    put("--columns", format!("{:?}", request.columns));
    put("--only-flagged", request.only_flagged.to_string());
    put("inputs", format!("{files:?}"));
    if let Some(labels) = &request.labels {
        put("--labels", format!("{labels:?} {}", looks(Path::new(&labels.file))?));
    }
    for file in files {
        put(&file.display().to_string(), looks(file)?);
    }
    Ok(call)
}

/// What tells whether a file is still the one it was.
fn looks(file: &Path) -> Result<String, PipelineError> {
    let found = file.metadata().map_err(|e| PipelineError::refuse(format!("cannot read {}: {e}", file.display())))?;
    if !found.is_file() {
        let file = file.display();
        return Err(PipelineError::refuse(format!(
            "{file} cannot be read a second time, so --resume cannot go on with it: save it to a file, or leave --resume out"
        )));
    }
    let changed = found.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    Ok(format!("{} bytes, changed {} ns after 1970", found.len(), changed.as_nanos()))
}
