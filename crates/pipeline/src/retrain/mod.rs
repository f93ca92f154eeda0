//! `nta retrain`: a challenger from fresh traffic, held against the champion on rows that neither has learned from, and put
//! in its place where the rule says so.
//!
//! The challenger is a run like any other, made from the champion's config; its last stage is the decision. What is judged is
//! sealed until both models are frozen.

mod challenge;
mod challenger;
mod champion;
mod decision;
mod earlier;
mod fresh;
mod mix;
mod past;
mod request;
mod site;
mod verdicts;

use std::time::Instant;

use nta_atomic::{FolderLock, FolderWait};
use nta_data::Awaited;
use nta_model::{Registry, Version};

pub use decision::Decision;
pub use fresh::{FreshAudit, RowCounts};
pub use past::Unavailable;
pub use request::{RetrainOutcome, RetrainRequest};

use crate::error::{PipelineError, failed, refused};
use crate::event::Listener;
use crate::policy::RetrainConfig;

use champion::Champion;

/// Retrains `request.model` and decides. One process at a time retrains a name.
///
/// # Errors
/// Traffic that cannot be read or cannot decide anything, a model that is no version of this project, one that is not in
/// service, whatever a run may fail of.
pub fn retrain(request: &RetrainRequest, listener: &dyn Listener) -> Result<RetrainOutcome, PipelineError> {
    let begun = Instant::now();
    let registry = Registry::new(&request.project.home).in_contact(listener.contact());
    let (_, name, _) = asked(request, &registry)?;
    let folder = request.project.home.join("models").join(&name).join("retraining");
    let go_on = |wait: &FolderWait<'_>| {
        listener.contact().waits(Awaited::Folder { path: wait.folder, holder: wait.holder }, wait.elapsed)
    };
    let _lock = FolderLock::take(&folder, &go_on)
        .map_err(|source| failed(nta_tracking::TrackingError::Io { doing: "lock", path: folder.clone(), source }))?;
    // Whoever held the lock may have put another in its place.
    let (version, name, number) = asked(request, &registry)?;
    let champion = Champion::of(request, registry, version, (name, number))?;
    champion.retrain(request, begun, listener)
}

/// The version meant, by name and number. A bare name means the version in service: the newest may be a challenger that was
/// refused.
fn asked(request: &RetrainRequest, registry: &Registry) -> Result<(Version, String, u32), PipelineError> {
    let alias = RetrainConfig::default().alias;
    let model = &request.model;
    let meant = registry.resolve(model).map_err(refused)?;
    let version = match &meant.registered {
        Some((name, number)) if name == model => {
            let none = |_| {
                PipelineError::refuse(format!(
                    "{name}@{alias} points at nothing: put a version in service first, `nta promote {name}/{number}`, or \
                     name the one to be challenged"
                ))
            };
            registry.resolve(&format!("{name}@{alias}")).map_err(none)?
        }
        _ => meant,
    };
    match version.registered.clone() {
        Some((name, number)) => Ok((version, name, number)),
        None => Err(PipelineError::refuse(format!(
            "{} is a folder outside {}: only a version in there has a lineage and an alias",
            request.model,
            request.project.home.join("models").display()
        ))),
    }
}
