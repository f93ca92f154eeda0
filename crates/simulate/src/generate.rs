//! From config and seed to flows in the order in which they arrive.

use nta_data::Watch;
use rayon::prelude::*;

use crate::attack;
use crate::benign;
use crate::calendar::{DAY, Date, dates};
use crate::config::{SimulateConfig, SimulateError};
use crate::flow::Flow;
use crate::site::Site;

/// Flows a host makes a day, about, when nothing is scaled.
const NATURAL: f64 = 260.0;

impl SimulateConfig {
    /// The flows of this config and seed, in order of their ends, as a sensor delivers them. The same for any number
    /// of threads. Progress counts host days.
    pub fn generate(&self, seed: u64, watch: &dyn Watch) -> Result<Vec<Flow>, SimulateError> {
        self.check()?;
        let dates = dates(self.first_day()?, self.days);
        let site = Site::new(self, seed, &dates);
        let n_benign = self.flows as f64 * (1.0 - self.attack_share);
        let rate = find_rate(&site, &dates, n_benign);
        let mut flows = benign_flows(&site, &dates, rate, Some(watch));
        if watch.cancelled() {
            return Err(SimulateError::Cancelled);
        }
        flows.par_sort_by_key(|f| (f.end(), f.src, f.src_port));
        let n_attacks = (flows.len() as f64 * self.attack_share / (1.0 - self.attack_share)).round() as usize;
        let arrivals: Vec<i64> = flows.iter().map(Flow::end).collect();
        flows.extend(attack::attacks(&site, &self.families, n_attacks, &arrivals));
        flows.par_sort_by_key(|f| (f.end(), f.src, f.src_port));
        Ok(flows)
    }
}

/// How much busier than written down everything has to be for `n_flows`; found by trying it thinly.
fn find_rate(site: &Site, dates: &[Date], n_flows: f64) -> f64 {
    let host_days = (site.hosts.len() * dates.len()) as f64;
    let trial = (25_000.0 / (NATURAL * host_days)).clamp(1e-4, 1.0);
    let found = benign_flows(site, dates, trial, None).len().max(1);
    trial * n_flows / found as f64
}

/// Everything but the attacks, in no order that matters. Only flows that end within the simulated time are seen.
fn benign_flows(site: &Site, dates: &[Date], rate: f64, watch: Option<&dyn Watch>) -> Vec<Flow> {
    let horizon = dates.last().map_or(0, |d| d.midnight + DAY);
    let lanes = site.hosts.len() as u64 + benign::LANES;
    let total = lanes * dates.len() as u64;
    let jobs: Vec<(u64, Date)> = dates.iter().flat_map(|&d| (0..lanes).map(move |lane| (lane, d))).collect();
    let parts: Vec<Vec<Flow>> = jobs
        .par_iter()
        .map(|&(lane, date)| {
            if let Some(watch) = watch {
                if watch.cancelled() {
                    return Vec::new();
                }
                watch.step(date.index * lanes + lane, total);
            }
            let mut flows = match lane.checked_sub(benign::LANES) {
                Some(host) => benign::host_day(site, &site.hosts[host as usize], date, rate),
                None => benign::outside_day(site, lane, date, rate),
            };
            flows.retain(|f| f.end() < horizon);
            flows
        })
        .collect();
    parts.concat()
}
