//! What hosts do when nobody attacks: one file a habit, and here who has which habits.

mod clockwork;
mod files;
mod mishap;
mod office;
mod public;
mod servers;
mod web;

use std::net::Ipv4Addr;

use crate::calendar::{DAY, Date, Rhythm, SECOND};
use crate::draw::Draw;
use crate::flow::{Flow, Proto};
use crate::shape;
use crate::site::{Host, Pool, Role, Site};
use crate::traffic::{Traffic, ephemeral, record};

/// One host's one day, being filled with flows.
pub(crate) struct Day<'a> {
    site: &'a Site,
    host: &'a Host,
    date: Date,
    draw: Draw,
    /// How many times busier than the habits below are written for.
    rate: f64,
    flows: Vec<Flow>,
}

/// All that one host does on one day.
pub(crate) fn host_day(site: &Site, host: &Host, date: Date, rate: f64) -> Vec<Flow> {
    let draw = Draw::new(site.seed, host.index as u64, date.index);
    let mut day = Day { site, host, date, draw, rate: rate * host.pace, flows: Vec::new() };
    match host.role {
        Role::Workstation | Role::Developer | Role::Admin => office::person(&mut day),
        Role::Printer => clockwork::printer(&mut day),
        Role::Camera => clockwork::camera(&mut day),
        Role::Thing => clockwork::thing(&mut day),
        _ => servers::server(&mut day),
    }
    day.flows
}

/// All that comes from outside on one day: visitors, mail, stray packets. `lane` tells apart parts of it that are
/// made independently.
pub(crate) fn outside_day(site: &Site, lane: u64, date: Date, rate: f64) -> Vec<Flow> {
    let host = &site.hosts[0];
    let draw = Draw::new(site.seed, (1 << 32) + lane, date.index);
    let mut day = Day { site, host, date, draw, rate, flows: Vec::new() };
    public::lane(&mut day, lane);
    day.flows
}

/// Parts of [`outside_day`].
pub(crate) const LANES: u64 = public::LANES;

impl Day<'_> {
    /// Records one exchange of the day's host.
    fn call(&mut self, at: i64, dst: Ipv4Addr, port: u16, traffic: Traffic) {
        let src = self.host.addr;
        self.call_from(src, at, dst, port, traffic);
    }

    /// Records one exchange, unless it never leaves the host. Whoever calls a server in one of its silences gets no
    /// answer.
    fn call_from(&mut self, src: Ipv4Addr, at: i64, dst: Ipv4Addr, port: u16, traffic: Traffic) {
        if src == dst {
            return;
        }
        let mut traffic = traffic;
        if traffic.proto == Proto::Tcp && self.site.is_down(dst, at) {
            let tries = self.draw.whole(2, 4) as u32;
            traffic = Traffic::unanswered(&mut self.draw, tries);
        }
        let torn = self.host.torn * 0.5;
        if traffic.proto == Proto::Udp && traffic.up_pkts + traffic.down_pkts > 3 && self.draw.chance(torn) {
            traffic.wrong_fragment = self.draw.weighted(&[(0.6, 1), (0.25, 2), (0.15, 3)]);
        }
        let src_port = ephemeral(&mut self.draw, self.host.low_port, traffic.proto, port);
        self.flows.push(record(src, dst, src_port, port, at, traffic));
    }

    /// Times at which something happens `mean` times a day, in this rhythm.
    fn moments(&mut self, rhythm: Rhythm, mean: f64) -> Vec<i64> {
        let quiet = if self.date.weekend && rhythm == Rhythm::Office { 0.6 } else { 1.0 };
        let n = self.draw.poisson(mean * self.rate * quiet);
        let shift = self.host.shift;
        (0..n).map(|_| self.date.moment(&mut self.draw, rhythm, shift)).collect()
    }

    /// Times of a job that comes round every `seconds` (divided by how busy the day is), each late by up to `jitter`
    /// of that.
    fn rounds(&mut self, seconds: f64, jitter: f64) -> Vec<i64> {
        let period = seconds / self.rate * SECOND as f64;
        let mut at = self.draw.unit() * period;
        let mut times = Vec::new();
        while at < DAY as f64 {
            times.push(self.date.midnight + at as i64);
            at += period * (1.0 + jitter * self.draw.between(-1.0, 1.0));
        }
        times
    }

    /// The host asks a name server of the site. Returns when the answer is there.
    fn look_up(&mut self, at: i64) -> i64 {
        let server = match self.host.role {
            Role::NameServer => self.site.visited(&mut self.draw, Pool::NameServers),
            _ => self.site.server(Role::NameServer),
        };
        let rtt = self.site.rtt(&mut self.draw, server);
        let traffic = shape::name_query(&mut self.draw, rtt);
        let done = at + (traffic.seconds * SECOND as f64) as i64;
        self.call(at, server, 53, traffic);
        done + self.draw.whole(300, 9_000) as i64
    }

    /// A pause of about `median` seconds after `at`.
    fn later(&mut self, at: i64, median: f64, sigma: f64) -> i64 {
        at + (self.draw.log_normal(median, sigma) * SECOND as f64) as i64
    }
}
