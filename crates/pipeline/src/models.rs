//! The saved models of a project: where each comes from, what was measured and promised, and who was champion when.

use std::collections::BTreeMap;
use std::sync::Arc;

use nta_leakage::Finding;
use nta_metrics::Promise;
use nta_model::{
    AliasChange, DataDigest, FromVerdicts, Manifest, Model, ModelError, Observed, Provenance, Registry, Reign,
    SiteBaseline, Version,
};
use nta_tracking::Moment;
use serde::Serialize;

use crate::error::{PipelineError, failed, refused};
use crate::project::Project;
use crate::runs::Evaluations;

/// One model version.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ModelLine {
    /// `name/3`.
    pub version: String,
    /// Aliases that point at it.
    pub aliases: Vec<String>,
    /// When it was trained.
    pub created: String,
    /// The run that made it.
    pub run: String,
    /// The model or run that it was made from, where it was.
    pub parent: Option<String>,
    /// Digest of its learned parts.
    pub digest: String,
    /// The files that it was trained and judged on.
    pub data: Vec<DataDigest>,
    /// Features that give the label away or say which row it is, and were accepted by name.
    pub accepted: Vec<Finding>,
    /// What its run measured of the whole on the test part, by the metrics' names; empty where the run is gone.
    pub metrics: BTreeMap<&'static str, Option<f64>>,
    /// What was promised and what came of it, where a promise was made and the run is there.
    pub promise: Option<Promise>,
    /// Flows a day of the traffic that it was judged on, where its run is there and times told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flows_per_day: Option<f64>,
    /// The benign flows of a site that its thresholds were set on, and what they promise there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteBaseline>,
    /// What analysts said of its parent's alerts, where that raised its threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdicts: Option<FromVerdicts>,
    /// The times for which an alias pointed at it, oldest first.
    pub reigns: Vec<Reign>,
    /// Why it, or the aliases of its name, cannot be read, where they cannot.
    pub damaged: Option<String>,
}

/// The version that is asked for, and the name under which it can have a next.
///
/// # Errors
/// A version that is not there, a folder outside the registry.
pub(crate) fn in_registry(registry: &Registry, asked: &str) -> Result<(Version, String), PipelineError> {
    let version = registry.resolve(asked).map_err(refused)?;
    let name = version.registered.as_ref().map(|(name, _)| name.clone()).ok_or_else(|| {
        PipelineError::refuse(format!("{asked} is a folder outside models/: a version in there can have a next"))
    })?;
    Ok((version, name))
}

/// `made` as the version after `parent`, which is `version`: when and of what it was made, and golden rows as it flags them.
pub(crate) fn next_of(parent: &Model, version: &Version, mut made: Model) -> Result<Arc<Model>, PipelineError> {
    made.provenance.created = Moment::now().to_string();
    made.provenance.parent = Some(version.title());
    let golden = parent.golden.to_dataset(&parent.schema).map_err(failed)?;
    let mut made = Arc::new(made);
    made.record_golden(&golden).map_err(failed)?;
    Ok(made)
}

/// Every version of every model, by name and number.
pub fn models(project: &Project) -> Result<Vec<ModelLine>, PipelineError> {
    let registry = Registry::new(&project.home);
    let evaluations = Evaluations::of(project)?;
    let mut lines = Vec::new();
    for versions in registry.list().map_err(refused)? {
        let (reigns, damaged_log) = told(registry.reigns(&versions.name));
        let damaged = versions.damaged.or(damaged_log);
        for number in versions.numbers {
            let version = registry.version(&versions.name, number);
            lines.push(ModelLine {
                aliases: versions.aliases.iter().filter(|(_, n)| **n == number).map(|(a, _)| a.clone()).collect(),
                reigns: reigns.iter().filter(|reign| reign.version == number).cloned().collect(),
                ..line(&version, &evaluations, damaged.clone())
            });
        }
    }
    Ok(lines)
}

/// What a damaged log still leaves: nothing, and why.
fn told(reigns: Result<Vec<Reign>, ModelError>) -> (Vec<Reign>, Option<String>) {
    reigns.map_or_else(|error| (Vec::new(), Some(error.to_string())), |reigns| (reigns, None))
}

/// What the manifest and the run tell.
fn line(version: &Version, evaluations: &Evaluations, damaged: Option<String>) -> ModelLine {
    let title = version.title();
    let Manifest { provenance, digest, .. } = match version.manifest() {
        Ok(manifest) => manifest,
        Err(error) => return ModelLine { version: title, damaged: Some(error.to_string()), ..Default::default() },
    };
    // What its run measured was measured with other thresholds.
    let evaluation = evaluations.of_run(&provenance.run).filter(|_| !of_a_baseline(&provenance));
    let hybrid = evaluation.as_ref().and_then(|evaluation| evaluation.hybrid());
    ModelLine {
        version: title,
        created: provenance.created,
        run: provenance.run,
        parent: provenance.parent,
        digest,
        data: provenance.data,
        accepted: provenance.accepted,
        site: provenance.site,
        verdicts: provenance.verdicts,
        metrics: hybrid.into_iter().flat_map(|h| h.metrics()).map(|(metric, x)| (metric.name, x)).collect(),
        flows_per_day: evaluation.as_ref().and_then(|evaluation| evaluation.flows_per_day),
        promise: evaluation.and_then(|evaluation| evaluation.promise),
        damaged,
        ..Default::default()
    }
}

/// Whether `nta baseline` made the version: it has no run of its own, only its parent's.
pub(crate) fn of_a_baseline(provenance: &Provenance) -> bool {
    provenance.verdicts.is_some() || provenance.site.as_ref().is_some_and(|site| site.kept.is_none())
}

/// One version and the line it comes from.
#[derive(Debug, Clone, Serialize)]
pub struct ModelView {
    /// As in the list.
    #[serde(flatten)]
    pub line: ModelLine,
    /// What it was made from, its parent first.
    pub ancestors: Vec<String>,
    /// Its promise as labelled traffic after its training showed it, oldest first.
    pub observed: Vec<Observed>,
}

/// One model, by `name`, `name/3`, `name@alias` or its folder.
pub fn show_model(project: &Project, asked: &str) -> Result<ModelView, PipelineError> {
    let registry = Registry::new(&project.home);
    let version = registry.resolve(asked).map_err(refused)?;
    version.manifest().map_err(refused)?;
    let mut shown = line(&version, &Evaluations::of(project)?, None);
    let mut observed = Vec::new();
    if let Some((name, number)) = &version.registered {
        observed = registry.observed(name).map_err(refused)?;
        observed.retain(|seen| seen.version == *number);
        let aliases = registry.versions(name).map_err(refused)?.aliases;
        shown.aliases = aliases.into_iter().filter(|(_, n)| n == number).map(|(alias, _)| alias).collect();
        shown.reigns = registry.reigns(name).map_err(refused)?;
        shown.reigns.retain(|reign| reign.version == *number);
    }
    let ancestors = registry.ancestors(&version).map_err(refused)?;
    Ok(ModelView { line: shown, ancestors: ancestors.iter().map(Version::title).collect(), observed })
}

/// Every move of the aliases of `name`, oldest first.
pub fn model_log(project: &Project, name: &str) -> Result<Vec<AliasChange>, PipelineError> {
    Registry::new(&project.home).log(name).map_err(refused)
}
