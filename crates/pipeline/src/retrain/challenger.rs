//! The challenger's config and traffic: the champion's own settings, fresh files first, old rows beside them.

use std::path::{Path, PathBuf};

use nta_data::{Dataset, Sealed};
use nta_ingest::FileDigest;
use nta_preprocess::SplitConfig;

use super::decision::Replay;
use super::mix::{behind, sample};
use super::past::Past;
use crate::config::{RunConfig, Traffic, TrafficFile};
use crate::error::PipelineError;
use crate::labels_file::LabelsFile;
use crate::project::Project;
use crate::score::glob_safe;
use crate::traffic::{REPLAY, ReadTraffic, SourceReport, TrafficReport};

/// The champion's config on these files, labelled by `labels` where that is given. The five parts are cut as suits the mix: blocks of old and fresh traffic in every
/// part, for a cut in time would learn from the old alone.
pub(super) fn config(
    champion: &RunConfig,
    files: &[PathBuf],
    labels: Option<LabelsFile>,
    project: &Project,
) -> RunConfig {
    let mut config = champion.clone();
    let root = project.root.canonicalize().unwrap_or_else(|_| project.root.clone());
    let inside = |file: &PathBuf| file.strip_prefix(&root).map_or_else(|_| file.clone(), Path::to_owned);
    let path = |file: &PathBuf| TrafficFile::Path(glob_safe(&inside(file).to_string_lossy()));
    config.data.train = Traffic::Files(files.iter().map(path).collect());
    config.data.test = None;
    config.data.labels = labels;
    config.split = SplitConfig { strategy: None, inside: None, test: None, ..config.split };
    config
}

/// What the challenger learns from, and the rows that its own run judges it on.
pub(super) fn mix(
    learned: &Dataset,
    held_out: Sealed,
    (report, labels): (SourceReport, Option<FileDigest>),
    past: &mut Past,
    (share, seed): (f64, u64),
) -> Result<(ReadTraffic, Replay), PipelineError> {
    let wanted = (learned.n_rows() as f64 * share / (1.0 - share)).round() as usize;
    let mut replay = Replay { wanted: wanted as u64, unavailable: past.unavailable.clone(), ..Replay::default() };
    let mut sources = vec![report];
    let mut train = learned.clone();
    if let Some(pool) = past.pool.take() {
        replay.of = pool.n_rows() as u64;
        if wanted > 0 {
            let old = sample(&pool, wanted, seed);
            replay.rows = old.n_rows() as u64;
            sources.push(SourceReport {
                role: REPLAY.to_owned(),
                rows: replay.rows,
                attacks: old.n_attacks() as u64,
                columns: sources[0].columns,
                files: std::mem::take(&mut past.files),
                summary: None,
            });
            train = behind(old, learned)?;
        }
    }
    let report = TrafficReport { sources, labels };
    // The parent's config has settled what was left to the data.
    let traffic = ReadTraffic { train, test: Some(held_out), report, recognised: None, by: None, rejects: None };
    Ok((traffic, replay))
}
