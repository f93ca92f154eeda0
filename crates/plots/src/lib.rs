//! Figures from plain numbers: one file a figure, one theme, one drawing code for SVG and PNG.
//!
//! Nothing is computed here that a reader could mistake for a metric: curves, counts and areas come in ready. What
//! cannot be drawn, because there is no data, becomes a figure that says so.

mod drawing;

mod base_rate;
mod confusion_matrix;
mod curve;
mod families;
mod importances;
mod learning_curve;
mod learning_curves;
mod members;
mod pr_curve;
mod reliability;
mod roc_curve;
mod score_histogram;
mod shifts;

pub use base_rate::base_rate;
pub use confusion_matrix::{ConfusionCounts, confusion_matrix};
pub use curve::Curve;
pub use drawing::error::PlotError;
pub use drawing::figure::{Figure, page_style};
pub use drawing::font::{FAMILY, font_files};
pub use drawing::number::{a_day, decimal, percent, percent_in_column, share, significant, thousands, threshold};
pub use drawing::theme::{Theme, series_color};
pub use families::{Family, families};
pub use importances::{Importance, ImportanceLoss, importances};
pub use learning_curve::{Epoch, LearningCurve, learning_curve};
pub use learning_curves::{LearningRuns, learning_curves};
pub use members::{MemberBar, MetricBars, MetricSense, members};
pub use pr_curve::{PrCurves, pr_curve};
pub use reliability::{ReliabilityBin, ReliabilityCurve, reliability};
pub use roc_curve::{RocCurves, roc_curve};
pub use score_histogram::{ScoreHistogram, score_histogram};
pub use shifts::{Shift, shifts};

#[cfg(test)]
mod gallery;
