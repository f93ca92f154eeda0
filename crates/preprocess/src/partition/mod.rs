//! The five parts, decided before anything is learned.
//!
//! Where a part is made of several runs of blocks, each run gets entity keys of its own (`nta_data::segment_entity`), and
//! everything behind (gaps, sequences, state) stops at the seam without knowing of seams: segments instead of sub-datasets.

mod blocked;
mod choice;
mod config;
mod copies;
mod error;
mod grouped;
mod lots;
mod material;
mod part;
mod plan;
mod requirements;
mod stratified;
mod summary;
mod temporal;
#[cfg(test)]
mod tests;
mod way;

use std::collections::HashSet;

use nta_data::{DataError, Dataset, Sealed};

pub use config::{GroupBy, SplitConfig, Strategy};
pub use copies::Copies;
pub use error::PartitionError;
pub use part::Part;
pub use requirements::Requirements;
pub use summary::{PartSummary, PartitionSummary};

use choice::{Chosen, choose};
use material::Material;
use part::PerPart;
use plan::Plan;
use summary::ClassCounts;

/// The rows in five parts, each in arrival order, no row in two, no sequence across a seam.
#[derive(Debug)]
pub struct Partition {
    /// Everything is fitted on it.
    pub train: Dataset,
    /// Early stopping.
    pub validation: Dataset,
    /// Fusion weights and reported probabilities.
    pub calibration: Dataset,
    /// The threshold and nothing else.
    pub threshold: Dataset,
    /// Judged once.
    pub test: Sealed,
    /// The entity of each test row as read: the same key for a host in whatever segment its rows stand. `(n_rows)`, empty
    /// where rows belong to none. The test rows themselves hold a key of their own for each segment.
    pub test_hosts: Vec<u64>,
    /// Held-out rows whose features stand in the training part.
    pub copies: Copies,
    /// For the report.
    pub summary: PartitionSummary,
}

/// Deals the rows of `train`, as read, to the five parts; with a `test` file, to the other four.
///
/// # Errors
/// Refuses data without labels, a strategy that does not suit the data, and parts that lack a class or what
/// `requirements` ask, with the counts and a strategy that would do.
pub fn partition(
    config: &SplitConfig,
    train: Dataset,
    test: Option<Dataset>,
    seed: u64,
    requirements: &Requirements,
) -> Result<Partition, PartitionError> {
    config.check()?;
    check_files(&train, test.as_ref())?;
    let material = Material::new(&train, config.shares(test.is_some()))?;
    let chosen = choose(config, &material, test.is_some(), seed, requirements)?;
    drop(material);
    let cut_from_train = test.is_none().then(|| hosts(&train, &chosen.plan.rows[Part::Test as usize]));
    let parts = take_parts(train, test, &chosen.plan);
    let test_hosts = cut_from_train.unwrap_or_else(|| parts[Part::Test as usize].entity.clone());
    Ok(assemble(parts, test_hosts, chosen))
}

fn check_files(train: &Dataset, test: Option<&Dataset>) -> Result<(), PartitionError> {
    if train.n_rows() == 0 {
        return Err(PartitionError::NoRows { file: "training" });
    }
    let Some(test) = test else { return Ok(()) };
    if test.schema != train.schema {
        let (left, right) = (train.schema.name.clone(), test.schema.name.clone());
        return Err(DataError::SchemasDiffer { left, right }.into());
    }
    if test.n_rows() == 0 {
        return Err(PartitionError::NoRows { file: "test" });
    }
    let ClassCounts { benign, attacks } = ClassCounts::of(test.labels()?.iter().copied());
    if benign == 0 || attacks == 0 {
        return Err(PartitionError::OneClassTest { benign, attacks });
    }
    Ok(())
}

fn hosts(table: &Dataset, rows: &[u32]) -> Vec<u64> {
    if table.has_sequences() { rows.iter().map(|&row| table.entity[row as usize]).collect() } else { Vec::new() }
}

/// Moves the rows; the table as read is gone afterwards.
fn take_parts(train: Dataset, test: Option<Dataset>, plan: &Plan) -> PerPart<Dataset> {
    let mut parts = Part::ALL.map(|part| {
        let (rows, segments) = (&plan.rows[part as usize], &plan.segments[part as usize]);
        if segments.is_empty() { train.take(rows) } else { train.take_segments(rows, segments) }
    });
    if let Some(test) = test {
        parts[Part::Test as usize] = test.take(&test.arrival_order());
    }
    parts
}

fn assemble(parts: PerPart<Dataset>, test_hosts: Vec<u64>, chosen: Chosen) -> Partition {
    let hashes = parts.each_ref().map(Dataset::feature_hashes);
    let in_training: HashSet<u128> = hashes[Part::Train as usize].iter().copied().collect();
    let copies: PerPart<Vec<bool>> = Part::ALL.map(|part| match part {
        Part::Train => Vec::new(),
        held_out => copies::in_train(&in_training, &hashes[held_out as usize]),
    });
    let segments = &chosen.plan.segments;
    let summaries = Part::ALL.map(|part| {
        let p = part as usize;
        summary::summarise(part, &parts[p], &segments[p], &copies[p])
    });
    let blocks = chosen.plan.blocks;
    let summary = PartitionSummary {
        strategy: chosen.strategy,
        inside: chosen.inside,
        by: chosen.by,
        block_rows: blocks.map(|b| b.block_rows),
        gap_rows: blocks.map(|b| b.gap_rows),
        dropped_rows: blocks.map_or(0, |b| b.dropped_rows),
        note: chosen.note,
        parts: summaries.to_vec(),
    };
    let [train, validation, calibration, threshold, test] = parts;
    let [_, on_validation, on_calibration, on_threshold, on_test] = copies;
    let copies =
        Copies { validation: on_validation, calibration: on_calibration, threshold: on_threshold, test: on_test };
    Partition { train, validation, calibration, threshold, test: Sealed::new(test), test_hosts, copies, summary }
}
