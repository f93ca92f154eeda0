//! The saved models of a project.

use std::sync::Arc;

use nta_model::{Model, Registry};
use serde::Serialize;

use crate::error::{PipelineError, refused};
use crate::event::Listener;
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
    /// Why it, or the aliases of its name, cannot be read, where they cannot.
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
                    damaged: versions.damaged.clone(),
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

/// An alias that was set or taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AliasMoved {
    /// `name@alias`.
    pub alias: String,
    /// The version it points at now, or pointed at until now: `name/3`.
    pub version: String,
}

/// Points `alias` at the version that `asked` means, in place of where it pointed before.
pub fn set_alias(
    project: &Project,
    asked: &str,
    alias: &str,
    listener: &dyn Listener,
) -> Result<AliasMoved, PipelineError> {
    let registry = Registry::new(&project.home).in_contact(listener.contact());
    let version = registry.resolve(asked).map_err(refused)?;
    let Some((name, number)) = version.registered else {
        let place = project.home.join("models").display().to_string();
        return Err(PipelineError::refuse(format!(
            "{asked} is a folder outside {place}: only a version in there can have an alias"
        )));
    };
    registry.set_alias(&name, alias, number).map_err(refused)?;
    Ok(AliasMoved { alias: format!("{name}@{alias}"), version: format!("{name}/{number}") })
}

/// Takes `name@alias` away.
pub fn remove_alias(project: &Project, asked: &str, listener: &dyn Listener) -> Result<AliasMoved, PipelineError> {
    let registry = Registry::new(&project.home).in_contact(listener.contact());
    let Some((name, alias)) = asked.split_once('@') else {
        return Err(PipelineError::refuse(format!("`{asked}` names no alias: write it as `name@alias`")));
    };
    let known = registry.versions(name).map_err(refused)?.aliases;
    let Some(number) = known.get(alias) else {
        let others: Vec<&str> = known.keys().map(String::as_str).collect();
        let found =
            if others.is_empty() { "no aliases".to_owned() } else { format!("the aliases {}", others.join(", ")) };
        return Err(PipelineError::refuse(format!("there is no {asked}: {name} has {found}")));
    };
    registry.remove_alias(name, alias).map_err(refused)?;
    Ok(AliasMoved { alias: asked.to_owned(), version: format!("{name}/{number}") })
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
    let model = Arc::new(Model::load(&version.path).map_err(refused)?);
    let largest_difference = model.verify().map_err(refused)?;
    let digest = model.digest().map_err(refused)?;
    Ok(Verified { model: version.title(), digest, golden_rows: model.golden.rows.len(), largest_difference })
}
