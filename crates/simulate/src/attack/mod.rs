//! Who attacks whom, when and how long: campaigns spread over the whole time, one file a family.
//!
//! An attack's flows are cut from the same cloth as benign ones (the same functions make both where there is one);
//! they differ in how they follow each other within their host's traffic.

mod access;
mod beaconing;
mod disruption;
mod exfiltration;
mod scan;

use std::net::Ipv4Addr;

use crate::calendar::SECOND;
use crate::draw::Draw;
use crate::flow::{Family, Flow};
use crate::site::{Host, Pool, Role, Site};
use crate::traffic::{Traffic, ephemeral, record};

/// One attacker at work: from one host, for some flows.
pub(crate) struct Campaign<'a> {
    site: &'a Site,
    draw: Draw,
    family: Family,
    src: Ipv4Addr,
    low_port: u16,
    /// Flows it consists of.
    quota: usize,
    /// When the next flow begins.
    at: i64,
    flows: Vec<Flow>,
}

/// Flows of a campaign on average, where there are enough for several campaigns.
const LENGTH: f64 = 27.0;

/// How many flows each family has of all attack flows, relative to the others.
fn weight(family: Family) -> f64 {
    match family {
        Family::Scan | Family::SynFlood => 1.25,
        Family::Exfiltration => 0.75,
        Family::BruteForce | Family::Beaconing | Family::LateralMovement | Family::Fragment => 0.95,
    }
}

/// All attacks on the site: `n_flows` of the `families`, begun at moments spread evenly over the benign flows'
/// arrivals (`arrivals`, sorted), so that every stretch of traffic holds every family.
pub(crate) fn attacks(site: &Site, families: &[Family], n_flows: usize, arrivals: &[i64]) -> Vec<Flow> {
    let total: f64 = families.iter().map(|&f| weight(f)).sum();
    let mut flows = Vec::with_capacity(n_flows);
    let mut share_before = 0.0;
    for &family in families {
        let share_after = share_before + weight(family) / total;
        let n = (share_after * n_flows as f64).round() as usize - (share_before * n_flows as f64).round() as usize;
        share_before = share_after;
        campaigns(site, family, n, arrivals, &mut flows);
    }
    flows
}

/// The campaigns of one family, `n_flows` in all.
fn campaigns(site: &Site, family: Family, n_flows: usize, arrivals: &[i64], flows: &mut Vec<Flow>) {
    let (Some(&first), Some(&last)) = (arrivals.first(), arrivals.last()) else { return };
    let length = LENGTH.min((n_flows as f64 / 8.0).max(6.0));
    let count = ((n_flows as f64 / length).round() as usize).max(1);
    let mut plan = Draw::new(site.seed, (2 << 32) + family as u64, 0);
    let sizes: Vec<f64> = (0..count).map(|_| plan.between(0.55, 1.45)).collect();
    let total: f64 = sizes.iter().sum();
    let mut behind = 0.0;
    for (i, size) in sizes.iter().enumerate() {
        let quota = ((behind + size) / total * n_flows as f64).round() - (behind / total * n_flows as f64).round();
        behind += size;
        let place = (i as f64 + 0.5 + plan.between(-0.3, 0.3)) / count as f64;
        let start = arrivals[(place * arrivals.len() as f64) as usize];
        let mut campaign = Campaign::new(site, family, i as u64, quota as usize, start);
        campaign.unfold();
        campaign.fit_between(first, last);
        flows.append(&mut campaign.flows);
    }
}

impl<'a> Campaign<'a> {
    fn new(site: &'a Site, family: Family, index: u64, quota: usize, start: i64) -> Self {
        let mut draw = Draw::new(site.seed, (3 << 32) + family as u64, index);
        let (src, low_port) = attacker(site, family, &mut draw);
        Campaign { site, draw, family, src, low_port, quota, at: start, flows: Vec::with_capacity(quota) }
    }

    fn unfold(&mut self) {
        match self.family {
            Family::Scan => scan::unfold(self),
            Family::SynFlood => disruption::syn_flood(self),
            Family::Fragment => disruption::fragment(self),
            Family::BruteForce => access::brute_force(self),
            Family::LateralMovement => access::lateral_movement(self),
            Family::Beaconing => beaconing::unfold(self),
            Family::Exfiltration => exfiltration::unfold(self),
        }
    }

    /// Whether flows are left to be made.
    fn goes_on(&self) -> bool {
        self.flows.len() < self.quota
    }

    /// Records one exchange at the campaign's moment.
    fn call(&mut self, dst: Ipv4Addr, port: u16, traffic: Traffic) {
        if !self.goes_on() {
            return;
        }
        let src_port = ephemeral(&mut self.draw, self.low_port, traffic.proto, port);
        let mut flow = record(self.src, dst, src_port, port, self.at, traffic);
        flow.family = Some(self.family);
        self.flows.push(flow);
    }

    /// Lets about `median` seconds pass.
    fn wait(&mut self, median: f64, sigma: f64) {
        self.at += (self.draw.log_normal(median, sigma) * SECOND as f64) as i64;
    }

    fn rtt(&mut self, dst: Ipv4Addr) -> f64 {
        let far = if self.src.is_private() { dst } else { self.src };
        self.site.rtt(&mut self.draw, far)
    }

    /// A host of the site other than the attacker's own.
    fn victim(&mut self, wanted: impl Fn(Role) -> bool) -> &'a Host {
        let site = self.site;
        let mut host = site.some_host(&mut self.draw, &wanted);
        for _ in 0..4 {
            if host.addr != self.src {
                break;
            }
            host = site.some_host(&mut self.draw, &wanted);
        }
        host
    }

    /// Moves the campaign so that it lies within the simulated time.
    fn fit_between(&mut self, first: i64, last: i64) {
        let end = self.flows.iter().map(Flow::end).max().unwrap_or(last);
        let begin = self.flows.first().map_or(first, |f| f.time);
        let late = (end - last).max(0).min(begin - first);
        for flow in &mut self.flows {
            flow.time -= late;
        }
    }
}

/// Where the attacker sits. What starts inside starts at a host that also does its own work; what comes from outside
/// mostly shares a gateway's address with honest people.
fn attacker(site: &Site, family: Family, draw: &mut Draw) -> (Ipv4Addr, u16) {
    let outside = match family {
        Family::Scan => 0.25,
        Family::SynFlood => 0.35,
        Family::BruteForce => 0.3,
        Family::Fragment => 0.3,
        Family::Beaconing | Family::Exfiltration | Family::LateralMovement => 0.0,
    };
    if draw.chance(outside) {
        let pool = draw.weighted(&[(0.8, Pool::Gateways), (0.2, Pool::Cloud)]);
        return (site.visited(draw, pool), 32_768);
    }
    let personal = draw.chance(0.72);
    let host = site.some_host(draw, |role| match (personal, family) {
        (true, _) => role.is_personal(),
        (false, Family::SynFlood | Family::Scan | Family::Beaconing) => !role.is_personal() && role != Role::Auditor,
        (false, _) => role.is_server(),
    });
    (host.addr, host.low_port)
}
