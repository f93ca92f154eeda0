//! Which hosts and ports answer: one port on many hosts, or many ports on one.

use crate::attack::Campaign;
use crate::flow::State;
use crate::traffic::Traffic;

const DOORS: [u16; 16] = [445, 22, 3389, 80, 443, 443, 23, 8080, 993, 5432, 8883, 135, 139, 25, 53, 389];
/// Doors for datagrams, where most hosts keep silent.
const SILENT_DOORS: [u16; 4] = [161, 53, 123, 514];

/// Knocks at door after door at the scanner's own pace, out of order so as not to be seen.
pub(super) fn unfold(campaign: &mut Campaign) {
    let across_hosts = campaign.draw.chance(0.5);
    let pace = campaign.draw.log_normal(2.0, 0.8);
    let door = campaign.draw.pick(&DOORS);
    let target = campaign.victim(|_| true).addr;
    let datagrams = campaign.draw.chance(0.15);
    while campaign.goes_on() {
        if datagrams {
            ask_datagram(campaign);
            campaign.wait(pace, 0.35);
            continue;
        }
        let (dst, port) =
            if across_hosts { (campaign.victim(|_| true).addr, door) } else { (target, any_port(campaign)) };
        let traffic = answer(campaign, dst);
        campaign.call(dst, port, traffic);
        let pause = if campaign.draw.chance(0.04) { pace * 15.0 } else { pace };
        campaign.wait(pause, 0.35);
    }
}

/// Asks one host for one of the services that speak in datagrams.
fn ask_datagram(campaign: &mut Campaign) {
    let dst = campaign.victim(|_| true).addr;
    let port = campaign.draw.pick(&SILENT_DOORS);
    let rtt = campaign.rtt(dst);
    let n = campaign.draw.weighted(&[(0.5, 1u32), (0.3, 2), (0.2, 3)]);
    let answered = u32::from(campaign.draw.chance(0.25));
    let seconds = if n == 1 && answered == 0 { 0.0 } else { rtt + f64::from(n - 1) * campaign.draw.between(1.0, 1.02) };
    let up = f64::from(n) * campaign.draw.between(30.0, 90.0);
    campaign.call(dst, port, Traffic::udp(n, up, answered, 110.0, seconds));
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
