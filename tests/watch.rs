//! `nta watch`: over restarts, rotations and kills the files hold every flow and every alert once, as one go makes them.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::live::{header, line, model};
use crate::nta::Home;

/// Watches what is there now; `more` are further arguments.
fn watch(home: &Home, log: &str, files: &str, more: &[&str]) -> String {
    let at = |name: &str| home.path().join(format!("{files}/{name}")).display().to_string();
    let source = format!("gate={}", home.path().join(log).display());
    let (alerts, flows, state) = (at("alerts.json"), at("flows.jsonl"), at("state"));
    let args = ["watch", "live", &source, "--alerts", &alerts, "--flows", &flows, "--state", &state, "--once"];
    home.nta(&[&args[..], more].concat()).ok().err
}

fn both(home: &Home, files: &str) -> (String, String) {
    let read = |name: &str| fs::read_to_string(home.path().join(files).join(name)).unwrap();
    (read("alerts.json"), read("flows.jsonl"))
}

fn append(path: &Path, lines: std::ops::Range<u64>) {
    let text: String = lines.map(line).collect();
    fs::File::options().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[test]
fn a_watch_that_ends_anywhere_goes_on_as_if_it_had_not() {
    let home = Home::new();
    let _ = model(&home);
    home.write("whole/conn.log", header() + &(0..400).map(line).collect::<String>());
    watch(&home, "whole/conn.log", "whole", &[]);
    let whole = both(&home, "whole");
    assert_eq!(whole.1.lines().count(), 400);
    assert!(whole.0.lines().count() > 10, "{}", whole.0);

    let log = home.write("parts/conn.log", header() + &(0..100).map(line).collect::<String>());
    watch(&home, "parts/conn.log", "parts", &["--batch", "7"]);
    let old_state = fs::read(home.path().join("parts/state")).unwrap();
    append(&log, 100..150);
    // Rotated while nobody watched.
    fs::rename(&log, log.with_extension("log.1")).unwrap();
    fs::write(&log, header() + &(150..400).map(line).collect::<String>()).unwrap();
    let said = watch(&home, "parts/conn.log", "parts", &["--batch", "64"]);
    assert!(said.contains("going on behind 100 flows"), "{said}");
    assert_eq!(both(&home, "parts"), whole);

    // Killed before the state was saved, with half a line written: what stands is kept and not written again.
    fs::write(home.path().join("parts/state"), &old_state).unwrap();
    let alerts = home.path().join("parts/alerts.json");
    fs::write(&alerts, &whole.0[..whole.0.len() - 20]).unwrap();
    watch(&home, "parts/conn.log", "parts", &[]);
    assert_eq!(both(&home, "parts"), whole);

    home.nta(&["watch", "live", "nowhere.log", "--state", "x"]).refused(2, &["cannot watch nowhere.log"]);
}

#[test]
fn alerts_are_eve_held_back_by_the_list_and_sent_on_until_they_arrive() {
    let home = Home::new();
    let _ = model(&home);
    home.write("a/conn.log", header() + &(0..400).map(line).collect::<String>());
    let hook = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/alerts", hook.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let mut bodies = Vec::new();
        for (nth, stream) in hook.incoming().flatten().take(2).enumerate() {
            bodies.push(body(stream, if nth == 0 { "503 Busy" } else { "200 OK" }));
        }
        bodies
    });
    let list = home.write("list.yaml", "- { host: 10.0.0.3/32 }\n");
    watch(&home, "a/conn.log", "a", &["--suppress", list.to_str().unwrap()]);
    let (alerts, _) = both(&home, "a");
    let first: serde_json::Value = serde_json::from_str(alerts.lines().next().unwrap()).unwrap();
    assert_eq!((&first["event_type"], &first["alert"]["signature_id"]), (&"alert".into(), &8_470_001.into()));
    assert!(first["alert"]["metadata"]["nta_reasons"][0].is_string() && first["src_port"].is_u64(), "{first}");
    assert!(!alerts.contains("10.0.0.3\"") && alerts.contains("10.0.0.6\""));

    // The first try finds the server busy; the next watch sends it all again.
    for _ in 0..2 {
        watch(&home, "a/conn.log", "a", &["--webhook", &url]);
    }
    let bodies = served.join().unwrap();
    assert_eq!(bodies[0], bodies[1]);
    let sent: Vec<serde_json::Value> = serde_json::from_str(&bodies[1]).unwrap();
    assert_eq!(sent[0], first);
}

/// The body of a request, answered with `status`.
fn body(mut stream: std::net::TcpStream, status: &str) -> String {
    let mut text = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let n = stream.read(&mut buffer).unwrap();
        text.extend_from_slice(&buffer[..n]);
        let said = String::from_utf8_lossy(&text).into_owned();
        let Some((head, body)) = said.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        if body.len() >= length.unwrap().trim().parse::<usize>().unwrap() {
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
            return body.to_owned();
        }
    }
}

#[test]
fn a_port_takes_netflow_and_counts_what_is_none() {
    let port = nta_ingest::FlowPort::bind("127.0.0.1:0").unwrap();
    let (address, counts, stop) = (port.address(), port.counts(), port.stopper());
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut datagram = vec![0; 24 + 48];
    (datagram[1], datagram[3]) = (5, 1);
    datagram[8..12].copy_from_slice(&1_700_000_000u32.to_be_bytes());
    datagram[24..32].copy_from_slice(&[10, 0, 0, 1, 10, 0, 0, 2]);
    (datagram[24 + 19], datagram[24 + 38]) = (3, 6);
    socket.send_to(&datagram, address).unwrap();
    socket.send_to(b"nothing", address).unwrap();
    let until = Instant::now() + Duration::from_secs(5);
    while counts.received() < 2 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    stop.stop();
    let schema = std::sync::Arc::new(nta_ingest::builtin_schema("netflow").unwrap());
    let mut flows = nta_ingest::follow(port, "port", &nta_ingest::ReadOptions::new(schema)).unwrap();
    let batch = flows.next().unwrap().unwrap();
    assert_eq!(batch.raw.texts("observer").unwrap()[0].as_deref(), Some("127.0.0.1/0"));
    assert_eq!(batch.raw.texts("packets").unwrap()[0].as_deref(), Some("3"));
    assert!(flows.next().is_none());
    assert_eq!((counts.received(), counts.damaged(), counts.dropped()), (2, 1, 0));
}
