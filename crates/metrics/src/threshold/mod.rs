//! How a threshold is chosen, and how many benign flows a promise about false alarms takes.

mod binomial;
mod budget;
mod cross_fitted;
mod rule;

pub use budget::{Budget, BudgetError, BudgetThreshold, rows_needed, supported_budget, umbrella_threshold};
pub use cross_fitted::Folding;
pub use rule::{ChosenThreshold, PartScores, ThresholdRule, best_f1_threshold};
