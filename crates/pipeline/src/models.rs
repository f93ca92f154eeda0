//! The saved models of a project.

use nta_model::{Model, Registry};
use serde::Serialize;

use crate::error::{PipelineError, refused};
use crate::project::Project;

/// One model version.
#[derive(Debug, Clone, Serialize)]
pub struct ModelLine {
    /// `name/3`.
    pub version: String,
    /// Aliases that point at it.
    pub aliases: Vec<String>,
    /// When it was trained.
    pub created: String,
    /// The run that made it.
    pub run: String,
    /// Digest of its learned parts.
    pub digest: String,
    /// Why it cannot be read, where it cannot.
    pub damaged: Option<String>,
}

/// Every version of every model, by name and number.
pub fn models(project: &Project) -> Result<Vec<ModelLine>, PipelineError> {
    let registry = Registry::new(&project.home);
    let mut lines = Vec::new();
    for versions in registry.list().map_err(refused)? {
        for number in versions.numbers {
            let version = format!("{}/{number}", versions.name);
            let aliases = versions.aliases.iter().filter(|(_, n)| **n == number).map(|(a, _)| a.clone()).collect();
            let manifest = registry.resolve(&version).and_then(|v| v.manifest());
            lines.push(match manifest {
                Ok(m) => ModelLine {
                    version,
                    aliases,
                    created: m.provenance.created,
                    run: m.provenance.run,
                    digest: m.digest,
                    damaged: None,
                },
                Err(error) => ModelLine {
                    version,
                    aliases,
                    created: String::new(),
                    run: String::new(),
                    digest: String::new(),
                    damaged: Some(error.to_string()),
                },
            });
        }
    }
    Ok(lines)
}

/// A model that passed its checks.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    /// The model, as `name/3` or a path.
    pub model: String,
    /// Digest of its learned parts.
    pub digest: String,
    /// Golden rows scored again.
    pub golden_rows: usize,
    /// Largest difference from the scores it was saved with.
    pub largest_difference: f32,
}

/// Checks every digest of a model and scores its golden rows again.
pub fn verify(project: &Project, asked: &str) -> Result<Verified, PipelineError> {
    let version = Registry::new(&project.home).resolve(asked).map_err(refused)?;
    let model = Model::load(&version.path).map_err(refused)?;
    let largest_difference = model.verify().map_err(refused)?;
    let digest = model.digest().map_err(refused)?;
    Ok(Verified { model: version.title(), digest, golden_rows: model.golden.rows.len(), largest_difference })
}
