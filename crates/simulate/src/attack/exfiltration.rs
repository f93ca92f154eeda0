//! Data leaves in pieces of much the same size.

use crate::attack::Campaign;
use crate::site::Pool;
use crate::traffic::Traffic;

/// Piece after piece to one place outside, with a steady pause between them. Each alone is an upload.
pub(super) fn unfold(campaign: &mut Campaign) {
    let dst = campaign.site.visited(&mut campaign.draw, Pool::Cloud);
    let port = campaign.choose(&[(0.86, 443), (0.09, 22), (0.05, 80)]);
    let piece = campaign.draw.log_normal(3_000_000.0, 0.8);
    let pace = campaign.draw.log_normal(14.0, 0.6);
    while campaign.goes_on() {
        let rtt = campaign.rtt(dst);
        let draw = &mut campaign.draw;
        let (up, down) = (draw.log_normal(piece, 0.08), draw.log_normal(2_500.0, 0.3));
        let idle = draw.log_normal(1.0, 0.6);
        let traffic = Traffic::tcp(draw, up, down, rtt, idle);
        campaign.call(dst, port, traffic);
        campaign.wait(pace + traffic.seconds, 0.2);
    }
}
