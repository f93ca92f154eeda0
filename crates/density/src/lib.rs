//! How surprising a flow is to one who has seen benign traffic alone: an averaged one-dependence density over binned
//! columns. Attacks are never looked at, so one of a kind that no training file holds is as good as any other.
//!
//! [`DensityConfig::fit`] makes a [`Density`]. Each column is cut into bins; the surprise of a row is the sum over columns
//! of the mean over a column's parents of -ln P(bin | parent's bin). Not here: labels beyond "benign", choosing a
//! threshold, sequences of flows.
//!
//! ```
//! use nta_data::{Label, Quiet, Tabular, TabularKind};
//! use nta_density::DensityConfig;
//!
//! // Columns, not rows: a service's rank, and the port that goes with it.
//! let service: Vec<f32> = (0..100).map(|row| (row % 2) as f32).collect();
//! let port: Vec<f32> = (0..100).map(|row| if row % 2 == 0 { 443.0 } else { 53.0 }).collect();
//! let table = |columns: Vec<Vec<f32>>| Tabular {
//!     names: vec!["service".into(), "port".into()],
//!     kinds: vec![TabularKind::RankedCategory, TabularKind::Numeric],
//!     columns,
//! };
//! let density = DensityConfig::default().fit(&table(vec![service, port]), &[Label::Benign; 100], &Quiet)?;
//! // Both were seen, but never together.
//! let scores = density.predict_proba(&table(vec![vec![0.0, 0.0], vec![443.0, 53.0]]))?;
//! assert!(scores[0] <= 0.5 && scores[1] > 0.8);
//! # Ok::<(), nta_density::DensityError>(())
//! ```
//!
//! # Rooms
//! | room | holds |
//! |---|---|
//! | `config`, `error`, `input` | what can be set, what can be wrong, what a table must be |
//! | `bins` | a column's values as a few bins |
//! | `fit` | which rows count, counts of pairs, whose value tells most of whose |
//! | `density` | what was learned; scores and surprises of rows |
//! | `terms` | the counts as surprises, by column and parent |
//! | `classes`, `lookup` | the same as few tables over columns of few classes, for many rows |
//! | `reasons` | the columns that surprise most, and what they usually hold |
//! | `site` | rows of one site beside those of the training |
//! | `file` | the density as text |
//!
//! Why it is as it is stands in `DECISIONS.md`.

mod bins;
mod classes;
mod column;
mod config;
mod density;
mod error;
mod file;
mod fit;
mod input;
mod lookup;
mod reasons;
mod rows;
mod site;
mod terms;

pub use bins::{Bin, Bins};
pub use column::Term;
pub use config::{ConfigError, DensityConfig, Engine, Structure, Unseen};
pub use density::Density;
pub use error::DensityError;
pub use reasons::{Cell, Given, Surprise};
