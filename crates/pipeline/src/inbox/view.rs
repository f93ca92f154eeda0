//! Where a watch stands, for a page: without a path of this machine.

use std::collections::BTreeMap;

use nta_tracking::Moment;
use serde::Serialize;

use crate::watch::{KeptWatch, WatchStatus};

/// A watch that writes says so each second; one that has not for so long, in milliseconds, is not heard of.
const SILENT: i64 = 10_000;

/// Whether a watch is at work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchStanding {
    /// None has written there yet.
    #[default]
    Unknown,
    /// It writes.
    Running,
    /// It has ended by itself.
    Ended,
    /// It was killed, or hangs, or its disk is full.
    Silent,
}

/// One look at the rates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sample {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Flows a second.
    pub rate: f64,
    /// Alerts since the watch first began.
    pub alerts: u64,
}

/// Where a watch stands.
#[derive(Debug, Clone, Default, Serialize)]
pub struct WatchView {
    /// What the server calls it.
    pub name: String,
    /// Whether it is at work.
    pub standing: WatchStanding,
    /// When it was last heard of, in milliseconds since 1970.
    pub heard: Option<i64>,
    /// Seconds in which its alerts of one host and kind are one; 0: each stands alone.
    pub group: f64,
    /// Most alerts of a day.
    pub most_alerts_a_day: Option<u64>,
    /// Whether it keeps every flow, so that a host's last hour is whole.
    pub keeps_flows: bool,
    /// Whether its alerts have a file, without which there is no inbox.
    pub keeps_alerts: bool,
    /// Alerts that are held.
    pub alerts: u64,
    /// Whether its alerts are still being read.
    pub reading: bool,
    /// Changes with every alert and every act.
    pub version: u64,
    /// What is wrong.
    pub problem: Option<String>,
    /// What it told; addresses that alerts are sent on to without what stands behind their host.
    pub status: WatchStatus,
}

impl WatchView {
    pub(super) fn of(name: &str, kept: Option<&KeptWatch>) -> WatchView {
        let Some(kept) = kept else { return WatchView { name: name.to_owned(), ..WatchView::default() } };
        let silent = Moment::now().milliseconds().saturating_sub(kept.written) > SILENT;
        let mut forwarded = BTreeMap::new();
        for (address, counts) in &kept.status.forwarded {
            forwarded.insert(without_path(address, forwarded.len()), *counts);
        }
        WatchView {
            name: name.to_owned(),
            standing: match (kept.ended, silent) {
                (true, _) => WatchStanding::Ended,
                (false, true) => WatchStanding::Silent,
                (false, false) => WatchStanding::Running,
            },
            heard: Some(kept.written),
            group: kept.group,
            most_alerts_a_day: kept.most_alerts_a_day,
            keeps_flows: kept.flows.is_some(),
            keeps_alerts: kept.alerts.is_some(),
            status: WatchStatus { forwarded, ..kept.status.clone() },
            ..WatchView::default()
        }
    }
}

/// `https://anna:secret@siem.example/hook/key` -> `1 https://siem.example`.
fn without_path(address: &str, before: usize) -> String {
    let (scheme, rest) = address.split_once("://").map_or(("", address), |(scheme, rest)| (scheme, rest));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let mark = if scheme.is_empty() { "" } else { "://" };
    format!("{} {scheme}{mark}{host}", before + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::Forwarded;

    #[test]
    fn no_path_and_no_secret_is_told() {
        let mut kept = KeptWatch { written: Moment::now().milliseconds(), ..KeptWatch::default() };
        kept.alerts = Some("/var/lib/nta/alerts.json".into());
        for address in ["https://anna:pw@siem.example/hook/KEY?k=KEY", "siem.example:514"] {
            kept.status.forwarded.insert(address.to_owned(), Forwarded::default());
        }
        let view = WatchView::of("gate", Some(&kept));
        assert_eq!(view.standing, WatchStanding::Running);
        let text = serde_json::to_string(&view).unwrap();
        assert!(text.contains("https://siem.example\"") && text.contains("siem.example:514"), "{text}");
        assert!(!text.contains("KEY") && !text.contains("pw@") && !text.contains("/var"), "{text}");
        kept.written -= 60_000;
        assert_eq!(WatchView::of("gate", Some(&kept)).standing, WatchStanding::Silent);
        kept.ended = true;
        assert_eq!(WatchView::of("gate", Some(&kept)).standing, WatchStanding::Ended);
        assert_eq!(WatchView::of("gate", None).standing, WatchStanding::Unknown);
    }
}
