//! What goes wrong every day: stale addresses, closed doors, lost peers.

use std::net::Ipv4Addr;

use crate::benign::Day;
use crate::calendar::SECOND;
use crate::shape;
use crate::site::{Pool, Role};
use crate::traffic::Traffic;

/// Something on the host tries an address that is no longer there, a few times with growing pauses: a mapped drive of
/// a server that was switched off, an old printer, a test machine, a bookmark.
pub(super) fn stale(day: &mut Day, start: i64) {
    let inside = day.draw.chance(0.6);
    let (port, dst) = if inside {
        let port = day.draw.weighted(&[
            (0.26, 445),
            (0.09, 9100),
            (0.09, 80),
            (0.08, 443),
            (0.08, 22),
            (0.08, 3389),
            (0.05, 139),
            (0.05, 135),
            (0.05, 8080),
            (0.04, 3306),
            (0.04, 5985),
            (0.03, 389),
            (0.06, 0),
        ]);
        (port, day.site.some_host(&mut day.draw, |_| true).addr)
    } else {
        let port = day.draw.weighted(&[(0.42, 443), (0.2, 80), (0.08, 8080), (0.08, 22), (0.06, 25), (0.16, 0)]);
        (port, day.site.visited(&mut day.draw, Pool::Cloud))
    };
    let port = if port == 0 { shape::odd_port(&mut day.draw) } else { port };
    let mut at = if day.draw.chance(0.5) { day.look_up(start) } else { start };
    let mut pause = day.draw.log_normal(2.5, 1.0);
    let refused = day.draw.chance(0.45);
    for _ in 0..day.draw.weighted(&[(0.45, 1), (0.27, 2), (0.18, 3), (0.1, 5)]) {
        knock(day, at, dst, port, refused);
        at += (pause * SECOND as f64) as i64;
        pause *= day.draw.between(1.5, 3.0);
    }
}

/// One try at a closed or silent door.
pub(super) fn knock(day: &mut Day, at: i64, dst: Ipv4Addr, port: u16, refused: bool) {
    let traffic = if refused {
        let rtt = day.site.rtt(&mut day.draw, dst);
        Traffic::refused(&mut day.draw, rtt)
    } else {
        let tries = day.draw.weighted(&[(0.3, 1), (0.25, 2), (0.3, 3), (0.15, 4)]);
        Traffic::unanswered(&mut day.draw, tries)
    };
    day.call(at, dst, port, traffic);
}

/// A call or a game looks for its peers: odd ports, some silent.
pub(super) fn find_peers(day: &mut Day, start: i64) {
    let mut at = start;
    for _ in 0..3 + day.draw.poisson(4.0) {
        let peer = day.site.visited(&mut day.draw, Pool::Visitors);
        let port = shape::odd_port(&mut day.draw);
        match day.draw.weighted(&[(0.5, 0), (0.2, 1), (0.15, 2), (0.15, 3)]) {
            0 => {
                let (n, m) = (day.draw.whole(1, 30) as u32, day.draw.whole(0, 30) as u32);
                let (up, down) =
                    (f64::from(n) * day.draw.between(30.0, 900.0), f64::from(m) * day.draw.between(30.0, 900.0));
                let seconds = f64::from(n) * day.draw.log_normal(0.1, 1.0);
                day.call(at, peer, port, Traffic::udp(n, up, m, down, seconds));
            }
            1 => {
                let rtt = day.site.rtt(&mut day.draw, peer);
                let (up, down) = (day.draw.log_normal(900.0, 1.5), day.draw.log_normal(1_200.0, 1.5));
                let idle = day.draw.log_normal(5.0, 1.5);
                let traffic = Traffic::tcp(&mut day.draw, up, down, rtt, idle);
                day.call(at, peer, port, traffic);
            }
            n => knock(day, at, peer, port, n == 2),
        }
        at = day.later(at, 1.2, 1.2);
    }
}

/// A user or a script pings something to see whether the network is there.
pub(super) fn ping(day: &mut Day, at: i64) {
    let outside = day.draw.chance(0.4);
    let dst = if outside {
        day.site.visited(&mut day.draw, Pool::Web)
    } else {
        day.site.some_host(&mut day.draw, |h| h.role.is_server() && h.role != Role::Auditor).addr
    };
    let asked = day.draw.weighted(&[(0.5, 4), (0.3, 1), (0.2, 10)]);
    let answered = if day.draw.chance(0.1) { 0 } else { asked };
    let payload = day.draw.weighted(&[(0.45, 32.0), (0.45, 56.0), (0.1, 1_472.0)]);
    let rtt = day.site.rtt(&mut day.draw, dst);
    let mut traffic = Traffic::icmp(&mut day.draw, asked, answered, payload, rtt);
    let torn = day.host.torn;
    if payload > 1_000.0 && day.draw.chance(torn * 2.0) {
        traffic.wrong_fragment = 1;
    }
    day.call(at, dst, 0, traffic);
}
