//! Which hosts and ports answer: one port on many hosts, or many ports on one.

use std::net::Ipv4Addr;

use crate::attack::Campaign;
use crate::flow::State;
use crate::shape;
use crate::traffic::Traffic;

const DOORS: [u16; 16] = [445, 22, 3389, 80, 443, 443, 23, 8080, 993, 5432, 8883, 135, 139, 25, 53, 389];
/// Doors for datagrams, where most hosts keep silent.
const SILENT_DOORS: [u16; 4] = [161, 53, 123, 514];

#[derive(Clone, Copy)]
enum Variant {
    AcrossHosts,
    AcrossPorts,
    Datagrams,
}

/// Knocks at door after door at the scanner's own pace, out of order so as not to be seen.
pub(super) fn unfold(campaign: &mut Campaign) {
    let variant =
        campaign.choose(&[(0.4, Variant::AcrossHosts), (0.45, Variant::AcrossPorts), (0.15, Variant::Datagrams)]);
    let pace = campaign.draw.log_normal(2.0, 0.8);
    let door = campaign.draw.pick(&DOORS);
    let target = campaign.victim(|_| true).addr;
    while campaign.goes_on() {
        match variant {
            Variant::AcrossHosts => {
                let dst = campaign.victim(|_| true).addr;
                knock(campaign, dst, door);
            }
            Variant::AcrossPorts => {
                let port = any_port(campaign);
                knock(campaign, target, port);
            }
            Variant::Datagrams => ask_datagram(campaign),
        }
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
    shape::odd_port(&mut campaign.draw)
}

/// Most doors are silent or closed; an open one is left again at once.
fn knock(campaign: &mut Campaign, dst: Ipv4Addr, port: u16) {
    let rtt = campaign.rtt(dst);
    let draw = &mut campaign.draw;
    let traffic = match draw.weighted(&[(0.5, 0), (0.38, 1), (0.12, 2)]) {
        0 => {
            let tries = draw.weighted(&[(0.4, 1), (0.3, 2), (0.2, 3), (0.1, 4)]);
            Traffic::unanswered(draw, tries)
        }
        1 => Traffic::refused(draw, rtt),
        _ => {
            let down = draw.log_normal(150.0, 0.9);
            Traffic::tcp(draw, 80.0, down, rtt, 0.05).reset(State::ResetBySource)
        }
    };
    campaign.call(dst, port, traffic);
}
