//! Members' scores become one score, and a threshold is chosen for it by rule.
//!
//! No model is known here: a member is a name and a column of probabilities, and there may be any number of them.

mod budget;
mod config;
mod error;
mod fusion;
mod log_odds;
mod stacking;
mod tail;
mod weights;

pub use budget::{BudgetChoice, BudgetWord, PerDayBudget};
pub use config::{Combine, HybridConfig, ThresholdConfig};
pub use error::HybridError;
pub use fusion::{Fusion, Hybrid};
pub use log_odds::LOG_ODDS_DRAW;
pub use tail::{ODDS_DRAW, Scale, Tail};
