//! Packet captures through the real binary: metered, scored by a model of flows, learned from with labels of a second file.

use crate::nta::Home;

/// A pcap of datagrams of 300 hosts to a name server, every third host of which also knocks at a door that stays shut.
fn capture() -> Vec<u8> {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0];
    let mut packet = |millis: u32, protocol: u8, src: [u8; 4], dst: [u8; 4], rest: &[u8]| {
        let len = 20 + rest.len() as u32;
        let time = [1_700_000_000 + millis / 1_000, millis % 1_000 * 1_000, len, len];
        time.iter().for_each(|word| file.extend(word.to_le_bytes()));
        file.extend([0x45, 0, 0, len as u8, 0, 0, 0, 0, 64, protocol, 0, 0]);
        file.extend([&src[..], &dst, rest].concat());
    };
    for i in 0..1_200u32 {
        let (host, port) = ([10, 0, (i % 300 / 100) as u8, (i % 100) as u8], (10_000 + i) as u16);
        let [high, low] = port.to_be_bytes();
        let server = [10, 9, 9, 9];
        packet(i * 500, 17, host, server, &[&[high, low, 0, 53, 0, 18, 0, 0][..], b"a question"].concat());
        packet(i * 500 + 20, 17, server, host, &[&[0, 53, high, low, 0, 40, 0, 0][..], &[7; 32]].concat());
        if i % 3 == 0 {
            let syn = [high, low, 0, 23, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 4, 0, 0, 0, 0, 0];
            packet(i * 500 + 30, 6, host, [10, 8, 8, (i % 200) as u8], &syn);
        }
    }
    file
}

#[test]
fn a_capture_is_metered_and_what_cannot_be_is_said() {
    let home = Home::new();
    let capture = capture();
    let whole = home.write("a.pcap", &capture);
    let cut = home.write("cut.pcap", &capture[..capture.len() - 5]);
    for name in ["flows.csv", "flows.parquet", "flows.log"] {
        let output = home.path().join(name);
        let done = home.nta(&["meter", whole.to_str().unwrap(), "-o", output.to_str().unwrap()]);
        assert_eq!(done.code, 0, "{}", done.err);
        assert!(
            done.out.contains("1600 of 2,800 packets") || done.out.contains("1600 of 2800 packets"),
            "{}",
            done.out
        );
    }
    let text = std::fs::read_to_string(home.path().join("flows.csv")).unwrap();
    assert!(text.starts_with("ts,uid,id.orig_h,id.orig_p,id.resp_h,id.resp_p,proto,service,duration,"), "{text:.200}");
    let done = home.nta(&["meter", cut.to_str().unwrap()]);
    assert!(done.out.starts_with("#separator") && done.err.contains("ends within a packet"), "{}", done.err);
    let wifi = [&capture[..20], &[105, 0, 0, 0], &capture[24..]].concat();
    let wifi = home.write("wifi.pcap", wifi);
    let output = home.path().join("none.csv");
    home.nta(&["meter", wifi.to_str().unwrap(), "-o", output.to_str().unwrap()])
        .refused(2, &["wifi.pcap", "2800 of link type 105, which is not read"]);
    assert!(!output.exists());
}

#[test]
fn a_model_learns_from_a_capture_with_labels_beside_it_and_scores_packets_as_their_log() {
    let home = Home::new();
    let packets = home.write("a.pcap", capture());
    let (packets, log) = (packets.to_str().unwrap(), home.path().join("conn.log"));
    let log = log.to_str().unwrap();
    home.nta(&["meter", packets, "-o", log]);
    let flows = std::fs::read_to_string(log).unwrap();
    let label = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        format!("{},{}\n", cells[1], if cells[5] == "23" { "Malicious" } else { "Benign" })
    };
    let labels: String = flows.lines().filter(|line| !line.starts_with('#')).map(label).collect();
    home.write("labels.csv", format!("uid,label\n{labels}"));
    let here = home.path().display().to_string();
    let config = format!(
        "name: packets\nchoice: off\ndata: {{ schema: zeek-conn, train: '{here}/a.pcap', labels: '{here}/labels.csv', accepted: \
         [proto, id.resp_p, service, conn_state, history, duration, orig_bytes, resp_bytes, orig_pkts, orig_ip_bytes, resp_pkts, \
         resp_ip_bytes] }}\nhybrid: {{ budget: {{ false_positive_rate: 0.2 }} }}\nforest: {{ trees: 10 }}\nlstm: {{ hidden: 4, epochs: 1 }}\n"
    );
    let config = home.write("packets.yaml", config);
    let done = home.nta(&["run", config.to_str().unwrap()]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let scored = |input: &str, name: &str| {
        let output = home.path().join(name);
        let done = home.nta(&["score", "packets", input, "-o", output.to_str().unwrap(), "--sensor", "one"]);
        assert_eq!(done.code, 0, "{}", done.err);
        let text = std::fs::read_to_string(output).unwrap();
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap().split(',').collect();
        let place = header.iter().position(|name| *name == "score_hybrid" || *name == "hybrid").unwrap();
        lines.map(|line| line.split(',').nth(place).unwrap().to_owned()).collect::<Vec<String>>()
    };
    assert_eq!(scored(packets, "of_packets.csv"), scored(log, "of_log.csv"));
}
