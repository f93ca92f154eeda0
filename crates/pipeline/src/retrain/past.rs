//! The traffic that the champion was trained and judged on, where it can be had again: the files are there and their bytes
//! are those that the models name.

use nta_data::{Dataset, Sealed};
use nta_ingest::FileDigest;
use nta_model::{Model, Provenance, Registry, Version};
use serde::{Deserialize, Serialize};

use super::fresh::deal;
use super::mix::{behind, together};
use crate::error::{PipelineError, failed, refused};
use crate::event::{Listener, Stage};
use crate::models::of_a_baseline;
use crate::project::Project;
use crate::read_again::read_again;
use crate::run::partition_of;

/// A model of the lineage whose traffic is not to be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unavailable {
    /// The version.
    pub version: String,
    /// Why.
    pub why: String,
}

/// The champion and what it was made from, as far as that is there.
pub(super) type Lineage = Vec<(Version, Provenance)>;

/// What there is of the past.
#[derive(Default)]
pub(super) struct Past {
    /// What the champion and its ancestors have learned from.
    pub(super) pool: Option<Dataset>,
    /// Files of the pool, and their rows.
    pub(super) files: Vec<(FileDigest, u64)>,
    /// The champion's test part.
    pub(super) old_test: Option<OldTest>,
    /// Models whose traffic is not to be had.
    pub(super) unavailable: Vec<Unavailable>,
}

/// Rows that the champion was judged on.
pub(super) struct OldTest {
    pub(super) rows: Sealed,
    /// The host of each row, `(n_rows)`; empty where rows belong to none.
    pub(super) hosts: Vec<u64>,
}

/// What one model learned from and was judged on.
struct Own {
    /// Hosts as read, whatever the parts were.
    learned: Dataset,
    test: OldTest,
    files: Vec<(FileDigest, u64)>,
}

impl Past {
    /// Reads again what the models of `lineage` have learned from, the champion first. Each model's config names the traffic
    /// that it was the first to learn from; its ancestors' configs name the rest.
    pub(super) fn read(
        lineage: &Lineage,
        champion: &Model,
        project: &Project,
        listener: &dyn Listener,
    ) -> Result<Self, PipelineError> {
        let mut past = Past::default();
        for (i, (version, provenance)) in lineage.iter().enumerate() {
            match own(provenance, champion, project, listener) {
                Err(error @ PipelineError::Interrupted(_)) => return Err(error),
                Err(error) => {
                    past.unavailable.push(Unavailable { version: version.title(), why: error.to_string() });
                }
                Ok(Own { learned, test, files }) => {
                    past.pool = Some(match past.pool.take() {
                        // Older traffic stands before newer.
                        Some(newer) => behind(learned, &newer)?,
                        None => learned,
                    });
                    past.files.extend(files);
                    past.old_test = past.old_test.or((i == 0).then_some(test));
                }
            }
        }
        Ok(past)
    }
}

/// The champion's and its ancestors' provenance, as far as they are there. A version that a site's baseline made has learned
/// from no traffic beside its parent's: it stands for nothing here.
pub(super) fn lineage(registry: &Registry, version: &Version, champion: &Model) -> Result<Lineage, PipelineError> {
    let ancestors = registry.ancestors(version).map_err(refused)?;
    let told = ancestors.into_iter().filter_map(|version| {
        let provenance = version.manifest().ok()?.provenance;
        Some((version, provenance))
    });
    let all = std::iter::once((version.clone(), champion.provenance.clone())).chain(told);
    Ok(all.filter(|(_, provenance)| !of_a_baseline(provenance)).collect())
}

fn own(
    provenance: &Provenance,
    champion: &Model,
    project: &Project,
    listener: &dyn Listener,
) -> Result<Own, PipelineError> {
    let (config, traffic) = read_again(provenance, champion, project, (listener, Stage::Replay))?;
    let files = traffic.report.sources.iter().find(|source| source.role == "train").map(|source| source.files.clone());
    let files = files.unwrap_or_default();
    if provenance.parent.is_some() {
        let (learned, test) = deal(&traffic.train, config.retrain.holdout, config.seed)?;
        let hosts = test.entity.clone();
        return Ok(Own { learned, test: OldTest { rows: Sealed::new(test), hosts }, files });
    }
    let parts = partition_of(&config, traffic, 1.0)?;
    let learned = match parts.learned() {
        Some(stream) => stream.rows(0..stream.n_rows()).map_err(failed)?,
        None => together([&parts.train, &parts.validation, &parts.calibration, &parts.threshold])?,
    };
    Ok(Own { learned, test: OldTest { rows: parts.test, hosts: parts.test_hosts }, files })
}
