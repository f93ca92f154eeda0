//! What runs by itself: clocks, printers, cameras, things.

use crate::benign::Day;
use crate::benign::{mishap, web};
use crate::calendar::Rhythm;
use crate::shape;
use crate::site::{Pool, Role};
use crate::traffic::Traffic;

/// The clock is set by a time server: of the site for most, outside for the rest.
pub(super) fn set_clock(day: &mut Day, at: i64) {
    let outside = day.host.role.is_device();
    let server = if outside { day.site.visited(&mut day.draw, Pool::Clock) } else { day.site.server(Role::NameServer) };
    let rtt = day.site.rtt(&mut day.draw, server);
    let answered = u32::from(!day.draw.chance(0.01));
    day.call(at, server, 123, Traffic::udp(1, 48.0, answered, 48.0, rtt));
}

/// A printer: looks for its maker, scans to the share, tells its state.
pub(super) fn printer(day: &mut Day) {
    for at in day.rounds(3_600.0, 0.02) {
        set_clock(day, at);
    }
    for at in day.rounds(2_400.0, 0.05) {
        web::phone_home(day, at);
    }
    for at in day.rounds(1_200.0, 0.02) {
        syslog(day, at);
    }
    for at in day.moments(Rhythm::Office, 6.0) {
        let server = day.site.server(Role::FileServer);
        let (up, idle) = (day.draw.log_normal(700_000.0, 1.0), day.draw.log_normal(0.8, 0.8));
        let traffic = Traffic::tcp(&mut day.draw, up, 4_000.0, 0.0008, idle);
        day.call(at, server, 445, traffic);
    }
    for at in day.moments(Rhythm::Flat, 1.5) {
        mishap::stale(day, at);
    }
}

/// A camera: a heartbeat to its maker, and a clip up whenever something moves.
pub(super) fn camera(day: &mut Day) {
    heartbeat(day, 700.0);
    for at in day.rounds(4_000.0, 0.01) {
        set_clock(day, at);
    }
    let server = day.site.outside(Pool::Cloud, 3 + day.host.index % 3);
    for at in day.moments(Rhythm::Office, 14.0) {
        let rtt = day.site.rtt(&mut day.draw, server);
        let (up, idle) = (day.draw.log_normal(900_000.0, 0.9), day.draw.log_normal(2.0, 0.7));
        let traffic = Traffic::tcp(&mut day.draw, up, 2_500.0, rtt, idle);
        day.call(at, server, 443, traffic);
    }
    for at in day.moments(Rhythm::Flat, 2.5) {
        mishap::stale(day, at);
    }
}

/// A thing: tells its broker how it is, over MQTT or the web.
pub(super) fn thing(day: &mut Day) {
    heartbeat(day, 420.0);
    for at in day.rounds(3_600.0, 0.01) {
        set_clock(day, at);
    }
    for at in day.rounds(1_800.0, 0.05) {
        day.look_up(at);
    }
    for at in day.moments(Rhythm::Flat, 2.5) {
        mishap::stale(day, at);
    }
}

/// A small call home at a steady beat, with a name look-up now and then; the maker's server is sometimes away.
fn heartbeat(day: &mut Day, seconds: f64) {
    let server = day.site.outside(Pool::Cloud, day.host.index % 7);
    let port = if day.host.index.is_multiple_of(2) { 8883 } else { 443 };
    let jitter = day.draw.between(0.02, 0.3);
    for at in day.rounds(seconds, jitter) {
        let at = if day.draw.chance(0.3) { day.look_up(at) } else { at };
        let rtt = day.site.rtt(&mut day.draw, server);
        let traffic = if day.draw.chance(0.015) {
            let tries = day.draw.whole(2, 4) as u32;
            Traffic::unanswered(&mut day.draw, tries)
        } else {
            shape::small_call(&mut day.draw, rtt)
        };
        day.call(at, server, port, traffic);
    }
}

/// A line for the log collector, which never answers.
pub(super) fn syslog(day: &mut Day, at: i64) {
    let server = day.site.server(Role::Monitor);
    let n = day.draw.weighted(&[(0.6, 1), (0.3, 3), (0.1, 9)]);
    let up = f64::from(n) * day.draw.between(90.0, 320.0);
    let seconds = if n == 1 { 0.0 } else { day.draw.log_normal(0.8, 1.2) };
    day.call(at, server, 514, Traffic::udp(n, up, 0, 0.0, seconds));
}
