//! What a watch tells.

use nta_pipeline::{WatchEvent, thousands};

/// The event as one line.
pub(crate) fn watching(event: &WatchEvent) -> String {
    match event {
        WatchEvent::Begun { model, resumed, reorder, as_they_come } => {
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
            format!("watching    with {model}, {state}{order}")
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
        WatchEvent::BadList { problem } => format!("list        the one before holds: {problem}"),
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
            ];
            for (n, what) in further.iter().filter(|(n, _)| *n > 0) {
                line.push_str(&format!(", {} {what}", thousands(*n)));
            }
            format!("so far      {line}")
        }
    }
}
