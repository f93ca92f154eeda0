//! What a watch tells.

use nta_pipeline::{WatchEvent, WatchStatus, thousands};

use crate::visible::one_line;

/// The event as one line.
pub(crate) fn watching(event: &WatchEvent) -> String {
    match event {
        WatchEvent::Begun { model, resumed, reorder, as_they_come, most_alerts_a_day } => {
            let state = resumed.map_or("from the front of every source".to_owned(), |flows| {
                format!("going on behind {} flows", thousands(flows))
            });
            let order = match (reorder.is_zero(), as_they_come) {
                (false, _) => format!("; in order of their ends within {} s", reorder.as_secs_f64()),
                (true, false) => String::new(),
                (true, true) => {
                    "; the model learned from flows in order of their ends, and scores them here as they come"
                        .to_owned()
                }
            };
            let most =
                most_alerts_a_day.map_or(String::new(), |most| format!("; {} alerts a day at most", thousands(most)));
            format!("watching    with {model}, {state}{order}{most}")
        }
        WatchEvent::BudgetSpent { alerts } => {
            format!(
                "held back   {} alerts of this day are written, further ones are counted (--most-alerts)",
                thousands(*alerts)
            )
        }
        WatchEvent::Lost { source } => {
            format!("lost        {source}: the file read last is gone; read from its front, what stood between is lost")
        }
        WatchEvent::Cold => "cold        the memory saved is another model's: hosts begin anew".to_owned(),
        WatchEvent::Took { model, warmed } => {
            format!("model       {model} takes over, warmed by the last {} flows", thousands(*warmed as u64))
        }
        WatchEvent::CannotTake { model } => {
            format!(
                "model       {model} reads traffic in another way and cannot take over; end this watch and begin another"
            )
        }
        WatchEvent::Damaged { problem } => format!("model       the one before goes on: {problem}"),
        WatchEvent::BadList { problem } => format!("list        the one before holds: {problem}"),
        WatchEvent::NoRoom { problem } => format!("waiting     for room: {problem}"),
        WatchEvent::Ended { source, problem: None } => format!("ended       {source}"),
        WatchEvent::Ended { source, problem: Some(problem) } => format!("ended       {source}: {problem}"),
        WatchEvent::Status(status) => {
            let (counts, rate) = (&status.counts, status.rate);
            let mut line = format!(
                "{} flows, {} alerts of {} flagged, {rate:.0} flows/s",
                thousands(counts.flows),
                thousands(counts.alerts),
                thousands(counts.flagged),
            );
            let [_, damaged, dropped] = counts.datagrams;
            let given_up: u64 = status.forwarded.values().map(|to| to.given_up).sum();
            let further = [
                (counts.grouped, "in groups"),
                (counts.suppressed, "suppressed"),
                (counts.over_budget, "over the day's budget"),
                (counts.late, "late"),
                (counts.early, "scored early for want of room"),
                (counts.set_aside, "lines that cannot be read"),
                (counts.left_out, "lines without a flow"),
                (damaged, "datagrams damaged"),
                (dropped, "datagrams dropped"),
                (counts.packets[1], "packets dropped"),
                (counts.lost_files, "rotated files gone before they were read"),
                (counts.no_room, "tries without room on the disk"),
                (given_up, "given up before they were sent"),
            ];
            for (n, what) in further.iter().filter(|(n, _)| *n > 0) {
                line.push_str(&format!(", {} {what}", thousands(*n)));
            }
            format!("so far      {line}")
        }
    }
}

/// Where it stands, in one line.
pub(crate) fn standing(status: &WatchStatus) -> String {
    let mut line = format!(
        "nta watch · {} · {} flows · {}/s",
        one_line(&status.model),
        thousands(status.counts.flows),
        thousands(status.rate.round().max(0.0) as u64)
    );
    if let Some(lag) = status.lag {
        line.push_str(&format!(" · lag {}", seconds(lag)));
    }
    if let Some(latency) = status.latency_99 {
        line.push_str(&format!(" · latency {} (99 %)", seconds(latency)));
    }
    line
}

/// What the model promises, and what is observed today.
pub(crate) fn promised(status: &WatchStatus) -> Vec<String> {
    let percent = |share: f64| format!("{:.2} %", 100.0 * share);
    let today = &status.counts.today;
    let mut lines = Vec::new();
    if let Some(promise) = &status.promise {
        let whose = if promise.of_site { "of the site's benign" } else { "of benign flows" };
        lines.push(format!("promised  ≤ {} {whose}", percent(promise.budget)));
        lines.push(format!("          ≤ {} of today's", thousands((promise.budget * today.flows as f64) as u64)));
    }
    lines.push(match (&status.flagged_share, today.flows) {
        (Some(between), 1..) => format!(
            "observed  {} [{}, {}]",
            percent(today.flagged as f64 / today.flows as f64),
            percent(between.low),
            percent(between.high)
        ),
        _ => "observed  no flow today".to_owned(),
    });
    lines.push(format!("          {} flagged, {} alerts today", thousands(today.flagged), thousands(today.alerts)));
    if let Some(promise) = &status.promise {
        lines.push(match promise.holds {
            None => "drift     too few flows to tell".to_owned(),
            Some(true) => "drift     none".to_owned(),
            Some(false) => {
                let moved: Vec<String> =
                    promise.moved.iter().take(3).map(|c| format!("{} {:.2}", one_line(&c.name), c.psi)).collect();
                format!("drift     {}", moved.join(", "))
            }
        });
    }
    lines
}

/// What was counted since the watch first began; nothing that is dropped or held back goes untold.
pub(crate) fn counted(status: &WatchStatus) -> Vec<String> {
    let counts = &status.counts;
    let [_, damaged, dropped] = counts.datagrams;
    let sum = |of: fn(&nta_pipeline::Forwarded) -> u64| status.forwarded.values().map(of).sum::<u64>();
    let n = |n: u64| thousands(n);
    vec![
        format!("alerts   {} of {} flagged", n(counts.alerts), n(counts.flagged)),
        format!(
            "held     {} grouped, {} listed, {} over",
            n(counts.grouped),
            n(counts.suppressed),
            n(counts.over_budget)
        ),
        format!("order    {} late, {} early, {} waiting", n(counts.late), n(counts.early), n(status.waiting)),
        format!(
            "lines    {} unreadable, {} no flow{}",
            n(counts.set_aside),
            n(counts.left_out),
            if counts.lost_files > 0 { format!(", {} files lost", n(counts.lost_files)) } else { String::new() }
        ),
        format!("dropped  {} datagrams, {} packets, {} damaged", n(dropped), n(counts.packets[1]), n(damaged)),
        format!(
            "sent on  {}, {} failed, {} given up",
            n(sum(|to| to.sent)),
            n(sum(|to| to.failed)),
            n(sum(|to| to.given_up))
        ),
    ]
}

/// A time as short as it can be said.
fn seconds(seconds: f64) -> String {
    match seconds {
        s if s < 0.0995 => format!("{:.0} ms", 1_000.0 * s.max(0.0)),
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7_200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.0} h", s / 3_600.0),
        s => format!("{:.0} days", s / 86_400.0),
    }
}
