//! Suricata's eve.json: one event a line, of which those of type `flow` are flows.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::fmt::strtime;

use crate::decode::named_fields::{Dialect, NamedField};
use crate::decode::zeek_json;

/// Fields of a flow event that a line may leave out: protocols without ports, flows that no application was seen in.
const FLOW_FIELDS: [&str; 23] = [
    "timestamp",
    "flow_id",
    "event_type",
    "src_ip",
    "src_port",
    "dest_ip",
    "dest_port",
    "proto",
    "app_proto",
    "flow.pkts_toserver",
    "flow.pkts_toclient",
    "flow.bytes_toserver",
    "flow.bytes_toclient",
    "flow.start",
    "flow.end",
    "flow.age",
    "flow.state",
    "flow.reason",
    "tcp.tcp_flags_ts",
    "tcp.tcp_flags_tc",
    "tcp.state",
    "community_id",
    DURATION,
];

/// What is worked out of a flow's start and end, in seconds: Suricata itself writes whole seconds (`flow.age`).
const DURATION: &str = "flow.duration";

/// `2021-06-06T16:38:55.855844+0200`
const TIME: &str = "%Y-%m-%dT%H:%M:%S%.f%z";

pub(crate) const DIALECT: Dialect = Dialect {
    syntax: decode,
    always: &FLOW_FIELDS,
    log_field: "event_type",
    connections: "flow",
    connections_alone: true,
};

/// Whether a log's first line is of this format.
pub(crate) fn begins(first_line: &[u8]) -> bool {
    const TYPE: &[u8] = b"\"event_type\"";
    first_line.starts_with(b"{") && first_line.windows(TYPE.len()).any(|window| window == TYPE)
}

/// The fields of an event by dotted names, and its duration. The error says what is wrong with the line.
fn decode(line: &str) -> Result<Vec<NamedField<'_>>, String> {
    let mut fields = zeek_json::decode(line)?;
    if let Some(seconds) = duration(&fields) {
        fields.push((Cow::Borrowed(DURATION), Some(Cow::Owned(seconds))));
    }
    Ok(fields)
}

/// `None` where a time is not there or no time; the time column says so when it is read.
fn duration(fields: &[NamedField<'_>]) -> Option<String> {
    let time = |name: &str| {
        let text = fields.iter().find(|(field, _)| field == name)?.1.as_deref()?;
        strtime::parse(TIME, text).ok()?.to_timestamp().ok().map(Timestamp::as_microsecond)
    };
    let micros = time("flow.end")?.saturating_sub(time("flow.start")?).max(0);
    Some(format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_lasts_from_its_start_to_its_end() {
        let line = r#"{"event_type":"flow","flow":{"start":"2021-06-06T16:38:55.855844+0200","end":"2021-06-06T14:38:57.963+0000","age":1}}"#;
        let fields = decode(line).unwrap();
        assert_eq!(fields.last().unwrap().1.as_deref(), Some("2.107156"));
        assert_eq!(fields.iter().find(|(name, _)| name == "flow.age").unwrap().1.as_deref(), Some("1"));
        assert!(decode(r#"{"event_type":"flow","flow":{"start":"soon"}}"#).unwrap().iter().all(|(n, _)| n != DURATION));
    }
}
