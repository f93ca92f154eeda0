//! What simulated traffic must be to be worth learning from, measured over ten seeds:
//!
//! - `belief`: what a network person would object to
//! - `single_columns`: no column gives attacks away by itself
//! - `time`: the rhythm of days, and attacks that unfold over all of the time
//! - `config`: every key does something; the same seed gives the same flows, another seed none of them

mod belief;
mod config;
mod single_columns;
mod time;

use std::sync::LazyLock;

use nta_data::Quiet;
use nta_simulate::{Flow, SimulateConfig};

/// The default traffic of seeds 1 to 10.
static TEN_SEEDS: LazyLock<Vec<Vec<Flow>>> =
    LazyLock::new(|| (1..=10).map(|seed| SimulateConfig::default().generate(seed, &Quiet).unwrap()).collect());

/// Traffic of one config.
fn traffic(config: &SimulateConfig, seed: u64) -> Vec<Flow> {
    config.generate(seed, &Quiet).unwrap()
}
