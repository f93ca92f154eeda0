//! Labels and scores become numbers: confusion, ranking, calibration, thresholds, intervals, and the whole evaluation.
//!
//! No file is read here and no figure is drawn here. The rooms, from the ground up:
//!
//! | room | answers |
//! |---|---|
//! | [`ConfusionMatrix`] | how often each truth met each answer, and every rate made of that |
//! | [`Ranking`] | how well scores put attacks above benign flows, whatever the threshold |
//! | [`brier`], [`log_loss`], [`reliability`], [`Isotonic`] | whether a score of 0.7 means seven in ten |
//! | [`clopper_pearson`], [`wilson`], [`mean_interval`], [`clustered_fpr`] | how far a number may lie from the truth |
//! | [`compare_paired`], [`PromotionRule`] | which of two models finds more at the same false positive rate, and whether it may take over |
//! | [`ThresholdRule`], [`Budget`] | above which score a flow is flagged, and what may be promised of it |
//! | [`differences`] | how two models differ on the same rows, and how sure that is |
//! | [`curves`], [`histogram`] | what figures are drawn from |
//! | [`judge`] | everything of the above about a frozen model: the [`Evaluation`], which evaluation.json holds |
//! | [`metrics`], [`Evaluation::numbers`] | the one list of what an evaluation measures, in words; and all its numbers, flat |
//!
//! # From labels and scores to an evaluation
//! ```
//! use nta_data::Label;
//! use nta_metrics::{
//!     Budget, ConfusionMatrix, HYBRID, JudgeInput, JudgedMember, Named, PartScores, Ranking, ThresholdRule, judge,
//! };
//!
//! // Every fifth flow is an attack; attacks score high, but for some that look benign.
//! let labels: Vec<Label> = (0..400).map(|i| if i % 5 == 0 { Label::Attack } else { Label::Benign }).collect();
//! let scores: Vec<f32> = (0..400).map(|i| if i % 5 == 0 && i % 7 > 0 { 0.9 } else { (i % 83) as f32 / 100.0 }).collect();
//!
//! // Without a threshold: how do the scores rank?
//! let ranking = Ranking::new(&scores, &labels)?;
//! assert!(ranking.roc_auc().is_some_and(|auc| auc > 0.9));
//!
//! // A threshold that flags at most 5 % of benign flows, 95 times in 100, chosen on rows of their own.
//! let rule = ThresholdRule::Budget(Budget { false_positive_rate: 0.05, confidence: 0.95 });
//! let part = PartScores { scores: &scores[..200], labels: &labels[..200], copies: None };
//! let threshold = rule.choose(&part, &part)?;
//!
//! // What it gives on the other rows.
//! let (labels, scores) = (&labels[200..], &scores[200..]);
//! let counts = ConfusionMatrix::at_threshold(labels, scores, threshold.value)?;
//! assert!(counts.recall() > Some(0.8) && counts.fpr() <= Some(0.05));
//!
//! // All of it at once, as in evaluation.json.
//! let flags: Vec<bool> = scores.iter().map(|&score| threshold.flags(score)).collect();
//! let evaluation = judge(&JudgeInput {
//!     labels,
//!     families: None,
//!     seen_in_training: &|_| true,
//!     members: &[JudgedMember { name: HYBRID, scores, threshold: &threshold, flags: &flags }],
//!     entity: &[],
//!     host: &[],
//!     copies: None,
//!     parts: &Named::new(),
//!     probability: None,
//!     digest: "sha256:…",
//! })?;
//! let hybrid = evaluation.hybrid().expect("it was judged");
//! assert_eq!(hybrid.value("recall"), counts.recall());
//! assert!(evaluation.numbers().any(|(name, _)| name == "hybrid/roc_auc"));
//! # Ok::<(), nta_metrics::MetricsError>(())
//! ```

mod calibration;
mod confusion;
mod curves;
mod differences;
mod error;
mod interval;
mod isotonic;
mod judge;
mod named;
mod paired;
mod percent;
mod ranking;
mod threshold;

pub use calibration::{LOG_LOSS_CLIP, Reliability, brier, log_loss, reliability};
pub use confusion::{ClassRow, ConfusionMatrix};
pub use curves::{Curves, Histogram, PrCurve, RocCurve, curves, histogram};
pub use differences::{COMPARED, ComparedRows, Difference, ScoredRows, differences};
pub use error::MetricsError;
pub use interval::{
    ClusteredRate, INTERVAL_CONFIDENCE, Interval, clopper_pearson, clustered_fpr, mean_interval, wilson,
};
pub use isotonic::Isotonic;
pub use judge::{
    AT_THRESHOLD, AVERAGE, Baseline, Better, CrossFitted, Evaluation, FamilyRecall, JudgeInput, JudgedMember, LeaveOut,
    LeftOutDetection, LeftOutFamilies, LeftOutSetting, MemberEvaluation, Metric, MetricOf, Moved, MovedColumn,
    OperatingPoint, PROBABILITY, PROMISE, PartSize, ProbabilityQuality, Promise, RANKING, Stretch, UNSEEN, Unit,
    UnseenFamilies, WORTH_MARGIN, WithoutCopies, evaluation_schema, first_of_the_best, judge, last_flow_baseline,
    metric, metrics,
};
pub use named::Named;
pub use nta_data::HYBRID;
pub use paired::{
    AtRate, Check, Checked, FamilyPair, McNemar, Paired, PairedInput, PromotionRule, UnitKind, Units, compare_paired,
};
pub use ranking::{Cut, Ranking};
pub use threshold::{
    Budget, BudgetError, BudgetThreshold, ChosenThreshold, DependentThreshold, GroupBy, Groups, HeldGroups, PartScores,
    RaisedThreshold, SHARE_OF_GROUPS, ThresholdRule, best_f1_threshold, flows_per_day, group_cut, implied_precision,
    interpolated_threshold, rows_needed, supported_budget, umbrella_threshold,
};
