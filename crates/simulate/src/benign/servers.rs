//! What servers do of themselves: forward, replicate, watch, audit, back up.

use crate::benign::Day;
use crate::benign::{clockwork, files, mishap, web};
use crate::calendar::{Rhythm, SECOND};
use crate::flow::State;
use crate::shape;
use crate::site::{Host, Pool, Role};
use crate::traffic::Traffic;

/// One server's day: the habits all servers have, then its own.
pub(super) fn server(day: &mut Day) {
    for at in day.rounds(1_800.0, 0.02) {
        clockwork::set_clock(day, at);
    }
    for at in day.moments(Rhythm::Flat, 30.0) {
        clockwork::syslog(day, at);
    }
    for at in day.moments(Rhythm::Flat, 14.0) {
        web::phone_home(day, at);
    }
    for at in day.moments(Rhythm::Flat, 2.5) {
        mishap::stale(day, at);
    }
    for at in day.rounds(7_200.0, 0.01) {
        copy_by_cron(day, at);
    }
    if day.host.role != Role::BackupServer {
        files::back_up(day);
    }
    match day.host.role {
        Role::NameServer => forward_names(day),
        Role::MailServer => deliver_mail(day),
        Role::WebServer | Role::AppServer => use_database(day),
        Role::Monitor => watch_all(day),
        Role::Auditor => audit(day),
        Role::BackupServer => copy_offsite(day),
        _ => {}
    }
}

/// A job copies something over ssh by the clock, mostly little.
fn copy_by_cron(day: &mut Day, at: i64) {
    let server = day.site.some_host(&mut day.draw, |h| h.role.is_server()).addr;
    let rtt = day.site.rtt(&mut day.draw, server);
    let traffic =
        if day.draw.chance(0.7) { shape::login(&mut day.draw, rtt) } else { shape::shell(&mut day.draw, rtt) };
    day.call(at, server, 22, traffic);
}

/// Names the site does not know are asked for outside.
fn forward_names(day: &mut Day) {
    for at in day.moments(Rhythm::Office, 420.0) {
        let server = day.site.visited(&mut day.draw, Pool::NameServers);
        let rtt = day.site.rtt(&mut day.draw, server);
        let traffic = shape::name_query(&mut day.draw, rtt);
        day.call(at, server, 53, traffic);
    }
}

/// Mail leaves; some receivers are away and tried again.
fn deliver_mail(day: &mut Day) {
    for at in day.moments(Rhythm::Office, 120.0) {
        let mut at = day.look_up(at);
        let server = day.site.visited(&mut day.draw, Pool::Mail);
        if day.draw.chance(0.06) {
            for _ in 0..day.draw.whole(1, 3) {
                let refused = day.draw.chance(0.4);
                mishap::knock(day, at, server, 25, refused);
                at = day.later(at, 90.0, 0.8);
            }
            continue;
        }
        let rtt = day.site.rtt(&mut day.draw, server);
        let up =
            if day.draw.chance(0.2) { day.draw.log_normal(400_000.0, 1.3) } else { day.draw.log_normal(9_000.0, 0.9) };
        let idle = day.draw.log_normal(1.0, 0.9);
        let traffic = Traffic::tcp(&mut day.draw, up, 1_500.0, rtt, idle);
        day.call(at, server, 25, traffic);
    }
}

/// The site's programs ask the database.
fn use_database(day: &mut Day) {
    let server = day.site.server(Role::AppServer);
    for at in day.moments(Rhythm::Visitors, 90.0) {
        let (up, down) = (day.draw.log_normal(1_800.0, 1.0), day.draw.log_normal(8_000.0, 1.6));
        let idle = day.draw.log_normal(0.3, 1.6);
        let traffic = Traffic::tcp(&mut day.draw, up, down, 0.0005, idle);
        day.call(at, server, 5432, traffic);
    }
}

/// The monitor asks each server in turn whether its service is up, by the clock.
fn watch_all(day: &mut Day) {
    let targets: Vec<Host> = day.site.hosts.iter().take(60).cloned().collect();
    for at in day.rounds(4_800.0, 0.005) {
        let mut at = at;
        for target in &targets {
            probe(day, at, target);
            at += day.draw.whole(200_000, 1_400_000) as i64;
        }
    }
}

/// One health check.
fn probe(day: &mut Day, at: i64, target: &Host) {
    let port = match target.role {
        Role::MailServer => 25,
        Role::WebServer => 443,
        Role::FileServer => 445,
        Role::AppServer => 5432,
        Role::Printer => 9100,
        Role::NameServer => 389,
        _ => 22,
    };
    let rtt = day.site.rtt(&mut day.draw, target.addr);
    let traffic = match day.draw.weighted(&[(0.4, 0), (0.3, 1), (0.25, 2), (0.05, 3)]) {
        0 => Traffic::icmp(&mut day.draw, 1, 1, 56.0, rtt),
        1 => Traffic::udp(1, 80.0, 1, 120.0, rtt * 2.0),
        2 => Traffic::tcp(&mut day.draw, 90.0, 160.0, rtt, 0.02).reset(State::ResetBySource),
        _ => {
            let refused = day.draw.chance(0.5);
            return mishap::knock(day, at, target.addr, port, refused);
        }
    };
    day.call(at, target.addr, if traffic.proto == crate::flow::Proto::Udp { 161 } else { port }, traffic);
}

/// The auditor looks through some hosts for open doors, each quickly and in order, as such tools do; and the
/// automation beside it logs in to every server.
fn audit(day: &mut Day) {
    for start in day.moments(Rhythm::Flat, 5.0) {
        let target = day.site.some_host(&mut day.draw, |_| true).addr;
        let mut at = start;
        mishap::ping(day, at);
        for port in [21, 22, 23, 25, 80, 110, 135, 139, 143, 443, 445, 993, 1433, 3306, 3389, 5432, 5985, 8080] {
            at += day.draw.whole(30_000, 220_000) as i64;
            match day.draw.weighted(&[(0.5, 0), (0.28, 1), (0.22, 2)]) {
                0 => mishap::knock(day, at, target, port, true),
                1 => mishap::knock(day, at, target, port, false),
                _ => {
                    let rtt = day.site.rtt(&mut day.draw, target);
                    let down = day.draw.log_normal(300.0, 1.0);
                    let traffic = Traffic::tcp(&mut day.draw, 120.0, down, rtt, 0.1).reset(State::ResetBySource);
                    day.call(at, target, port, traffic);
                }
            }
        }
    }
    distribute(day);
    let servers: Vec<Host> = day.site.hosts.iter().filter(|h| h.role.is_server()).take(16).cloned().collect();
    for start in day.rounds(21_600.0, 0.01) {
        let mut at = start;
        for server in &servers {
            let rtt = day.site.rtt(&mut day.draw, server.addr);
            let windows = server.index.is_multiple_of(2);
            let traffic =
                if windows { shape::remote_command(&mut day.draw, rtt) } else { shape::login(&mut day.draw, rtt) };
            at += (traffic.seconds * SECOND as f64) as i64;
            day.call(at, server.addr, if windows { 5985 } else { 22 }, traffic);
        }
    }
}

/// Software goes out to the workstations that are on: a look at each, a copy to its share, a command to install it.
fn distribute(day: &mut Day) {
    for start in day.moments(Rhythm::Office, 1.5) {
        let mut at = start;
        for _ in 0..12 {
            let target = day.site.some_host(&mut day.draw, |h| h.role.is_personal()).addr;
            if day.draw.chance(0.25) {
                mishap::knock(day, at, target, 445, false);
                continue;
            }
            for port in [135, 445, 5985] {
                let traffic = match port {
                    445 => shape::share_session(&mut day.draw, 0.0007),
                    _ => shape::remote_command(&mut day.draw, 0.0007),
                };
                day.call(at, target, port, traffic);
                at = day.later(at, 1.5, 0.6);
            }
        }
    }
}

/// The backup server sends its newest pieces to another site, one after the other, all night.
fn copy_offsite(day: &mut Day) {
    let server = day.site.outside(Pool::Cloud, 11);
    for at in day.rounds(2_400.0, 0.4) {
        let rtt = day.site.rtt(&mut day.draw, server);
        let traffic = shape::upload(&mut day.draw, rtt);
        let port = day.draw.weighted(&[(0.7, 443), (0.3, 22)]);
        day.call(at, server, port, traffic);
    }
}
