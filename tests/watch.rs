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

/// Alerts and flows; beside the state stand the flows of those alerts, as they stand among all.
fn both(home: &Home, files: &str) -> (String, String) {
    let read = |name: &str| fs::read_to_string(home.path().join(files).join(name)).unwrap();
    let (alerts, flows) = (read("alerts.json"), read("flows.jsonl"));
    let told = |line: &&str| !line.contains("nta_group_count");
    let id = |line: &str| line.split("\"nta_id\":[\"").nth(1).unwrap()[..32].to_owned();
    let of_alerts: Vec<String> = alerts.lines().filter(told).map(id).collect();
    let flagged = read("state.flagged.jsonl");
    assert_eq!(flagged.lines().count(), of_alerts.len());
    for (line, id) in flagged.lines().zip(&of_alerts) {
        assert!(line.contains(id) && flows.lines().any(|flow| flow == line), "{line}");
    }
    (alerts, flows)
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
fn files_that_come_into_a_folder_are_one_stream() {
    let home = Home::new();
    let _ = model(&home);
    home.write("whole/conn.log", header() + &(0..300).map(line).collect::<String>());
    watch(&home, "whole/conn.log", "whole", &[]);
    let part = |lines: std::ops::Range<u64>| header() + &lines.map(line).collect::<String>();
    fs::create_dir_all(home.path().join("parts")).unwrap();
    let first = home.write("spool/z.log", part(0..100));
    watch(&home, "spool", "parts", &["--batch", "30"]);
    // The file grew, was packed and renamed; another came since.
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(part(0..150).as_bytes()).unwrap();
    fs::remove_file(first).unwrap();
    home.write("spool/z.1.log.gz", packed.finish().unwrap());
    std::thread::sleep(Duration::from_millis(20));
    home.write("spool/a.log", part(150..300));
    let said = watch(&home, "spool", "parts", &[]);
    assert!(said.contains("going on behind 100 flows"), "{said}");
    assert_eq!(both(&home, "parts"), both(&home, "whole"));
    watch(&home, "spool", "parts", &[]);
    assert_eq!(both(&home, "parts"), both(&home, "whole"), "each file once");
}

/// Flows `lines` in an order in which each stands up to `by` places from its own.
fn shuffled(lines: std::ops::Range<u64>, by: u64) -> String {
    let mut order: Vec<u64> = lines.collect();
    order.sort_by_key(|i| i + i.wrapping_mul(11) % by);
    order.into_iter().map(line).collect()
}

/// What the watch counted, as its last line says.
fn counts(home: &Home, folder: &str, more: &[&str]) -> serde_json::Value {
    let args = ["--json", "--quiet"];
    let at = |name: &str| home.path().join(format!("{folder}/{name}")).display().to_string();
    let source = format!("gate={}", at("conn.log"));
    let (alerts, flows, state) = (at("alerts.json"), at("flows.jsonl"), at("state"));
    let all = ["watch", "live", &source, "--alerts", &alerts, "--flows", &flows, "--state", &state, "--once"];
    serde_json::from_str(&home.nta(&[&all[..], &args, more].concat()).ok().out).unwrap()
}

#[test]
fn a_window_puts_flows_in_order_of_their_ends_over_kills_and_counts_what_is_late() {
    let home = Home::new();
    let _ = model(&home);
    let scores = |folder: &str| {
        let mut scores: Vec<(String, String)> = both(&home, folder)
            .1
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .map(|flow| (flow["uid"].to_string(), format!("{} {}", flow["hybrid"], flow["lstm"])))
            .collect();
        scores.sort();
        scores
    };
    home.write("sorted/conn.log", header() + &shuffled(0..400, 1));
    let _ = counts(&home, "sorted", &["--reorder", "0"]);
    // In a wide window the order of the lines makes no difference; without one it does, whatever the batches are.
    home.write("mixed/conn.log", header() + &shuffled(0..400, 25));
    let counted = counts(&home, "mixed", &["--reorder", "30", "--batch", "13"]);
    assert_eq!((&counted["late"], &counted["early"], &counted["flows"]), (&0.into(), &0.into(), &400.into()));
    assert_eq!(scores("mixed"), scores("sorted"));
    home.write("plain/conn.log", header() + &shuffled(0..400, 25));
    let _ = counts(&home, "plain", &["--reorder", "0"]);
    assert_ne!(scores("plain"), scores("sorted"));
    // A window that is too narrow, and room for too few: counted, and every flow scored once.
    for (width, rows, batch) in [("5", "1000", "1000"), ("5", "1000", "7"), ("30", "4", "64"), ("30", "4", "9")] {
        let folder = format!("narrow-{rows}-{batch}");
        home.write(&format!("{folder}/conn.log"), header() + &shuffled(0..400, 25));
        let counted = counts(&home, &folder, &["--reorder", width, "--reorder-rows", rows, "--batch", batch]);
        let kind = if rows == "4" { "early" } else { "late" };
        assert!(counted[kind].as_u64().unwrap() > 10, "{counted}");
        assert_eq!(counted["flows"], 400);
    }
    assert_eq!(both(&home, "narrow-1000-1000"), both(&home, "narrow-1000-7"));
    assert_eq!(both(&home, "narrow-4-64"), both(&home, "narrow-4-9"));
}

/// The saves in a state, oldest first: a header, and a section of each shard of the scorer's memory.
fn saves(state: &[u8]) -> Vec<(serde_json::Value, Vec<Vec<u8>>)> {
    fn take(n: usize, rest: &mut &[u8]) -> Vec<u8> {
        let (taken, behind) = rest.split_at(n);
        *rest = behind;
        taken.to_vec()
    }
    let (mut rest, mut saves) = (state, Vec::new());
    let number = |bytes: Vec<u8>| bytes.iter().rev().fold(0, |all, byte| all << 8 | *byte as usize);
    while !rest.is_empty() {
        assert_eq!(take(15, &mut rest), b"{}\nNTASCORE\x02\0\0\0");
        let n = number(take(4, &mut rest));
        let header: serde_json::Value = serde_json::from_slice(&take(n, &mut rest)).unwrap();
        take(32, &mut rest);
        let sections = (0..header["sections"].as_u64().unwrap()).map(|_| {
            let n = number(take(8, &mut rest));
            let section = take(n, &mut rest);
            take(32, &mut rest);
            section
        });
        let sections = sections.collect();
        saves.push((header, sections));
    }
    saves
}

/// What the state says of how far the watch is.
fn position(home: &Home, folder: &str) -> serde_json::Value {
    saves(&fs::read(home.path().join(folder).join("state")).unwrap()).pop().unwrap().0["position"].clone()
}

#[test]
fn a_state_of_the_former_format_is_gone_on_from() {
    let home = Home::new();
    let model = model(&home);
    home.write("whole/conn.log", header() + &(0..400).map(line).collect::<String>());
    watch(&home, "whole/conn.log", "whole", &[]);
    let log = home.write("parts/conn.log", header() + &(0..100).map(line).collect::<String>());
    watch(&home, "parts/conn.log", "parts", &[]);
    // It was how far the watch is as a line, then a snapshot that is sealed over that line too.
    let state = home.path().join("parts/state");
    let saved = saves(&fs::read(&state).unwrap());
    let [(header, sections)] = &saved[..] else { panic!("{} saves", saved.len()) };
    let mut scorer = nta_model::Scorer::new(model).unwrap();
    for (shard, section) in sections.iter().enumerate() {
        scorer.restore_shard(shard, std::slice::from_ref(section)).unwrap();
    }
    let line_of = serde_json::to_vec(&header["position"]).unwrap();
    let snapshot = scorer.snapshot(&line_of).unwrap();
    let former = [&line_of[..], b"\n", &snapshot].concat();
    fs::write(&state, &former[..former.len() - 1]).unwrap();
    let source = format!("gate={}", log.display());
    let again = ["watch", "live", &source, "--once", "--state", state.to_str().unwrap()];
    home.nta(&again).refused(2, &["its digest does not hold"]);
    fs::write(&state, former).unwrap();
    append(&log, 100..400);
    let said = watch(&home, "parts/conn.log", "parts", &[]);
    assert!(said.contains("going on behind 100 flows"), "{said}");
    assert_eq!(both(&home, "parts"), both(&home, "whole"));
    assert_eq!(saves(&fs::read(&state).unwrap()).len(), 1);
}

#[test]
fn a_state_that_two_watches_want_is_the_first_ones() {
    let home = Home::new();
    let _ = model(&home);
    let log = home.write("a/conn.log", header() + &(0..100).map(line).collect::<String>());
    watch(&home, "a/conn.log", "a", &[]);
    let (source, state) = (format!("gate={}", log.display()), home.path().join("a/state").display().to_string());
    let args = ["watch", "live", &source, "--state", &state];
    let held = fs::File::open(&state).unwrap();
    held.lock().unwrap();
    home.nta(&args).refused(2, &["is another watch's that runs"]);
}

#[test]
fn a_broken_clock_moves_neither_the_day_nor_groups() {
    let home = Home::new();
    let _ = model(&home);
    let lines =
        |broken: &str| (0..100).map(line).collect::<String>() + broken + &(100..400).map(line).collect::<String>();
    home.write("whole/conn.log", header() + &lines(""));
    // A flow of 2099 of a host of its own, and one of a host that attacks.
    let broken = |from: &str| line(50).replacen("1700000050.25", "4070908800.25", 1).replacen("10.0.0.0", from, 1);
    home.write("broken/conn.log", header() + &lines(&(broken("10.0.0.77") + &broken("10.0.0.3"))));
    let all = ["--group", "60", "--most-alerts", "1000"];
    let whole = counts(&home, "whole", &all);
    let counted = counts(&home, "broken", &all);
    assert!(whole["grouped"].as_u64().unwrap() > 10, "{whole}");
    let close = |name: &str| counted[name].as_u64().unwrap().abs_diff(whole[name].as_u64().unwrap()) <= 3;
    assert!(close("grouped") && close("alerts") && close("flagged"), "{counted}, without {whole}");
    assert_eq!((&counted["flows"], &counted["today"]["day"]), (&402.into(), &whole["today"]["day"]));
    assert_eq!(position(&home, "broken")["clocks"], position(&home, "whole")["clocks"]);
}

#[test]
fn what_waits_when_a_watch_is_told_to_stop_is_read_again_by_the_next() {
    let home = Home::new();
    let _ = model(&home);
    home.write("whole/conn.log", header() + &shuffled(0..400, 25));
    let grouped = ["--reorder", "30", "--group", "60"];
    let counted = counts(&home, "whole", &grouped);
    assert!(counted["grouped"].as_u64().unwrap() > 5, "{counted}");
    let whole = both(&home, "whole");
    let groups = whole.0.lines().filter(|line| line.contains("nta_group_count")).count();
    assert!(groups > 3, "{}", whole.0);
    assert_eq!(
        counted["alerts"].as_u64().unwrap() + groups as u64,
        whole.0.lines().count() as u64,
        "each alert is told or counted: {counted}"
    );

    let log = home.write("parts/conn.log", header());
    let at = |name: &str| home.path().join(format!("parts/{name}")).display().to_string();
    let source = format!("gate={}", log.display());
    let (alerts, flows, state) = (at("alerts.json"), at("flows.jsonl"), at("state"));
    let args = ["watch", "live", &source, "--alerts", &alerts, "--flows", &flows, "--state", &state];
    // Idle windows are scored by the clock after 30 s, later than this takes.
    let lines: Vec<String> = shuffled(0..400, 25).lines().map(|line| format!("{line}\n")).collect();
    for part in lines.chunks(150) {
        let mut file = fs::File::options().append(true).open(&log).unwrap();
        file.write_all(part.concat().as_bytes()).unwrap();
        let before = fs::read_to_string(home.path().join("parts/flows.jsonl")).unwrap_or_default().lines().count();
        let all: Vec<&str> = args.iter().chain(&grouped).copied().chain(["--save-every", "0.1"]).collect();
        let mut watch = home.command(&all).stderr(std::process::Stdio::null()).spawn().unwrap();
        let until = Instant::now() + Duration::from_secs(60);
        let scored = || fs::read_to_string(home.path().join("parts/flows.jsonl")).unwrap_or_default().lines().count();
        while scored() < before + part.len().min(60) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        watch.kill().unwrap();
        watch.wait().unwrap();
    }
    watch(&home, "parts/conn.log", "parts", &grouped);
    let parts = both(&home, "parts");
    for (name, parts, whole) in [("alerts", parts.0, whole.0), ("flows", parts.1, whole.1)] {
        let (parts, whole): (Vec<_>, Vec<_>) = (parts.lines().collect(), whole.lines().collect());
        let other = parts.iter().zip(&whole).position(|(part, whole)| part != whole);
        assert_eq!(other.map(|at| (at, parts[at], whole[at])), None, "{name}");
        assert_eq!(parts.len(), whole.len(), "{name}");
    }
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
