//! Shares, print jobs, shells and backups inside the site.

use std::net::Ipv4Addr;

use crate::benign::Day;
use crate::calendar::{HOUR, SECOND};
use crate::shape;
use crate::site::{Pool, Role};
use crate::traffic::Traffic;

/// A user opens a share: a ticket from the directory, then files of any size.
pub(super) fn use_share(day: &mut Day, start: i64) {
    let mut at = start;
    if day.draw.chance(0.75) {
        at = ask_directory(day, at);
    }
    let server = day.site.server(Role::FileServer);
    for _ in 0..1 + day.draw.poisson(1.3) {
        let rtt = day.site.rtt(&mut day.draw, server);
        let traffic = shape::share_session(&mut day.draw, rtt);
        day.call(at, server, 445, traffic);
        at = day.later(at, 15.0, 1.4);
    }
}

/// A ticket (Kerberos) and sometimes a search in the directory (LDAP), both on the site's name server.
pub(super) fn ask_directory(day: &mut Day, at: i64) -> i64 {
    let server = day.site.server(Role::NameServer);
    let (up, down, idle) = (day.draw.log_normal(1_500.0, 0.2), day.draw.log_normal(1_600.0, 0.2), 0.002);
    let ticket = Traffic::tcp(&mut day.draw, up, down, 0.0006, idle);
    day.call(at, server, 88, ticket);
    let mut at = day.later(at, 0.02, 0.6);
    if day.draw.chance(0.35) {
        let policy = shape::remote_command(&mut day.draw, 0.0006);
        day.call(at, server, 135, policy);
        at = day.later(at, 0.05, 0.6);
    }
    if day.draw.chance(0.4) {
        let (up, down) = (day.draw.log_normal(600.0, 0.4), day.draw.log_normal(3_000.0, 0.8));
        let search = Traffic::tcp(&mut day.draw, up, down, 0.0006, 0.01);
        day.call(at, server, 389, search);
        at = day.later(at, 0.03, 0.6);
    }
    at
}

/// A document goes to a printer.
pub(super) fn print(day: &mut Day, at: i64) {
    let printer = day.site.some_host(&mut day.draw, |h| h.role == Role::Printer).addr;
    let port = day.draw.weighted(&[(0.7, 9100), (0.3, 631)]);
    let (up, idle) = (day.draw.log_normal(180_000.0, 1.3), day.draw.log_normal(3.0, 0.7));
    let traffic = Traffic::tcp(&mut day.draw, up, 900.0, 0.002, idle);
    day.call(at, printer, port, traffic);
}

/// A developer's editor fetches from a repository over ssh; unattended, some times in a row.
pub(super) fn fetch_code(day: &mut Day, start: i64) {
    let inside = day.draw.chance(0.5);
    let server = if inside { day.site.server(Role::AppServer) } else { day.site.visited(&mut day.draw, Pool::Cloud) };
    let mut at = if day.draw.chance(0.6) { day.look_up(start) } else { start };
    for _ in 0..day.draw.weighted(&[(0.7, 1), (0.2, 2), (0.1, 3)]) {
        let rtt = day.site.rtt(&mut day.draw, server);
        let traffic =
            if day.draw.chance(0.85) { shape::login(&mut day.draw, rtt) } else { shape::shell(&mut day.draw, rtt) };
        day.call(at, server, 22, traffic);
        at = day.later(at, 5.0, 1.0);
    }
}

/// An administrator looks after a server: a shell, a desktop or a remote command, seldom only one.
pub(super) fn administer(day: &mut Day, start: i64) {
    let mut at = if day.draw.chance(0.7) { ask_directory(day, start) } else { start };
    for _ in 0..1 + day.draw.poisson(1.0) {
        let server = day.site.some_host(&mut day.draw, |h| h.role.is_server() || h.role.is_personal()).addr;
        at = remote_work(day, at, server);
    }
}

/// One piece of remote work on `server`; returns when the next may start.
fn remote_work(day: &mut Day, at: i64, server: Ipv4Addr) -> i64 {
    let rtt = day.site.rtt(&mut day.draw, server);
    let port = day.draw.weighted(&[(0.34, 22), (0.16, 3389), (0.2, 5985), (0.16, 135), (0.14, 445)]);
    let traffic = match port {
        22 if day.draw.chance(0.5) => shape::login(&mut day.draw, rtt),
        22 => shape::shell(&mut day.draw, rtt),
        3389 => shape::desktop(&mut day.draw, rtt),
        445 => shape::share_session(&mut day.draw, rtt),
        _ => shape::remote_command(&mut day.draw, rtt),
    };
    day.call(at, server, port, traffic);
    day.later(at, 25.0, 1.2)
}

/// One host's daily backup: streams to the backup server one after the other, by night where the host is on, else at
/// lunch.
pub(super) fn back_up(day: &mut Day) {
    let server = day.site.server(Role::BackupServer);
    let at_night = !day.host.role.is_personal() || day.host.stays_on;
    let hour = if at_night { day.draw.between(1.0, 4.5) } else { day.draw.between(11.5, 13.5) };
    let mut at = day.date.midnight + (hour * HOUR as f64) as i64;
    for _ in 0..day.draw.poisson(2.5 * day.rate) {
        let up = day.draw.log_normal(8e6, 1.6).min(2e10);
        let (down, idle) = (day.draw.log_normal(9_000.0, 0.8), day.draw.log_normal(4.0, 1.0));
        let traffic = Traffic::tcp(&mut day.draw, up, down, 0.0006, idle);
        day.call(at, server, 10_080, traffic);
        at = day.later(at + (traffic.seconds * SECOND as f64) as i64, 2.0, 1.0);
    }
}
