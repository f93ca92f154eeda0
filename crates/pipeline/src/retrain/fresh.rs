//! The fresh traffic: which of the files are new to the champion, whether they can be learned from, and which of their rows
//! are held out.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use nta_data::{Dataset, Order, Sealed};
use nta_preprocess::{Requirements, SplitConfig, Strategy, partition};
use serde::{Deserialize, Serialize};

use super::mix::together;
use crate::digest::sha256_of;
use crate::error::{PipelineError, refused};
use crate::traffic::SourceReport;

/// Attacks that the held-out rows need: of fewer, no share is told from another.
const LEAST_ATTACKS: usize = 30;

/// False alarms that the common false positive rate allows among the held-out rows, at least.
const LEAST_FALSE_ALARMS: f64 = 5.0;

/// The files asked for, those that a model of the lineage has learned from left out.
pub(super) struct FreshFiles {
    /// The new ones.
    pub(super) files: Vec<PathBuf>,
    /// SHA-256 of each.
    pub(super) sha256: Vec<String>,
    /// Those left out.
    pub(super) known: Vec<String>,
}

impl FreshFiles {
    /// Looks at `asked`; `learned` holds the digests of what the lineage has read.
    pub(super) fn find(asked: &[PathBuf], learned: &HashSet<String>) -> Result<Self, PipelineError> {
        let mut found = FreshFiles { files: Vec::new(), sha256: Vec::new(), known: Vec::new() };
        for path in asked {
            let sha256 = sha256_of(path)?;
            if learned.contains(&sha256) {
                found.known.push(path.display().to_string());
            } else {
                found.files.push(path.canonicalize().unwrap_or_else(|_| path.clone()));
                found.sha256.push(sha256);
            }
        }
        Ok(found)
    }
}

/// Rows of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    /// All rows.
    pub rows: u64,
    /// Benign ones.
    pub benign: u64,
    /// Attacks.
    pub attacks: u64,
}

impl RowCounts {
    fn of(rows: &Dataset) -> Self {
        let attacks = rows.n_attacks() as u64;
        RowCounts { rows: rows.n_rows() as u64, benign: rows.n_rows() as u64 - attacks, attacks }
    }
}

/// What the fresh traffic holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FreshAudit {
    /// The files, as the project names them.
    pub files: Vec<String>,
    /// Files that were asked for and left out: a model of the lineage has learned from them.
    pub known: Vec<String>,
    /// Rows that could not be read.
    pub set_aside: u64,
    /// Rows whose label the schema ignores.
    pub ignored: u64,
    /// Attacks by family.
    pub families: BTreeMap<String, u64>,
    /// Rows to learn from.
    pub learned: RowCounts,
    /// Rows to judge on, the newest where the traffic has an order.
    pub held_out: RowCounts,
}

/// Fresh rows, looked at and dealt in two.
pub(super) struct Fresh {
    pub(super) audit: FreshAudit,
    /// All of them, in arrival order.
    pub(super) rows: Dataset,
    pub(super) learned: Dataset,
    /// Sealed twice: the run's evaluation breaks the one seal, the comparison the other, with both models frozen.
    pub(super) held_out: Sealed,
    pub(super) judged_on: Sealed,
}

impl Fresh {
    /// Deals the rows and refuses those that nothing can be shown on, with all the reasons there are. `rate` is the common
    /// false positive rate.
    pub(super) fn of(
        rows: Dataset,
        report: &SourceReport,
        known: Vec<String>,
        (holdout, rate, seed): (f64, f64, u64),
    ) -> Result<Self, PipelineError> {
        let rows = rows.take(&rows.arrival_order());
        let families = rows.census(&[]).families.into_iter().map(|(name, n)| (name, n as u64)).collect();
        let (learned, held_out) = deal(&rows, holdout, seed)?;
        let summary = report.summary.as_ref();
        let audit = FreshAudit {
            files: report.files.iter().map(|(file, _)| file.name.clone()).collect(),
            known,
            set_aside: summary.map_or(0, |s| s.set_aside),
            ignored: summary.map_or(0, |s| s.ignored_rows),
            families,
            learned: RowCounts::of(&learned),
            held_out: RowCounts::of(&held_out),
        };
        match faults(&audit, holdout, rate) {
            faults if faults.is_empty() => {
                let judged_on = Sealed::new(held_out.clone());
                Ok(Fresh { audit, rows, learned, held_out: Sealed::new(held_out), judged_on })
            }
            faults => Err(PipelineError::refuse(format!("this traffic cannot decide anything: {}", faults.join("; ")))),
        }
    }
}

/// The rows to learn from and the rows to judge on: the newest share, or a stratified one where rows have no order.
pub(super) fn deal(rows: &Dataset, holdout: f64, seed: u64) -> Result<(Dataset, Dataset), PipelineError> {
    if rows.schema.order == Order::None {
        let split = SplitConfig { strategy: Some(Strategy::Stratified), test: Some(holdout), ..SplitConfig::default() };
        let parts = partition(&split, rows.clone(), None, seed, &Requirements::default()).map_err(refused)?;
        let learned = together([&parts.train, &parts.validation, &parts.calibration, &parts.threshold])?;
        return Ok((learned, parts.test.open()));
    }
    let arrival = rows.arrival_order();
    let n_learned = ((1.0 - holdout) * arrival.len() as f64).round() as usize;
    let (learned, held_out) = arrival.split_at(n_learned.min(arrival.len()));
    Ok((rows.take(learned), rows.take(held_out)))
}

fn faults(audit: &FreshAudit, holdout: f64, rate: f64) -> Vec<String> {
    let mut faults = Vec::new();
    let RowCounts { rows, benign, attacks } = audit.held_out;
    let held = format!("the {rows} rows held out ({:.0} %, `retrain.holdout`)", 100.0 * holdout);
    if attacks < LEAST_ATTACKS as u64 {
        faults.push(format!("{held} hold {attacks} attacks, and {LEAST_ATTACKS} are needed: give more traffic"));
    }
    let needed = (LEAST_FALSE_ALARMS / rate).ceil() as u64;
    if benign < needed {
        let rate = 100.0 * rate;
        faults.push(format!(
            "{held} hold {benign} benign flows, and {needed} are needed for a false positive rate of {rate} %: give more \
             traffic, or compare at a larger `retrain.false_positive_rate`"
        ));
    }
    if audit.learned.attacks == 0 || audit.learned.benign == 0 {
        let RowCounts { benign, attacks, .. } = audit.learned;
        faults
            .push(format!("the rows to learn from hold {benign} benign flows and {attacks} attacks: both are needed"));
    }
    faults
}
