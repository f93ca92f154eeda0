//! What the bootstrap draws: hosts, for the flows of one host are no independent evidence; stretches of neighbouring rows
//! where too few hosts attack for that.

use std::collections::HashMap;

use nta_data::Label;
use serde::{Deserialize, Serialize};

/// Hosts with attacks below which stretches are drawn in their place: one host's return is no spread.
const LEAST_HOSTS: u64 = 8;

/// Stretches that the rows are cut to.
const STRETCHES: usize = 64;

/// What is drawn together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitKind {
    /// All rows of a host.
    Hosts,
    /// Rows that follow each other (Künsch 1989).
    Stretches,
}

/// The units of some rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Units {
    /// What they are.
    pub by: UnitKind,
    /// How many there are.
    pub n: u64,
    /// Those that hold attacks.
    pub with_attacks: u64,
}

impl Units {
    /// The units of these rows, and the number of each row's, `(n_rows)`. `host` may be empty.
    pub(super) fn of(labels: &[Label], host: &[u64]) -> (Self, Vec<u32>) {
        if host.len() == labels.len() {
            let mut number_of: HashMap<u64, u32> = HashMap::new();
            let unit: Vec<u32> = host
                .iter()
                .map(|host| {
                    let next = number_of.len() as u32;
                    *number_of.entry(*host).or_insert(next)
                })
                .collect();
            let units = Units::counted(UnitKind::Hosts, labels, &unit);
            if units.with_attacks >= LEAST_HOSTS {
                return (units, unit);
            }
        }
        let rows = labels.len().div_ceil(STRETCHES).max(1);
        let unit: Vec<u32> = (0..labels.len()).map(|i| (i / rows) as u32).collect();
        (Units::counted(UnitKind::Stretches, labels, &unit), unit)
    }

    fn counted(by: UnitKind, labels: &[Label], unit: &[u32]) -> Self {
        let n = unit.iter().max().map_or(0, |last| *last as usize + 1);
        let mut attacked = vec![false; n];
        labels.iter().zip(unit).filter(|(label, _)| label.is_attack()).for_each(|(_, u)| attacked[*u as usize] = true);
        Units { by, n: n as u64, with_attacks: attacked.iter().filter(|a| **a).count() as u64 }
    }
}
