//! What the names of columns say about times: words in them, units, and the tools whose layouts they are.

use nta_data::TimeUnit;

use crate::draft::sample::Sample;

/// Names that time columns have, the likeliest first.
const TIMES: [&str; 16] = [
    "ts",
    "time",
    "timestamp",
    "start",
    "start_time",
    "starttime",
    "stime",
    "datetime",
    "date_time",
    "first_seen",
    "flow_start",
    "first",
    "date first seen",
    "frame.time_epoch",
    "@timestamp",
    "date",
];

/// How well a name fits the start of a flow; smaller is better, `None` says nothing of time.
pub(super) fn rank(name: &str) -> Option<usize> {
    let lower = name.trim().to_lowercase();
    if let Some(place) = TIMES.iter().position(|known| *known == lower) {
        return Some(place);
    }
    let words = words(name);
    let has = |known: &[&str]| words.iter().any(|w| known.contains(&w.as_str()));
    let about_time = has(&["time", "timestamp", "datetime", "date", "seen", "ts", "epoch", "clock", "switched"]);
    if is_end(name) {
        return Some(TIMES.len() + 2);
    }
    match has(&["start", "started", "first", "begin", "stime", "starttime"]) {
        true => Some(TIMES.len()),
        false => about_time.then_some(TIMES.len() + 1),
    }
}

/// Whether a name says time, and not the end of a flow.
pub(super) fn says_time(name: &str) -> bool {
    rank(name).is_some() && !is_end(name)
}

/// Whether a name says that a flow ended then.
pub(super) fn is_end(name: &str) -> bool {
    let ends = ["end", "ended", "last", "finish", "te", "ltime", "stop", "endtime", "lasttime"];
    words(name).iter().any(|w| ends.contains(&w.as_str()))
}

/// How well a name fits the length of a flow; smaller is better.
pub(super) fn duration_rank(name: &str) -> Option<usize> {
    const EXACT: [&str; 6] = ["duration", "dur", "flow duration", "flow_duration", "flow_duration_milliseconds", "td"];
    const OF_A_PART: [&str; 18] = [
        "src2dst", "dst2src", "fwd", "bwd", "forward", "backward", "in", "out", "src", "dst", "max", "mean", "avg",
        "std", "var", "idle", "active", "rate",
    ];
    let lower = name.trim().to_lowercase();
    if let Some(place) = EXACT.iter().position(|known| *known == lower) {
        return Some(place);
    }
    let words = words(name);
    let says_so = words.iter().any(|w| w == "dur" || w.starts_with("duration"));
    let of_a_part = words.iter().any(|w| OF_A_PART.contains(&w.as_str()));
    says_so.then_some(EXACT.len() + usize::from(of_a_part))
}

/// The unit that a name ends in: `duration_ms`, `Duration (us)`, `flowDurationMilliseconds`.
pub(super) fn unit(name: &str) -> Option<TimeUnit> {
    let lower = name.trim().to_lowercase();
    // Elastic's common schema.
    if lower == "event.duration" {
        return Some(TimeUnit::Nanoseconds);
    }
    words(name).iter().rev().find_map(|word| {
        let word = word.strip_prefix("duration").unwrap_or(word);
        Some(match word {
            "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => TimeUnit::Milliseconds,
            "us" | "µs" | "μs" | "usec" | "usecs" | "micros" | "microsecond" | "microseconds" => {
                TimeUnit::Microseconds
            }
            "ns" | "nsec" | "nsecs" | "nanos" | "nanosecond" | "nanoseconds" => TimeUnit::Nanoseconds,
            "s" | "sec" | "secs" | "second" | "seconds" => TimeUnit::Seconds,
            _ => return None,
        })
    })
}

/// A tool whose columns these are, as far as its times are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    /// Whole microseconds for durations, day before month, hours of 1 to 12 without AM and PM.
    CicFlowMeter,
    /// Zeek, Argus, nfdump: durations in seconds.
    InSeconds(&'static str),
    Other,
}

pub(super) fn tool(samples: &[Sample]) -> Tool {
    let names: Vec<String> = samples.iter().map(|s| s.name.trim().to_lowercase().replace('_', " ")).collect();
    let any = |known: &[&str]| names.iter().any(|n| known.contains(&n.as_str()));
    let begins = |front: &[&str]| names.iter().any(|n| front.iter().any(|f| n.starts_with(f)));
    // With a blank: others write `flow_duration` too.
    let is_its_own = samples.iter().any(|s| s.name.trim().eq_ignore_ascii_case("flow duration"));
    if is_its_own
        || any(&["tot fwd pkts", "total fwd packet", "total fwd packets"])
        || begins(&["fwd iat ", "flow iat ", "bwd iat "])
    {
        return Tool::CicFlowMeter;
    }
    if any(&["id.orig h"]) {
        return Tool::InSeconds("Zeek");
    }
    if any(&["srcaddr", "saddr", "srcip"]) && any(&["dur"]) {
        return Tool::InSeconds("Argus");
    }
    match any(&["date first seen", "td"]) {
        true => Tool::InSeconds("nfdump"),
        false => Tool::Other,
    }
}

/// The words of a name, in lower case: `flowStart_ms` is `flow`, `start`, `ms`.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        let begins = c.is_uppercase() && before.is_lowercase();
        if (begins || !c.is_alphanumeric()) && words.last().is_some_and(|w| !w.is_empty()) {
            words.push(String::new());
        }
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|w| !w.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_off_names() {
        for (name, expected) in [
            ("bidirectional_duration_ms", Some(TimeUnit::Milliseconds)),
            ("FLOW_DURATION_MILLISECONDS", Some(TimeUnit::Milliseconds)),
            ("Duration (us)", Some(TimeUnit::Microseconds)),
            ("flowDurationMicroseconds", Some(TimeUnit::Microseconds)),
            ("duration[ns]", Some(TimeUnit::Nanoseconds)),
            ("event.duration", Some(TimeUnit::Nanoseconds)),
            ("duration_s", Some(TimeUnit::Seconds)),
            ("Flow Duration", None),
            ("dur", None),
        ] {
            assert_eq!(unit(name), expected, "{name}");
            assert!(duration_rank(name).is_some(), "{name}");
        }
        assert!(duration_rank("src2dst_duration_ms") > duration_rank("bidirectional_duration_ms"));
    }

    #[test]
    fn starts_come_before_ends_and_other_times() {
        assert!(rank("bidirectional_first_seen_ms") < rank("bidirectional_last_seen_ms"));
        assert!(rank("Stime") < rank("Ltime") && rank("StartTime") < rank("LastTime"));
        assert!(is_end("te") && !is_end("ts") && !is_end("tcp_end2end"));
        assert_eq!(rank("bytes"), None);
    }
}
