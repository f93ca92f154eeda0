//! Column roles as the command line shows them.

use std::path::Path;

use crate::error::{PipelineError, refused};
use crate::event::{Event, Listener, Remark};
use crate::project::Project;

/// Names and descriptions of the built-in schemas.
pub fn list_schemas() -> Vec<(String, String)> {
    let described = |name: &str| nta_ingest::builtin_schema(name).map(|s| s.description).unwrap_or_default();
    nta_ingest::builtin_schemas().iter().map(|(name, _)| ((*name).to_owned(), described(name))).collect()
}

/// One schema as YAML: a built-in one as shipped, comments and all, or a file that has been checked.
pub fn show_schema(name: &str, project: &Project) -> Result<String, PipelineError> {
    if let Some((_, yaml)) = nta_ingest::builtin_schemas().iter().find(|(known, _)| *known == name) {
        return Ok((*yaml).to_owned());
    }
    let schema = nta_ingest::load_schema(name, &project.root).map_err(refused)?;
    serde_saphyr::to_string(&schema).map_err(refused)
}

/// A first schema for a file, with comments on what to check; what is to be known of the file is told as remarks too.
pub fn infer_schema(file: &Path, listener: &dyn Listener) -> Result<String, PipelineError> {
    let drafted = nta_ingest::draft_schema(file, &listener.contact()).map_err(refused)?;
    for note in drafted.notes {
        listener.hear(&Event::Remark(Remark::Drafted { note }));
    }
    Ok(drafted.yaml)
}
