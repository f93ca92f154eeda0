//! The traffic of a saved model, read once more: the files must be those that it learned from.

use std::collections::BTreeSet;

use nta_model::{Model, Provenance};

use crate::config::RunConfig;
use crate::error::PipelineError;
use crate::event::{Listener, Stage, StageWatch, Unit};
use crate::project::Project;
use crate::traffic::{self, Extent, ReadTraffic};

/// The traffic that a model of this provenance was the first to learn from, as `model` reads traffic, and its config.
///
/// # Errors
/// Files that are gone or have changed.
pub(crate) fn read_again(
    provenance: &Provenance,
    model: &Model,
    project: &Project,
    (listener, stage): (&dyn Listener, Stage),
) -> Result<(RunConfig, ReadTraffic), PipelineError> {
    let config = RunConfig::parse_kept(&provenance.config, "its config", &[])?;
    let watch = StageWatch { listener, stage, unit: Unit::BytesRead };
    let traffic = traffic::read_as(&config, model.schema.clone(), project, Extent::Whole, &watch, listener)?;
    refuse_changed(provenance, &traffic)?;
    Ok((config, traffic))
}

fn refuse_changed(provenance: &Provenance, traffic: &ReadTraffic) -> Result<(), PipelineError> {
    let then: BTreeSet<(&str, &str)> = provenance
        .data
        .iter()
        .filter(|file| file.role != traffic::REPLAY)
        .map(|file| (file.role.as_str(), file.sha256.as_str()))
        .collect();
    let sources = traffic.report.sources.iter();
    let files = sources.flat_map(|source| source.files.iter().map(|(file, _)| (source.role.as_str(), file)));
    let files = files.chain(traffic.report.labels.iter().map(|file| (traffic::LABELS, file)));
    let now: BTreeSet<(&str, &str)> = files.clone().map(|(role, file)| (role, file.sha256.as_str())).collect();
    if then == now {
        return Ok(());
    }
    let changed = files.filter(|(role, file)| !then.contains(&(*role, file.sha256.as_str())));
    let changed: Vec<&str> = changed.map(|(_, file)| file.name.as_str()).collect();
    Err(PipelineError::refuse(match changed.is_empty() {
        true => "files that it was trained on are gone".to_owned(),
        false => format!("its traffic is no longer what it was trained on: {}", changed.join(", ")),
    }))
}
