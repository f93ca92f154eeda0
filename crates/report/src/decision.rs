//! A decision between two models as a page: which stands in service from now on, and what that rests on.

mod check;
mod comparison;

use nta_metrics::{Checked, Paired};
use nta_plots::percent;
use serde::{Deserialize, Serialize};

use crate::names::counted;
use crate::{Artefact, ReportError, page};

pub use check::{ToldCheck, tell_check};
use comparison::{Comparison, comparison};

/// What became of a challenger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It did not show what it had to.
    Refused,
    /// It did, and has taken the champion's place.
    Promoted,
    /// It did, and whoever asked decides.
    Asked,
    /// It did, and a comparison was all that was wanted.
    Compared,
    /// It did and took the champion's place, and somebody took it back.
    TakenBack,
}

/// A model at its own threshold, as in service.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Benign flows flagged.
    pub false_alarms: u64,
    /// Their share of the benign flows.
    pub fpr: Option<f64>,
    /// Attacks flagged.
    pub detected: u64,
    /// Their share of the attacks.
    pub recall: Option<f64>,
}

/// What the page tells.
#[derive(Debug, Clone)]
pub struct DecisionPage<'a> {
    /// `name/3`.
    pub champion: &'a str,
    /// `name/4`.
    pub challenger: &'a str,
    /// The challenger's run.
    pub run: &'a str,
    /// `name@champion`.
    pub alias: &'a str,
    /// What became of it.
    pub standing: Standing,
    /// The fresh traffic's files.
    pub files: &'a [String],
    /// Fresh flows that the challenger learned from.
    pub learned: u64,
    /// Fresh flows that both were judged on.
    pub held_out_rows: u64,
    /// Old flows that the challenger learned from.
    pub replayed: u64,
    /// Flows on which analysts gave verdicts.
    pub verdicts: u64,
    /// Benign flows of a site that set the challenger's thresholds, the largest share of such that may be flagged, and how
    /// surely; where its promise is for a site.
    pub site: Option<(u64, f64, f64)>,
    /// Models whose traffic is not to be had, and why.
    pub unavailable: Vec<(&'a str, &'a str)>,
    /// What of the fresh traffic has drifted.
    pub drifted: &'a [String],
    /// Both on the held-out fresh flows.
    pub held_out: &'a Paired,
    /// Both on the champion's old test part.
    pub old_test: Option<&'a Paired>,
    /// Champion and challenger at their own thresholds on the held-out flows.
    pub in_service: [Service; 2],
    /// What was asked of the challenger.
    pub checks: &'a [Checked],
}

/// Names before a list is cut.
const NAMED: usize = 6;

#[derive(Serialize)]
struct View<'a> {
    style: String,
    champion: &'a str,
    challenger: &'a str,
    run: &'a str,
    state: &'static str,
    badge: &'static str,
    claim: String,
    learned: String,
    replayed: String,
    verdicts: Option<String>,
    site: Option<String>,
    held_out: String,
    files: &'a [String],
    unavailable: &'a [(&'a str, &'a str)],
    drifted: String,
    checks: Vec<ToldCheck>,
    comparisons: Vec<Comparison>,
    service: Vec<[String; 5]>,
    note: String,
}

/// The page `decision.html`. The same decision gives the same bytes.
///
/// # Errors
/// A template that cannot be filled.
pub fn render_decision(decision: &DecisionPage<'_>) -> Result<Vec<Artefact>, ReportError> {
    let fresh = comparison("On the fresh flows held out", decision.held_out, decision);
    let old = decision.old_test.map(|old| comparison("On the champion's old test part", old, decision));
    let service = [decision.champion, decision.challenger].into_iter().zip(&decision.in_service);
    let view = View {
        style: page::style(),
        champion: decision.champion,
        challenger: decision.challenger,
        run: decision.run,
        state: if matches!(decision.standing, Standing::Refused | Standing::TakenBack) { "near" } else { "kept" },
        badge: badge(decision.standing),
        claim: claim(decision),
        learned: counted(decision.learned, "flow", "flows"),
        replayed: counted(decision.replayed, "old flow", "old flows"),
        verdicts: (decision.verdicts > 0).then(|| counted(decision.verdicts, "verdict", "verdicts")),
        site: decision.site.map(site),
        held_out: counted(decision.held_out_rows, "flow", "flows"),
        files: decision.files,
        unavailable: &decision.unavailable,
        drifted: drifted(decision.drifted),
        checks: decision.checks.iter().map(tell_check).collect(),
        comparisons: std::iter::once(fresh).chain(old).collect(),
        service: service.map(|(name, service)| in_service(name, service)).collect(),
        note: note(decision.held_out),
    };
    let html = page::fill(include_str!("../templates/decision.html"), &view)?;
    Ok(vec![Artefact { path: "decision.html".into(), bytes: html.into_bytes() }])
}

fn site((rows, budget, confidence): (u64, f64, f64)) -> String {
    let flows = counted(rows, "benign flow", "benign flows");
    let (budget, confidence) = (percent(budget), percent(confidence));
    format!(
        "The challenger keeps the site's promise: FPR ≤ {budget} at {confidence} confidence, by {flows} of the site."
    )
}

fn badge(standing: Standing) -> &'static str {
    match standing {
        Standing::Refused => "the champion stays",
        Standing::Promoted => "the challenger takes over",
        Standing::Asked => "the challenger may take over",
        Standing::Compared => "the challenger is better",
        Standing::TakenBack => "the challenger was taken back",
    }
}

fn claim(decision: &DecisionPage<'_>) -> String {
    let DecisionPage { champion, challenger, alias, held_out, .. } = decision;
    let rate = percent(held_out.false_positive_rate);
    let recalls = format!(
        "At {rate} false alarms {challenger} finds {} of the attacks held out, {champion} {}.",
        percent(held_out.challenger.recall),
        percent(held_out.champion.recall)
    );
    let then = match decision.standing {
        Standing::Promoted => format!("{alias} points at {challenger} now."),
        Standing::Asked => format!("`nta promote {challenger}` puts it in service."),
        Standing::Compared => format!("{alias} stays where it is, as asked."),
        Standing::TakenBack => format!("{alias} pointed at it and was moved back by hand."),
        Standing::Refused => {
            let failed = decision.checks.iter().filter(|checked| !checked.passed).count();
            format!("It does not pass {failed} of {} checks, and {alias} stays where it is.", decision.checks.len())
        }
    };
    format!("{recalls} {then}")
}

fn drifted(names: &[String]) -> String {
    match names {
        [] => "Nothing in the fresh traffic is past its limit of drift.".to_owned(),
        few if few.len() <= NAMED => format!("Past its limit of drift: {}.", few.join(", ")),
        many => format!("Past its limit of drift: {} and {} more.", many[..NAMED].join(", "), many.len() - NAMED),
    }
}

fn in_service(name: &str, service: &Service) -> [String; 5] {
    let share = |x: Option<f64>| x.map_or("–".to_owned(), percent);
    [
        name.to_owned(),
        nta_plots::thousands(service.false_alarms),
        share(service.fpr),
        nta_plots::thousands(service.detected),
        share(service.recall),
    ]
}

fn note(paired: &Paired) -> String {
    format!(
        "Both models are compared at the threshold that flags {} of the benign flows compared, read off those flows: equal \
         points of two rankings, not thresholds for service. The bootstrap reads them off every draw anew. In service each \
         keeps the threshold that was chosen in its own training.",
        percent(paired.false_positive_rate)
    )
}

#[cfg(test)]
mod tests;
