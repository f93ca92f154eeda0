//! Which hosts and ports answer: one port on many hosts, or many ports on one.

use crate::attack::Campaign;
use crate::flow::State;
use crate::traffic::Traffic;

const DOORS: [u16; 10] = [445, 22, 3389, 80, 443, 23, 8080, 5985, 135, 139];

/// Knocks at door after door at the scanner's own pace, out of order so as not to be seen.
pub(super) fn unfold(campaign: &mut Campaign) {
    let across_hosts = campaign.draw.chance(0.5);
    let pace = campaign.draw.log_normal(2.0, 0.8);
    let door = campaign.draw.pick(&DOORS);
    let target = campaign.victim(|_| true).addr;
    while campaign.goes_on() {
        let (dst, port) =
            if across_hosts { (campaign.victim(|_| true).addr, door) } else { (target, any_port(campaign)) };
        let traffic = answer(campaign, dst);
        campaign.call(dst, port, traffic);
        let pause = if campaign.draw.chance(0.04) { pace * 15.0 } else { pace };
        campaign.wait(pause, 0.35);
    }
}

fn any_port(campaign: &mut Campaign) -> u16 {
    if campaign.draw.chance(0.5) {
        return campaign.draw.pick(&DOORS);
    }
    campaign.draw.log_normal(4_500.0, 1.2).clamp(21.0, 65_000.0) as u16
}

/// Most doors are silent or closed; an open one is left again at once.
fn answer(campaign: &mut Campaign, dst: std::net::Ipv4Addr) -> Traffic {
    let rtt = campaign.rtt(dst);
    let draw = &mut campaign.draw;
    match draw.weighted(&[(0.5, 0), (0.38, 1), (0.12, 2)]) {
        0 => {
            let tries = draw.weighted(&[(0.4, 1), (0.3, 2), (0.2, 3), (0.1, 4)]);
            Traffic::unanswered(draw, tries)
        }
        1 => Traffic::refused(draw, rtt),
        _ => {
            let down = draw.log_normal(150.0, 0.9);
            Traffic::tcp(draw, 80.0, down, rtt, 0.05).reset(State::ResetBySource)
        }
    }
}
