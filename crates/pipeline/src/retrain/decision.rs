//! Champion and challenger on the same rows, and what follows from it.

use std::path::PathBuf;
use std::sync::Arc;

use nta_data::{Dataset, HYBRID, Scores, Sealed};
use nta_metrics::{
    Check, Checked, ConfusionMatrix, Evaluation, Paired, PairedInput, Promise, PromotionRule, ThresholdRule,
    compare_paired,
};
use nta_model::{Model, SiteBaseline};
use nta_report::{Artefact, DecisionPage, Service, Standing};
use serde::{Deserialize, Serialize};

use super::fresh::FreshAudit;
use super::past::{OldTest, Unavailable};
use crate::error::{PipelineError, failed};
use crate::event::{Listener, Stage};
use crate::policy::RetrainConfig;
use crate::run::score_rows;

/// What was decided, and from what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Digest of all that it depends on: champion, fresh traffic, rule.
    pub key: String,
    /// The version in service, `name/3`.
    pub champion: String,
    /// The version that would take its place, `name/4`.
    pub challenger: String,
    /// The challenger's run.
    pub run: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The page that tells of the decision.
    pub report: PathBuf,
    /// What the fresh traffic holds.
    pub fresh: FreshAudit,
    /// What of it is past its limit of drift.
    pub drifted: Vec<String>,
    /// What of the past the challenger has learned again.
    pub replay: Replay,
    /// The flows of the site whose promise the challenger keeps; null where no model of the lineage has one.
    #[serde(default)]
    pub site: Option<SiteBaseline>,
    /// Both on the held-out fresh rows.
    pub held_out: Paired,
    /// Both on the champion's old test part, where it is to be had.
    pub old_test: Option<Paired>,
    /// The champion at its own threshold on the held-out rows.
    pub champion_in_service: Service,
    /// The challenger at its own.
    pub challenger_in_service: Service,
    /// What the challenger had to show.
    pub checks: Vec<Checked>,
    /// Whether all of it was shown.
    pub passed: bool,
    /// What became of it.
    pub standing: Standing,
    /// The alias in question, `name@champion`.
    pub alias: String,
    /// The policy.
    pub policy: RetrainConfig,
}

/// Old traffic in the challenger's mix.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// Rows drawn.
    pub rows: u64,
    /// Rows that the policy asks for.
    pub wanted: u64,
    /// Rows that there are.
    pub of: u64,
    /// Flows on which analysts have given verdicts, among the fresh ones.
    #[serde(default)]
    pub verdicts: u64,
    /// Models of the lineage whose traffic is not to be had.
    pub unavailable: Vec<Unavailable>,
}

/// What both are judged by.
pub(super) struct Judging<'a> {
    pub(super) champion: &'a Arc<Model>,
    pub(super) challenger: &'a Arc<Model>,
    /// Of the challenger, on the held-out rows.
    pub(super) evaluation: &'a Evaluation,
    pub(super) policy: &'a RetrainConfig,
    /// The common false positive rate.
    pub(super) rate: f64,
    pub(super) seed: u64,
}

/// What came of it.
pub(super) struct Judged {
    pub(super) held_out: Paired,
    pub(super) old_test: Option<Paired>,
    pub(super) in_service: [Service; 2],
    pub(super) checks: Vec<Checked>,
}

impl Judging<'_> {
    /// Opens the rows, scores them with both and holds the one against the other.
    pub(super) fn judge(
        &self,
        held_out: Sealed,
        old_test: Option<OldTest>,
        listener: &dyn Listener,
    ) -> Result<Judged, PipelineError> {
        let held_out = &held_out.open();
        let (fresh, scores) = self.pair(held_out, &held_out.entity, listener)?;
        let old = old_test.map(|OldTest { rows, hosts }| self.pair(&rows.open(), &hosts, listener));
        let old = old.transpose()?.map(|(paired, _)| paired);
        let rule: PromotionRule = self.policy.rule();
        let mut checks = rule.checks(&fresh, old.as_ref());
        checks.extend(self.evaluation.promise.as_ref().map(promise_check));
        let [champion, challenger] = &scores;
        let in_service = [service(held_out, champion)?, service(held_out, challenger)?];
        Ok(Judged { held_out: fresh, old_test: old, in_service, checks })
    }

    fn pair(
        &self,
        rows: &Dataset,
        hosts: &[u64],
        listener: &dyn Listener,
    ) -> Result<(Paired, [Scores; 2]), PipelineError> {
        let score = |model: &Arc<Model>| score_rows(listener, model, rows, Stage::Decide);
        let scores = [score(self.champion)?, score(self.challenger)?];
        let paired = compare_paired(&PairedInput {
            labels: rows.labels().map_err(failed)?,
            families: rows.family.as_ref(),
            host: hosts,
            champion: &scores[0].hybrid().p_attack,
            challenger: &scores[1].hybrid().p_attack,
            false_positive_rate: self.rate,
            alpha: self.policy.alpha,
            seed: self.seed,
        });
        Ok((paired.map_err(failed)?, scores))
    }
}

/// The share of benign flows that both may flag: the policy's, else the champion's budget, else one in a hundred.
pub(super) fn common_rate(policy: &RetrainConfig, champion: &Model) -> Result<f64, PipelineError> {
    const USUAL: f64 = 0.01;
    let own = match champion.threshold(HYBRID).map_err(failed)?.rule {
        ThresholdRule::Budget(budget) => budget.false_positive_rate,
        _ => USUAL,
    };
    Ok(policy.false_positive_rate.unwrap_or(own))
}

/// A new model must not begin its service with a promise that is broken beyond sampling error.
fn promise_check(promise: &Promise) -> Checked {
    let clustered = promise.clustered.as_ref().and_then(|clustered| clustered.interval);
    let found = clustered.or(promise.interval).map(|interval| interval.low);
    let passed = found.is_none_or(|low| low <= promise.budget);
    Checked { check: Check::Promise, found, limit: promise.budget, passed }
}

fn service(rows: &Dataset, scores: &Scores) -> Result<Service, PipelineError> {
    let labels = rows.labels().map_err(failed)?;
    let counts = ConfusionMatrix::count(labels, &scores.hybrid().flags).map_err(failed)?;
    Ok(Service { false_alarms: counts.fp, fpr: counts.fpr(), detected: counts.tp, recall: counts.recall() })
}

impl Decision {
    /// decision.html, its figure and decision.json.
    pub(super) fn pages(&self) -> Result<Vec<Artefact>, PipelineError> {
        let mut files = nta_report::render_decision(&self.page()).map_err(failed)?;
        let mut bytes = serde_json::to_vec_pretty(self).map_err(failed)?;
        bytes.push(b'\n');
        files.push(Artefact { path: DECISION.into(), bytes });
        Ok(files)
    }

    fn page(&self) -> DecisionPage<'_> {
        let unavailable = self.replay.unavailable.iter().map(|gone| (gone.version.as_str(), gone.why.as_str()));
        DecisionPage {
            champion: &self.champion,
            challenger: &self.challenger,
            run: &self.run,
            alias: &self.alias,
            standing: self.standing,
            files: &self.fresh.files,
            learned: self.fresh.learned.rows,
            held_out_rows: self.fresh.held_out.rows,
            replayed: self.replay.rows,
            verdicts: self.replay.verdicts,
            site: self.site.as_ref().map(|site| (site.rows, site.budget, site.confidence)),
            unavailable: unavailable.collect(),
            drifted: &self.drifted,
            held_out: &self.held_out,
            old_test: self.old_test.as_ref(),
            in_service: [self.champion_in_service, self.challenger_in_service],
            checks: &self.checks,
        }
    }

    /// The reason that stands in the log of promotions.
    pub(super) fn why(&self) -> String {
        let Paired { champion, challenger, interval, false_positive_rate, .. } = &self.held_out;
        let interval = interval.map_or(String::new(), |(low, high)| format!(" [{low:+.3}, {high:+.3}]"));
        format!(
            "retrained from {}: recall {:.3} in place of {:.3}{interval} at FPR {}, run {}",
            self.champion, challenger.recall, champion.recall, false_positive_rate, self.run
        )
    }
}

/// The decision's file in the challenger's run.
pub(super) const DECISION: &str = "decision.json";
