//! Floods of half-open connections, and datagrams that do not go together again.

use crate::attack::Campaign;
use crate::flow::Proto;
use crate::shape;
use crate::site::Role;
use crate::traffic::Traffic;

/// SYN after SYN at one service, faster than it can forget them. Each alone is a connection that got no answer.
pub(super) fn syn_flood(campaign: &mut Campaign) {
    let role = campaign.choose(&[
        (0.5, Role::WebServer),
        (0.15, Role::MailServer),
        (0.15, Role::AppServer),
        (0.1, Role::NameServer),
        (0.1, Role::FileServer),
    ]);
    let dst = campaign.victim(|h| h.role == role).addr;
    let port = match role {
        Role::MailServer => campaign.draw.pick(&[25, 993, 993]),
        Role::AppServer => campaign.draw.pick(&[5432, 443]),
        Role::NameServer => campaign.draw.pick(&[53, 53, 389]),
        Role::FileServer => 445,
        _ => campaign.draw.weighted(&[(0.8, 443), (0.2, 80)]),
    };
    let pace = campaign.draw.log_normal(0.35, 0.8);
    while campaign.goes_on() {
        let traffic = if campaign.draw.chance(0.12) {
            let rtt = campaign.rtt(dst);
            Traffic::refused(&mut campaign.draw, rtt)
        } else {
            let tries = campaign.draw.weighted(&[(0.3, 1), (0.25, 2), (0.3, 3), (0.15, 4)]);
            Traffic::unanswered(&mut campaign.draw, tries)
        };
        campaign.call(dst, port, traffic);
        campaign.wait(pace, 0.6);
    }
}

/// Datagrams and echoes in pieces that overlap or never end; some pass whole.
pub(super) fn fragment(campaign: &mut Campaign) {
    let dst = campaign.victim(|h| h.role.is_server()).addr;
    let (proto, port) = campaign.choose(&[
        (0.35, (Proto::Icmp, 0)),
        (0.26, (Proto::Udp, 53)),
        (0.16, (Proto::Udp, 123)),
        (0.08, (Proto::Udp, 514)),
        (0.07, (Proto::Udp, 4500)),
        (0.08, (Proto::Udp, 0)),
    ]);
    let pace = campaign.draw.log_normal(1.5, 0.8);
    while campaign.goes_on() {
        let rtt = campaign.rtt(dst);
        let draw = &mut campaign.draw;
        let n = draw.weighted(&[(0.35, 1u32), (0.3, 2), (0.2, 4), (0.15, 9)]);
        let mut traffic = if proto == Proto::Icmp {
            let answered = if draw.chance(0.5) { n } else { 0 };
            let payload = draw.weighted(&[(0.4, 56.0), (0.3, 32.0), (0.3, 1_472.0)]);
            Traffic::icmp(draw, n, answered, payload, rtt)
        } else {
            let up = f64::from(n) * draw.between(24.0, 900.0);
            let answered = if draw.chance(0.45) { n } else { 0 };
            let seconds = rtt + f64::from(n - 1) * draw.log_normal(0.1, 1.0);
            let down = f64::from(answered) * draw.between(40.0, 500.0);
            Traffic::udp(n, up, answered, down, seconds)
        };
        if draw.chance(0.62) {
            traffic.wrong_fragment = draw.weighted(&[(0.5, 1), (0.25, 2), (0.25, 3)]);
        }
        let port = if (proto, port) == (Proto::Udp, 0) { shape::odd_port(draw) } else { port };
        campaign.call(dst, port, traffic);
        campaign.wait(pace, 0.5);
    }
}
