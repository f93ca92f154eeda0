//! Small files of every kind, whole and sound.

use crate::live;

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

pub(super) fn csv() -> Vec<Vec<u8>> {
    let example = std::fs::read_to_string(crate::nta::root().join("data/example.csv")).unwrap();
    let lines: Vec<&str> = example.lines().take(9).collect();
    let of = |separator: &str, end: &str| (lines.join(end) + end).replace(',', separator).into_bytes();
    let quoted = lines.iter().map(|line| format!("\"{}\"\n", line.replace(',', "\",\""))).collect::<String>();
    vec![of(",", "\n"), of(";", "\r\n"), of("\t", "\n"), quoted.into_bytes()]
}

pub(super) fn zeek() -> Vec<Vec<u8>> {
    let log = |n: u64| (live::header() + &(0..n).map(live::line).collect::<String>()).into_bytes();
    let preamble = b"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#open\t2024-01-01-00-00-00\n";
    let twice = [log(3), log(2)].concat();
    let whole =
        [&preamble[..], &log(4)[b"#separator \\x09\n#path\tconn\n".len()..], b"#close\t2024-01-01-01-00-00\n"].concat();
    vec![log(6), twice, whole]
}

pub(super) fn zeek_json() -> Vec<Vec<u8>> {
    let header = live::header();
    let names: Vec<&str> = header.lines().last().unwrap().split('\t').skip(1).collect();
    let line = |i: u64| {
        let line = live::line(i);
        let cells = names.iter().zip(line.trim_end().split('\t'));
        let members = cells.map(|(name, cell)| match cell.parse::<f64>() {
            Ok(_) => format!("\"{name}\":{cell}"),
            Err(_) => format!("\"{name}\":\"{cell}\""),
        });
        format!("{{{}}}\n", members.collect::<Vec<_>>().join(","))
    };
    vec![(0..5).map(line).collect::<String>().into_bytes()]
}

pub(super) fn eve() -> Vec<Vec<u8>> {
    let event = br#"{"event_type":"flow","flow_id":1234,"src_ip":"10.0.0.1","dest_ip":"10.0.0.2","proto":"TCP","src_port":1,"dest_port":443,"app_proto":"tls","flow":{"start":"2021-06-06T16:38:55.855844+0200","end":"2021-06-06T16:38:56.963027+0200","pkts_toserver":1,"pkts_toclient":2,"bytes_toserver":60,"bytes_toclient":120,"state":"closed","age":1},"tcp":{"tcp_flags":"1b","syn":true}}"#;
    vec![[&event[..], b"\n{\"event_type\":\"dns\"}\n", event, b"\n"].concat()]
}

pub(super) fn argus() -> Vec<Vec<u8>> {
    let header =
        "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,Label\n";
    let row =
        "2011/08/16 09:00:01.125000,3.5,tcp,10.0.0.1,1025,   ->,192.168.1.3,443,S_RA,0,,4,276,156,flow=Background\n";
    vec![(header.to_owned() + &row.repeat(4)).into_bytes()]
}

pub(super) fn netflow_v5() -> Vec<Vec<u8>> {
    let mut datagram = [words(&[5, 2]), vec![0; 4], 1_700_000_000u32.to_be_bytes().to_vec(), vec![0; 12]].concat();
    datagram.extend(vec![7; 96]);
    vec![datagram.clone(), datagram.repeat(3)]
}

pub(super) fn netflow_v9() -> Vec<Vec<u8>> {
    let head = |n: u16, source: u8| {
        let time = 1_700_000_000u32.to_be_bytes().to_vec();
        [words(&[9, n]), vec![0; 4], time, vec![0; 4], vec![0, 0, 0, source]].concat()
    };
    let template = words(&[0, 24, 256, 4, 8, 4, 12, 4, 1, 4, 21, 4]);
    let options = words(&[1, 18, 300, 4, 4, 1, 4, 34, 4]);
    let records = [words(&[256, 36]), vec![10; 32]].concat();
    vec![
        [head(2, 0), template.clone(), records.clone()].concat(),
        [head(3, 0), template.clone(), [options, vec![0, 0]].concat(), records.clone()].concat(),
        // The template comes late, and another exporter has its own.
        [head(1, 1), records.clone(), head(1, 1), template.clone(), head(2, 2), template, records].concat(),
    ]
}

pub(super) fn ipfix() -> Vec<Vec<u8>> {
    let sets = [words(&[2, 24, 257, 4, 27, 16, 28, 16, 82, 65_535, 1, 8]), words(&[257, 48]), vec![3; 44]].concat();
    let private =
        [words(&[2, 20, 258, 2, 8, 4, 0x8001, 4]), vec![0, 0, 0x0b, 0xb8], words(&[258, 12]), vec![9; 8]].concat();
    let message = |sets: &[u8]| {
        let head = [words(&[10, 16 + sets.len() as u16]), 1_700_000_000u32.to_be_bytes().to_vec(), vec![0; 8]];
        [head.concat(), sets.to_vec()].concat()
    };
    vec![message(&sets), [message(&sets), message(&sets), message(&private)].concat()]
}

/// A question and an answer, a handshake, a fragment and a tunnel: as Ethernet frames.
fn frames() -> Vec<Vec<u8>> {
    let ipv4 = |protocol: u8, fragment: u16, body: &[u8]| {
        let length = (20 + body.len()) as u16;
        let head =
            [&[0x45, 0][..], &length.to_be_bytes(), &[0, 7], &fragment.to_be_bytes(), &[64, protocol, 0, 0]].concat();
        [head, vec![10, 0, 0, 1, 10, 9, 9, 9], body.to_vec()].concat()
    };
    let udp = [words(&[10_000, 53, 18, 0]), b"a question".to_vec()].concat();
    let tcp = [words(&[10_001, 443]), vec![0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 4, 0, 0, 0, 0, 0]].concat();
    let ipv6 = [vec![0x60, 0, 0, 0, 0, 20, 6, 64], vec![0xfd; 32], tcp.clone()].concat();
    let ethernet = |kind: u16, body: &[u8]| [vec![2; 12], kind.to_be_bytes().to_vec(), body.to_vec()].concat();
    vec![
        ethernet(0x0800, &ipv4(17, 0, &udp)),
        ethernet(0x0800, &ipv4(6, 0, &tcp)),
        ethernet(0x86dd, &ipv6),
        ethernet(0x8100, &[words(&[5, 0x0800]), ipv4(17, 0x2000, &udp)].concat()),
        ethernet(0x0800, &ipv4(4, 0, &ipv4(6, 0, &tcp))),
        ethernet(0x0800, &ipv4(17, 3, &udp)),
    ]
}

pub(super) fn pcap() -> Vec<Vec<u8>> {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    for (i, frame) in frames().iter().enumerate() {
        let length = frame.len() as u32;
        for word in [1_700_000_000 + i as u32, 5_000, length, length] {
            file.extend(word.to_le_bytes());
        }
        file.extend(frame);
    }
    vec![file]
}

pub(super) fn pcapng() -> Vec<Vec<u8>> {
    let block = |kind: u32, body: &[u8]| {
        let mut body = body.to_vec();
        body.resize(body.len().next_multiple_of(4), 0);
        let length = (12 + body.len() as u32).to_le_bytes();
        [&kind.to_le_bytes()[..], &length, &body, &length].concat()
    };
    let section = block(0x0a0d_0d0a, &[&0x1a2b_3c4du32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat());
    let interface = block(1, &[1, 0, 0, 0, 0, 0, 4, 0, 9, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0]);
    let packets: Vec<u8> = frames()
        .iter()
        .enumerate()
        .flat_map(|(i, frame)| {
            let (high, low) = (0x0006_0a24u32, 1_000_000 * i as u32);
            let length = frame.len() as u32;
            let head: Vec<u8> = [0, high, low, length, length].iter().flat_map(|word| word.to_le_bytes()).collect();
            block(6, &[head, frame.clone()].concat())
        })
        .collect();
    vec![[section, interface, packets].concat()]
}

pub(super) fn suppressions() -> Vec<Vec<u8>> {
    let list =
        "- { host: 10.0.0.0/8, reason: dst_port, until: 1796000000000 }\n- host: fe80::/10\n- reason: orig_bytes\n";
    vec![list.as_bytes().to_vec(), b"[]\n".to_vec()]
}

pub(super) fn verdicts() -> Vec<Vec<u8>> {
    vec![
        b"hybrid,verdict\n1,true\n1.0,false\n0.99999,\n1,false_alarm\n".to_vec(),
        b"src,score,verdict\n10.0.0.1,1,attack:scan\n10.0.0.2,1,benign\n".to_vec(),
    ]
}
