//! Ways in and on: guessed passwords, and stolen rights used from host to host.

use crate::attack::Campaign;
use crate::flow::State;
use crate::shape;
use crate::site::Role;
use crate::traffic::Traffic;

/// One guess after another, far enough apart to stay below a lock-out, at a steady beat.
pub(super) fn brute_force(campaign: &mut Campaign) {
    let port = campaign.choose(&[(0.54, 22), (0.14, 3389), (0.32, 993)]);
    let dst = match port {
        993 => campaign.site.server(Role::MailServer),
        3389 => campaign.victim(|h| h.role.is_personal()).addr,
        _ => campaign.victim(|h| h.role.is_server()).addr,
    };
    let pace = campaign.draw.log_normal(22.0, 0.5);
    while campaign.goes_on() {
        let rtt = campaign.rtt(dst);
        let draw = &mut campaign.draw;
        let traffic = match port {
            _ if draw.chance(0.03) => Traffic::unanswered(draw, 2),
            22 => shape::login(draw, rtt),
            3389 => shape::prompt(draw, rtt),
            _ => shape::mail_poll(draw, rtt),
        };
        campaign.call(dst, port, traffic);
        campaign.wait(pace, 0.2);
    }
}

/// Host by host: who is there, which share opens, what can be run; then on to the next.
pub(super) fn lateral_movement(campaign: &mut Campaign) {
    let step = campaign.draw.log_normal(4.0, 0.5);
    while campaign.goes_on() {
        let at_servers = campaign.draw.chance(0.65);
        let dst = campaign.victim(|h| if at_servers { h.role.is_server() } else { h.role.is_personal() }).addr;
        if campaign.draw.chance(0.3) {
            let rtt = campaign.rtt(dst);
            let traffic = if campaign.draw.chance(0.5) {
                Traffic::refused(&mut campaign.draw, rtt)
            } else {
                Traffic::unanswered(&mut campaign.draw, 3)
            };
            campaign.call(dst, 445, traffic);
            campaign.wait(step, 0.5);
            continue;
        }
        for port in [445, 135, 445, 5985, 3389] {
            if campaign.draw.chance(0.3) {
                continue;
            }
            let rtt = campaign.rtt(dst);
            let draw = &mut campaign.draw;
            let traffic = match port {
                445 => shape::share_session(draw, rtt),
                3389 => shape::prompt(draw, rtt),
                _ => shape::remote_command(draw, rtt),
            };
            let traffic = if traffic.state == State::Open { traffic.reset(State::Finished) } else { traffic };
            campaign.call(dst, port, traffic);
            campaign.wait(step, 0.5);
        }
        campaign.wait(step * 4.0, 0.5);
    }
}
