//! How a threshold is chosen, and how many benign flows a promise about false alarms takes.

mod binomial;
mod budget;
mod cross_fitted;
mod dependent;
mod group_by;
mod groups;
mod interpolated;
mod per_day;
mod raised;
mod rule;

pub use budget::{Budget, BudgetError, BudgetThreshold, rows_needed, supported_budget, umbrella_threshold};
pub use cross_fitted::Folding;
pub use dependent::{DependentThreshold, group_cut};
pub use group_by::{GroupBy, Groups, SHARE_OF_GROUPS};
pub use groups::HeldGroups;
pub use interpolated::interpolated_threshold;
pub use per_day::{flows_per_day, implied_precision};
pub use raised::RaisedThreshold;
pub use rule::{ChosenThreshold, PartScores, ThresholdRule, best_f1_threshold};
