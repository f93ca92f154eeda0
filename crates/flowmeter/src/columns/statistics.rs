//! Columns that Zeek does not have and flow models use: lengths, times between packets, flags; of the flow and of each side.

use crate::columns::{Column, Value, float, integer, maybe_float, maybe_integer, text};
use crate::flow::{Gaps, Sizes};

pub(super) const COLUMNS: [Column; 54] = [
    text("end_reason", "Why the flow ended: fin, rst, reused, idle, active, evicted, end.", |f| {
        Value::Text(f.end.word().to_owned())
    }),
    integer("pkt_len_min", "bytes", "Shortest packet of both sides, from the IP header on.", |f| range(&f.sizes, 0)),
    integer("pkt_len_max", "bytes", "Longest packet of both sides, from the IP header on.", |f| range(&f.sizes, 1)),
    float("pkt_len_mean", "bytes", "Mean length of packets of both sides.", |f| maybe_float(f.sizes.mean())),
    float("pkt_len_std", "bytes", "Its standard deviation (of the population).", |f| maybe_float(f.sizes.deviation())),
    float("iat_min", "seconds", "Shortest time between packets of both sides that follow each other.", |f| {
        gap(&f.gaps, 0)
    }),
    float("iat_max", "seconds", "Longest time between packets of both sides that follow each other.", |f| {
        gap(&f.gaps, 1)
    }),
    float("iat_mean", "seconds", "Mean time between packets of both sides that follow each other.", |f| {
        gap(&f.gaps, 2)
    }),
    float(
        "iat_std",
        "seconds",
        "Standard deviation of the time between packets of both sides that follow each other.",
        |f| gap(&f.gaps, 3),
    ),
    integer("orig_pkt_len_min", "bytes", "Shortest packet of the originator, from the IP header on.", |f| {
        range(&f.directions[0].sizes, 0)
    }),
    integer("orig_pkt_len_max", "bytes", "Longest packet of the originator, from the IP header on.", |f| {
        range(&f.directions[0].sizes, 1)
    }),
    float("orig_pkt_len_mean", "bytes", "Mean length of packets of the originator.", |f| {
        maybe_float(f.directions[0].sizes.mean())
    }),
    float("orig_pkt_len_std", "bytes", "Its standard deviation (of the population).", |f| {
        maybe_float(f.directions[0].sizes.deviation())
    }),
    float("orig_iat_min", "seconds", "Shortest time between packets of the originator that follow each other.", |f| {
        gap(&f.directions[0].gaps, 0)
    }),
    float("orig_iat_max", "seconds", "Longest time between packets of the originator that follow each other.", |f| {
        gap(&f.directions[0].gaps, 1)
    }),
    float("orig_iat_mean", "seconds", "Mean time between packets of the originator that follow each other.", |f| {
        gap(&f.directions[0].gaps, 2)
    }),
    float(
        "orig_iat_std",
        "seconds",
        "Standard deviation of the time between packets of the originator that follow each other.",
        |f| gap(&f.directions[0].gaps, 3),
    ),
    integer(
        "orig_payload_bytes",
        "bytes",
        "Bytes behind the transport header of the originator, as often as sent.",
        |f| Value::Integer(f.directions[0].payload_bytes),
    ),
    integer("orig_data_pkts", "packets", "Packets of the originator with such bytes.", |f| {
        Value::Integer(f.directions[0].data_packets)
    }),
    integer("orig_fin_pkts", "packets", "TCP packets of the originator with FIN.", |f| {
        Value::Integer(f.directions[0].flags[0])
    }),
    integer("orig_syn_pkts", "packets", "TCP packets of the originator with SYN.", |f| {
        Value::Integer(f.directions[0].flags[1])
    }),
    integer("orig_rst_pkts", "packets", "TCP packets of the originator with RST.", |f| {
        Value::Integer(f.directions[0].flags[2])
    }),
    integer("orig_psh_pkts", "packets", "TCP packets of the originator with PSH.", |f| {
        Value::Integer(f.directions[0].flags[3])
    }),
    integer("orig_ack_pkts", "packets", "TCP packets of the originator with ACK.", |f| {
        Value::Integer(f.directions[0].flags[4])
    }),
    integer("orig_urg_pkts", "packets", "TCP packets of the originator with URG.", |f| {
        Value::Integer(f.directions[0].flags[5])
    }),
    integer("orig_ece_pkts", "packets", "TCP packets of the originator with ECE.", |f| {
        Value::Integer(f.directions[0].flags[6])
    }),
    integer("orig_cwr_pkts", "packets", "TCP packets of the originator with CWR.", |f| {
        Value::Integer(f.directions[0].flags[7])
    }),
    integer(
        "orig_retransmitted_pkts",
        "packets",
        "TCP packets of the originator whose payload had all been seen.",
        |f| Value::Integer(f.directions[0].retransmitted),
    ),
    integer("orig_late_pkts", "packets", "TCP packets of the originator that filled what was missing.", |f| {
        Value::Integer(f.directions[0].out_of_order)
    }),
    integer("orig_zero_window_pkts", "packets", "TCP packets of the originator with a window of 0, RST aside.", |f| {
        Value::Integer(f.directions[0].zero_windows)
    }),
    integer(
        "orig_first_window",
        "bytes",
        "Window in the first TCP packet of the originator, unscaled; unset without one.",
        |f| maybe_integer(f.directions[0].first_window),
    ),
    integer("resp_pkt_len_min", "bytes", "Shortest packet of the responder, from the IP header on.", |f| {
        range(&f.directions[1].sizes, 0)
    }),
    integer("resp_pkt_len_max", "bytes", "Longest packet of the responder, from the IP header on.", |f| {
        range(&f.directions[1].sizes, 1)
    }),
    float("resp_pkt_len_mean", "bytes", "Mean length of packets of the responder.", |f| {
        maybe_float(f.directions[1].sizes.mean())
    }),
    float("resp_pkt_len_std", "bytes", "Its standard deviation (of the population).", |f| {
        maybe_float(f.directions[1].sizes.deviation())
    }),
    float("resp_iat_min", "seconds", "Shortest time between packets of the responder that follow each other.", |f| {
        gap(&f.directions[1].gaps, 0)
    }),
    float("resp_iat_max", "seconds", "Longest time between packets of the responder that follow each other.", |f| {
        gap(&f.directions[1].gaps, 1)
    }),
    float("resp_iat_mean", "seconds", "Mean time between packets of the responder that follow each other.", |f| {
        gap(&f.directions[1].gaps, 2)
    }),
    float(
        "resp_iat_std",
        "seconds",
        "Standard deviation of the time between packets of the responder that follow each other.",
        |f| gap(&f.directions[1].gaps, 3),
    ),
    integer(
        "resp_payload_bytes",
        "bytes",
        "Bytes behind the transport header of the responder, as often as sent.",
        |f| Value::Integer(f.directions[1].payload_bytes),
    ),
    integer("resp_data_pkts", "packets", "Packets of the responder with such bytes.", |f| {
        Value::Integer(f.directions[1].data_packets)
    }),
    integer("resp_fin_pkts", "packets", "TCP packets of the responder with FIN.", |f| {
        Value::Integer(f.directions[1].flags[0])
    }),
    integer("resp_syn_pkts", "packets", "TCP packets of the responder with SYN.", |f| {
        Value::Integer(f.directions[1].flags[1])
    }),
    integer("resp_rst_pkts", "packets", "TCP packets of the responder with RST.", |f| {
        Value::Integer(f.directions[1].flags[2])
    }),
    integer("resp_psh_pkts", "packets", "TCP packets of the responder with PSH.", |f| {
        Value::Integer(f.directions[1].flags[3])
    }),
    integer("resp_ack_pkts", "packets", "TCP packets of the responder with ACK.", |f| {
        Value::Integer(f.directions[1].flags[4])
    }),
    integer("resp_urg_pkts", "packets", "TCP packets of the responder with URG.", |f| {
        Value::Integer(f.directions[1].flags[5])
    }),
    integer("resp_ece_pkts", "packets", "TCP packets of the responder with ECE.", |f| {
        Value::Integer(f.directions[1].flags[6])
    }),
    integer("resp_cwr_pkts", "packets", "TCP packets of the responder with CWR.", |f| {
        Value::Integer(f.directions[1].flags[7])
    }),
    integer(
        "resp_retransmitted_pkts",
        "packets",
        "TCP packets of the responder whose payload had all been seen.",
        |f| Value::Integer(f.directions[1].retransmitted),
    ),
    integer("resp_late_pkts", "packets", "TCP packets of the responder that filled what was missing.", |f| {
        Value::Integer(f.directions[1].out_of_order)
    }),
    integer("resp_zero_window_pkts", "packets", "TCP packets of the responder with a window of 0, RST aside.", |f| {
        Value::Integer(f.directions[1].zero_windows)
    }),
    integer(
        "resp_first_window",
        "bytes",
        "Window in the first TCP packet of the responder, unscaled; unset without one.",
        |f| maybe_integer(f.directions[1].first_window),
    ),
    integer("fragment_pkts", "packets", "Packets of both sides that are fragments.", |f| Value::Integer(f.fragments)),
];

/// Smallest (0) or largest (1).
fn range(sizes: &Sizes, which: usize) -> Value {
    maybe_integer(sizes.range().map(|(min, max)| [min, max][which]))
}

/// Smallest, largest, mean, standard deviation.
fn gap(gaps: &Gaps, which: usize) -> Value {
    maybe_float(gaps.told().map(|told| told[which]))
}
