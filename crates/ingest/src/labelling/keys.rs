//! What a flow is known by in two files: an identifier, or hosts, ports and protocol with a time.

use std::collections::HashMap;
use std::net::IpAddr;

use nta_data::{Schema, entity_hash};
use polars_core::prelude::DataFrame;

use crate::assemble::role;
use crate::block::Block;
use crate::draft::label_names::plain;
use crate::error::{CellError, IngestError};
use crate::labelling::names::{FLOW_IDS, PROTOCOLS, SOURCE_PORTS, SOURCES, TARGET_PORTS, TARGETS, UIDS};
use crate::schema::layout::Layout;
use crate::values::cell::{CellValue, TypedColumn};
use crate::values::number::{Number, number};
use crate::values::time::TimeReader;

/// The columns of one file by which its flows can be known, named as in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KeyColumns {
    pub(crate) uid: Option<String>,
    pub(crate) flow_id: Option<String>,
    pub(crate) src: Option<String>,
    pub(crate) dst: Option<String>,
    pub(crate) ports: Option<(String, String)>,
    pub(crate) proto: Option<String>,
    pub(crate) time: Option<String>,
}

/// Which of them are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    /// An identifier that no two flows share, whenever they were.
    Uid,
    /// An identifier, and a time near enough.
    FlowId,
    /// Both hosts, and ports and protocol where both files have them, and a time near enough.
    Tuple { ports: bool, proto: bool },
}

impl KeyColumns {
    /// Finds them among `columns`: the roles of the schema first, then by usual names.
    pub(crate) fn of(schema: &Schema, layout: &Layout, columns: &[String]) -> KeyColumns {
        let mut by_name: HashMap<String, &String> = HashMap::new();
        for column in columns {
            by_name.entry(plain(column)).or_insert(column);
        }
        let role = |name: Option<&String>| name.and_then(|n| layout.column(n)).map(str::to_owned);
        let named = |names: &[&str]| names.iter().find_map(|n| by_name.get(*n)).map(|c| (*c).clone());
        KeyColumns {
            uid: named(&UIDS),
            flow_id: named(&FLOW_IDS),
            src: role(schema.entity.src.as_ref()).or_else(|| named(&SOURCES)),
            dst: role(schema.entity.dst.as_ref()).or_else(|| named(&TARGETS)),
            ports: named(&SOURCE_PORTS).zip(named(&TARGET_PORTS)),
            proto: named(&PROTOCOLS),
            time: role(schema.time.as_ref().map(|t| &t.column)),
        }
    }

    /// The best key that both files have; `None` where there is none.
    pub(crate) fn shared(&self, other: &KeyColumns) -> Option<KeyKind> {
        let both = |column: fn(&KeyColumns) -> bool| column(self) && column(other);
        let timed = both(|k| k.time.is_some());
        if both(|k| k.uid.is_some()) {
            return Some(KeyKind::Uid);
        }
        if timed && both(|k| k.flow_id.is_some()) {
            return Some(KeyKind::FlowId);
        }
        let tuple = KeyKind::Tuple { ports: both(|k| k.ports.is_some()), proto: both(|k| k.proto.is_some()) };
        (timed && both(|k| k.src.is_some() && k.dst.is_some())).then_some(tuple)
    }

    /// The columns that a key of `kind` reads.
    pub(crate) fn read(&self, kind: KeyKind) -> Vec<&String> {
        let (ports, proto) = match kind {
            KeyKind::Uid => return self.uid.iter().collect(),
            KeyKind::FlowId => return self.flow_id.iter().chain(&self.time).collect(),
            KeyKind::Tuple { ports, proto } => (ports, proto),
        };
        let ports = self.ports.iter().filter(|_| ports).flat_map(|(a, b)| [a, b]);
        let hosts = self.src.iter().chain(&self.dst);
        hosts.chain(ports).chain(self.proto.iter().filter(|_| proto)).chain(&self.time).collect()
    }

    /// What is there, for messages.
    pub(crate) fn shown(&self) -> String {
        let ports = self.ports.as_ref().map(|(a, b)| format!("{a}, {b}"));
        let all = [&self.uid, &self.flow_id, &self.src, &self.dst, &ports, &self.proto, &self.time];
        let there: Vec<&str> = all.into_iter().flatten().map(String::as_str).collect();
        if there.is_empty() { "none".to_owned() } else { there.join(", ") }
    }

    /// The key of each row of `frame`; `None` where a host or the identifier is missing.
    pub(crate) fn hashes(&self, kind: KeyKind, frame: &DataFrame, file: &str) -> Result<Vec<Option<u64>>, IngestError> {
        let texts = |column: Option<&String>| match column {
            Some(column) => texts(frame, column, file),
            None => Ok(vec![String::new(); frame.height()]),
        };
        let (ports, proto) = match kind {
            KeyKind::Uid => return Ok(texts(self.uid.as_ref())?.iter().map(|t| hash(&[t])).collect()),
            KeyKind::FlowId => return Ok(texts(self.flow_id.as_ref())?.iter().map(|t| hash(&[t])).collect()),
            KeyKind::Tuple { ports, proto } => (ports, proto),
        };
        let ports = self.ports.as_ref().filter(|_| ports);
        let (src, dst) = (texts(self.src.as_ref())?, texts(self.dst.as_ref())?);
        let (sport, dport) = (texts(ports.map(|p| &p.0))?, texts(ports.map(|p| &p.1))?);
        let proto = texts(self.proto.as_ref().filter(|_| proto))?;
        let row = |i: usize| tuple([&src[i], &sport[i]], [&dst[i], &dport[i]], &proto[i]);
        Ok((0..frame.height()).map(row).collect())
    }
}

/// The same for both directions of a conversation: tools differ in whom they take for the one that began it.
fn tuple(from: [&String; 2], to: [&String; 2], proto: &str) -> Option<u64> {
    if from[0].is_empty() || to[0].is_empty() {
        return None;
    }
    let proto = protocol(proto);
    // Where there are no ports, tools write types and codes in their place, each in its own way.
    let has_ports = matches!(proto.as_str(), "" | "tcp" | "udp" | "sctp");
    let end = |[host, number]: [&String; 2]| (address(host), if has_ports { port(number) } else { String::new() });
    let (a, b) = (end(from), end(to));
    let (a, b) = if a <= b { (a, b) } else { (b, a) };
    hash(&[&a.0, &a.1, &b.0, &b.1, &proto])
}

fn hash(parts: &[&str]) -> Option<u64> {
    let parts: Vec<&[u8]> = parts.iter().map(|p| p.as_bytes()).collect();
    parts.first().is_some_and(|p| !p.is_empty()).then(|| entity_hash(&[0x6c; 16], &parts))
}

/// An address however written; any other host in lower case.
pub(crate) fn address(text: &str) -> String {
    text.parse::<IpAddr>().map_or_else(|_| text.to_lowercase(), |ip| ip.to_canonical().to_string())
}

/// A port in decimal.
pub(crate) fn port(text: &str) -> String {
    match number(text, true) {
        Number::Value(value) if value.fract() == 0.0 => (value as i64).to_string(),
        _ => text.to_lowercase(),
    }
}

fn protocol(text: &str) -> String {
    match text {
        "6" => "tcp".to_owned(),
        "17" => "udp".to_owned(),
        "1" => "icmp".to_owned(),
        "132" => "sctp".to_owned(),
        _ => text.to_lowercase(),
    }
}

/// The cells of a column as trimmed text; empty where missing.
pub(crate) fn texts(frame: &DataFrame, column: &str, file: &str) -> Result<Vec<String>, IngestError> {
    let series = frame.column(column).map_err(|e| IngestError::internal(file, e))?.as_materialized_series();
    let none = || IngestError::internal(file, format!("column {column} is of no kind that is read"));
    let (mut all, mut scratch) = (Vec::with_capacity(frame.height()), String::new());
    let _: Result<(), ()> = TypedColumn::of(series).ok_or_else(none)?.try_each(|_, cell: CellValue<'_>| {
        all.push(cell.text(&mut scratch).unwrap_or_default().to_owned());
        Ok(())
    });
    Ok(all)
}

/// When the flow of each row began, microseconds since 1970; every row needs a time.
pub(crate) fn times(block: &Block, column: &str, reader: &TimeReader, file: &str) -> Result<Vec<i64>, IngestError> {
    let series = block.frame.column(column).map_err(|e| IngestError::internal(file, e))?.as_materialized_series();
    let none = || IngestError::internal(file, format!("column {column} is of no kind that is read"));
    let mut times = Vec::with_capacity(block.rows.len());
    TypedColumn::of(series).ok_or_else(none)?.try_each(|row, cell: CellValue<'_>| {
        let refuse = |_| {
            IngestError::Cell(Box::new(CellError {
                file: file.to_owned(),
                at: block.position(row),
                column: column.to_owned(),
                value: cell.shown(),
                problem: format!("is not {}", reader.expected()),
                remedy: "mend the cell; a label is found by its flow's time".to_owned(),
            }))
        };
        times.push(role::start(cell, reader).map_err(refuse)?);
        Ok::<(), IngestError>(())
    })?;
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_one_in_both_directions_and_all_spellings() {
        let key = |from: [&str; 2], to: [&str; 2], proto| {
            let [from, to] = [from, to].map(|end| end.map(str::to_owned));
            tuple([&from[0], &from[1]], [&to[0], &to[1]], proto).unwrap()
        };
        let flow = key(["10.0.0.1", "40000"], ["::ffff:10.0.0.2", "80"], "TCP");
        assert_eq!(flow, key(["10.0.0.2", "0x50"], ["10.0.0.1", "40000.0"], "6"));
        assert_ne!(flow, key(["10.0.0.1", "80"], ["10.0.0.2", "40000"], "tcp"), "ports belong to their hosts");
        assert_ne!(flow, key(["10.0.0.1", "40000"], ["10.0.0.2", "80"], "udp"));
        assert_eq!(key(["a", "8"], ["b", "0"], "icmp"), key(["a", "0x0303"], ["b", ""], "1"));
    }

    #[test]
    fn the_surest_key_that_both_have_is_taken() {
        let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let schema: Schema =
            serde_saphyr::from_str("name: t\norder: file\ntime: { column: ts }\nnumeric: [{ name: x }]\n").unwrap();
        let of = |columns: &[&str]| KeyColumns::of(&schema, &Layout::new(&schema, &names(columns)), &names(columns));
        let zeek = of(&["ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto"]);
        assert_eq!(zeek.shared(&zeek), Some(KeyKind::Uid));
        let cic = of(&["ts", "Src IP", "Dst IP", "Src Port", "Dst Port"]);
        assert_eq!(zeek.shared(&cic), Some(KeyKind::Tuple { ports: true, proto: false }));
        assert_eq!(zeek.shared(&of(&["Src IP", "Dst IP"])), None, "hosts without a time are no key");
    }
}
