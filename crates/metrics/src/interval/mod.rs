//! How far a number measured on a sample may lie from the truth: rows independent of each other, or alike within a host.

mod beta;
mod clustered;
mod independent;

pub(crate) use beta::{incomplete_beta, normal_above, normal_quantile_above, t_quantile_above};
pub use clustered::{ClusteredRate, clustered_fpr};
pub(crate) use independent::clopper_pearson_real;
pub use independent::{INTERVAL_CONFIDENCE, Interval, clopper_pearson, mean_interval, wilson};
