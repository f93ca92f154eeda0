//! Which row goes to which part, before any row is moved, and whether the parts can do their jobs.

use std::fmt;

use super::material::Material;
use super::part::{Part, PerPart};
use super::requirements::Requirements;
use super::summary::ClassCounts;

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

/// What a part lacks for its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lack {
    Attacks,
    Benign,
    /// Benign rows for the threshold: so many are needed.
    BenignRows(usize),
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
