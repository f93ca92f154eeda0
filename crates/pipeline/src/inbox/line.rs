//! A line of a watch's file of alerts, read again: in short for the index, in full for whoever looks at it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::mark::{AlertState, Mark};
use crate::watch::{GROUP_RULE, micros_of};

/// What the index needs of a line.
#[derive(Deserialize)]
pub(super) struct Line<'a> {
    timestamp: &'a str,
    #[serde(borrow, default)]
    src_ip: Text<'a>,
    #[serde(borrow, default)]
    dest_ip: Text<'a>,
    #[serde(borrow)]
    alert: Rule<'a>,
}

/// A text that may hold escapes.
#[derive(Deserialize, Default)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Rule<'a> {
    signature_id: u64,
    #[serde(borrow)]
    metadata: Told<'a>,
}

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    nta_id: Vec<&'a str>,
    #[serde(borrow, default)]
    nta_group: Vec<&'a str>,
    #[serde(borrow, default)]
    nta_group_count: Vec<&'a str>,
    #[serde(borrow, default)]
    nta_group_last: Vec<&'a str>,
    #[serde(borrow)]
    nta_score: Vec<&'a str>,
    #[serde(borrow, default)]
    nta_reasons: Vec<Text<'a>>,
}

/// The end of a group: what an alert stands for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct GroupEnd {
    pub(super) count: u64,
    pub(super) last: i64,
    pub(super) highest: f32,
}

impl<'a> Line<'a> {
    /// `None` of what is no alert of ours.
    pub(super) fn of(line: &'a str) -> Option<Line<'a>> {
        let line: Line<'_> = serde_json::from_str(line).ok()?;
        (!line.alert.metadata.nta_id.is_empty() && !line.alert.metadata.nta_score.is_empty()).then_some(line)
    }

    pub(super) fn id(&self) -> &'a str {
        self.alert.metadata.nta_id[0]
    }

    /// End of the flow, in microseconds since 1970.
    pub(super) fn micros(&self) -> i64 {
        micros_of(self.timestamp).unwrap_or_default()
    }

    pub(super) fn src(&self) -> &str {
        &self.src_ip.0
    }

    pub(super) fn dst(&self) -> &str {
        &self.dest_ip.0
    }

    pub(super) fn score(&self) -> f32 {
        self.alert.metadata.nta_score[0].parse().unwrap_or_default()
    }

    /// The feature that speaks loudest.
    pub(super) fn kind(&self) -> &str {
        self.alert.metadata.nta_reasons.first().map_or("", |reason| kind_of(&reason.0))
    }

    /// Where it is no alert but the end of a group: the id of the group's first, and what came of it.
    pub(super) fn group_end(&self) -> Option<(&'a str, GroupEnd)> {
        let told = &self.alert.metadata;
        if self.alert.signature_id != GROUP_RULE {
            return None;
        }
        let count = told.nta_group_count.first()?.parse().ok()?;
        let last = micros_of(told.nta_group_last.first()?)?;
        Some((told.nta_group.first()?, GroupEnd { count, last, highest: self.score() }))
    }
}

/// `dst_port +0.31` -> `dst_port`.
fn kind_of(reason: &str) -> &str {
    reason.split(' ').next().unwrap_or_default()
}

/// An alert as it is looked at.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct InboxAlert {
    /// The same whenever this flow of this source is scored.
    pub id: String,
    /// End of the flow, in microseconds since 1970.
    pub micros: i64,
    /// Where it was seen.
    pub sensor: String,
    /// Who began it, and with whom.
    pub src: String,
    /// With whom.
    pub dst: String,
    /// Its ports, where the log has them.
    pub src_port: Option<u64>,
    /// Of the host that was called.
    pub dst_port: Option<u64>,
    /// `TCP`, `UDP`, …
    pub proto: String,
    /// The hybrid's score.
    pub score: f32,
    /// Above which it is an alert.
    pub threshold: f32,
    /// By member.
    pub members: BTreeMap<String, f32>,
    /// The model, as `name/3`.
    pub model: String,
    /// What speaks for an attack, the loudest first.
    pub reasons: Vec<String>,
    /// The first of them without its weight.
    pub kind: String,
    /// Keys under which other tools know the flow, where the log has them.
    pub community_id: Option<String>,
    /// Zeek's.
    pub uid: Option<String>,
    /// Suricata's; else made from the id.
    pub flow_id: Option<u64>,
    /// How many alerts of the host and kind the watch made one of; 1: it stands alone.
    pub count: u64,
    /// The end of the last of them.
    pub last: i64,
    /// What somebody has made of it.
    pub state: AlertState,
    /// Who, when and why, the latest first; in full where one alert is looked at, else the last.
    pub marks: Vec<Mark>,
    /// Where alerts are folded by host and kind: how many alerts stand behind this one, the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folded: Option<u64>,
}

impl InboxAlert {
    /// `None` of what is no alert of ours.
    pub(super) fn of(line: &str) -> Option<InboxAlert> {
        let eve: Value = serde_json::from_str(line).ok()?;
        let told = &eve["alert"]["metadata"];
        let first = |name: &str| told[name][0].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| first(name).parse::<f32>().unwrap_or_default();
        let text = |name: &str| eve[name].as_str().unwrap_or_default().to_owned();
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        let members = told.as_object()?.keys().filter_map(|key| Some((key, key.strip_prefix("nta_score_")?)));
        let reasons = told["nta_reasons"].as_array().map_or(&[][..], Vec::as_slice);
        let reasons: Vec<String> = reasons.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let micros = micros_of(eve["timestamp"].as_str()?)?;
        Some(InboxAlert {
            id: some(first("nta_id"))?,
            micros,
            sensor: first("nta_sensor"),
            src: text("src_ip"),
            dst: text("dest_ip"),
            src_port: eve["src_port"].as_u64(),
            dst_port: eve["dest_port"].as_u64(),
            proto: text("proto"),
            score: number("nta_score"),
            threshold: number("nta_threshold"),
            members: members.map(|(key, member)| (member.to_owned(), number(key))).collect(),
            model: first("nta_model"),
            kind: reasons.first().map(|reason| kind_of(reason).to_owned()).unwrap_or_default(),
            reasons,
            community_id: some(text("community_id")),
            uid: some(first("zeek_uid")),
            flow_id: eve["flow_id"].as_u64(),
            count: 1,
            last: micros,
            ..InboxAlert::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::watch::timestamp;

    #[test]
    fn the_index_and_the_page_read_alike_what_the_watch_wrote() {
        let line = json!({
            "timestamp": timestamp(7), "flow_id": 9, "event_type": "alert", "src_ip": "10.0.0.1", "dest_ip": "\u{e9}\"", "src_port": 5,
            "proto": "TCP", "alert": { "signature_id": 8_470_001, "metadata": { "nta_id": ["ab"], "nta_score": ["0.75"],
            "nta_score_forest": ["0.5"], "nta_reasons": ["\"bytes\" +0.3", "x"], "nta_sensor": ["gate"] } }
        })
        .to_string();
        let (short, full) = (Line::of(&line).unwrap(), InboxAlert::of(&line).unwrap());
        assert_eq!((short.id(), short.micros(), short.score()), ("ab", 7, 0.75));
        assert_eq!((short.src(), short.dst(), short.kind()), (&*full.src, &*full.dst, &*full.kind));
        assert_eq!((full.id.as_str(), full.micros, full.members["forest"], full.src_port), ("ab", 7, 0.5, Some(5)));
        assert!(short.group_end().is_none() && full.community_id.is_none());
        for other in ["", "{}", "not json", r#"{"timestamp":"x","alert":{"signature_id":1,"metadata":{"nta_id":[]}}}"#]
        {
            assert!(Line::of(other).is_none() && InboxAlert::of(other).is_none(), "{other}");
        }
    }
}
