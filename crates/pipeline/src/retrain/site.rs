//! The promise of a site, kept by a challenger: the flows of the site's baseline, read again, set its thresholds and join its
//! density as they did the champion's, with fresh benign flows beside them; never a flow that also trains.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use nta_data::{Dataset, Scores};
use nta_ingest::{AsWritten, BadRows};
use nta_metrics::Budget;
use nta_model::{Model, Registry, SiteBaseline, SiteKept, SiteSource, Version};
use nta_preprocess::{FittedRows, Partition};

use super::mix::behind;
use crate::baseline::{FlowUnits, Made, Trust, groups_of, rows};
use crate::digest::sha256_of;
use crate::error::{PipelineError, failed, refused};
use crate::event::{Listener, Outcome, Stage};
use crate::project::Project;
use crate::run::{Context, benign_of, recalibrate, score_held_out, score_rows};
use crate::score::{Asked, Input};

/// The baseline that the challenger is made for.
pub(super) struct Site {
    /// As the version `from` has it.
    baseline: SiteBaseline,
    source: SiteSource,
    from: String,
    /// Its flows, in arrival order.
    rows: Dataset,
    /// The host that began each; empty where there are none.
    hosts: Vec<u64>,
    left_out: u64,
}

impl Site {
    /// The baseline of the champion, `model` as `version`, or, where it has none, of the nearest of its ancestors; `None` where no
    /// one has.
    ///
    /// # Errors
    /// Files of the baseline that are gone or have changed: the promise could not be kept.
    pub(super) fn of(
        version: &Version,
        model: &Model,
        registry: &Registry,
        project: &Project,
        listener: &dyn Listener,
    ) -> Result<Option<Self>, PipelineError> {
        let own = (version.clone(), model.provenance.site.clone());
        let ancestors = registry.ancestors(version).map_err(refused)?;
        let theirs = ancestors.into_iter().map(|version| {
            let site = version.manifest().ok().and_then(|manifest| manifest.provenance.site);
            (version, site)
        });
        let found = std::iter::once(own).chain(theirs).find_map(|(version, site)| Some((version, site?)));
        found.map(|(version, site)| Site::read(&version, site, model, project, listener)).transpose()
    }

    fn read(
        version: &Version,
        baseline: SiteBaseline,
        model: &Model,
        project: &Project,
        listener: &dyn Listener,
    ) -> Result<Self, PipelineError> {
        let from = baseline.kept.as_ref().map_or_else(|| version.title(), |kept| kept.from.clone());
        let gone = |why: String| {
            PipelineError::refuse(format!(
                "{from} promises for a site, and its baseline cannot be had again: {why}. Put the files back, or make a version \
                 from flows of the site that stay, `nta baseline {} FILE…`, and retrain that",
                version.title()
            ))
        };
        let Some(source) = baseline.source.clone() else {
            return Err(gone("it came through a pipe, or was made before files were kept in mind".to_owned()));
        };
        let paths: Vec<PathBuf> = source.paths.iter().map(|path| project.root.join(path)).collect();
        for (path, then) in paths.iter().zip(&baseline.files) {
            let now = sha256_of(path).map_err(|_| gone(format!("{} is not there", path.display())))?;
            if now != then.sha256 {
                return Err(gone(format!("{} has changed", path.display())));
            }
        }
        let asked = Asked {
            stage: Stage::Baseline,
            paths: &paths,
            sensor: source.sensor.as_deref(),
            written: Some(written(&source)?),
            labels: None,
            // The bytes are those of then, and so are the rows that cannot be read.
            bad_rows: BadRows::SetAside { share: 1.0 },
            batch_rows: 8_192,
        };
        let read = rows::read(&Input::open(&asked, model, listener)?.with_hosts(), listener)?;
        Ok(Site { baseline, source, from, rows: read.rows, hosts: read.hosts, left_out: 0 })
    }

    /// The same without flows that stand in one of `tables` too: with their time where flows have one, else as far as
    /// features tell flows apart.
    pub(super) fn without(mut self, tables: [&Dataset; 2]) -> Self {
        let key = |table: &Dataset, hash: u128, i: usize| (hash, table.time.as_ref().map(|times| times[i]));
        let keys = |table: &Dataset| -> Vec<(u128, Option<i64>)> {
            let hashes = table.feature_hashes().into_iter().enumerate();
            hashes.map(|(i, hash)| key(table, hash, i)).collect()
        };
        let taken: HashSet<(u128, Option<i64>)> = tables.into_iter().flat_map(keys).collect();
        let own = keys(&self.rows);
        let kept: Vec<u32> = (0..own.len()).filter(|&i| !taken.contains(&own[i])).map(|i| i as u32).collect();
        self.left_out = (own.len() - kept.len()) as u64;
        self.rows = self.rows.take(&kept);
        if !self.hosts.is_empty() {
            self.hosts = kept.iter().map(|&i| self.hosts[i as usize]).collect();
        }
        self
    }

    /// The model of a run with the site's promise. `first_fresh` is the number of the first fresh file among the parts' files,
    /// where fresh benign flows may join.
    pub(super) fn keep(
        self,
        ctx: &mut Context<'_>,
        model: Arc<Model>,
        parts: &Partition,
        first_fresh: Option<u32>,
    ) -> Result<Arc<Model>, PipelineError> {
        ctx.stage(Stage::Baseline, |ctx| {
            let own = score_rows(ctx.log.listener, &model, &self.rows, Stage::Baseline)?;
            // Members fitted on all rows have learned the fresh ones too.
            let are_unseen = ctx.config.split.fit == FittedRows::Parts;
            let first_fresh = first_fresh.filter(|_| self.baseline.verified && are_unseen);
            let fresh = first_fresh.map(|first| fresh_benign(ctx, &model, parts, first)).transpose()?;
            let rule = self.baseline.groups;
            let hosts = with_hosts_of(self.hosts, fresh.as_ref().map(|(rows, _)| rows));
            let (rows, scores, n_fresh) = with_fresh(self.rows, own, fresh)?;
            let units = FlowUnits::of(rows.n_rows(), &hosts, self.source.all_hosts);
            let n_rows = rows.n_rows() as u64;
            let trust = if self.baseline.verified { Trust::Verified } else { Trust::Unverified };
            let budget =
                Budget { false_positive_rate: self.source.false_positive_rate, confidence: self.baseline.confidence };
            let kept = SiteKept { from: self.from, left_out: self.left_out, fresh: n_fresh };
            let site = SiteBaseline { source: Some(self.source), kept: Some(kept), ..self.baseline };
            let group = rule.map(|rule| groups_of(&rows, &hosts, rule.by)).transpose()?;
            let groups = rule.as_ref().zip(group.as_deref());
            let training = Some((parts, ctx.log.listener));
            let made = Made::of(trust, &model, (&rows, &scores, &units), &budget, groups, site, training)?;
            let mut model = Arc::new(made.applied(&model));
            let learned = benign_of(parts)?;
            let benign = if n_rows >= nta_audit::LEAST_ROWS { &rows } else { &learned };
            recalibrate(ctx, &mut model, parts, benign)?;
            Ok((model, Outcome::Baseline { rows: n_rows, model: None }))
        })
    }
}

/// Benign flows of the threshold part, which nothing was learned from, of files from `first` on; and their scores.
fn fresh_benign(
    ctx: &Context<'_>,
    model: &Arc<Model>,
    parts: &Partition,
    first: u32,
) -> Result<(Dataset, Scores), PipelineError> {
    let [_, scores] = score_held_out(ctx.log.listener, model, parts)?;
    let part = &parts.threshold;
    let labels = part.labels().map_err(failed)?;
    let kept = |i: &usize| !labels[*i].is_attack() && part.row[*i].file >= first;
    let kept: Vec<usize> = (0..part.n_rows()).filter(kept).collect();
    let rows = part.take(&kept.iter().map(|&i| i as u32).collect::<Vec<u32>>());
    Ok((rows, scores.select(&kept)))
}

/// The hosts of the site's flows and of the `fresh` ones behind them; empty where either have none.
fn with_hosts_of(hosts: Vec<u64>, fresh: Option<&Dataset>) -> Vec<u64> {
    match fresh.filter(|fresh| fresh.n_rows() > 0) {
        Some(fresh) if hosts.is_empty() || fresh.entity.is_empty() => Vec::new(),
        Some(fresh) => [hosts, fresh.entity.clone()].concat(),
        None => hosts,
    }
}

/// The site's flows, the fresh ones behind them, and how many of those there are.
fn with_fresh(
    rows: Dataset,
    mut scores: Scores,
    fresh: Option<(Dataset, Scores)>,
) -> Result<(Dataset, Scores, u64), PipelineError> {
    let Some((fresh, theirs)) = fresh.filter(|(fresh, _)| fresh.n_rows() > 0) else { return Ok((rows, scores, 0)) };
    let n_fresh = fresh.n_rows() as u64;
    scores.append(theirs).map_err(failed)?;
    // Scores are there: whose flow it is no longer matters.
    let plain = |rows: Dataset| Dataset { label: None, family: None, entity: Vec::new(), ..rows };
    Ok((behind(plain(rows), &plain(fresh))?, scores, n_fresh))
}

fn written(source: &SiteSource) -> Result<AsWritten, PipelineError> {
    match source.written.is_null() {
        true => Ok(AsWritten::default()),
        false => serde_json::from_value(source.written.clone()).map_err(failed),
    }
}
