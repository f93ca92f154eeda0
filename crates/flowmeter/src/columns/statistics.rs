//! Columns that Zeek does not have and flow models use: lengths, times between packets, flags; of the flow and of each side.

use crate::columns::{Column, Value, float, integer, joined, maybe_float, maybe_integer, text};
use crate::flow::{Gaps, Sizes};

/// Lengths and times between packets of `$who`; their names begin with `$prefix`.
macro_rules! sizes_and_gaps {
    ($prefix:literal, $who:literal, |$f:ident| $sizes:expr, $gaps:expr) => {
        [
            integer(
                concat!($prefix, "pkt_len_min"),
                "bytes",
                concat!("Shortest packet of ", $who, ", from the IP header on."),
                |$f| range(&$sizes, 0),
            ),
            integer(
                concat!($prefix, "pkt_len_max"),
                "bytes",
                concat!("Longest packet of ", $who, ", from the IP header on."),
                |$f| range(&$sizes, 1),
            ),
            float(concat!($prefix, "pkt_len_mean"), "bytes", concat!("Mean length of packets of ", $who, "."), |$f| {
                maybe_float($sizes.mean())
            }),
            float(concat!($prefix, "pkt_len_std"), "bytes", "Its standard deviation (of the population).", |$f| {
                maybe_float($sizes.deviation())
            }),
            float(
                concat!($prefix, "iat_min"),
                "seconds",
                concat!("Shortest time between packets of ", $who, " that follow each other."),
                |$f| gap(&$gaps, 0),
            ),
            float(
                concat!($prefix, "iat_max"),
                "seconds",
                concat!("Longest time between packets of ", $who, " that follow each other."),
                |$f| gap(&$gaps, 1),
            ),
            float(
                concat!($prefix, "iat_mean"),
                "seconds",
                concat!("Mean time between packets of ", $who, " that follow each other."),
                |$f| gap(&$gaps, 2),
            ),
            float(
                concat!($prefix, "iat_std"),
                "seconds",
                concat!("Standard deviation of the time between packets of ", $who, " that follow each other."),
                |$f| gap(&$gaps, 3),
            ),
        ]
    };
}

/// What only a side has: `$who` is the one at `directions[$side]`, its flags in the order of the TCP header from the right
/// (RFC 9293 section 3.1).
macro_rules! of_side {
    ($prefix:literal, $who:literal, $side:literal) => {
        [
            integer(
                concat!($prefix, "payload_bytes"),
                "bytes",
                concat!("Bytes behind the transport header of ", $who, ", as often as sent."),
                |f| Value::Integer(f.directions[$side].payload_bytes),
            ),
            integer(
                concat!($prefix, "data_pkts"),
                "packets",
                concat!("Packets of ", $who, " with such bytes."),
                |f| Value::Integer(f.directions[$side].data_packets),
            ),
            of_side!(flag $prefix, $who, $side, "fin", "FIN", 0),
            of_side!(flag $prefix, $who, $side, "syn", "SYN", 1),
            of_side!(flag $prefix, $who, $side, "rst", "RST", 2),
            of_side!(flag $prefix, $who, $side, "psh", "PSH", 3),
            of_side!(flag $prefix, $who, $side, "ack", "ACK", 4),
            of_side!(flag $prefix, $who, $side, "urg", "URG", 5),
            of_side!(flag $prefix, $who, $side, "ece", "ECE", 6),
            of_side!(flag $prefix, $who, $side, "cwr", "CWR", 7),
            integer(
                concat!($prefix, "retransmitted_pkts"),
                "packets",
                concat!("TCP packets of ", $who, " whose payload had all been seen."),
                |f| Value::Integer(f.directions[$side].retransmitted),
            ),
            integer(
                concat!($prefix, "late_pkts"),
                "packets",
                concat!("TCP packets of ", $who, " that filled what was missing."),
                |f| Value::Integer(f.directions[$side].out_of_order),
            ),
            integer(
                concat!($prefix, "zero_window_pkts"),
                "packets",
                concat!("TCP packets of ", $who, " with a window of 0, RST aside."),
                |f| Value::Integer(f.directions[$side].zero_windows),
            ),
            integer(
                concat!($prefix, "first_window"),
                "bytes",
                concat!("Window in the first TCP packet of ", $who, ", unscaled; unset without one."),
                |f| maybe_integer(f.directions[$side].first_window),
            ),
        ]
    };
    (flag $prefix:literal, $who:literal, $side:literal, $name:literal, $flag:literal, $bit:literal) => {
        integer(
            concat!($prefix, $name, "_pkts"),
            "packets",
            concat!("TCP packets of ", $who, " with ", $flag, "."),
            |f| Value::Integer(f.directions[$side].flags[$bit]),
        )
    };
}

const END: Column = text("end_reason", "Why the flow ended: fin, rst, reused, idle, active, evicted, end.", |f| {
    Value::Word(f.end.word())
});

const FRAGMENTS: Column =
    integer("fragment_pkts", "packets", "Packets of both sides that are fragments.", |f| Value::Integer(f.fragments));

pub(super) const COLUMNS: [Column; 54] = joined(&[
    &[END],
    &sizes_and_gaps!("", "both sides", |f| f.sizes(), f.gaps),
    &sizes_and_gaps!("orig_", "the originator", |f| f.directions[0].sizes, f.directions[0].gaps),
    &of_side!("orig_", "the originator", 0),
    &sizes_and_gaps!("resp_", "the responder", |f| f.directions[1].sizes, f.directions[1].gaps),
    &of_side!("resp_", "the responder", 1),
    &[FRAGMENTS],
]);

/// Smallest (0) or largest (1).
fn range(sizes: &Sizes, which: usize) -> Value {
    maybe_integer(sizes.range().map(|(min, max)| [min, max][which]))
}

/// Smallest, largest, mean, standard deviation.
fn gap(gaps: &Gaps, which: usize) -> Value {
    maybe_float(gaps.told().map(|told| told[which]))
}
