//! The alerts of a watch on the live page: found, marked and suppressed, after a restart of server and watch too.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::live::{header, line, model};
use crate::nta::Home;
use crate::web::examples::hold;
use crate::web::{Server, TOKEN};

const LIVE: &str = "/api/v1/live/gate";

/// Watches what is there now.
fn watch(home: &Home, more: &[&str]) {
    let at = |name: &str| home.path().join(format!("spool/{name}")).display().to_string();
    let source = format!("gate={}", at("conn.log"));
    let (alerts, state) = (at("alerts.json"), at("watch.state"));
    let args = ["watch", "live/1", &source, "--alerts", &alerts, "--state", &state, "--once"];
    home.nta(&[&args[..], more].concat()).ok();
}

fn append(home: &Home, lines: std::ops::Range<u64>) {
    let mut file = fs::File::options().append(true).open(home.path().join("spool/conn.log")).unwrap();
    file.write_all(lines.map(line).collect::<String>().as_bytes()).unwrap();
}

/// Alerts that stand in the file, without the ends of groups.
fn alerts(home: &Home) -> Vec<Value> {
    let text = fs::read_to_string(home.path().join("spool/alerts.json")).unwrap();
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|alert| alert["alert"]["signature_id"] == 8_470_001).collect()
}

fn started(home: &Home, n: usize) -> Server {
    let place = format!("gate={}", home.path().join("spool").display());
    let server = Server::start_with(home, None, &["--watch", &place]);
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let view = server.get(LIVE).json();
        if view["alerts"] == n && view["reading"] == false {
            assert_eq!((&view["standing"], &view["status"]["model"]), (&json!("ended"), &json!("live/1")), "{view}");
            return server;
        }
        assert!(Instant::now() < until, "{n} alerts are wanted: {view}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn mark(server: &Server, mark: Value) -> Value {
    let answer = server.post(&format!("{LIVE}/marks"), &mark);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn listed(server: &Server, query: &str) -> Value {
    let answer = server.get(&format!("{LIVE}/alerts?{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// The verdicts that are kept under the model's name.
fn feedback(home: &Home) -> Value {
    serde_json::from_str(&home.nta(&["feedback", "live", "--list", "--json"]).ok().out).unwrap()
}

/// The examples of what a watch tells, of alert `id`.
fn hold_examples(server: &Server, id: &str) {
    let of_alert = format!("{LIVE}/alerts/{id}");
    let marks = json!({ "ids": [id], "state": "acknowledged", "note": "seen" });
    let answers = [
        ("GET", "/api/v1/live", server.get("/api/v1/live")),
        ("GET", "/api/v1/live/{watch}", server.get(LIVE)),
        ("GET", "/api/v1/live/{watch}/alerts", server.get(&format!("{LIVE}/alerts?size=2"))),
        ("GET", "/api/v1/live/{watch}/alerts/{id}", server.get(&of_alert)),
        ("GET", "/api/v1/live/{watch}/alerts/{id}/hour", server.get(&format!("{of_alert}/hour"))),
        ("GET", "/api/v1/live/{watch}/suppressions", server.get(&format!("{LIVE}/suppressions"))),
        ("POST", "/api/v1/live/{watch}/marks", server.post(&format!("{LIVE}/marks"), &marks)),
    ];
    hold(&answers, |path| path.starts_with("/api/v1/live"));
}

#[test]
fn alerts_are_an_inbox_that_outlives_server_and_watch() {
    let home = Home::new();
    let _ = model(&home);
    home.write("spool/conn.log", header() + &(0..400).map(line).collect::<String>());
    watch(&home, &[]);
    let all = alerts(&home);
    assert!(all.len() > 20, "{}", all.len());
    let server = started(&home, all.len());

    let page = listed(&server, "size=200");
    assert_eq!((&page["matching"], &page["states"]["new"]), (&json!(all.len()), &json!(all.len())));
    let ids: Vec<&str> = page["alerts"].as_array().unwrap().iter().map(|a| a["id"].as_str().unwrap()).collect();
    let wanted: Vec<&Value> =
        all.iter().rev().take(200).map(|alert| &alert["alert"]["metadata"]["nta_id"][0]).collect();
    assert!(json!(ids) == json!(wanted), "the newest first");
    let of_host = all.iter().filter(|alert| alert["src_ip"] == "10.0.0.3").count();
    assert_eq!(listed(&server, "host=10.0.0.3&size=1")["matching"], of_host);
    let folded = listed(&server, "fold=true&size=200");
    let behind: u64 = folded["alerts"].as_array().unwrap().iter().map(|a| a["folded"].as_u64().unwrap()).sum();
    assert!(behind == all.len() as u64 && folded["matching"].as_u64().unwrap() < behind, "{folded}");
    let micros = page["alerts"][0]["micros"].as_i64().unwrap();
    assert_eq!(listed(&server, &format!("until={micros}"))["matching"].as_u64().unwrap() + 1, all.len() as u64);
    let best = listed(&server, "sort=score&size=1")["alerts"][0]["score"].as_f64().unwrap();
    assert!(page["alerts"].as_array().unwrap().iter().all(|a| a["score"].as_f64().unwrap() <= best));

    // A false alarm keeps its label, under the name of whoever says so, and gives it back.
    let marked = mark(&server, json!({ "ids": [ids[0], ids[1]], "state": "false_alarm", "note": "the backup host" }));
    assert_eq!(marked["labels"], json!({ "kept": 2, "known": 0, "without_flow": 0, "problem": null }), "{marked}");
    let _ = mark(&server, json!({ "ids": [ids[2]], "state": "escalated" }));
    let kept = feedback(&home);
    assert_eq!((&kept[0]["verdicts"], &kept[1]["verdicts"]), (&json!({ "false_alarm": 2 }), &json!({ "attack": 1 })));
    assert_eq!((&kept[0]["who"], &kept[0]["why"]), (&json!("this machine"), &json!("the backup host")), "{kept}");
    let _ = mark(&server, json!({ "ids": [ids[1]], "state": "acknowledged" }));
    assert_eq!(feedback(&home)[2]["verdicts"], json!({ "withdrawn": 1 }));
    let shown = server.get(&format!("{LIVE}/alerts/{}", ids[1])).json();
    let states: Vec<&Value> = shown["marks"].as_array().unwrap().iter().map(|mark| &mark["state"]).collect();
    assert_eq!(json!(states), json!(["acknowledged", "false_alarm"]));
    assert!(shown["reasons"][0].is_string() && shown["uid"].is_string() && shown["members"]["forest"].is_number());
    let hour = server.get(&format!("{LIVE}/alerts/{}/hour", ids[0])).json();
    assert_eq!((&hour["all_flows"], &hour["rows"][0]["nta_id"]), (&json!(false), &json!(ids[0])), "{hour}");

    // What is taken away is what `nta verdicts` reads, and the lines as they are.
    let table = home.write("verdicts.jsonl", server.get(&format!("{LIVE}/download/verdicts")).text());
    let told = home.nta(&["verdicts", "live", table.to_str().unwrap(), "--flows", "400", "--json"]).ok();
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(told["verdicts"]["alerts"], all.len(), "{told}");
    assert_eq!(told["verdicts"]["without"].as_u64().unwrap() + 2, all.len() as u64, "{told}");
    let eve = server.get(&format!("{LIVE}/download/eve?state=escalated")).text();
    assert_eq!(serde_json::from_str::<Value>(&eve).unwrap()["alert"]["metadata"]["nta_id"][0], ids[2]);

    // Suppressed by host: what came is so, and what comes is not alerted.
    let srcs: Vec<&str> = page["alerts"].as_array().unwrap().iter().map(|a| a["src"].as_str().unwrap()).collect();
    let host = *srcs.iter().find(|src| !srcs[..3].contains(src)).expect("a fourth host");
    let suppress = json!({ "host": host, "until": 4_070_908_800_000_i64 });
    let whole = json!({ "all": { "src": host, "through": ids[0] }, "state": "suppressed", "note": "the scanner", "suppress": suppress });
    let marked = mark(&server, whole.clone());
    let again = mark(&server, whole);
    assert_eq!(again["suppression"], marked["suppression"], "asked for again, it is one entry");
    assert_eq!(server.get(&format!("{LIVE}/suppressions")).json()["suppressions"].as_array().unwrap().len(), 1);
    let n_suppressed = all.iter().filter(|alert| alert["src_ip"] == host).count();
    assert_eq!(marked["marked"], n_suppressed);
    hold_examples(&server, ids[1]);
    for wrong in [
        json!({ "ids": [ids[0]], "state": "suppressed", "note": "x" }),
        json!({ "ids": [ids[0]], "state": "suppressed", "suppress": { "host": "10.9.9.9" } }),
        json!({ "ids": [ids[0]], "state": "suppressed", "note": "x", "suppress": { "host": "no host" } }),
        json!({ "ids": [ids[0]], "state": "suppressed", "note": "x", "suppress": {} }),
        json!({ "ids": [ids[0]], "state": "suppressed", "note": "x", "suppress": { "reason": "bytes\u{7f}" } }),
        json!({ "ids": [ids[0]], "state": "suppressed", "note": "x", "suppress": { "reason": "b".repeat(501) } }),
        json!({ "all": { "through": "ab" }, "state": "acknowledged" }),
        json!({ "ids": ["ab"], "state": "acknowledged" }),
        json!({ "ids": [], "state": "acknowledged" }),
    ] {
        let answer = server.post(&format!("{LIVE}/marks"), &wrong);
        assert_eq!(answer.status, 422, "{wrong}: {}", answer.text());
    }
    assert_eq!(server.get("/api/v1/live/yard").status, 404);
    assert_eq!(server.get(&format!("{LIVE}/alerts?state=lost")).status, 400);
    assert_eq!(server.get(&format!("{LIVE}/alerts?through=ab")).status, 422);

    // Told of what came behind the last alert that was seen.
    let mut events = server.connect(&format!(
        "GET {LIVE}/events HTTP/1.1\r\nhost: {}\r\nlast-event-id: {}\r\n\r\n",
        server.address(),
        ids[1]
    ));
    let lines = BufReader::new(&mut events).lines().map_while(Result::ok);
    let told: Vec<String> = lines.filter(|l| l.starts_with("id: ") || l.starts_with("event: ")).take(3).collect();
    assert_eq!(told, ["event: alert", &format!("id: {}", ids[0]), "event: status"]);
    drop(events);
    assert_eq!(server.end("-TERM"), 0);

    append(&home, 400..800);
    watch(&home, &["--group", "30"]);
    let later = alerts(&home);
    assert!(later.len() > all.len() + 5, "{}", later.len());
    let new = &later[all.len()..];
    assert!(new.iter().all(|alert| alert["src_ip"] != host && alert["dest_ip"] != host));
    let server = started(&home, later.len());
    let states = &listed(&server, "")["states"];
    assert_eq!((&states["false_alarm"], &states["suppressed"]), (&json!(1), &json!(n_suppressed)), "{states}");
    let groups = listed(&server, "rule=group&size=200");
    assert!(groups["matching"].as_u64().unwrap() > 0, "{groups}");
    assert!(
        groups["alerts"]
            .as_array()
            .unwrap()
            .iter()
            .all(|a| a["count"].as_u64().unwrap() > 1 && a["last"].as_i64() > a["micros"].as_i64())
    );

    let held = server.get(&format!("{LIVE}/suppressions")).json();
    assert_eq!(
        (&held["suppressions"][0]["host"], &held["suppressions"][0]["why"]),
        (&json!(host), &json!("the scanner"))
    );
    let id = held["suppressions"][0]["id"].as_str().unwrap();
    let path = format!("{LIVE}/suppressions/{id}");
    assert_eq!(
        [server.ask("DELETE", &path, &[], b"").status, server.ask("DELETE", &path, &[], b"").status],
        [204, 404]
    );
    append(&home, 800..1_100);
    watch(&home, &["--group", "30"]);
    assert!(alerts(&home)[later.len()..].iter().any(|alert| alert["src_ip"] == host), "it is told again");

    let page = server.get("/live").text();
    assert!(page.contains("data-live") && page.contains("<option value=\"gate\">"), "{page}");
    for path in [LIVE, "/api/v1/live", &format!("{LIVE}/suppressions")] {
        assert!(!server.get(path).text().contains("spool/"), "{path} tells a path");
    }
    let log = fs::read_to_string(home.path().join("web/audit.jsonl")).unwrap();
    for done in [
        "2 alerts of gate are false alarms: the backup host".to_owned(),
        format!("{host} of gate is suppressed no more"),
    ] {
        assert!(log.contains(&done), "{log}");
    }
    assert_eq!(server.end("-TERM"), 0);

    let place = format!("gate={}", home.path().join("spool/watch.state").display());
    let server = Server::start_with(&home, Some(TOKEN), &["--watch", &place, "--token-role", "look"]);
    let bearer = format!("Bearer {TOKEN}");
    let as_looker =
        |method: &str, path: &str, body: &[u8]| server.ask(method, path, &[("authorization", &bearer)], body).status;
    assert_eq!(as_looker("GET", &format!("{LIVE}/alerts"), b""), 200);
    assert_eq!(as_looker("POST", &format!("{LIVE}/marks"), br#"{"ids":["x"],"state":"new"}"#), 403);
    assert_eq!(as_looker("DELETE", &path, b""), 403);
    assert_eq!(server.get(&format!("{LIVE}/events")).status, 401);
    home.nta(&["serve", "--watch", "a=x", "--watch", "a=y"]).refused(2, &["two watches are called a"]);
}
