//! Labels, scores and frozen thresholds become an [`Evaluation`]; a struct stands with what measures it and with the
//! metrics that are read from it.

mod baseline;
mod cross_fitted;
mod evaluation;
mod families;
mod input;
mod json_schema;
mod leave_out;
mod list;
mod member;
mod metric;
mod moved;
mod operating_point;
mod promise;
#[cfg(test)]
mod tests;
mod usability;
mod verdict;
mod without_copies;

use nta_data::HYBRID;

use crate::{MetricsError, Named};

pub use baseline::{Baseline, last_flow_baseline};
pub use cross_fitted::{CrossFitted, Stretch};
pub use evaluation::{Evaluation, PROBABILITY, ProbabilityQuality};
pub use families::{FamilyRecall, UnseenFamilies};
pub use input::{JudgeInput, JudgedMember, PartSize};
pub use json_schema::evaluation_schema;
pub use leave_out::{
    AVERAGE, LeaveOut, LeftOutDetection, LeftOutFamilies, LeftOutSetting, WORTH_MARGIN, first_of_the_best,
};
pub use list::{metric, metrics};
pub use member::{MemberEvaluation, RANKING, UNSEEN};
pub use metric::{Better, Metric, MetricOf, Unit};
pub use moved::{Moved, MovedColumn};
pub use operating_point::{AT_THRESHOLD, OperatingPoint};
pub use promise::{PROMISE, Promise};
pub use without_copies::WithoutCopies;

/// Measures everything. Refuses columns of different lengths, scores that are no probabilities, and flags that their
/// scores deny.
pub fn judge(input: &JudgeInput<'_>) -> Result<Evaluation, MetricsError> {
    input.check()?;
    let mut members = Named::new();
    for member in input.members {
        members.put(member.name, MemberEvaluation::of(input, member)?);
    }
    let hybrid = members.get(HYBRID);
    let promise = hybrid.and_then(|m: &MemberEvaluation| m.promise.clone());
    let mut undefined = Named::new();
    if promise.is_none() {
        let why = hybrid.map_or_else(|| "there is no hybrid".to_owned(), MemberEvaluation::no_promise);
        undefined.put("promise", why);
    }
    if input.probability.is_none() {
        undefined.put("probability", "the model reports none".to_owned());
    }
    if input.entity.is_empty() {
        undefined.put("baselines.last_flow", "flows belong to no entity, or have no order".to_owned());
    }
    let usable = members.get(HYBRID).and_then(|m| usability::usability(&m.at_budget.confusion, promise.as_ref()));
    let verdict = verdict::verdict(&members, HYBRID);
    Ok(Evaluation {
        verdict: usable.map_or_else(|| verdict.clone(), |usable| format!("{usable} {verdict}")),
        members,
        promise,
        probability: input.probability.map(|p| ProbabilityQuality::of(p, input.labels)).transpose()?,
        baselines: baseline::baselines(input.labels, input.entity)?,
        parts: input.parts.clone(),
        beside: Named::new(),
        leave_out: None,
        cross_fitted: None,
        moved: None,
        flows_per_day: None,
        undefined,
        digest: input.digest.to_owned(),
    })
}

impl Evaluation {
    /// The hybrid's results, by its name; `None` where it was not judged.
    pub fn hybrid(&self) -> Option<&MemberEvaluation> {
        self.members.get(HYBRID)
    }

    /// Every other member under its name, in the model's order.
    pub fn without_hybrid(&self) -> impl Iterator<Item = (&str, &MemberEvaluation)> {
        self.members.iter().filter(|(name, _)| *name != HYBRID)
    }
}
