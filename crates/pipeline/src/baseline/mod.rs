//! `nta baseline`: benign flows of one site set the thresholds of a model anew and join what its density knows, so that
//! its promise is one for that site.

mod attacks;
mod choice;
mod crossfit;
mod held;
mod known_attacks;
pub(crate) mod rows;
mod training;
mod units;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use nta_data::{Dataset, HYBRID, Label, NOVELTY, ScoreColumn, Scores};
use nta_hybrid::PerDayBudget;
use nta_ingest::{AsWritten, BadRows};
use nta_metrics::{
    Budget, BudgetError, DependentThreshold, GroupBy, Groups, PartScores, ThresholdRule, rows_needed, supported_budget,
};
use nta_model::{Model, NamedThreshold, Registry, SiteBaseline, SitePerDay, Version};
use nta_preprocess::Partition;
use serde::Serialize;

use crate::error::{PipelineError, failed, refused};
use crate::event::{Event, Listener, Outcome, Stage};
use crate::models::{in_registry, next_of};
use crate::project::Project;
use crate::run::{daily, fit_profile, groups_by, score_rows};
use crate::score::{Asked, Input};

use crossfit::Refitted;
pub use known_attacks::LikeAttack;
use training::Training;
pub(crate) use units::FlowUnits;

/// What a flow of the site counts like beside training flows in the density (chosen on training data: facts of the
/// prototypes, in DECISIONS.md).
const WEIGHT: f32 = 5.0;

/// Share of unverified flows, the highest by score, that may be attacks and set no threshold.
const TRIMMED: f64 = 0.01;

/// Rows held at a time while reading.
const BATCH: usize = 8_192;

/// What is known of the flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Somebody says that they are benign.
    Verified,
    /// Nobody does.
    Unverified,
}

/// Benign flows of a site, for a model.
#[derive(Debug, Clone)]
pub struct BaselineRequest {
    /// The model: `name`, `name/3` or `name@alias`.
    pub model: String,
    /// The flows, in the order of their arrival; `-` for standard input.
    pub files: Vec<PathBuf>,
    /// One sensor's name for all files, in place of each file's own.
    pub sensor: Option<String>,
    /// How the files are written, where not as the model's schema says.
    pub written: AsWritten,
    /// What becomes of rows that cannot be read.
    pub bad_rows: BadRows,
    /// What is known of the flows.
    pub trust: Trust,
    /// The false positive rate to promise; the model's own budget, or 1 %, where not given.
    pub budget: Option<f64>,
    /// The false alarms a day to promise in its place.
    pub alerts_per_day: Option<f64>,
    /// Flows a day; as the flows' times tell where not given.
    pub flows_per_day: Option<f64>,
    /// The thresholds are the cut that keeps the rate in nine of ten of these groups.
    pub groups: Option<GroupBy>,
    /// Flows that score like known attacks were looked at, and are benign.
    pub accept: bool,
    /// The site has no other hosts than those of the flows, however few these are.
    pub all_hosts: bool,
    /// Where models are looked up.
    pub project: Project,
}

/// A threshold before and after.
#[derive(Debug, Clone, Serialize)]
pub struct SiteThreshold {
    /// The member, or the hybrid.
    pub name: String,
    /// The threshold until now.
    pub before: f32,
    /// Share of the flows that it flags.
    pub flagged_before: f64,
    /// The threshold from now on.
    pub value: f32,
    /// Share of the flows that lie above it; those of the density by counts that do not hold them.
    pub flagged: f64,
    /// Why nothing is flagged, or less than the budget allows.
    pub reason: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct BaselineOutcome {
    /// The model that it was made from, `name/3`.
    pub parent: String,
    /// The new version, `name/4`.
    pub model: String,
    /// The flows, and what may be promised.
    pub site: SiteBaseline,
    /// One for each member, then the hybrid's.
    pub thresholds: Vec<SiteThreshold>,
    /// Flows that score like known attacks, the highest first; few.
    pub like_attacks: Vec<LikeAttack>,
    /// Why no fusion was chosen for the site, where the flows are verified and none was.
    pub not_chosen: Option<String>,
    /// Whether the model has a member that knows benign traffic alone. Which members the flows joined stands in `site.joined`: an
    /// isolation forest learns no more.
    pub has_novelty: bool,
    /// Rows that could not be read.
    pub set_aside: u64,
    /// Seconds it took.
    pub seconds: f64,
}

/// Makes the next version of the model of `request` from benign flows of a site.
///
/// # Errors
/// A model outside the registry, flows that it cannot read, labelled attacks or flows that score like known ones, fewer
/// flows than the budget needs.
pub fn baseline(request: &BaselineRequest, listener: &dyn Listener) -> Result<BaselineOutcome, PipelineError> {
    let begun = Instant::now();
    listener.hear(&Event::StageBegun { stage: Stage::Baseline });
    let registry = Registry::new(&request.project.home).in_contact(listener.contact());
    let (version, name) = in_registry(&registry, &request.model)?;
    let model = Arc::new(Model::load(&version.path).map_err(refused)?);
    let budget = budget_of(request, &model)?;
    let asked = Asked {
        stage: Stage::Baseline,
        paths: &request.files,
        sensor: request.sensor.as_deref(),
        written: Some(request.written.clone()),
        labels: None,
        bad_rows: request.bad_rows,
        batch_rows: BATCH,
    };
    let input = Input::open(&asked, &model, listener)?.with_hosts();
    let rows::SiteRows { rows, hosts, set_aside } = rows::read(&input, listener)?;
    let scores = score_rows(listener, &model, &rows, Stage::Baseline)?;
    let budget = of_a_day(request, budget, &rows)?;
    let like_attacks = known_attacks::find(&model, &rows, &scores);
    if !request.accept {
        known_attacks::refuse(&like_attacks, rows.n_rows())?;
    }
    let site = SiteBaseline {
        per_day: per_day(&rows, request.flows_per_day),
        accepted: like_attacks.len() as u64,
        files: rows::digests(&input)?,
        source: rows::source(request, &input, budget.false_positive_rate)?,
        ..SiteBaseline::default()
    };
    let (held, not_chosen) = match request.trust {
        Trust::Verified => held::parts(&registry, &version, &model, &request.project, listener)?,
        Trust::Unverified => (None, None),
    };
    let held = held.as_ref().map(|parts| (parts, listener));
    let units = FlowUnits::of(rows.n_rows(), &hosts, request.all_hosts);
    let rule =
        request.groups.map(|by| Groups { by, false_positive_rate: budget.false_positive_rate, ..Groups::default() });
    let group = rule.map(|rule| groups_of(&rows, &hosts, rule.by)).transpose()?;
    let groups = rule.as_ref().zip(group.as_deref());
    let made = Made::of(request.trust, &model, (&rows, &scores, &units), &budget, groups, site, held)?;
    let model = made.model(&model, &version, &rows)?;
    let stored = registry.add(&name, &model).map_err(failed)?;
    let seconds = begun.elapsed().as_secs_f64();
    let outcome = Outcome::Baseline { rows: rows.n_rows() as u64, model: Some(stored.title()) };
    listener.hear(&Event::StageDone { outcome, seconds });
    Ok(BaselineOutcome {
        parent: version.title(),
        model: stored.title(),
        site: made.site,
        not_chosen: not_chosen.or(made.not_chosen),
        thresholds: made.told,
        like_attacks: like_attacks.into_iter().take(known_attacks::NAMED).collect(),
        has_novelty: model.members.iter().any(|member| member.name == NOVELTY),
        set_aside,
        seconds,
    })
}

/// The budget asked for, else the model's own, else the default.
fn budget_of(request: &BaselineRequest, model: &Model) -> Result<Budget, PipelineError> {
    let own = match model.threshold(HYBRID).map_err(failed)?.rule {
        ThresholdRule::Budget(budget) => budget,
        _ => Budget::default(),
    };
    let budget = Budget { false_positive_rate: request.budget.unwrap_or(own.false_positive_rate), ..own };
    rows_needed(&budget).map_err(refused)?;
    Ok(budget)
}

/// The budget that the alerts a day are, where those were asked for.
fn of_a_day(request: &BaselineRequest, budget: Budget, rows: &Dataset) -> Result<Budget, PipelineError> {
    let Some(alerts_per_day) = request.alerts_per_day else { return Ok(budget) };
    let asked = PerDayBudget { alerts_per_day, flows_per_day: request.flows_per_day, confidence: budget.confidence };
    let settled = asked.settled(daily(rows)).filter(|budget| rows_needed(budget).is_ok());
    settled.ok_or_else(|| {
        PipelineError::refuse(format!(
            "{alerts_per_day} alerts a day are no share of the flows of a day, or nothing tells how many those are (the flows' times, of \
             an hour at least): give `--flows-per-day`"
        ))
    })
}

/// Flows a day, stated or by their times.
fn per_day(rows: &Dataset, stated: Option<f64>) -> Option<SitePerDay> {
    let flows = stated.or_else(|| daily(rows))?;
    Some(SitePerDay { flows, stated: stated.is_some() })
}

/// The group of each row, of hosts `hosts` `(n_rows)` or none (empty).
pub(crate) fn groups_of(rows: &Dataset, hosts: &[u64], by: GroupBy) -> Result<Vec<u64>, PipelineError> {
    match by {
        GroupBy::Host if hosts.is_empty() => Err(PipelineError::refuse(
            "thresholds by hosts need the host that began each flow, `entity: { src: … }` in the schema, and files with that column; \
             group by something else, or give a budget",
        )),
        GroupBy::Host => Ok(hosts.to_vec()),
        by => groups_by(rows, by),
    }
}

/// The threshold by groups, and what it promises of all flows.
fn by_groups(
    rule: &Groups,
    group: &[u64],
    kept: &[usize],
    scores: &[f32],
    unit: &[u32],
    budget: &Budget,
) -> Result<DependentThreshold, PipelineError> {
    let labels = vec![Label::Benign; scores.len()];
    let group: Vec<u64> = kept.iter().map(|&row| group[row]).collect();
    let part = PartScores { scores, labels: &labels, copies: None };
    let (chosen, _) = rule.choose(&part, &group).map_err(failed)?;
    let (promised, effective_rows) = budget.promised_at(chosen.value, scores, unit).map_err(failed)?;
    let units = unit.iter().collect::<HashSet<_>>().len() as u64;
    Ok(DependentThreshold { chosen, promised, units, effective_rows })
}

/// What the flows make of the model.
pub(crate) struct Made {
    refitted: Refitted,
    scores: Scores,
    thresholds: Vec<NamedThreshold>,
    told: Vec<SiteThreshold>,
    site: SiteBaseline,
    /// Why the traffic of the training, which was there, chose no fusion.
    not_chosen: Option<String>,
}

impl Made {
    /// Members, fusion and thresholds for `budget` from `rows`, whose scores by `model` are `scores`. The forest is grown anew and the
    /// fusion chosen by the traffic of the training, as it was dealt, where that is to be had.
    pub(crate) fn of(
        trust: Trust,
        model: &Arc<Model>,
        (rows, scores, units): (&Dataset, &Scores, &FlowUnits),
        budget: &Budget,
        groups: Option<(&Groups, &[u64])>,
        site: SiteBaseline,
        training: Option<(&Partition, &dyn Listener)>,
    ) -> Result<Self, PipelineError> {
        let training = training.filter(|_| trust == Trust::Verified);
        let training = training.map(|(parts, listener)| Training::of(model, parts, listener)).transpose()?;
        let mut refitted = match trust {
            Trust::Verified => Refitted::with(model, rows, scores, units, WEIGHT, training.as_ref())?,
            Trust::Unverified => Refitted::without(model, scores),
        };
        let choice = training.map(|training| choice::choose(&mut refitted, model, &training, budget, units));
        let (choice, not_chosen) = match choice.transpose()? {
            Some(Ok(choice)) => (Some(choice), None),
            Some(Err(why)) => (None, Some(why)),
            None => (None, None),
        };
        let fused = refitted.hybrid.combine(&refitted.columns).map_err(failed)?;
        let hybrid = ScoreColumn::new(HYBRID, fused, |_| false);
        let scores_now = Scores::new(scores.rows().to_vec(), refitted.columns.clone(), hybrid).map_err(failed)?;
        let kept = match trust {
            Trust::Verified => (0..rows.n_rows()).collect(),
            Trust::Unverified => trimmed(&scores_now),
        };
        let (thresholds, told, hybrids) = thresholds(model, (scores, &scores_now), (&kept, units), budget, groups)?;
        let n_trimmed = rows.n_rows() - kept.len();
        // Were no attack among those trimmed, they are false alarms: what the cut promises of all flows, computed.
        let promised = match n_trimmed {
            0 => hybrids.promised,
            _ => {
                let all = &scores_now.hybrid().p_attack;
                let (bound, _) = budget.promised_at(hybrids.chosen.value, all, &units.of_row).map_err(failed)?;
                hybrids.promised.max(bound)
            }
        };
        let site = SiteBaseline {
            verified: trust == Trust::Verified,
            rows: rows.n_rows() as u64,
            trimmed: n_trimmed as u64,
            weight: if refitted.joined.is_empty() { 0.0 } else { f64::from(WEIGHT) },
            joined: refitted.joined.clone(),
            budget: promised,
            confidence: budget.confidence,
            supported: supported_budget(kept.len() as u64, budget.confidence),
            groups: groups.map(|(rule, _)| *rule),
            units: Some(units.told(hybrids.units, hybrids.effective_rows)),
            choice,
            ..site
        };
        Ok(Made { refitted, scores: scores_now, thresholds, told, site, not_chosen })
    }

    /// `model` with them, and with the site's promise.
    pub(crate) fn applied(&self, model: &Model) -> Model {
        let mut made = Model {
            members: self.refitted.members.clone(),
            hybrid: self.refitted.hybrid.clone(),
            thresholds: self.thresholds.clone(),
            ..model.clone()
        };
        made.provenance.site = Some(self.site.clone());
        // What was said of alerts at another threshold.
        made.provenance.verdicts = None;
        made
    }

    /// The next version of `parent`.
    fn model(&self, parent: &Model, version: &Version, rows: &Dataset) -> Result<Arc<Model>, PipelineError> {
        let mut made = self.applied(parent);
        if rows.n_rows() as u64 >= nta_audit::LEAST_ROWS {
            let chosen = made.threshold(HYBRID).map_err(failed)?.clone();
            made.profile = Some(fit_profile(rows, rows, self.scores.clone(), &chosen)?);
        }
        next_of(parent, version, made)
    }
}

/// All rows but the highest by the hybrid's score.
fn trimmed(scores: &Scores) -> Vec<usize> {
    let fused = &scores.hybrid().p_attack;
    let mut order: Vec<usize> = (0..fused.len()).collect();
    order.sort_by(|&a, &b| fused[a].total_cmp(&fused[b]));
    order.truncate(fused.len() - (TRIMMED * fused.len() as f64).ceil() as usize);
    order.sort_unstable();
    order
}

/// The threshold of each column for the budget, from the rows `kept`; and the hybrid's, which stands last.
fn thresholds(
    model: &Model,
    (before, now): (&Scores, &Scores),
    (kept, units): (&[usize], &FlowUnits),
    budget: &Budget,
    groups: Option<(&Groups, &[u64])>,
) -> Result<(Vec<NamedThreshold>, Vec<SiteThreshold>, DependentThreshold), PipelineError> {
    let unit: Vec<u32> = kept.iter().map(|&row| units.of_row[row]).collect();
    let (mut thresholds, mut told, mut last) = (Vec::new(), Vec::new(), None);
    for (before, now) in before.columns().zip(now.columns()) {
        let name = now.name.clone();
        let scores: Vec<f32> = kept.iter().map(|&row| now.p_attack[row]).collect();
        let found = match groups {
            None => budget.choose_by_units(&scores, &unit, units.by).map_err(in_words)?,
            Some((rule, group)) => by_groups(rule, group, kept, &scores, &unit, budget)?,
        };
        let chosen = found.chosen.clone();
        last = Some(found);
        let share = |flags: usize, of: usize| flags as f64 / of.max(1) as f64;
        told.push(SiteThreshold {
            name: name.clone(),
            before: model.threshold(&name).map_err(failed)?.value,
            flagged_before: share(before.flags.iter().filter(|flag| **flag).count(), before.flags.len()),
            value: chosen.value,
            flagged: share(now.p_attack.iter().filter(|score| chosen.flags(**score)).count(), now.p_attack.len()),
            reason: chosen.reason.clone(),
        });
        thresholds.push(NamedThreshold { name, chosen });
    }
    let last = last.ok_or_else(|| PipelineError::fail("the model has no score"))?;
    Ok((thresholds, told, last))
}

/// What a budget lacks, said of a baseline.
fn in_words(error: nta_metrics::MetricsError) -> PipelineError {
    match error {
        nta_metrics::MetricsError::Budget(BudgetError::TooFewRows {
            budget, needed, found, supported_budget, ..
        }) => {
            let supported = (supported_budget * 1e4).ceil() / 1e4;
            PipelineError::refuse(format!(
                "{found} benign flows set thresholds here, and a false positive rate of {budget} needs {needed}: give more \
                 flows, or ask for what these support, `--budget {supported}`"
            ))
        }
        error => failed(error),
    }
}
