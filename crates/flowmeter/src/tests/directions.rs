//! Who began.

use crate::tests::packets::{A, ACK, B, FIN, RST, SYN, back, flows, ip4, tcp, there, told, udp};

const ENDS: [&str; 4] = ["id.orig_h", "id.resp_p", "conn_state", "history"];

#[test]
fn a_whole_connection_is_told_as_zeek_does() {
    let flows = flows(&[
        (0.0, there(80, 100, 0, SYN, b"")),
        (0.1, back(80, 900, 101, SYN | ACK, b"")),
        (0.2, there(80, 101, 901, ACK, b"")),
        (0.3, there(80, 101, 901, ACK, b"question")),
        (0.4, back(80, 901, 109, ACK, b"")),
        (0.5, back(80, 901, 109, ACK, b"answer")),
        (0.6, there(80, 109, 907, ACK | FIN, b"")),
        (0.7, back(80, 907, 110, ACK | FIN, b"")),
        (0.8, there(80, 110, 908, ACK, b"")),
    ]);
    assert_eq!(flows.len(), 1);
    assert_eq!(told(&flows[0], ENDS), ["10.0.0.1", "80", "SF", "ShADadFf"]);
    let counts = ["orig_bytes", "resp_bytes", "orig_pkts", "orig_ip_bytes", "resp_pkts", "missed_bytes", "service"];
    assert_eq!(told(&flows[0], counts), ["8", "6", "5", "208", "4", "0", "http"]);
    // The last packet came when both had closed, and does not lengthen the flow.
    assert_eq!(
        told(&flows[0], ["duration", "end_reason", "orig_syn_pkts", "resp_ack_pkts"]),
        ["0.700000", "end", "1", "4"]
    );
}

#[test]
fn in_the_middle_of_a_connection_the_ports_tell_who_serves() {
    let from_server = [(0.0, back(443, 500, 700, ACK, b"data")), (0.1, there(443, 700, 504, ACK, b""))];
    assert_eq!(told(&flows(&from_server)[0], ENDS), ["10.0.0.1", "443", "OTH", "^dA"]);
    let from_client = [(0.0, there(443, 700, 504, ACK, b"data")), (0.1, back(443, 504, 704, ACK, b""))];
    assert_eq!(told(&flows(&from_client)[0], ENDS), ["10.0.0.1", "443", "OTH", "Da"]);
    let unknown = [(0.0, back(7_777, 500, 700, ACK, b"data"))];
    assert_eq!(told(&flows(&unknown)[0], ENDS), ["10.0.0.2", "40000", "OTH", "D"]);
    let dns = [(0.0, ip4(B, A, 17, &udp(53, 9_999, b"answer")))];
    assert_eq!(told(&flows(&dns)[0], ENDS), ["10.0.0.1", "53", "SHR", "^d"]);
}

#[test]
fn a_syn_ack_that_comes_first_is_the_responders() {
    let answer = back(7_777, 900, 101, SYN | ACK, b"");
    let missed_syn =
        [(0.0, answer.clone()), (0.1, there(7_777, 101, 901, ACK, b"")), (0.2, there(7_777, 101, 901, ACK, b"x"))];
    assert_eq!(told(&flows(&missed_syn)[0], ENDS), ["10.0.0.1", "7777", "S1", "^hAD"]);
    let reordered = [(0.0, answer), (0.0, there(7_777, 100, 0, SYN, b"")), (0.1, there(7_777, 101, 901, ACK, b""))];
    assert_eq!(told(&flows(&reordered)[0], ENDS), ["10.0.0.1", "7777", "S1", "^hSA"]);
    // A scan by SYN-ACKs goes to a server's port.
    let scan = ip4(A, B, 6, &tcp([40_000, 80], 5, 6, SYN | ACK, b""));
    let scan = [(0.0, scan), (0.1, back(80, 6, 0, RST, b""))];
    assert_eq!(told(&flows(&scan)[0], ENDS), ["10.0.0.1", "80", "REJ", "Hr"]);
}

#[test]
fn messages_of_icmp_find_their_answers() {
    let echo = |src, dst, kind: u8| ip4(src, dst, 1, &[&[kind, 0, 0, 0, 0, 7, 0, 1][..], &[0; 56]].concat());
    let unreachable = ip4(B, A, 1, &[&[3, 1, 0, 0, 0, 0, 0, 0][..], &[0; 28]].concat());
    let flows = flows(&[(0.0, echo(A, B, 8)), (0.1, echo(B, A, 0)), (0.2, unreachable), (1.0, echo(A, B, 8))]);
    assert_eq!(flows.len(), 2);
    let names = ["id.orig_h", "id.orig_p", "id.resp_p", "orig_pkts", "resp_pkts", "orig_bytes", "conn_state"];
    assert_eq!(told(&flows[0], names), ["10.0.0.1", "8", "0", "2", "1", "112", "OTH"]);
    assert_eq!(told(&flows[1], names), ["10.0.0.2", "3", "1", "1", "0", "-", "OTH"]);
}

#[test]
fn states_are_zeeks() {
    let state = |packets: &[(f64, Vec<u8>)]| told(&flows(packets)[0], ["conn_state", "history"]).join(" ");
    let (syn, syn_ack) = (there(80, 1, 0, SYN, b""), back(80, 9, 2, SYN | ACK, b""));
    let (ack, reset) = (there(80, 2, 10, ACK, b""), back(80, 0, 2, RST | ACK, b""));
    assert_eq!(state(&[(0.0, syn.clone())]), "S0 S");
    assert_eq!(state(&[(0.0, syn.clone()), (0.1, reset.clone())]), "REJ Sr");
    let open = [(0.0, syn.clone()), (0.1, syn_ack.clone()), (0.2, ack)];
    assert_eq!(state(&open), "S1 ShA");
    assert_eq!(state(&[&open[..], &[(0.3, there(80, 2, 0, RST, b""))]].concat()), "RSTO ShAR");
    assert_eq!(state(&[&open[..], &[(0.3, back(80, 10, 2, RST, b""))]].concat()), "RSTR ShAr");
    assert_eq!(state(&[&open[..], &[(0.3, there(80, 2, 10, FIN | ACK, b""))]].concat()), "S2 ShAF");
    assert_eq!(state(&[&open[..], &[(0.3, back(80, 10, 2, FIN | ACK, b""))]].concat()), "S3 ShAf");
    assert_eq!(state(&[(0.0, syn.clone()), (0.1, there(80, 2, 0, FIN, b""))]), "SH SF");
    assert_eq!(state(&[(0.0, syn), (0.1, there(80, 2, 0, RST, b""))]), "RSTOS0 SR");
    assert_eq!(state(&[(0.0, syn_ack), (0.1, back(80, 10, 2, FIN | ACK, b""))]), "SHR ^hf");
}
