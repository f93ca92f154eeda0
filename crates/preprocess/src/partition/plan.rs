//! Which row goes to which part, before any row is moved, and whether the parts can do their jobs.

use std::fmt;

use super::config::{GroupBy, SplitConfig, Strategy};
use super::material::Material;
use super::part::{Part, PerPart};
use super::{ClassCounts, Requirements};
use super::{blocked, grouped, stratified, temporal};

/// Rows of each part in arrival order, and the segment that each belongs to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    pub(crate) rows: PerPart<Vec<u32>>,
    /// Same shape as `rows`; empty where a part is one segment.
    pub(crate) segments: PerPart<Vec<u32>>,
    pub(crate) blocks: Option<Blocks>,
}

/// How `blocked` cut the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blocks {
    pub(crate) block_rows: usize,
    pub(crate) gap_rows: usize,
    pub(crate) dropped_rows: usize,
}

/// A strategy with all that it needs to know; `provided` is none, for it deals no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Temporal,
    Blocked { block_rows: Option<usize>, gap_rows: Option<usize> },
    Stratified,
    Grouped(GroupBy),
}

/// What a part lacks for its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lack {
    Attacks,
    Benign,
    /// Benign rows for the threshold: so many are needed.
    BenignRows(usize),
}

impl Way {
    /// The way that `strategy` means under `config`; `None` for `provided`.
    pub(crate) fn of(strategy: Strategy, config: &SplitConfig) -> Option<Way> {
        match strategy {
            Strategy::Provided => None,
            Strategy::Temporal => Some(Way::Temporal),
            Strategy::Blocked => Some(Way::Blocked { block_rows: config.block_rows, gap_rows: config.gap_rows }),
            Strategy::Stratified => Some(Way::Stratified),
            Strategy::Grouped => Some(Way::Grouped(config.by.unwrap_or_default())),
        }
    }

    /// Every way with its defaults, the most telling test first.
    pub(crate) fn all() -> [Way; 5] {
        let blocked = Way::Blocked { block_rows: None, gap_rows: None };
        [Way::Temporal, blocked, Way::Stratified, Way::Grouped(GroupBy::Entity), Way::Grouped(GroupBy::Capture)]
    }

    pub(crate) fn strategy(self) -> Strategy {
        match self {
            Way::Temporal => Strategy::Temporal,
            Way::Blocked { .. } => Strategy::Blocked,
            Way::Stratified => Strategy::Stratified,
            Way::Grouped(_) => Strategy::Grouped,
        }
    }

    /// Why this way makes no sense for these rows, if so.
    pub(crate) fn unsuited(self, material: &Material) -> Option<&'static str> {
        match self {
            Way::Temporal | Way::Blocked { .. } if !material.has_order() => {
                Some("these rows stand in no order (`order: none` in the schema)")
            }
            Way::Stratified if material.has_order() => {
                Some("these rows have an order, and dealing them singly would put neighbours into different parts")
            }
            Way::Grouped(GroupBy::Entity) if !material.dataset.has_sequences() => {
                Some("no host is known for these rows")
            }
            _ => None,
        }
    }

    /// Deals the rows. Where chance plays a part, several draws are tried; if all fall short, the first is returned.
    pub(crate) fn plan(self, material: &Material, seed: u64, requirements: &Requirements) -> Plan {
        match self {
            Way::Temporal => temporal::plan(material),
            Way::Blocked { block_rows, gap_rows } => blocked::plan(material, block_rows, gap_rows, seed, requirements),
            Way::Stratified => stratified::plan(material, seed, requirements),
            Way::Grouped(by) => grouped::plan(material, by, seed, requirements),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Way::Grouped(by) => write!(f, "grouped (by {by})"),
            way => way.strategy().fmt(f),
        }
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lack::Attacks => f.write_str("no attack"),
            Lack::Benign => f.write_str("no benign row"),
            Lack::BenignRows(needed) => write!(f, "too few benign rows ({needed} are needed for the threshold)"),
        }
    }
}

impl Plan {
    /// Puts the rows of `material`, in arrival order, into the parts that `part_of` names for each row.
    pub(crate) fn in_arrival_order(material: &Material, part_of: impl Fn(usize) -> u8) -> Plan {
        let mut plan = Plan::default();
        for &row in &material.arrival {
            plan.rows[part_of(row as usize) as usize].push(row);
        }
        plan
    }

    /// Benign rows and attacks of each part.
    pub(crate) fn counts(&self, material: &Material) -> PerPart<ClassCounts> {
        std::array::from_fn(|p| ClassCounts::of(self.rows[p].iter().map(|&r| material.labels[r as usize])))
    }

    /// The first part that cannot do its job, and why.
    pub(crate) fn shortfall(&self, material: &Material, requirements: &Requirements) -> Option<(Part, Lack)> {
        let counts = self.counts(material);
        material.parts().find_map(|part| counts[part as usize].lack(part, requirements).map(|lack| (part, lack)))
    }
}

impl ClassCounts {
    /// What `part` lacks with these rows.
    pub(crate) fn lack(&self, part: Part, requirements: &Requirements) -> Option<Lack> {
        let needed = requirements.threshold_benign_rows;
        match part {
            _ if self.benign == 0 => Some(Lack::Benign),
            _ if self.attacks == 0 => Some(Lack::Attacks),
            Part::Threshold if self.benign < needed => Some(Lack::BenignRows(needed)),
            _ => None,
        }
    }
}
