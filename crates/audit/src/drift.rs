//! Fresh traffic against a model's training traffic, column by column.

use nta_preprocess::{ALERTS, BinnedColumn, Bins, Profile, Spread};
use rayon::prelude::*;
use serde::Serialize;

use crate::bootstrap::{Measured, measure};
use crate::config::DriftConfig;
use crate::discovery::q_values;
use crate::distance::{ks, log_rate_ratio, psi};

/// Blocks that either side needs at least, for intervals to mean something.
pub const MIN_BLOCKS: usize = 8;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Numbers.
    Numeric,
    /// Texts.
    Categorical,
    /// Scores of a member or the hybrid.
    Score,
}

impl ColumnKind {
    /// As people read it.
    pub fn name(self) -> &'static str {
        match self {
            ColumnKind::Numeric => "numbers",
            ColumnKind::Categorical => "texts",
            ColumnKind::Score => "scores",
        }
    }
}

/// How far a column has moved.
#[derive(Debug, Clone, Serialize)]
pub struct ColumnDrift {
    /// Column name, or whose scores.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// Population stability index.
    pub psi: f64,
    /// 95 % interval of it, at least 0.
    pub psi_interval: (f64, f64),
    /// Kolmogorov-Smirnov distance of its numbers or scores, as far as bins tell it; `None` for texts.
    pub ks: Option<f64>,
    /// Share of rows without a value, in training and now.
    pub missing: (f64, f64),
    /// Share of rows whose text is none of the training part's most frequent ones, in training and now; `None` for numbers.
    pub others: Option<(f64, f64)>,
    /// How likely chance is to show so much where the index is the limit at most.
    pub p: f64,
    /// The same over all columns: the share of false discoveries if this is one.
    pub q: f64,
    /// Past the limit, beyond chance.
    pub drifted: bool,
    /// What the bins are.
    pub bins: Bins,
    /// Rows by bin in training.
    pub trained: Vec<u64>,
    /// Rows by bin now.
    pub fresh: Vec<u64>,
}

/// How the alert rate has moved.
#[derive(Debug, Clone, Serialize)]
pub struct AlertDrift {
    /// Share of rows flagged on the part that set the threshold.
    pub trained: f64,
    /// Share of rows flagged now.
    pub fresh: f64,
    /// How many times the former the latter is, and the 95 % interval.
    pub factor: f64,
    #[allow(missing_docs)]
    pub factor_interval: (f64, f64),
    /// As of a column.
    pub p: f64,
    /// As of a column.
    pub q: f64,
    /// Past the limit, beyond chance.
    pub drifted: bool,
}

/// Fresh traffic held against training.
#[derive(Debug, Clone, Serialize)]
pub struct Drift {
    /// Rows of the training part.
    pub trained_rows: u64,
    /// Fresh rows.
    pub fresh_rows: u64,
    /// Columns and scores, those that moved most first.
    pub columns: Vec<ColumnDrift>,
    /// The hybrid's alerts.
    pub alerts: AlertDrift,
    /// The limits held to.
    pub config: DriftConfig,
}

impl Drift {
    /// Columns and scores past the limit, and the alert rate by its name.
    pub fn drifted(&self) -> impl Iterator<Item = &str> {
        let columns = self.columns.iter().filter(|column| column.drifted).map(|column| column.name.as_str());
        columns.chain(self.alerts.drifted.then_some("alert rate"))
    }
}

/// Why no comparison can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DriftError {
    /// A model of before it was kept.
    #[error(
        "this model does not hold how its training traffic was spread, for it was made by an earlier version; train it again"
    )]
    NoSpread,
    /// Too little traffic for an interval.
    #[error("{side} has {rows} rows: too few to tell drift from chance, which takes {least}")]
    TooFew {
        /// `the fresh traffic` or `the training part`.
        side: &'static str,
        /// Rows there are.
        rows: u64,
        /// Rows needed.
        least: u64,
    },
}

/// Holds `fresh`, counted in the bins of `profile`'s own spread, against it.
///
/// # Errors
/// A profile without a spread, too few rows on either side.
pub fn drift(profile: &Profile, fresh: &Spread, config: &DriftConfig) -> Result<Drift, DriftError> {
    let trained = profile.spread.as_ref().ok_or(DriftError::NoSpread)?;
    for (side, spread) in [("the training part", trained), ("the fresh traffic", fresh)] {
        for column in spread.columns.iter().chain(&spread.scores) {
            enough(side, column)?;
        }
    }
    let pairs = || trained.columns.iter().zip(&fresh.columns).chain(trained.scores.iter().zip(&fresh.scores));
    let columns: Vec<(&BinnedColumn, &BinnedColumn)> = pairs().filter(|(column, _)| column.name != ALERTS).collect();
    let mut columns: Vec<ColumnDrift> =
        columns.par_iter().enumerate().map(|(i, pair)| of_column(*pair, i, config)).collect();
    let alerts = pairs().find(|(column, _)| column.bins == Bins::Alerts).ok_or(DriftError::NoSpread)?;
    let mut alerts = of_alerts(alerts, columns.len(), config);

    let p: Vec<f64> = columns.iter().map(|column| column.p).chain([alerts.p]).collect();
    let q = q_values(&p);
    for (column, q) in columns.iter_mut().zip(&q) {
        (column.q, column.drifted) = (*q, *q <= config.false_discovery);
    }
    if let Some(q) = q.last() {
        (alerts.q, alerts.drifted) = (*q, *q <= config.false_discovery);
    }
    columns.sort_by(|a, b| {
        b.drifted.cmp(&a.drifted).then(b.psi_interval.0.total_cmp(&a.psi_interval.0)).then(b.psi.total_cmp(&a.psi))
    });
    let rows = |spread: &Spread| spread.scores.first().map_or(0, BinnedColumn::rows);
    Ok(Drift { trained_rows: profile.rows, fresh_rows: rows(fresh), columns, alerts, config: config.clone() })
}

fn enough(side: &'static str, column: &BinnedColumn) -> Result<(), DriftError> {
    if column.counts.len() < MIN_BLOCKS {
        // Fewer blocks than that have never been halved, so a block is as at the beginning.
        let least = MIN_BLOCKS as u64 * column.block_rows;
        return Err(DriftError::TooFew { side, rows: column.rows(), least });
    }
    Ok(())
}

fn of_column((trained, fresh): (&BinnedColumn, &BinnedColumn), place: usize, config: &DriftConfig) -> ColumnDrift {
    let Measured { value, interval, p } = measure(&trained.counts, &fresh.counts, psi, config.psi, place as u64);
    let (trained_rows, fresh_rows) = (trained.totals(), fresh.totals());
    let shares = |from_end: usize| {
        let share = |rows: &[u64]| rows[rows.len() - from_end] as f64 / rows.iter().sum::<u64>() as f64;
        (share(&trained_rows), share(&fresh_rows))
    };
    let ordered = |without_missing: usize| {
        let numbers =
            |rows: &[u64]| rows[..rows.len() - without_missing].iter().map(|n| *n as f64).collect::<Vec<f64>>();
        ks(&numbers(&trained_rows), &numbers(&fresh_rows))
    };
    let (kind, ks, missing, others) = match trained.bins {
        Bins::Numbers { .. } => (ColumnKind::Numeric, ordered(1), shares(1), None),
        Bins::Texts { .. } => (ColumnKind::Categorical, None, shares(1), Some(shares(2))),
        Bins::Scores | Bins::Alerts => (ColumnKind::Score, ordered(0), (0.0, 0.0), None),
    };
    ColumnDrift {
        name: trained.name.clone(),
        kind,
        psi: value,
        // Without what chance adds it may lie below the value altogether; as an interval it holds its value.
        psi_interval: (interval.0.max(0.0), interval.1.max(value)),
        ks,
        missing,
        others,
        p,
        q: 1.0,
        drifted: false,
        bins: trained.bins.clone(),
        trained: trained_rows,
        fresh: fresh_rows,
    }
}

/// Both directions are asked about; the limit is one of the logarithm's size.
fn of_alerts((trained, fresh): (&BinnedColumn, &BinnedColumn), place: usize, config: &DriftConfig) -> AlertDrift {
    let limit = config.alert_factor.ln();
    let up = measure(&trained.counts, &fresh.counts, log_rate_ratio, limit, place as u64);
    let down = measure(&trained.counts, &fresh.counts, |t, f| -log_rate_ratio(t, f), limit, place as u64);
    let rate = |column: &BinnedColumn| column.totals()[1] as f64 / column.rows() as f64;
    AlertDrift {
        trained: rate(trained),
        fresh: rate(fresh),
        factor: up.value.exp(),
        factor_interval: (up.interval.0.exp(), up.interval.1.exp()),
        p: (2.0 * up.p.min(down.p)).min(1.0),
        q: 1.0,
        drifted: false,
    }
}
