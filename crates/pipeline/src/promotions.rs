//! Moving the aliases of models, and letting go of versions that nothing needs.

use nta_model::{AliasChange, By, Collected, Model, ModelError, Registry, Removal};
use nta_tracking::Host;
use serde::Serialize;

use crate::error::{PipelineError, refused};
use crate::event::Listener;
use crate::project::Project;

/// An alias that was set or taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AliasMoved {
    /// `name@alias`.
    pub alias: String,
    /// The version it points at now: `name/3`; null where it was taken away.
    pub version: Option<String>,
    /// The version it pointed at until now.
    pub before: Option<String>,
}

impl AliasMoved {
    fn of(name: &str, change: AliasChange) -> Self {
        let title = |number: Option<u32>| number.map(|number| format!("{name}/{number}"));
        AliasMoved { alias: format!("{name}@{}", change.alias), version: title(change.to), before: title(change.from) }
    }
}

/// Points `alias` at the version that `asked` means, in place of where it pointed before. A model that `nta verify`
/// would refuse is.
pub fn promote(
    project: &Project,
    asked: &str,
    alias: &str,
    by: &By,
    listener: &dyn Listener,
) -> Result<AliasMoved, PipelineError> {
    let registry = Registry::new(&project.home).in_contact(listener.contact());
    let version = registry.resolve(asked).map_err(refused)?;
    let Some((name, number)) = &version.registered else {
        let place = project.home.join("models").display().to_string();
        return Err(PipelineError::refuse(format!(
            "{asked} is a folder outside {place}: only a version in there can have an alias"
        )));
    };
    // Whoever scores with the alias must not be the first to find it damaged.
    Model::load(&version.path).map_err(refused)?;
    let change = registry.promote(name, alias, *number, by).map_err(refused)?;
    Ok(AliasMoved::of(name, change))
}

/// Points `name@alias` back at the version where it was before.
pub fn rollback(
    project: &Project,
    name: &str,
    alias: &str,
    by: &By,
    listener: &dyn Listener,
) -> Result<AliasMoved, PipelineError> {
    let change =
        Registry::new(&project.home).in_contact(listener.contact()).rollback(name, alias, by).map_err(refused)?;
    Ok(AliasMoved::of(name, change))
}

/// Takes `name@alias` away.
pub fn remove_alias(project: &Project, asked: &str, listener: &dyn Listener) -> Result<AliasMoved, PipelineError> {
    let Some((name, alias)) = asked.split_once('@') else {
        return Err(PipelineError::refuse(format!("`{asked}` names no alias: write it as `name@alias`")));
    };
    let change = Registry::new(&project.home)
        .in_contact(listener.contact())
        .remove_alias(name, alias, &by_account(None))
        .map_err(refused)?;
    Ok(AliasMoved::of(name, change))
}

/// Removes versions that no alias, rollback or lineage needs, `keep` of each name's newest left.
pub fn collect_garbage(
    project: &Project,
    keep: usize,
    removal: Removal,
    listener: &dyn Listener,
) -> Result<Vec<Collected>, PipelineError> {
    Registry::new(&project.home).in_contact(listener.contact()).gc(keep, removal).map_err(refused)
}

/// Longest name of a user or host that is taken over.
const MOST_NAME: usize = 100;

/// Points `name@alias` at version `number`, whole and checked, if it still points at `from`.
pub(crate) fn succeed(
    registry: &Registry,
    (name, number): (&str, u32),
    alias: &str,
    from: Option<u32>,
    why: String,
) -> Result<AliasMoved, PipelineError> {
    Model::load(&registry.version(name, number).path).map_err(refused)?;
    let change = registry.succeed(name, alias, from, number, &by_account(Some(why))).map_err(|error| match error {
        error @ ModelError::Moved { .. } => PipelineError::Gate(error.to_string()),
        error => refused(error),
    })?;
    Ok(AliasMoved::of(name, change))
}

/// A move by the account that this process runs under.
pub fn by_account(why: Option<String>) -> By {
    By { who: who(), why }
}

/// Who asks, `user@host`, as the environment tells.
pub(crate) fn who() -> String {
    let set = |key: &&str| std::env::var(key).ok().filter(|value| !value.is_empty());
    let user = ["USER", "LOGNAME", "USERNAME"].iter().find_map(set).or_else(user_number);
    let host = Host::here().name.or_else(|| ["HOSTNAME", "COMPUTERNAME"].iter().find_map(set));
    let short = |name: Option<String>| name.map_or("unknown".into(), |n| n.chars().take(MOST_NAME).collect::<String>());
    format!("{}@{}", short(user), short(host))
}

/// Services and containers often have no name in their environment: then the number that the system knows them by.
fn user_number() -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata("/proc/self").ok().map(|own| format!("uid{}", own.uid()))
    }
    #[cfg(not(unix))]
    None
}
