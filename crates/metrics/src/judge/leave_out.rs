//! What members and fusions find of attack families that they were not trained on, measured on the training part alone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Evaluation;
use super::member::MemberEvaluation;
use crate::Named;

/// Name of the plain average of forest and LSTM, where it stands beside another fusion.
pub const AVERAGE: &str = "average";

/// The table of `evaluate.leave_out: families`. No test flow plays a part.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LeaveOut {
    /// The attack families left out of training together, each time anew.
    pub left_out: Vec<LeftOutFamilies>,
    /// What benign flows are grouped by, one group of which is left out too: `service`, `host`, `hour`; null where no
    /// grouping fits.
    pub benign_by: Option<String>,
    /// Flows that members were fitted on, mean over the times.
    pub fitted_flows: u64,
    /// Benign flows that the false positive rate is of, mean over the times.
    pub benign_flows: u64,
    /// What each member and fusion found, the simplest first.
    pub candidates: Named<LeftOutDetection>,
    /// The candidate that the run ships, where the choice was left to this table.
    pub chosen: Option<String>,
    /// Settings of single members that were left to it, each with what its member found by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<LeftOutSetting>,
}

/// A value of a setting, and what the member that it is of finds with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOutSetting {
    /// Key of the config.
    pub key: String,
    /// The value.
    pub value: String,
    /// What the member finds.
    pub found: LeftOutDetection,
    /// Whether the run takes it: the first of a key's values than which none is better by more than a hundredth.
    pub chosen: bool,
}

/// What was left out of training together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOutFamilies {
    /// What they are called together.
    pub name: String,
    /// Attack families.
    pub families: Vec<String>,
    /// Their flows that were judged.
    pub flows: u64,
    /// The group of benign flows left out with them; null where none was.
    pub benign_group: Option<String>,
}

/// What one candidate found at 1 % false positives of benign flows, a left-out group among them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOutDetection {
    /// Detection rate on families left out of training: mean over what was left out; null where nothing could be.
    pub unseen: Option<f64>,
    /// Detection rate on further flows of the families trained on.
    pub known: Option<f64>,
    /// The rate for each that was left out, in their order.
    pub by_left_out: Vec<Option<f64>>,
}

impl LeftOutDetection {
    /// What candidates are chosen by: the mean of the two rates, or the one that there is.
    pub fn worth(&self) -> Option<f64> {
        match (self.unseen, self.known) {
            (Some(unseen), Some(known)) => Some((unseen + known) / 2.0),
            (one, other) => one.or(other),
        }
    }
}

/// A candidate must be better than a simpler one by more than this to be chosen.
pub const WORTH_MARGIN: f64 = 0.01;

/// The place of the first worth than which none is higher by more than a hundredth; `None` where there is none.
pub fn first_of_the_best(worths: &[Option<f64>]) -> Option<usize> {
    let highest = worths.iter().flatten().fold(f64::NEG_INFINITY, |a, b| a.max(*b));
    worths.iter().position(|worth| worth.is_some_and(|worth| worth >= highest - WORTH_MARGIN))
}

impl LeaveOut {
    /// The simplest candidate than which none is better by more than a hundredth.
    pub fn best(&self) -> Option<&str> {
        let worths: Vec<Option<f64>> = self.candidates.iter().map(|(_, found)| found.worth()).collect();
        first_of_the_best(&worths).and_then(|i| self.candidates.iter().nth(i)).map(|(name, _)| name)
    }
}

impl Evaluation {
    /// Every member and the hybrid under their names, then what stands beside them.
    pub fn with_beside(&self) -> impl Iterator<Item = (&str, &MemberEvaluation)> {
        self.members.iter().chain(self.beside.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(worths: &[(&str, Option<f64>, Option<f64>)]) -> LeaveOut {
        let found = |&(name, unseen, known)| (name, LeftOutDetection { unseen, known, by_left_out: vec![] });
        LeaveOut { candidates: worths.iter().map(found).collect(), ..LeaveOut::default() }
    }

    #[test]
    fn the_simplest_of_the_best_is_chosen_and_known_attacks_count() {
        let best = |worths: &[(&str, Option<f64>, Option<f64>)]| table(worths).best().map(str::to_owned);
        let novel = [("forest", Some(0.28), Some(0.99)), ("novelty", Some(0.64), Some(0.55))];
        assert_eq!(best(&novel).unwrap(), "forest");
        let fused = [novel[0], novel[1], ("surprise", Some(0.63), Some(0.98))];
        assert_eq!(best(&fused).unwrap(), "surprise");
        let near = [("forest", Some(0.5), Some(0.99)), ("surprise", Some(0.51), Some(0.99))];
        assert_eq!(best(&near).unwrap(), "forest");
        assert_eq!(best(&[("forest", None, Some(0.9)), ("average", None, Some(0.95))]).unwrap(), "average");
        assert_eq!(best(&[("forest", None, None)]), None);
    }
}
