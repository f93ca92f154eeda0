//! A strategy ready to be tried: with its settings, whether it suits the rows, and the plan it makes.

use std::fmt;

use super::config::{GroupBy, SplitConfig, Strategy};
use super::material::Material;
use super::plan::Plan;
use super::requirements::Requirements;
use super::{blocked, grouped, stratified, temporal};

/// A strategy with all that it needs to know; `provided` is none, for it deals no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Temporal,
    Blocked { block_rows: Option<usize>, gap_rows: Option<usize> },
    Stratified,
    Grouped(GroupBy),
}

impl Way {
    /// The way that `strategy` means under `config`; `None` for `provided` and `auto`.
    pub(crate) fn of(strategy: Strategy, config: &SplitConfig) -> Option<Way> {
        match strategy {
            Strategy::Provided | Strategy::Auto => None,
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
