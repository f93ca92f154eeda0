//! An implant asks its controller for orders at a steady beat.

use std::net::Ipv4Addr;

use crate::attack::Campaign;
use crate::flow::State;
use crate::site::{Pool, Role};
use crate::traffic::Traffic;

/// The same small exchange over and over, now and then with a report right behind it. Over the web the name was resolved once
/// and is not asked for again; over DNS the questions themselves carry the talk, through the site's own name server.
pub(super) fn unfold(campaign: &mut Campaign) {
    let pool = campaign.draw.weighted(&[(0.6, Pool::Cloud), (0.4, Pool::Web)]);
    let controller = campaign.site.visited(&mut campaign.draw, pool);
    let port = campaign.choose(&[(0.62, 443), (0.08, 80), (0.04, 8443), (0.1, 8883), (0.16, 53)]);
    let period = campaign.draw.log_normal(40.0, 0.4);
    let jitter = campaign.draw.between(0.03, 0.1);
    let up = campaign.draw.log_normal(600.0, 0.3);
    let down = campaign.draw.log_normal(310.0, 0.35);
    while campaign.goes_on() {
        if port == 53 {
            let server = campaign.site.server(Role::NameServer);
            let traffic = ask(campaign, up / 7.0, down / 2.0);
            campaign.call(server, port, traffic);
        } else {
            let traffic = call_in(campaign, controller, up, down);
            campaign.call(controller, port, traffic);
            if campaign.draw.chance(0.4) {
                campaign.wait(1.5, 0.3);
                let report = call_in(campaign, controller, up * 1.6, down);
                campaign.call(controller, port, report);
            }
        }
        campaign.wait(period, jitter);
    }
}

/// One visit to the controller over TCP; now and then an order comes, or the controller is away.
fn call_in(campaign: &mut Campaign, controller: Ipv4Addr, up: f64, down: f64) -> Traffic {
    let rtt = campaign.rtt(controller);
    let draw = &mut campaign.draw;
    if draw.chance(0.1) {
        return Traffic::unanswered(draw, 3);
    }
    let down = if draw.chance(0.05) { draw.log_normal(9_000.0, 1.0) } else { draw.log_normal(down, 0.06) };
    let (up, idle) = (draw.log_normal(up, 0.05), draw.log_normal(0.2, 0.5));
    let end = draw.weighted(&[(0.8, State::Finished), (0.2, State::ResetBySource)]);
    Traffic::tcp(draw, up, down, rtt, idle).reset(end)
}

/// One long question to a name server that has to ask the controller's own.
fn ask(campaign: &mut Campaign, up: f64, down: f64) -> Traffic {
    let draw = &mut campaign.draw;
    let (up, down) = (draw.log_normal(up, 0.1).min(220.0), draw.log_normal(down, 0.15).min(1_200.0));
    let n = if draw.chance(0.25) { 2 } else { 1 };
    let seconds = draw.log_normal(0.05, 0.5);
    Traffic::udp(n, up * f64::from(n), n, down * f64::from(n), seconds)
}
