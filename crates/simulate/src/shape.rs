//! The sizes and durations of single exchanges, by service. Attacks draw theirs here too.

use crate::draw::Draw;
use crate::flow::{Proto, Service, State};
use crate::traffic::Traffic;

/// One question to a name server; sometimes asked twice, sometimes answered at length, seldom not at all.
pub(crate) fn name_query(draw: &mut Draw, rtt: f64) -> Traffic {
    let up = draw.between(28.0, 62.0);
    if draw.chance(0.006) {
        return Traffic::udp(3, 3.0 * up, 0, 0.0, draw.between(10.0, 10.1));
    }
    let n = if draw.chance(0.35) { 2 } else { 1 };
    let down = up * f64::from(n) + draw.log_normal(70.0, 0.7).min(4_000.0);
    let answers = n + if down > 1_400.0 { 2 } else { 0 };
    let wait = if draw.chance(0.35) { draw.log_normal(0.03, 0.8) } else { 0.0 };
    Traffic::udp(n, up * f64::from(n), answers, down, rtt * draw.between(0.9, 2.0) + wait)
}

/// One connection to a web server: small requests, answers with a heavy tail, often kept open for a while.
pub(crate) fn fetch(draw: &mut Draw, rtt: f64) -> Traffic {
    let up = draw.log_normal(1_100.0, 0.7);
    let down = if draw.chance(0.12) { draw.pareto(30_000.0, 1.15).min(4e8) } else { draw.log_normal(5_500.0, 1.4) };
    let idle = if draw.chance(0.4) { draw.log_normal(9.0, 1.1).min(300.0) } else { draw.log_normal(0.05, 1.0) };
    let traffic = Traffic::tcp(draw, up, down, rtt, idle);
    let end = draw.weighted(&[
        (0.93, State::Finished),
        (0.03, State::ResetByTarget),
        (0.025, State::ResetBySource),
        (0.015, State::Open),
    ]);
    traffic.reset(end)
}

/// A few hundred bytes each way.
pub(crate) fn small_call(draw: &mut Draw, rtt: f64) -> Traffic {
    let up = draw.log_normal(720.0, 0.5);
    let down = if draw.chance(0.04) { draw.log_normal(9_000.0, 1.0) } else { draw.log_normal(520.0, 0.65) };
    let idle = draw.log_normal(0.18, 0.8);
    let end = draw.weighted(&[(0.95, State::Finished), (0.03, State::ResetBySource), (0.02, State::ResetByTarget)]);
    Traffic::tcp(draw, up, down, rtt, idle).reset(end)
}

/// One file to the cloud.
pub(crate) fn upload(draw: &mut Draw, rtt: f64) -> Traffic {
    let up = draw.log_normal(500_000.0, 1.7).min(2e9);
    let (down, idle) = (draw.log_normal(3_000.0, 0.8), draw.log_normal(1.0, 1.0));
    Traffic::tcp(draw, up, down, rtt, idle)
}

/// One connection to a file share: from a look at a folder to a copied image.
pub(crate) fn share_session(draw: &mut Draw, rtt: f64) -> Traffic {
    let writes = draw.chance(0.3);
    let small = draw.log_normal(3_000.0, 0.8);
    let large = if draw.chance(0.45) { draw.log_normal(6_000.0, 0.9) } else { draw.pareto(20_000.0, 0.9).min(3e9) };
    let (up, down) = if writes { (large, small) } else { (small, large) };
    let idle = draw.log_normal(1.2, 1.8).min(1_800.0);
    let end = draw.weighted(&[(0.9, State::Finished), (0.06, State::ResetBySource), (0.04, State::Open)]);
    Traffic::tcp(draw, up, down, rtt, idle).reset(end)
}

/// A short ssh session: key exchange, authentication, hardly anything more. A wrong password looks the same.
pub(crate) fn login(draw: &mut Draw, rtt: f64) -> Traffic {
    let (up, down) = (draw.log_normal(2_500.0, 0.28), draw.log_normal(3_000.0, 0.28));
    let idle = draw.log_normal(1.5, 0.6);
    let end = draw.weighted(&[(0.84, State::Finished), (0.1, State::ResetByTarget), (0.06, State::ResetBySource)]);
    Traffic::tcp(draw, up, down, rtt, idle).reset(end)
}

/// A shell that somebody works in, or a copy.
pub(crate) fn shell(draw: &mut Draw, rtt: f64) -> Traffic {
    let (up, down) = (draw.log_normal(9_000.0, 1.2), draw.log_normal(30_000.0, 1.8));
    let idle = draw.log_normal(120.0, 1.6).min(20_000.0);
    Traffic::tcp(draw, up, down, rtt, idle)
}

/// A remote desktop: long, or closed at the password prompt.
pub(crate) fn desktop(draw: &mut Draw, rtt: f64) -> Traffic {
    if draw.chance(0.4) {
        return prompt(draw, rtt);
    }
    let (up, down) = (draw.log_normal(300_000.0, 1.2), draw.log_normal(4e6, 1.3));
    let idle = draw.log_normal(600.0, 1.2).min(20_000.0);
    Traffic::tcp(draw, up, down, rtt, idle)
}

/// A command on another machine (WinRM, WMI).
pub(crate) fn remote_command(draw: &mut Draw, rtt: f64) -> Traffic {
    let (up, down) = (draw.log_normal(4_500.0, 0.9), draw.log_normal(5_500.0, 1.0));
    let idle = draw.log_normal(0.9, 1.1);
    let end = draw.weighted(&[(0.9, State::Finished), (0.06, State::ResetByTarget), (0.04, State::ResetBySource)]);
    Traffic::tcp(draw, up, down, rtt, idle).reset(end)
}

/// A remote desktop closed at the password prompt.
pub(crate) fn prompt(draw: &mut Draw, rtt: f64) -> Traffic {
    let (up, down, idle) = (draw.log_normal(3_000.0, 0.4), draw.log_normal(5_000.0, 0.5), draw.log_normal(3.0, 0.7));
    Traffic::tcp(draw, up, down, rtt, idle).reset(State::ResetBySource)
}

/// A mail program looks for new mail; there may be none, and a wrong password ends it as soon.
pub(crate) fn mail_poll(draw: &mut Draw, rtt: f64) -> Traffic {
    let (up, idle) = (draw.log_normal(700.0, 0.4), draw.log_normal(0.4, 1.0));
    let down = if draw.chance(0.25) { draw.pareto(4_000.0, 1.0).min(3e7) } else { draw.log_normal(1_500.0, 0.5) };
    let end = draw.weighted(&[(0.94, State::Finished), (0.04, State::ResetByTarget), (0.02, State::ResetBySource)]);
    Traffic::tcp(draw, up, down, rtt, idle).reset(end)
}

/// A port that no service is registered for; low ones more often.
pub(crate) fn odd_port(draw: &mut Draw) -> u16 {
    loop {
        let port = draw.log_normal(5_000.0, 1.2).clamp(21.0, 65_000.0) as u16;
        if Service::of_port(port, Proto::Tcp) == Service::Other {
            return port;
        }
    }
}
