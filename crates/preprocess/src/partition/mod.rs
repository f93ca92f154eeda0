//! The five parts, decided before anything is learned.

mod auto;
mod blocked;
mod choice;
mod config;
mod copies;
mod error;
mod folds;
mod grouped;
mod lots;
mod material;
mod part;
mod plan;
mod requirements;
mod stratified;
mod stream;
mod summary;
mod temporal;
#[cfg(test)]
mod tests;
mod way;

use std::collections::HashSet;

use nta_data::{Census, DataError, Dataset, Sealed};

pub use config::{FittedRows, GroupBy, SplitConfig, Strategy};
pub use copies::Copies;
pub use error::PartitionError;
pub use folds::Fold;
pub use part::Part;
pub use requirements::Requirements;
pub use stream::{Origin, Stream};
pub use summary::{PartSummary, PartitionSummary};

use choice::{Chosen, choose};
use material::Material;
use plan::Plan;

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
    /// Where the rows of each part stood before they were dealt, see [`Stream`]; `None` where no sequence was cut. Empty for
    /// the test part where that is a file of its own.
    pub origins: Option<[Origin; 5]>,
    /// Held-out rows whose features stand in the training part.
    pub copies: Copies,
    /// For the report.
    pub summary: PartitionSummary,
}

impl Partition {
    /// The parts that are learned from, in [`Part`]'s order, as one stream; `None` where they cut no sequence.
    pub fn learned(&self) -> Option<Stream<'_>> {
        let origins = self.origins.as_ref()?;
        let tables = [&self.train, &self.validation, &self.calibration, &self.threshold];
        Some(Stream::new(&self.train.schema, tables.into_iter().zip(origins).collect()))
    }
}

/// Deals the rows of `train`, as read, to the five parts; with a `test` file, sealed when it was read, to the other four.
/// A test part that is cut from `train` is sealed here.
///
/// # Errors
/// Refuses data without labels, a strategy that does not suit the data, and parts that lack a class or what
/// `requirements` ask, with the counts and a strategy that would do.
pub fn partition(
    config: &SplitConfig,
    train: Dataset,
    test: Option<Sealed>,
    seed: u64,
    requirements: &Requirements,
) -> Result<Partition, PartitionError> {
    config.check()?;
    check_files(&train, test.as_ref())?;
    let material = Material::new(&train, config.shares(test.is_some()))?;
    let chosen = choose(config, &material, test.is_some(), seed, requirements)?;
    drop(material);
    let learned_from = Part::LEARNED_FROM.map(|part| take_part(&train, &chosen.plan, part));
    let (test, test_hosts) = match test {
        Some(test) => {
            let test = test.in_arrival_order();
            let hosts = test.entities().to_vec();
            (test, hosts)
        }
        None => {
            let hosts = hosts(&train, &chosen.plan.rows[Part::Test as usize]);
            (Sealed::new(take_part(&train, &chosen.plan, Part::Test)), hosts)
        }
    };
    let origins = Origin::of_parts(&train, &chosen.plan);
    // The table as read is gone before anything is hashed.
    drop(train);
    Ok(assemble(learned_from, (test, test_hosts), origins, chosen))
}

fn check_files(train: &Dataset, test: Option<&Sealed>) -> Result<(), PartitionError> {
    if train.n_rows() == 0 {
        return Err(PartitionError::NoRows { file: "training" });
    }
    let Some(test) = test else { return Ok(()) };
    if *test.schema() != *train.schema {
        let (left, right) = (train.schema.name.clone(), test.schema().name.clone());
        return Err(DataError::SchemasDiffer { left, right }.into());
    }
    if test.n_rows() == 0 {
        return Err(PartitionError::NoRows { file: "test" });
    }
    test.check_labelled()?;
    let Census { benign, attacks, .. } = test.census(&[]);
    if benign == 0 || attacks == 0 {
        return Err(PartitionError::OneClassTest { benign, attacks });
    }
    Ok(())
}

fn hosts(table: &Dataset, rows: &[u32]) -> Vec<u64> {
    if table.has_sequences() { rows.iter().map(|&row| table.entity[row as usize]).collect() } else { Vec::new() }
}

/// The rows of one part.
fn take_part(train: &Dataset, plan: &Plan, part: Part) -> Dataset {
    let (rows, segments) = (&plan.rows[part as usize], &plan.segments[part as usize]);
    if segments.is_empty() { train.take(rows) } else { train.take_segments(rows, segments) }
}

fn assemble(
    learned_from: [Dataset; 4],
    (test, test_hosts): (Sealed, Vec<u64>),
    origins: Option<[Origin; 5]>,
    chosen: Chosen,
) -> Partition {
    let [train, validation, calibration, threshold] = learned_from;
    let in_training: HashSet<u128> = train.feature_hashes().into_iter().collect();
    let copied = |hashes: Vec<u128>| copies::in_train(&in_training, &hashes);
    let copies = Copies {
        validation: copied(validation.feature_hashes()),
        calibration: copied(calibration.feature_hashes()),
        threshold: copied(threshold.feature_hashes()),
        test: copied(test.feature_hashes()),
    };
    let summarise = |part: Part, copies: &[bool], census: Census| {
        summary::summarise(part, census, &chosen.plan.segments[part as usize], copies)
    };
    let parts = vec![
        summarise(Part::Train, &[], train.census(&[])),
        summarise(Part::Validation, &copies.validation, validation.census(&copies.validation)),
        summarise(Part::Calibration, &copies.calibration, calibration.census(&copies.calibration)),
        summarise(Part::Threshold, &copies.threshold, threshold.census(&copies.threshold)),
        summarise(Part::Test, &copies.test, test.census(&copies.test)),
    ];
    let blocks = chosen.plan.blocks;
    let summary = PartitionSummary {
        strategy: chosen.strategy,
        inside: chosen.inside,
        by: chosen.by,
        block_rows: blocks.map(|b| b.block_rows),
        gap_rows: blocks.map(|b| b.gap_rows),
        dropped_rows: blocks.map_or(0, |b| b.dropped_rows),
        note: chosen.note,
        parts,
    };
    Partition { train, validation, calibration, threshold, test, test_hosts, origins, copies, summary }
}
