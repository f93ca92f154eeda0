//! Reading the web, and the small calls that apps make home.

use crate::benign::Day;
use crate::calendar::SECOND;
use crate::shape;
use crate::site::Pool;
use crate::traffic::Traffic;

/// A visit: some pages, each a name look-up and several connections close together, with thinking between them.
pub(super) fn browse(day: &mut Day, start: i64) {
    let mut at = start;
    for _ in 0..1 + day.draw.poisson(2.2) {
        if day.draw.chance(0.7) {
            at = day.look_up(at);
        }
        let server = day.site.visited(&mut day.draw, Pool::Web);
        for _ in 0..1 + day.draw.poisson(2.4) {
            let other = day.draw.chance(0.45);
            let server = if other { day.site.visited(&mut day.draw, Pool::Web) } else { server };
            let when = at + (day.draw.exponential(0.5) * SECOND as f64) as i64;
            let rtt = day.site.rtt(&mut day.draw, server);
            let port = day.draw.weighted(&[(0.9, 443), (0.09, 80), (0.01, 8080)]);
            if day.draw.chance(0.012) {
                unreachable(day, when, server, port);
            } else {
                let traffic = shape::fetch(&mut day.draw, rtt);
                day.call(when, server, port, traffic);
            }
        }
        at = day.later(at, 18.0, 1.1);
    }
}

/// A site that does not answer: the browser opens two or three connections at once and tries again.
fn unreachable(day: &mut Day, at: i64, server: std::net::Ipv4Addr, port: u16) {
    let mut at = at;
    for _ in 0..day.draw.whole(1, 4) {
        let tries = day.draw.whole(1, 4) as u32;
        let traffic = Traffic::unanswered(&mut day.draw, tries);
        day.call(at, server, port, traffic);
        at += if day.draw.chance(0.6) { day.draw.whole(40_000, 300_000) } else { day.draw.whole(2_000_000, 9_000_000) }
            as i64;
    }
}

/// An app calls home: a licence check, a notification poll, usage figures. The same little exchange an implant makes.
pub(super) fn phone_home(day: &mut Day, start: i64) {
    let server = day.site.visited(&mut day.draw, Pool::Cloud);
    let mut at = start;
    if day.draw.chance(0.62) {
        at = day.look_up(at);
    }
    let rtt = day.site.rtt(&mut day.draw, server);
    let port = day.draw.weighted(&[(0.86, 443), (0.09, 80), (0.03, 8443), (0.02, 8080)]);
    let traffic = if day.draw.chance(0.02) {
        Traffic::unanswered(&mut day.draw, 3)
    } else {
        shape::small_call(&mut day.draw, rtt)
    };
    day.call(at, server, port, traffic);
}

/// Files go up to a cloud folder, one or a few at a time, as big as they happen to be.
pub(super) fn sync(day: &mut Day, start: i64) {
    let mut at = day.look_up(start);
    let server = day.site.visited(&mut day.draw, Pool::Cloud);
    for _ in 0..1 + day.draw.poisson(0.8) {
        let rtt = day.site.rtt(&mut day.draw, server);
        let traffic = shape::upload(&mut day.draw, rtt);
        day.call(at, server, 443, traffic);
        at = day.later(at, 8.0, 1.3);
    }
}
