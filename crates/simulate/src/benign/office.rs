//! A person's day at a workstation.

use crate::benign::Day;
use crate::benign::{clockwork, files, mishap, web};
use crate::calendar::Rhythm;
use crate::flow::State;
use crate::shape;
use crate::site::{Pool, Role};
use crate::traffic::Traffic;

/// All that happens on one person's machine in one day, unless they stay at home.
pub(super) fn person(day: &mut Day) {
    let there = day.draw.chance(if day.date.weekend { 0.14 } else { 0.93 });
    if day.host.stays_on {
        idle_machine(day);
    }
    if !there {
        return;
    }
    each(day, 8.5, web::browse);
    each(day, 26.0, web::phone_home);
    each(day, 24.0, poll_mail);
    each(day, 4.0, send_mail);
    each(day, 7.0, files::use_share);
    each(day, 3.2, mishap::stale);
    each(day, 1.2, mishap::ping);
    each(day, 1.0, files::print);
    each(day, 0.5, use_terminal_server);
    each(day, 1.1, call_colleague);
    each(day, 0.8, update);
    each(day, 6.0, clockwork::set_clock);
    if day.host.syncs {
        each(day, 3.5, web::sync);
    }
    if day.host.peers {
        each(day, 1.2, mishap::find_peers);
    }
    match day.host.role {
        Role::Developer => {
            each(day, 9.0, files::fetch_code);
            each(day, 1.0, files::administer);
        }
        Role::Admin => {
            each(day, 4.0, files::fetch_code);
            each(day, 9.0, files::administer);
            each(day, 0.5, look_around);
        }
        _ => {}
    }
    if day.draw.chance(0.6) {
        files::back_up(day);
    }
}

/// Does `what` about `mean` times in office hours.
fn each(day: &mut Day, mean: f64, what: fn(&mut Day, i64)) {
    for at in day.moments(Rhythm::Office, mean) {
        what(day, at);
    }
}

/// A machine left on overnight still sets its clock, fetches updates and reports home.
fn idle_machine(day: &mut Day) {
    for at in day.moments(Rhythm::Flat, 18.0) {
        web::phone_home(day, at);
    }
    for at in day.moments(Rhythm::Flat, 8.0) {
        clockwork::set_clock(day, at);
    }
    for at in day.moments(Rhythm::Flat, 1.0) {
        mishap::stale(day, at);
    }
}

/// The mail program looks for new mail.
fn poll_mail(day: &mut Day, at: i64) {
    let server = day.site.server(Role::MailServer);
    let traffic = shape::mail_poll(&mut day.draw, 0.0007);
    day.call(at, server, 993, traffic);
}

/// A message goes out, sometimes with a large attachment.
fn send_mail(day: &mut Day, at: i64) {
    let server = day.site.server(Role::MailServer);
    let up = if day.draw.chance(0.25) {
        day.draw.log_normal(900_000.0, 1.3).min(4e7)
    } else {
        day.draw.log_normal(6_000.0, 0.8)
    };
    let idle = day.draw.log_normal(0.6, 0.8);
    let traffic = Traffic::tcp(&mut day.draw, up, 900.0, 0.0007, idle);
    day.call(at, server, 587, traffic);
}

/// Some programs live on a server, used over its remote desktop.
fn use_terminal_server(day: &mut Day, start: i64) {
    let at = files::ask_directory(day, start);
    let server = day.site.server(Role::AppServer);
    let traffic = shape::desktop(&mut day.draw, 0.0007);
    day.call(at, server, 3389, traffic);
}

/// A call with picture: one signalling connection, one or two streams of datagrams as large both ways.
fn call_colleague(day: &mut Day, start: i64) {
    let at = day.look_up(start);
    let server = day.site.visited(&mut day.draw, Pool::Cloud);
    let rtt = day.site.rtt(&mut day.draw, server);
    let minutes = day.draw.log_normal(11.0, 1.0).min(120.0);
    let signalling = Traffic::tcp(&mut day.draw, 9_000.0, 14_000.0, rtt, minutes * 60.0);
    day.call(at, server, 443, signalling);
    for _ in 0..day.draw.whole(1, 2) {
        let n = (minutes * 60.0 * day.draw.between(20.0, 90.0)) as u32 + 1;
        let m = (f64::from(n) * day.draw.between(0.5, 1.6)) as u32 + 1;
        let size = day.draw.between(200.0, 900.0);
        let relayed = day.draw.chance(0.7);
        let port = if relayed { 3478 } else { day.draw.whole(50_000, 59_000) as u16 };
        let traffic = Traffic::udp(n, f64::from(n) * size, m, f64::from(m) * size, minutes * 60.0);
        let at = day.later(at, 1.0, 0.4);
        day.call(at, server, port, traffic);
    }
}

/// Updates come: a catalogue, then packages.
fn update(day: &mut Day, start: i64) {
    let mut at = day.look_up(start);
    let server = day.site.visited(&mut day.draw, Pool::Web);
    for i in 0..2 + day.draw.poisson(2.0) {
        let rtt = day.site.rtt(&mut day.draw, server);
        let down = if i == 0 { day.draw.log_normal(60_000.0, 0.8) } else { day.draw.log_normal(2e6, 1.7).min(3e9) };
        let traffic = Traffic::tcp(&mut day.draw, 1_500.0, down, rtt, 0.1).reset(State::Finished);
        let port = day.draw.weighted(&[(0.7, 443), (0.3, 80)]);
        day.call(at, server, port, traffic);
        at = day.later(at, 2.0, 1.0);
    }
}

/// An administrator sees which machines of a row are up: a few doors knocked at, by hand.
fn look_around(day: &mut Day, start: i64) {
    let mut at = start;
    let port = day.draw.pick(&[22, 445, 3389, 443, 80]);
    for _ in 0..2 + day.draw.poisson(2.5) {
        let dst = day.site.some_host(&mut day.draw, |_| true).addr;
        if day.draw.chance(0.4) {
            let rtt = day.site.rtt(&mut day.draw, dst);
            let traffic = Traffic::tcp(&mut day.draw, 60.0, 60.0, rtt, 0.05).reset(State::ResetBySource);
            day.call(at, dst, port, traffic);
        } else {
            let refused = day.draw.chance(0.5);
            mishap::knock(day, at, dst, port, refused);
        }
        at = day.later(at, 4.0, 1.0);
    }
}
