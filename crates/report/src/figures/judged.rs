//! One member with its curves, as several figures take it.

use std::borrow::Cow;

use nta_metrics::{Curves, MemberEvaluation};
use nta_plots::Curve;

use crate::RunReport;
use crate::names::spoken;

/// One member with what its figures are drawn from.
pub(super) struct JudgedCurves<'a> {
    /// As people say it.
    pub(super) name: String,
    /// Its place in the run, which is its colour in every figure.
    pub(super) place: usize,
    pub(super) member: &'a MemberEvaluation,
    /// Empty where the run keeps none.
    pub(super) curves: Cow<'a, Curves>,
}

impl<'a> JudgedCurves<'a> {
    pub(super) fn of(run: &'a RunReport, place: usize, name: &str, member: &'a MemberEvaluation) -> Self {
        let curves = run.curves.get(name).map_or_else(|| Cow::Owned(Curves::default()), Cow::Borrowed);
        JudgedCurves { name: spoken(name), place, member, curves }
    }

    pub(super) fn roc(&self) -> Curve<'_> {
        let at = &self.member.at_budget;
        Curve {
            name: &self.name,
            place: self.place,
            x: &self.curves.roc.fpr,
            y: &self.curves.roc.recall,
            area: self.member.roc_auc,
            at_threshold: at.fpr.zip(at.recall),
        }
    }

    pub(super) fn pr(&self) -> Curve<'_> {
        let at = &self.member.at_budget;
        Curve {
            name: &self.name,
            place: self.place,
            x: &self.curves.pr.recall,
            y: &self.curves.pr.precision,
            area: self.member.average_precision,
            at_threshold: at.recall.zip(at.precision),
        }
    }

    pub(super) fn title(&self, what: &str) -> String {
        format!("{what} · {}", self.name)
    }
}

/// Share of attacks among the test part's flows.
pub(super) fn prevalence(run: &RunReport) -> Option<f64> {
    let (_, member) = run.evaluation.members.iter().next()?;
    let confusion = &member.at_budget.confusion;
    (confusion.total() > 0).then(|| confusion.attacks() as f64 / confusion.total() as f64)
}
