//! The columns of Zeek's conn.log, with Zeek's names, order and meanings.

use crate::columns::{Column, Value, float, integer, maybe_float, maybe_integer, of_type, text};
use crate::community_id::id_of;
use crate::decode::{ICMP, ICMPV6, TCP, UDP};
use crate::flow::{Flow, Sender, seconds};
use crate::ports;
use crate::text::Text;
use crate::uid::uid;

pub(super) const COLUMNS: [Column; 22] = [
    of_type(
        float("ts", "seconds since 1970", "When the first packet came.", |f| Value::Float(seconds(f.first))),
        "time",
    ),
    text("uid", "An identifier of the flow: the same each time the same capture is metered.", |f| Value::Text(uid(f))),
    of_type(text("id.orig_h", "The originator's address.", |f| address(f, Sender::Orig)), "addr"),
    of_type(integer("id.orig_p", "", "Its port; for ICMP the message's type.", |f| port(f, Sender::Orig)), "port"),
    of_type(text("id.resp_h", "The responder's address.", |f| address(f, Sender::Resp)), "addr"),
    of_type(
        integer("id.resp_p", "", "Its port; for ICMP the type of the answer, or the code where there is none.", |f| {
            port(f, Sender::Resp)
        }),
        "port",
    ),
    of_type(
        text("proto", "`tcp`, `udp`, `icmp` (ICMPv6 too), else `unknown_transport`.", |f| proto(f.protocol)),
        "enum",
    ),
    text(
        "service",
        "What the responder's port stands for, where a payload was sent; Zeek tells it by the payload.",
        service,
    ),
    of_type(
        float("duration", "seconds", "From the first packet to the last; unset where they are one moment.", |f| {
            maybe_float(f.duration())
        }),
        "interval",
    ),
    integer(
        "orig_bytes",
        "bytes",
        "Payload that the originator sent: for TCP the distance of its sequence numbers, so that a retransmission counts \
         once; unset where duration is.",
        |f| bytes(f, Sender::Orig),
    ),
    integer("resp_bytes", "bytes", "The same of the responder.", |f| bytes(f, Sender::Resp)),
    text("conn_state", "How the flow went, in Zeek's words (S0, S1, SF, REJ, RSTO, …).", |f| {
        Value::Word(conn_state(f))
    }),
    integer(
        "missed_bytes",
        "bytes",
        "TCP payload that the other side acknowledged and that is not in the capture, of both sides.",
        |f| Value::Integer(f.tcp.missed()),
    ),
    text(
        "history",
        "What happened, a letter an event at its first time, capital for the originator: s SYN, h SYN-ACK, a bare \
         acknowledgement, d payload, f FIN, r RST, t retransmission, w window of 0, g gap (these three again at the 10th, \
         100th, … time), q SYN with FIN or RST, i FIN with RST; ^ roles turned round. Zeek's c (bad checksum) and i (contents \
         that contradict) are not looked for.",
        history,
    ),
    integer("orig_pkts", "packets", "Packets of the originator; each fragment is one.", |f| packets(f, Sender::Orig)),
    integer("orig_ip_bytes", "bytes", "Their length from the IP header on, without padding.", |f| {
        ip_bytes(f, Sender::Orig)
    }),
    integer("resp_pkts", "packets", "Packets of the responder.", |f| packets(f, Sender::Resp)),
    integer("resp_ip_bytes", "bytes", "Their length from the IP header on.", |f| ip_bytes(f, Sender::Resp)),
    integer("ip_proto", "", "The IP protocol's number, behind extension headers.", |f| {
        Value::Integer(u64::from(f.protocol))
    }),
    of_type(integer("vlan", "", "The outer VLAN of the first packet.", |f| maybe_integer(f.vlans[0])), "int"),
    of_type(integer("inner_vlan", "", "Its inner VLAN.", |f| maybe_integer(f.vlans[1])), "int"),
    text("community_id", "The Community ID flow hash, version 1, seed 0.", |f| Value::Text(id_of(f))),
];

fn side(flow: &Flow, sender: Sender) -> &crate::flow::Side {
    if sender == Sender::Orig { &flow.orig } else { &flow.resp }
}

fn address(flow: &Flow, sender: Sender) -> Value {
    Value::Text(Text::of_address(flow.address(side(flow, sender))))
}

fn port(flow: &Flow, sender: Sender) -> Value {
    Value::Integer(u64::from(side(flow, sender).port))
}

fn proto(protocol: u8) -> Value {
    let word = match protocol {
        TCP => "tcp",
        UDP => "udp",
        ICMP | ICMPV6 => "icmp",
        _ => "unknown_transport",
    };
    Value::Word(word)
}

fn service(flow: &Flow) -> Value {
    let has_payload = flow.directions.iter().any(|direction| direction.data_packets > 0);
    let service = ports::service(flow.protocol, flow.resp.port).filter(|_| has_payload);
    service.map_or(Value::None, Value::Word)
}

fn bytes(flow: &Flow, sender: Sender) -> Value {
    maybe_integer(flow.duration().map(|_| flow.bytes(sender)))
}

fn conn_state(flow: &Flow) -> &'static str {
    match (flow.protocol, flow.history.spoke(Sender::Orig), flow.history.spoke(Sender::Resp)) {
        (TCP, ..) => flow.tcp.conn_state(),
        (UDP, true, true) => "SF",
        (UDP, true, false) => "S0",
        (UDP, false, true) => "SHR",
        _ => "OTH",
    }
}

fn history(flow: &Flow) -> Value {
    let letters = flow.history.letters();
    if letters.is_empty() { Value::None } else { Value::Text(Text::of(letters)) }
}

fn packets(flow: &Flow, sender: Sender) -> Value {
    Value::Integer(flow.directions[sender as usize].sizes.n())
}

fn ip_bytes(flow: &Flow, sender: Sender) -> Value {
    Value::Integer(flow.directions[sender as usize].sizes.sum())
}
