//! The traffic that a version was trained on, dealt as it was then: the forest is grown anew on it, and its attacks choose the fusion
//! for a site.

use nta_model::{Model, Registry, Version};
use nta_preprocess::Partition;

use crate::error::{PipelineError, refused};
use crate::event::{Listener, Stage};
use crate::models::of_a_baseline;
use crate::project::Project;
use crate::read_again::read_again;
use crate::run::partition_of;

/// The parts, or why they are not to be had. The test part stays sealed, and nobody asks for it.
///
/// # Errors
/// A registry that cannot be read, an interrupt.
pub(super) fn parts(
    registry: &Registry,
    version: &Version,
    model: &Model,
    project: &Project,
    listener: &dyn Listener,
) -> Result<(Option<Partition>, Option<String>), PipelineError> {
    let ancestors = registry.ancestors(version).map_err(refused)?;
    let theirs = ancestors.iter().filter_map(|version| Some(version.manifest().ok()?.provenance));
    let mut line = std::iter::once(model.provenance.clone()).chain(theirs);
    let Some(trained) = line.find(|provenance| !of_a_baseline(provenance)) else {
        return Ok((None, Some("the version that was trained is gone".to_owned())));
    };
    if trained.parent.is_some() {
        let why = "a retrained version's mix of old and fresh traffic is not dealt again; its retraining chose";
        return Ok((None, Some(why.to_owned())));
    }
    let again = || {
        let (config, traffic) = read_again(&trained, model, project, (listener, Stage::Baseline))?;
        partition_of(&config, traffic, 1.0)
    };
    match again() {
        Ok(parts) => Ok((Some(parts), None)),
        Err(error @ PipelineError::Interrupted(_)) => Err(error),
        Err(error) => Ok((None, Some(format!("its training's traffic cannot choose: {error}")))),
    }
}
