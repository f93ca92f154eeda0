//! Which types of ICMP answer each other: as in Zeek and in the community id's specification, a question's type stands for
//! the source port and its answer's for the destination port.

use crate::decode::Transport;

/// Pairs of types: ICMP (RFC 792, 950, 1256), ICMPv6 (RFC 2710, 4443, 4620, 4861, 5568).
const V4: [(u8, u8); 10] =
    [(0, 8), (8, 0), (13, 14), (14, 13), (15, 16), (16, 15), (10, 9), (9, 10), (17, 18), (18, 17)];
const V6: [(u8, u8); 12] = [
    (128, 129),
    (129, 128),
    (133, 134),
    (134, 133),
    (135, 136),
    (136, 135),
    (130, 131),
    (131, 130),
    (139, 140),
    (140, 139),
    (144, 145),
    (145, 144),
];

/// Whether another type answers this one.
pub(crate) fn has_answer(is_v6: bool, kind: u16) -> bool {
    u8::try_from(kind).is_ok_and(|kind| answer(is_v6, kind).is_some())
}

fn answer(is_v6: bool, kind: u8) -> Option<u8> {
    let pairs: &[(u8, u8)] = if is_v6 { &V6 } else { &V4 };
    pairs.iter().find(|(question, _)| *question == kind).map(|(_, answer)| *answer)
}

/// The two numbers of a message.
pub(super) fn pair(is_v6: bool, kind: u8, code: u8) -> Transport {
    let answer = answer(is_v6, kind);
    Transport::Icmp { src: u16::from(kind), dst: u16::from(answer.unwrap_or(code)), is_one_way: answer.is_none() }
}
