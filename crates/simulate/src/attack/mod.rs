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
use crate::draw::{Draw, at_share};
use crate::flow::{Family, Flow};
use crate::site::{Host, Pool, Site};
use crate::traffic::{Traffic, ephemeral, record};

/// One attacker at work: from one host, for some flows.
pub(crate) struct Campaign<'a> {
    site: &'a Site,
    draw: Draw,
    family: Family,
    src: Ipv4Addr,
    low_port: u16,
    /// Where among the family's variants it stands, 0 to 1.
    variant: f64,
    /// Flows it consists of.
    quota: usize,
    /// When the next flow begins.
    at: i64,
    flows: Vec<Flow>,
}

/// Flows of a campaign on average, where there are enough for many campaigns.
const LENGTH: f64 = 27.0;
/// Campaigns a family comes in at least, where each then still has [`SHORTEST`] flows: so many that one begins in every
/// sixteenth of the traffic.
const CAMPAIGNS: f64 = 26.0;
/// Flows of a campaign on average, where there are few.
const SHORTEST: f64 = 6.0;

/// Steps of the golden ratio fill [0, 1) evenly however many are taken (Weyl), so that no variant of an attack is left
/// to the last part of the traffic by chance.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

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
    let length = (n_flows as f64 / CAMPAIGNS).clamp(SHORTEST, LENGTH);
    let count = ((n_flows as f64 / length).round() as usize).max(1);
    let mut plan = Draw::new(site.seed, (2 << 32) + family as u64, 0);
    let phase = plan.unit();
    let sizes: Vec<f64> = (0..count).map(|_| plan.between(0.55, 1.45)).collect();
    let total: f64 = sizes.iter().sum();
    let mut behind = 0.0;
    for (i, size) in sizes.iter().enumerate() {
        let quota = ((behind + size) / total * n_flows as f64).round() - (behind / total * n_flows as f64).round();
        behind += size;
        let place = (i as f64 + 0.5 + plan.between(-0.25, 0.25)) / count as f64;
        let start = arrivals[(place * arrivals.len() as f64) as usize];
        let mut campaign = Campaign::new(site, family, i as u64, quota as usize, start);
        campaign.variant = (phase + i as f64 * GOLDEN).fract();
        campaign.unfold();
        campaign.fit_between(first, last);
        flows.append(&mut campaign.flows);
    }
}

impl<'a> Campaign<'a> {
    fn new(site: &'a Site, family: Family, index: u64, quota: usize, start: i64) -> Self {
        let mut draw = Draw::new(site.seed, (3 << 32) + family as u64, index);
        let (src, low_port) = attacker(site, family, &mut draw);
        let flows = Vec::with_capacity(quota);
        Campaign { site, draw, family, src, low_port, variant: 0.0, quota, at: start, flows }
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

    /// The variant of the attack: of `items` by weight, evenly over the family's campaigns.
    fn choose<T: Copy>(&self, items: &[(f64, T)]) -> T {
        at_share(self.variant, items)
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
        let dst = if dst == self.src { self.victim(|_| true).addr } else { dst };
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
    fn victim(&mut self, wanted: impl Fn(&Host) -> bool) -> &'a Host {
        let src = self.src;
        self.site.some_host(&mut self.draw, |host| host.addr != src && wanted(host))
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
        let pool = draw.weighted(&[(0.9, Pool::Gateways), (0.1, Pool::Cloud)]);
        return (site.visited(draw, pool), 32_768);
    }
    let personal = draw.chance(0.72);
    let host = site.some_host(draw, |host| match (personal, family) {
        (true, _) => host.role.is_personal(),
        (false, Family::SynFlood | Family::Scan | Family::Beaconing) => !host.role.is_personal(),
        (false, _) => host.role.is_server(),
    });
    (host.addr, host.low_port)
}
