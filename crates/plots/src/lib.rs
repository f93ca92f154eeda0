//! Figures from plain numbers: one file a figure, one theme, one drawing code for SVG and PNG.
//!
//! Nothing is computed here that a reader could mistake for a metric: curves, counts and areas come in ready. What
//! cannot be drawn, because there is no data, becomes a figure that says so.

mod axis;
mod canvas;
mod confusion_matrix;
mod curve;
mod families;
mod figure;
mod font;
mod header;
mod importances;
mod learning_curve;
mod members;
mod number;
mod pr_curve;
mod raster;
mod reliability;
mod roc_curve;
mod score_histogram;
mod theme;

pub use confusion_matrix::{ConfusionCounts, confusion_matrix};
pub use curve::Curve;
pub use families::{Family, families};
pub use figure::{Figure, PlotError, page_style};
pub use font::{FAMILY, font_files};
pub use importances::{Importance, ImportanceLoss, importances};
pub use learning_curve::{Epoch, LearningCurve, learning_curve};
pub use members::{MemberBar, Metric, MetricSense, members};
pub use number::{decimal, percent, percent_in_column, share, thousands, threshold};
pub use pr_curve::{PrCurves, pr_curve};
pub use reliability::{ReliabilityBin, ReliabilityCurve, reliability};
pub use roc_curve::{RocCurves, roc_curve};
pub use score_histogram::{ScoreHistogram, score_histogram};
pub use theme::Theme;

#[cfg(test)]
mod every_figure;
