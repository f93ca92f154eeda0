//! What comes from outside: visitors, mail, people at home, stray packets.

use std::net::Ipv4Addr;

use crate::benign::Day;
use crate::calendar::{Rhythm, SECOND};
use crate::shape;
use crate::site::{Pool, Role};
use crate::traffic::Traffic;

/// Parts that are made independently.
pub(super) const LANES: u64 = 5;

/// One part of a day's traffic from outside, as much as an office of the site's size gets.
pub(super) fn lane(day: &mut Day, lane: u64) {
    let size = day.site.hosts.len() as f64;
    match lane {
        0 => each(day, Rhythm::Visitors, 1.1 * size, visit),
        1 => each(day, Rhythm::Visitors, 0.9 * size, visit_from_gateway),
        2 => each(day, Rhythm::Office, 1.0 * size, receive_mail),
        3 => each(day, Rhythm::Flat, 3.0 * size, stray),
        _ => each(day, Rhythm::Office, 0.5 * size, work_from_home),
    }
}

fn each(day: &mut Day, rhythm: Rhythm, mean: f64, what: fn(&mut Day, i64)) {
    for at in day.moments(rhythm, mean) {
        what(day, at);
    }
}

/// Somebody reads the site's web pages from a household.
fn visit(day: &mut Day, at: i64) {
    let from = day.draw.whole(0, Pool::Visitors.size() as u64 - 1) as usize;
    read_pages(day, at, day.site.outside(Pool::Visitors, from));
}

/// Somebody behind a shared address does; a clock watches the site from there, too.
fn visit_from_gateway(day: &mut Day, at: i64) {
    let from = day.site.visited(&mut day.draw, Pool::Gateways);
    match day.draw.weighted(&[(0.62, 0), (0.14, 1), (0.08, 2), (0.08, 3), (0.08, 4)]) {
        0 => read_pages(day, at, from),
        1 => {
            let traffic = shape::small_call(&mut day.draw, 0.04);
            day.call_from(from, at, day.site.server(Role::WebServer), 443, traffic);
        }
        2 => {
            let traffic = shape::name_query(&mut day.draw, 0.04);
            day.call_from(from, at, day.site.server(Role::NameServer), 53, traffic);
        }
        3 => partner_shell(day, at, from),
        _ => stray_from(day, at, from),
    }
}

fn read_pages(day: &mut Day, start: i64, from: Ipv4Addr) {
    let server = day.site.server(Role::WebServer);
    let mut at = start;
    for _ in 0..1 + day.draw.poisson(1.0) {
        for _ in 0..1 + day.draw.poisson(1.2) {
            let when = at + (day.draw.exponential(0.4) * SECOND as f64) as i64;
            let rtt = day.site.rtt(&mut day.draw, from);
            let traffic = if day.draw.chance(0.015) {
                let tries = day.draw.whole(1, 3) as u32;
                Traffic::unanswered(&mut day.draw, tries)
            } else {
                shape::fetch(&mut day.draw, rtt)
            };
            let port = day.draw.weighted(&[(0.9, 443), (0.1, 80)]);
            day.call_from(from, when, server, port, traffic);
        }
        at = day.later(at, 20.0, 1.0);
    }
}

/// A partner's job logs in over ssh, mostly once.
fn partner_shell(day: &mut Day, start: i64, from: Ipv4Addr) {
    let mut at = start;
    for _ in 0..day.draw.weighted(&[(0.75, 1), (0.25, 2)]) {
        let rtt = day.site.rtt(&mut day.draw, from);
        let traffic = shape::login(&mut day.draw, rtt);
        day.call_from(from, at, day.site.server(Role::FileServer), 22, traffic);
        at = day.later(at, 20.0, 1.0);
    }
}

/// Mail arrives.
fn receive_mail(day: &mut Day, at: i64) {
    let from = day.site.visited(&mut day.draw, Pool::Mail);
    let rtt = day.site.rtt(&mut day.draw, from);
    let up =
        if day.draw.chance(0.15) { day.draw.log_normal(300_000.0, 1.4) } else { day.draw.log_normal(12_000.0, 1.0) };
    let idle = day.draw.log_normal(1.2, 0.9);
    let traffic = Traffic::tcp(&mut day.draw, up, 1_200.0, rtt, idle);
    day.call_from(from, at, day.site.server(Role::MailServer), 25, traffic);
}

/// A packet that was not meant for the site: a mistyped address, an address that used to be someone else's, answers
/// to forged packets. Every public address gets them all day; one or two from each sender.
fn stray(day: &mut Day, at: i64) {
    let from = day.draw.whole(0, Pool::Strays.size() as u64 - 1) as usize;
    stray_from(day, at, day.site.outside(Pool::Strays, from));
}

fn stray_from(day: &mut Day, start: i64, from: Ipv4Addr) {
    let dst = day.site.some_host(&mut day.draw, |h| h.role.is_server()).addr;
    let port = day.draw.weighted(&[
        (0.12, 22),
        (0.13, 23),
        (0.12, 80),
        (0.12, 443),
        (0.1, 445),
        (0.07, 3389),
        (0.05, 8080),
        (0.29, 0),
    ]);
    let mut at = start;
    for _ in 0..day.draw.weighted(&[(0.7, 1), (0.2, 2), (0.1, 3)]) {
        let port = if port == 0 { shape::odd_port(&mut day.draw) } else { port };
        let traffic = match day.draw.weighted(&[(0.5, 0), (0.25, 1), (0.15, 2), (0.1, 3)]) {
            0 => {
                let tries = day.draw.weighted(&[(0.5, 1), (0.3, 2), (0.2, 3)]);
                Traffic::unanswered(&mut day.draw, tries)
            }
            1 => {
                let rtt = day.site.rtt(&mut day.draw, from);
                Traffic::refused(&mut day.draw, rtt)
            }
            2 => {
                let n = day.draw.whole(1, 3) as u32;
                let mut torn =
                    Traffic::udp(n, f64::from(n) * day.draw.between(20.0, 1_300.0), 0, 0.0, f64::from(n - 1));
                torn.wrong_fragment = if day.draw.chance(0.3) { day.draw.whole(1, 3) as u32 } else { 0 };
                torn
            }
            _ => Traffic::icmp(&mut day.draw, 1, 1, 56.0, 0.05),
        };
        day.call_from(from, at, dst, port, traffic);
        at = day.later(at, 3.0, 1.2);
    }
}

/// A person at home: a tunnel of datagrams for hours, which often meets a path with a smaller MTU.
fn work_from_home(day: &mut Day, at: i64) {
    let from = day.site.outside(Pool::Visitors, day.draw.popular(40) + 7);
    let seconds = day.draw.log_normal(300.0, 1.2).min(14_000.0);
    let n = (seconds * day.draw.log_normal(2.0, 1.0)) as u32 + 3;
    let m = (f64::from(n) * day.draw.between(0.6, 2.2)) as u32 + 1;
    let mut traffic = Traffic::udp(n, f64::from(n) * 220.0, m, f64::from(m) * 520.0, seconds);
    if day.draw.chance(0.25) {
        traffic.wrong_fragment = day.draw.whole(1, 3) as u32;
    }
    day.call_from(from, at, day.site.server(Role::WebServer), 4500, traffic);
}
