//! What traffic says about itself, held against the traffic that a model was trained on: drift of columns, scores and
//! alerts, with intervals, so that neither chance nor mere numbers of rows make a finding.
//!
//! No file is read here, no row is scored, and a model is known only by its profile.
//!
//! | room | holds |
//! |---|---|
//! | `config` | how much drift is too much |
//! | `drift` | the comparison itself: every column against its training, ranked |
//! | `distance` | population stability index, Kolmogorov-Smirnov distance, odds |
//! | `alike` | whether columns are spread as benign training traffic was, from counts alone |
//! | `two_sample` | whether a classifier tells traffic from training traffic, and by which columns |
//! | `rate` | a share of flagged rows, with its interval |
//! | `bootstrap` | intervals and tests from blocks of neighbouring rows |
//! | `discovery` | control of false discoveries over many columns |
//!
//! Why it is as it is stands in `DECISIONS.md`.

mod alike;
mod bootstrap;
mod config;
mod discovery;
mod distance;
mod drift;
mod rate;
mod two_sample;

pub use alike::{LEAST_ROWS, SpreadMoved, columns_moved};
pub use config::DriftConfig;
pub use drift::{AlertDrift, ColumnDrift, ColumnKind, Drift, DriftError, MIN_BLOCKS, drift};
pub use rate::{ObservedRate, observed_rate};
pub use two_sample::{MOST_COMPARED, moved};
