//! What to simulate, and what can be wrong with it.

use jiff::civil::Date;
use nta_data::DataError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::flow::Family;

/// Traffic of one office site, simulated from a seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SimulateConfig {
    /// Flows to make, met within a few per cent; how busy the hosts are follows from it.
    pub flows: u64,
    /// Days simulated, from midnight to midnight UTC.
    pub days: u32,
    /// Hosts inside the site: about two thirds workstations, the rest servers, printers and things.
    pub hosts: u32,
    /// Share of flows that are attacks.
    pub attack_share: f64,
    /// First day, `YYYY-MM-DD`. Weekends fall where the calendar has them.
    pub start: String,
    /// Which kinds of attack occur.
    pub families: Vec<Family>,
}

impl Default for SimulateConfig {
    fn default() -> Self {
        SimulateConfig {
            flows: 120_000,
            days: 7,
            hosts: 60,
            attack_share: 0.04,
            // A Thursday, so that the first 40 % of a week already hold a weekend.
            start: "2026-03-05".to_owned(),
            families: Family::ALL.to_vec(),
        }
    }
}

impl SimulateConfig {
    /// Hosts below which the site lacks a role.
    pub const LEAST_HOSTS: u32 = 16;

    /// Refuses values out of range.
    pub fn check(&self) -> Result<(), ConfigError> {
        let refuse = |key: &str, value: String, right: &str| {
            Err(ConfigError { key: key.to_owned(), value, right: right.to_owned() })
        };
        if !(1_000..=100_000_000).contains(&self.flows) {
            return refuse("flows", self.flows.to_string(), "1000 to 100000000");
        }
        if !(1..=366).contains(&self.days) {
            return refuse("days", self.days.to_string(), "1 to 366");
        }
        if !(Self::LEAST_HOSTS..=5_000).contains(&self.hosts) {
            return refuse("hosts", self.hosts.to_string(), "16 (one of each kind) to 5000");
        }
        if !(0.0..=0.5).contains(&self.attack_share) {
            return refuse("attack_share", self.attack_share.to_string(), "0 (none) to 0.5");
        }
        if self.attack_share > 0.0 && self.families.is_empty() {
            return refuse("families", "[]".to_owned(), "at least one kind of attack, or attack_share: 0");
        }
        for (i, family) in self.families.iter().enumerate() {
            if self.families[..i].contains(family) {
                return refuse("families", family.name().to_owned(), "each kind once");
            }
        }
        self.first_day().map(drop)
    }

    /// The first day, read from `start`.
    pub(crate) fn first_day(&self) -> Result<Date, ConfigError> {
        let refused = || ConfigError {
            key: "start".to_owned(),
            value: self.start.clone(),
            right: "a day from 1971-01-01 to 2999-12-31 as YYYY-MM-DD, e.g. 2026-03-05".to_owned(),
        };
        let day: Date = self.start.parse().map_err(|_| refused())?;
        if (1971..3000).contains(&day.year()) { Ok(day) } else { Err(refused()) }
    }
}

/// A value that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}: {value}` cannot be simulated: give {right}")]
pub struct ConfigError {
    /// Key, relative to the stage.
    pub key: String,
    /// The value found.
    pub value: String,
    /// What would be right.
    pub right: String,
}

/// Why there is no traffic.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// A value out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The schema asks for a column that the simulator does not make.
    #[error("schema {schema} asks for column `{column}`, which simulated traffic has not; it has {known}")]
    #[allow(missing_docs)]
    UnknownColumn { schema: String, column: String, known: String },
    /// The schema contradicts what is simulated.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Stopped from outside.
    #[error("the simulation was stopped")]
    Cancelled,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_in_range() {
        SimulateConfig::default().check().unwrap();
    }

    #[test]
    fn each_value_out_of_range_is_refused_by_its_key() {
        let bad = |change: fn(&mut SimulateConfig)| {
            let mut config = SimulateConfig::default();
            change(&mut config);
            config.check().unwrap_err().key
        };
        assert_eq!(bad(|c| c.flows = 10), "flows");
        assert_eq!(bad(|c| c.days = 0), "days");
        assert_eq!(bad(|c| c.hosts = 3), "hosts");
        assert_eq!(bad(|c| c.attack_share = 0.6), "attack_share");
        assert_eq!(bad(|c| c.attack_share = f64::NAN), "attack_share");
        assert_eq!(bad(|c| c.start = "5 March".to_owned()), "start");
        assert_eq!(bad(|c| c.start = "1066-10-14".to_owned()), "start");
        assert_eq!(bad(|c| c.families = vec![]), "families");
        assert_eq!(bad(|c| c.families = vec![Family::Scan, Family::Scan]), "families");
    }
}
