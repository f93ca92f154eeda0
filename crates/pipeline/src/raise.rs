//! `nta verdicts`: what analysts say of the alerts that a version raised lets its threshold rise until the budget is kept, and tells
//! what may be promised then. It never falls: nobody has looked at what lies below.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use nta_audit::ObservedRate;
use nta_data::{HYBRID, Schema};
use nta_ingest::{ColumnValues, Columns, read_columns};
use nta_metrics::{Budget, INTERVAL_CONFIDENCE, RaisedThreshold, ThresholdRule, clopper_pearson};
use nta_model::{FromVerdicts, Look, Model, Registry};
use serde::Serialize;

use crate::digest::sha256_of;
use crate::error::{PipelineError, failed, refused};
use crate::event::Listener;
use crate::feedback::{VERDICT, Verdict};
use crate::models::{in_registry, next_of};
use crate::project::Project;
use crate::promises::{self, ObservedPromise, promised};

/// Columns that hold the hybrid's score: of `nta score`, of an analyst's own table.
const SCORES: [&str; 2] = [HYBRID, "score"];

/// Verdicts on all alerts of some flows.
#[derive(Debug, Clone)]
pub struct RaiseRequest {
    /// The version that raised them: `name`, `name/3` or `name@alias`.
    pub model: String,
    /// A table of alerts with a column `verdict` and the score.
    pub input: PathBuf,
    /// Flows that were scored when they were raised.
    pub flows: u64,
    /// The false positive rate to keep; the model's own budget, or 1 %, where not given.
    pub budget: Option<f64>,
    /// Where models are looked up.
    pub project: Project,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct RaiseOutcome {
    /// The version that raised the alerts, `name/3`.
    pub parent: String,
    /// The new version, `name/4`; `None` where the threshold stays.
    pub model: Option<String>,
    /// The threshold from now on.
    pub value: f32,
    /// What it rests on.
    pub verdicts: FromVerdicts,
}

/// Makes the next version of the model of `request`, where verdicts ask for one.
///
/// # Errors
/// A model outside the registry or without a budget's threshold to raise, a table without scores or with words that are no
/// verdict, fewer flows than the budget needs.
pub fn raise(request: &RaiseRequest, listener: &dyn Listener) -> Result<RaiseOutcome, PipelineError> {
    let registry = Registry::new(&request.project.home).in_contact(listener.contact());
    let (version, name) = in_registry(&registry, &request.model)?;
    let model = Model::load(&version.path).map_err(refused)?;
    let before = model.threshold(HYBRID).map_err(failed)?.clone();
    let own = match before.rule {
        ThresholdRule::Budget(budget) => budget,
        _ => Budget::default(),
    };
    let budget = Budget { false_positive_rate: request.budget.unwrap_or(own.false_positive_rate), ..own };
    let alerts = Alerts::read(&request.input, &model.schema)?;
    let raised = budget
        .raise(before.value, &alerts.false_scores, &alerts.hosts, alerts.right, request.flows)
        .map_err(|error| PipelineError::refuse(format!("{}: {error}", request.input.display())))?;
    let verdicts = FromVerdicts {
        alerts: alerts.false_scores.len() as u64 + alerts.right,
        false_alarms: raised.false_alarms,
        without: alerts.without,
        above: raised.above,
        flows: request.flows,
        hosts: alerts.n_hosts(),
        effective_rows: alerts.n_hosts().map(|_| raised.effective_rows),
        budget: budget.false_positive_rate,
        confidence: budget.confidence,
        promised: raised.promised,
        before: before.value,
        sha256: sha256_of(&request.input)?,
    };
    let files = (vec![request.input.display().to_string()], vec![verdicts.sha256.clone()]);
    if let Some(promise) = promised(&model) {
        let observed = alerts.observed(&raised);
        let seen = ObservedPromise { budget: promise.budget, observed };
        promises::keep(&registry, version.registered.as_ref(), Look::Verdicts, files, &seen, listener);
    }
    if raised.value <= before.value {
        return Ok(RaiseOutcome { parent: version.title(), model: None, value: before.value, verdicts });
    }
    let mut next = model.clone();
    for threshold in next.thresholds.iter_mut().filter(|threshold| threshold.name == HYBRID) {
        let chosen = &mut threshold.chosen;
        chosen.value = raised.value;
        chosen.rule = ThresholdRule::Budget(budget);
        (chosen.benign_rows, chosen.attack_rows) = (raised.benign_rows, alerts.right);
        chosen.expected_fpr = Some(raised.above as f64 / raised.benign_rows.max(1) as f64);
        (chosen.expected_recall, chosen.without_copies, chosen.reason) = (None, None, None);
        (chosen.rank, chosen.violation_bound) = (Some(raised.benign_rows - raised.above), None);
    }
    next.provenance.verdicts = Some(verdicts.clone());
    let next = next_of(&model, &version, next)?;
    let stored = registry.add(&name, &next).map_err(failed)?;
    Ok(RaiseOutcome { parent: version.title(), model: Some(stored.title()), value: raised.value, verdicts })
}

/// Alerts by verdict.
struct Alerts {
    /// Scores of false ones, and of those that nobody has judged: these may be.
    false_scores: Vec<f32>,
    /// The host that began each of them, by number; empty where the table does not tell.
    hosts: Vec<u32>,
    right: u64,
    without: u64,
}

impl Alerts {
    fn read(path: &Path, schema: &Schema) -> Result<Self, PipelineError> {
        let columns = read_columns(path).map_err(refused)?;
        let lacks = |what: &str| PipelineError::refuse(format!("{}{what}", path.display()));
        let verdicts = columns.get(VERDICT).ok_or_else(|| {
            lacks(" has no column `verdict`: add one that says `true` or `false`, or `attack` or `false_alarm`, of each alert")
        })?;
        let scores = SCORES.iter().find_map(|name| numbers(&columns, name));
        let scores =
            scores.ok_or_else(|| lacks(" has no column `hybrid` or `score` of numbers: the score of each alert"))?;
        let host_of = hosts(&columns, schema);
        let mut alerts = Alerts { false_scores: Vec::new(), hosts: Vec::new(), right: 0, without: 0 };
        for (row, score) in scores.into_iter().enumerate() {
            let is_right =
                is_right(verdicts, row).map_err(|why| lacks(&format!(", row {}, column `verdict`: {why}", row + 1)))?;
            if is_right == Some(true) {
                alerts.right += 1;
                continue;
            }
            alerts.without += u64::from(is_right.is_none());
            alerts.false_scores.push(score);
            alerts.hosts.extend(host_of.as_ref().map(|host_of| host_of[row]));
        }
        Ok(alerts)
    }

    /// Hosts of the false alarms; `None` where the table does not tell.
    fn n_hosts(&self) -> Option<u64> {
        let n = self.hosts.iter().collect::<BTreeSet<_>>().len() as u64;
        (n > 0 || self.false_scores.is_empty()).then_some(n)
    }

    /// How the version kept its promise: from the false alarms that somebody judged, to all that may be false.
    fn observed(&self, raised: &RaisedThreshold) -> ObservedRate {
        let (n, judged) = (raised.benign_rows, raised.false_alarms - self.without);
        let share = |alarms: u64| clopper_pearson(alarms, n, INTERVAL_CONFIDENCE);
        // Alarms of few hosts say less: then no interval is claimed.
        let is_independent = raised.effective_rows >= n as f64;
        let interval = share(judged).zip(share(raised.false_alarms)).filter(|_| is_independent);
        let interval = interval.map(|(least, most)| (least.low, most.high));
        ObservedRate { rows: n, flagged: judged, rate: (n > 0).then(|| judged as f64 / n as f64), interval }
    }
}

/// A number for the host that began each flow, by the column that the schema names, or that EVE does.
fn hosts(columns: &Columns, schema: &Schema) -> Option<Vec<u32>> {
    let names = schema.entity.src.iter().flat_map(|name| schema.names_of(name)).chain(["src_ip"]);
    let hosts: Vec<String> = names.filter_map(|name| columns.get(name)).find_map(|column| match column {
        // Those of no host may all be of one.
        ColumnValues::Text(texts) => Some(texts.iter().map(|text| text.clone().unwrap_or_default()).collect()),
        ColumnValues::Integer(numbers) => Some(numbers.iter().map(ToString::to_string).collect()),
        ColumnValues::Float(numbers) => Some(numbers.iter().map(ToString::to_string).collect()),
        ColumnValues::Flag(_) => None,
    })?;
    let mut numbers = BTreeMap::new();
    let mut number = |host: String| {
        let next = numbers.len() as u32;
        *numbers.entry(host).or_insert(next)
    };
    Some(hosts.into_iter().map(&mut number).collect())
}

fn numbers(columns: &Columns, name: &str) -> Option<Vec<f32>> {
    match columns.get(name)? {
        ColumnValues::Float(values) => Some(values.iter().map(|value| *value as f32).collect()),
        ColumnValues::Integer(values) => Some(values.iter().map(|value| *value as f32).collect()),
        ColumnValues::Flag(_) | ColumnValues::Text(_) => None,
    }
}

/// Whether an alert was right; `None` where nobody says.
fn is_right(verdicts: &ColumnValues, row: usize) -> Result<Option<bool>, String> {
    let word = match verdicts {
        ColumnValues::Flag(flags) => return Ok(Some(flags[row])),
        ColumnValues::Text(cells) => cells[row].as_deref().unwrap_or_default().trim(),
        ColumnValues::Integer(_) | ColumnValues::Float(_) => return Err("a number is no verdict".to_owned()),
    };
    match word.to_lowercase().as_str() {
        "" => Ok(None),
        "true" => Ok(Some(true)),
        "false" => Ok(Some(false)),
        _ => Verdict::parse(word).map(|verdict| match verdict {
            Verdict::Attack(_) => Some(true),
            Verdict::FalseAlarm | Verdict::Benign => Some(false),
            Verdict::Withdrawn => None,
        }),
    }
}
