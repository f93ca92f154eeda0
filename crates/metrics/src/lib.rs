//! Labels and scores become numbers: confusion, ranking, calibration, thresholds, intervals, and the whole evaluation.
//!
//! No file is read here and no figure is drawn here.

mod baseline;
mod beta;
mod binomial;
pub mod budget;
mod calibration;
mod clustered;
mod confusion;
mod curves;
mod error;
mod evaluation;
mod families;
mod interval;
mod isotonic;
mod json_schema;
mod judge;
mod named;
mod ranking;
mod threshold;
mod verdict;

pub use baseline::last_flow_baseline;
pub use budget::{Budget, BudgetError, BudgetThreshold, rows_needed, supported_budget, umbrella_threshold};
pub use calibration::{LOG_LOSS_CLIP, Reliability, brier, log_loss, reliability};
pub use clustered::{ClusteredRate, clustered_fpr};
pub use confusion::{ClassRow, ConfusionMatrix};
pub use curves::{Curves, Histogram, PrCurve, RocCurve, curves, histogram};
pub use error::MetricsError;
pub use evaluation::{
    Baseline, Evaluation, FamilyRecall, MemberEvaluation, OperatingPoint, PartSize, ProbabilityQuality, Promise,
    UnseenFamilies, WithoutCopies,
};
pub use interval::{INTERVAL_CONFIDENCE, Interval, clopper_pearson, mean_interval, wilson};
pub use isotonic::Isotonic;
pub use json_schema::evaluation_schema;
pub use judge::{JudgeInput, JudgedMember, judge};
pub use named::Named;
pub use nta_data::HYBRID;
pub use ranking::{Cut, Ranking};
pub use threshold::{ChosenThreshold, PartScores, ThresholdRule, best_f1_threshold};
