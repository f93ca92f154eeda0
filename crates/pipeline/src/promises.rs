//! Promises as later traffic shows them, kept beside the log of a model's aliases.

use nta_audit::ObservedRate;
use nta_data::HYBRID;
use nta_metrics::ThresholdRule;
use nta_model::{Look, Model, Observed, Registry};
use nta_tracking::Moment;
use serde::Serialize;

use crate::event::{Event, Listener, Remark};

/// What a version promises.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Promised {
    /// Largest share of benign flows that may be flagged.
    pub(crate) budget: f64,
    /// How surely.
    pub(crate) confidence: f64,
    /// Whether it was made on benign flows of a site; else on traffic like the training file's.
    pub(crate) of_site: bool,
}

/// The promise of `model`: by verdicts on its alerts, the latest that was said of it; else what its site's flows can promise, which
/// may be more than was asked; else its budget. `None` where it promises nothing.
pub(crate) fn promised(model: &Model) -> Option<Promised> {
    let site = model.provenance.site.as_ref();
    if let Some(verdicts) = &model.provenance.verdicts {
        let budget = verdicts.budget.max(verdicts.promised);
        return Some(Promised { budget, confidence: verdicts.confidence, of_site: site.is_some() });
    }
    if let Some(site) = site {
        return Some(Promised { budget: site.budget, confidence: site.confidence, of_site: true });
    }
    match model.threshold(HYBRID).ok()?.rule {
        ThresholdRule::Budget(budget) => {
            Some(Promised { budget: budget.false_positive_rate, confidence: budget.confidence, of_site: false })
        }
        _ => None,
    }
}

/// A promise held against fresh traffic.
#[derive(Debug, Clone, Serialize)]
pub struct ObservedPromise {
    /// Largest share of benign flows that may be flagged.
    pub budget: f64,
    /// The share that was, of the benign fresh flows.
    #[serde(flatten)]
    pub observed: ObservedRate,
}

impl ObservedPromise {
    /// The whole interval lies above the budget.
    pub fn broken(&self) -> bool {
        self.observed.interval.is_some_and(|(low, _)| low > self.budget)
    }
}

/// Keeps what was seen of the promise of a version, `registered` by name and number, in files of these names and digests. A model outside the registry has no
/// place for it, and a place that cannot be written fails no job: it is told.
pub(crate) fn keep(
    registry: &Registry,
    registered: Option<&(String, u32)>,
    by: Look,
    (files, mut sha256): (Vec<String>, Vec<String>),
    seen: &ObservedPromise,
    listener: &dyn Listener,
) {
    let Some((name, number)) = registered else { return };
    if seen.observed.rows == 0 {
        return;
    }
    sha256.sort_unstable();
    let observed = Observed {
        time: Moment::now().to_string(),
        version: *number,
        by,
        files,
        sha256,
        budget: seen.budget,
        benign: seen.observed.rows,
        false_alarms: seen.observed.flagged,
        interval: seen.observed.interval,
    };
    if let Err(error) = registry.observe(name, &observed) {
        listener.hear(&Event::Remark(Remark::NotObserved { why: error.to_string() }));
    }
}
