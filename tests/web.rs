//! `nta serve`, asked over a socket: a file sent in pieces, scored, looked at and taken away; what is not ours refused.

pub(crate) mod examples;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nta_ingest::ColumnValues;
use serde_json::{Value, json};

use crate::nta::Home;

pub(crate) const TOKEN: &str = "a token of the tests' own";

/// A server that ends with the test.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

impl Server {
    fn start(home: &Home, token: Option<&str>) -> Self {
        Server::start_with(home, token, &[])
    }

    pub(crate) fn start_with(home: &Home, token: Option<&str>, more: &[&str]) -> Self {
        let words = [&["serve", "--listen", "127.0.0.1:0", "--json", "--max-upload", "1"], more].concat();
        let mut command = home.command(&words);
        command.env_remove("NTA_TOKEN").stdout(Stdio::piped()).stderr(Stdio::null());
        token.map(|token| command.env("NTA_TOKEN", token));
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        lines.read_line(&mut first).unwrap();
        let url = serde_json::from_str::<Value>(&first).unwrap()["url"].as_str().unwrap().to_owned();
        // Nobody reads on: the pipe must not fill.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Server { child, address: url.trim_start_matches("http://").parse().unwrap() }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn connect(&self, head: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let host = self.address.to_string();
        let host = headers.iter().find(|(name, _)| *name == "host").map_or(host.as_str(), |(_, host)| host);
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
        for (name, value) in headers.iter().filter(|(name, _)| *name != "host") {
            head += &format!("{name}: {value}\r\n");
        }
        let mut stream = self.connect(&format!("{head}content-length: {}\r\n\r\n", body.len()));
        // A server that refuses by the head alone may close before all is sent.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        parsed(&answer, method)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &[], body.to_string().as_bytes())
    }

    fn begin_upload(&self, name: &str, size: usize) -> String {
        let begun = self.post("/api/v1/uploads", &json!({ "name": name, "size": size }));
        assert_eq!(begun.status, 201, "{}", begun.text());
        begun.json()["id"].as_str().unwrap().to_owned()
    }

    fn send(&self, upload: &str, offset: usize, bytes: &[u8]) -> Answer {
        self.ask("PATCH", &format!("/api/v1/uploads/{upload}"), &[("upload-offset", &offset.to_string())], bytes)
    }

    fn offset(&self, upload: &str) -> usize {
        let answer = self.ask("HEAD", &format!("/api/v1/uploads/{upload}"), &[], b"");
        answer.headers["upload-offset"].parse().unwrap()
    }

    fn upload(&self, name: &str, bytes: &[u8]) -> String {
        let upload = self.begin_upload(name, bytes.len());
        assert_eq!(self.send(&upload, 0, bytes).status, 204);
        upload
    }

    /// Waits until a job has ended.
    fn ended(&self, job: &Value) -> Value {
        let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
        let begun = Instant::now();
        loop {
            let job = self.get(&path).json();
            if !["queued", "running"].contains(&job["state"].as_str().unwrap()) {
                return job;
            }
            assert!(begun.elapsed() < Duration::from_secs(240), "{job}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    pub(crate) fn end(mut self, signal: &str) -> i32 {
        let pid = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

/// A browser: the cookie of its session, and what its pages send back.
struct Browser {
    cookie: String,
    csrf: String,
}

impl Browser {
    /// As a page of `server` makes it; `cookie` is kept where there is one.
    fn on(server: &Server, path: &str, cookie: Option<String>) -> Self {
        let sent = cookie.clone().unwrap_or_default();
        let page = server.ask("GET", path, &[("cookie", &sent)], b"");
        assert_eq!(page.status, 200, "{path}: {}", page.text());
        let new = || page.headers["set-cookie"].split(';').next().unwrap().to_owned();
        let csrf = page.text().split("name=\"csrf\" content=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        Browser { cookie: cookie.unwrap_or_else(new), csrf }
    }

    fn ask(&self, server: &Server, method: &str, path: &str, body: &Value) -> Answer {
        let headers = [("cookie", self.cookie.as_str()), ("x-csrf-token", self.csrf.as_str())];
        server.ask(method, path, &headers, body.to_string().as_bytes())
    }

    /// The answer to a login, and the browser that is in after it.
    fn log_in(server: &Server, login: &Value) -> (Answer, Option<Self>) {
        let answer = Browser::on(server, "/login", None).ask(server, "POST", "/api/v1/session", login);
        let cookie = answer.headers.get("set-cookie").filter(|_| answer.status == 204);
        let cookie = cookie.map(|cookie| cookie.split(';').next().unwrap().to_owned());
        let is_in = cookie.map(|cookie| Browser::on(server, "/models", Some(cookie)));
        (answer, is_in)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn parsed(answer: &[u8], method: &str) -> Answer {
    let split = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("a whole head");
    let head = String::from_utf8_lossy(&answer[..split]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let pairs = lines.filter_map(|line| line.split_once(": "));
    let headers: BTreeMap<String, String> = pairs.map(|(n, v)| (n.to_lowercase(), v.to_owned())).collect();
    let mut body = answer[split + 4..].to_vec();
    if headers.get("transfer-encoding").is_some_and(|t| t == "chunked") && method != "HEAD" {
        body = unchunked(&body);
    }
    Answer { status, headers, body }
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|w| w == b"\r\n").expect("the length of a piece");
        let length = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return whole;
        }
        whole.extend(&body[end + 2..end + 2 + length]);
        body = &body[end + 4 + length..];
    }
}

const SMALL: [&str; 6] = ["--set", "forest.trees=25", "--set", "lstm.hidden=16", "--set", "lstm.epochs=2"];

fn with_model() -> Home {
    let home = Home::new();
    home.nta(&[&["run", "configs/quickstart.yaml", "--set", "choice=off"], &SMALL[..]].concat()).ok();
    home
}

fn simulated(home: &Home) -> Vec<u8> {
    let path = home.path().join("flows.csv");
    home.nta(&["simulate", "--seed", "9", "--set", "flows=4000", "-o", path.to_str().unwrap()]).ok();
    std::fs::read(path).unwrap()
}

#[test]
fn a_file_is_sent_scored_looked_at_and_taken_away() {
    let home = with_model();
    let flows = simulated(&home);
    let server = Server::start(&home, None);
    assert_eq!(server.get("/ready").json()["status"], "ok");
    assert!(server.get("/").text().contains("<option>quickstart"));

    // The connection breaks in the middle of the first piece; what arrived stays, and nothing is sent twice.
    let upload = server.begin_upload("../../=my flows.csv", flows.len());
    let half = flows.len() / 2;
    let head = format!("PATCH /api/v1/uploads/{upload} HTTP/1.1\r\nhost: {}\r\nupload-offset: 0\r\n", server.address);
    let mut broken = server.connect(&format!("{head}content-length: {}\r\n\r\n", flows.len()));
    broken.write_all(&flows[..half]).unwrap();
    drop(broken);
    let begun = Instant::now();
    while server.offset(&upload) < half && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let held = server.offset(&upload);
    assert_eq!(held, half);
    let early = server.post("/api/v1/jobs", &json!({ "kind": "score", "upload": upload }));
    assert_eq!(early.status, 409, "{}", early.text());
    assert_eq!(server.send(&upload, 0, &flows).status, 409, "from another offset");
    assert_eq!(server.send(&upload, held, &flows[held..]).status, 204);

    let job = server.post("/api/v1/jobs", &json!({ "kind": "score", "upload": upload, "explain": true }));
    assert_eq!(job.status, 202, "{}", job.text());
    let done = server.ended(&job.json());
    assert_eq!(done["state"], "done", "{done}");
    let id = done["id"].as_str().unwrap().to_owned();
    looks_right(&server, &id, &home);

    // A broken file names its line by the user's name of it.
    let text = String::from_utf8(flows.clone()).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let odd = lines[4].replacen(|c: char| c.is_ascii_digit(), "x", 1);
    lines[4] = &odd;
    let upload = server.upload("odd.csv", lines.join("\n").as_bytes());
    let failed = server.ended(&server.post("/api/v1/jobs", &json!({ "kind": "score", "upload": upload })).json());
    let error = failed["error"].as_str().unwrap_or_default();
    assert!(error.contains("odd.csv") && error.contains("line 5"), "{failed}");
    assert!(!error.contains(home.path().to_str().unwrap()), "no path of the server: {error}");
    assert!(server.get(&format!("/jobs/{}", failed["id"].as_str().unwrap())).text().contains("line 5"));

    // A result outlives the server, and `kill` ends it well.
    assert_eq!(server.end("-TERM"), 0);
    let server = Server::start(&home, None);
    assert_eq!(server.get(&format!("/results/{id}")).status, 200);
    assert_eq!(server.get("/api/v1/jobs").json()["jobs"].as_array().unwrap().len(), 2);
    assert_eq!(server.ask("DELETE", &format!("/api/v1/results/{id}"), &[], b"").status, 204);
    assert_eq!(server.get(&format!("/results/{id}")).status, 404);
}

#[test]
fn posted_rows_score_as_their_file_does() {
    let home = with_model();
    let flows = simulated(&home);
    let scored = home.path().join("scored.parquet");
    let file = home.path().join("flows.csv");
    home.nta(&["score", "quickstart", file.to_str().unwrap(), "-o", scored.to_str().unwrap()]).ok();
    let told = nta_ingest::read_columns(&scored).unwrap();
    let (Some(ColumnValues::Float(scores)), Some(ColumnValues::Flag(flags))) =
        (told.get("hybrid"), told.get("flagged"))
    else {
        panic!("{:?}", told.names());
    };
    let server = Server::start(&home, None);
    let csv = server.ask("POST", "/api/v1/score", &[], &flows);
    assert_eq!(csv.status, 200, "{}", csv.text());
    let csv = csv.json();
    assert_eq!(csv["model"], "quickstart/1");
    assert_eq!(csv["scores"].as_array().unwrap().len(), scores.len());
    for (i, (score, flag)) in scores.iter().zip(flags).enumerate() {
        let posted = (csv["scores"][i].as_f64().unwrap() as f32, csv["flagged"][i].as_bool().unwrap());
        assert_eq!(posted, (*score as f32, *flag), "row {i}");
    }
    let text = String::from_utf8(flows).unwrap();
    let mut lines = text.lines().map(|line| line.split(','));
    let names: Vec<&str> = lines.next().unwrap().collect();
    let rows: Vec<Value> = lines.map(|row| names.iter().copied().zip(row).collect()).collect();
    let array = server.post("/api/v1/score?model=quickstart/1", &Value::from(rows)).json();
    assert_eq!(array, csv, "an array of the same flows");

    let broken = server.ask("POST", "/api/v1/score", &[], b"time,src\n1,2\n");
    assert_eq!(broken.status, 422, "{}", broken.text());
    assert!(!broken.text().contains("--"), "{}", broken.text());
    assert_eq!(server.post("/api/v1/score?model=..%2F..%2Fetc", &json!([])).status, 404);
}

#[test]
fn runs_are_compared_and_versions_promoted_with_a_reason() {
    let home = with_model();
    home.nta(&[&["run", "configs/quickstart.yaml", "--set", "choice=off", "--set", "seed=3"], &SMALL[..]].concat())
        .ok();
    let server = Server::start(&home, None);
    let runs = server.get("/api/v1/runs?q=QUICK&sort=f1").json();
    let ids: Vec<&str> = runs["runs"].as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2, "{runs}");
    let address = format!("runs={},{}", ids[0], ids[1]);
    let compared = server.get(&format!("/api/v1/compare?{address}")).json();
    assert!(compared["sections"].as_array().unwrap().iter().any(|section| section["title"] == "hybrid"), "{compared}");
    let page = server.get(&format!("/runs/compare?{address}&baseline={}", ids[1]));
    assert!(page.status == 200 && page.headers["content-security-policy"].contains("sandbox"), "{}", page.text());
    for (query, status) in [(format!("runs={}", ids[0]), 400), ("runs=../../etc,..".to_owned(), 404)] {
        assert_eq!(server.get(&format!("/api/v1/compare?{query}")).status, status, "{query}");
    }
    assert!(server.get("/api/v1/runs?status=failed").json()["runs"].as_array().unwrap().is_empty());

    let promote = |body: Value| server.post("/api/v1/models/promote", &body);
    assert_eq!(promote(json!({ "version": "quickstart/1", "why": " " })).status, 400);
    assert_eq!(promote(json!({ "version": "../quickstart/1", "why": "it is ours" })).status, 404);
    for version in ["quickstart/1", "quickstart/2"] {
        assert_eq!(promote(json!({ "version": version, "why": "better at night" })).status, 200);
    }
    let back = server.post("/api/v1/models/rollback", &json!({ "name": "quickstart", "why": "worse by day" }));
    assert_eq!(back.json()["version"], "quickstart/1", "{}", back.text());
    assert!(server.get("/models/quickstart/2").text().contains("better at night"));
    assert_eq!(server.get("/models/quickstart/9").status, 404);
    let log = std::fs::read_to_string(home.path().join("web/audit.jsonl")).unwrap();
    assert!(log.lines().count() == 3 && log.contains("worse by day"), "what was refused changed nothing: {log}");
    let metrics = server.get("/metrics").text();
    assert!(metrics.contains("nta_http_requests_total{method=\"POST\",status=\"400\"} 1"), "{metrics}");
}

/// The page, the numbers, the rows and the downloads of a result tell the same.
fn looks_right(server: &Server, id: &str, home: &Home) {
    let page = server.get(&format!("/results/{id}"));
    assert_eq!(page.status, 200, "{}", page.text());
    for word in
        ["=my flows.csv", "How right", "confusion-forest", "confusion-lstm", "confusion-hybrid", "precision-recall"]
    {
        assert!(page.text().contains(word), "{word}");
    }
    let policy = &page.headers["content-security-policy"];
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
    for inline in ["<script>", "style=", " onclick", "<style"] {
        assert!(!page.text().contains(inline), "{inline}");
    }
    let figure = server.get(&format!("/results/{id}/figures/roc"));
    assert!(figure.text().starts_with("<svg") && figure.headers["content-type"] == "image/svg+xml");

    let numbers = server.get(&format!("/api/v1/results/{id}")).json();
    let (rows, flagged) = (numbers["rows"].as_u64().unwrap(), numbers["flagged"].as_u64().unwrap());
    assert!(rows >= 3_000 && flagged > 0 && flagged < rows / 2, "{rows} rows, {flagged} flagged");
    let hybrid = numbers["members"].as_array().unwrap().last().unwrap().clone();
    let threshold = hybrid["threshold"].as_f64().unwrap() as f32;
    let confusion = &hybrid["at_threshold"]["confusion"];
    assert_eq!(confusion["tp"].as_u64().unwrap() + confusion["fp"].as_u64().unwrap(), flagged);
    let binned: u64 =
        numbers["timeline"]["bins"].as_array().unwrap().iter().map(|b| b["flagged"].as_u64().unwrap()).sum();
    assert_eq!(binned, flagged);

    let ask = |query: &str| server.get(&format!("/api/v1/results/{id}/rows?{query}")).json();
    let score = |row: &Value| row["cells"]["hybrid"].as_f64().unwrap();
    let first = ask(&format!("above={threshold}&size=500"));
    assert_eq!((first["matching"].as_u64(), first["total"].as_u64()), (Some(flagged), Some(rows)));
    let shown = first["rows"].as_array().unwrap().clone();
    assert!(shown.windows(2).all(|w| score(&w[0]) >= score(&w[1])), "by falling score");
    assert!(shown.iter().all(|row| row["cells"]["flagged"] == true && row["cells"]["reasons"] != ""));
    let host = shown[0]["cells"]["src"].as_str().unwrap();
    let of_host = ask(&format!("above={threshold}&host={host}&sort=file&size=500"));
    let n_of_host = of_host["matching"].as_u64().unwrap();
    assert!(n_of_host > 0 && n_of_host <= flagged);
    for row in of_host["rows"].as_array().unwrap() {
        let ends = [&row["cells"]["src"], &row["cells"]["dst"]];
        assert!(ends.iter().any(|end| end.as_str().is_some_and(|end| end.contains(host))), "{row}");
    }
    let last = ask(&format!("sort=file&size=100&page={}", rows.div_ceil(100)));
    assert_eq!(last["rows"].as_array().unwrap().last().unwrap()["row"].as_u64(), Some(rows - 1));

    let csv = server.get(&format!("/api/v1/results/{id}/download/csv")).text();
    assert_eq!(csv.lines().count() as u64, rows + 1);
    let jsonl = server.get(&format!("/api/v1/results/{id}/download/jsonl")).text();
    let n_flagged = jsonl.lines().filter(|line| line.contains("\"flagged\":true")).count() as u64;
    assert_eq!(n_flagged, flagged);
    let eve = server.get(&format!("/api/v1/results/{id}/download/eve")).text();
    let eve: Vec<Value> = eve.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(eve.len() as u64, flagged);
    let told = &eve[0]["alert"]["metadata"];
    assert!(told["nta_score"][0].as_str().unwrap().parse::<f32>().unwrap() > 0.0, "{}", eve[0]);
    assert!(eve[0]["src_ip"].is_string() && told["nta_score_forest"][0].is_string(), "{}", eve[0]);
    let parquet = home.path().join("taken.parquet");
    std::fs::write(&parquet, server.get(&format!("/api/v1/results/{id}/download/parquet")).body).unwrap();
    assert!(nta_ingest::read_columns(&parquet).unwrap().get("flagged").is_some());
}

#[test]
fn what_does_not_come_from_a_page_of_ours_is_refused() {
    let home = Home::new();
    let server = Server::start(&home, None);
    let page = server.get("/");
    assert!(page.text().contains("Try it on simulated traffic"));
    for header in
        ["content-security-policy", "x-content-type-options", "referrer-policy", "x-frame-options", "x-request-id"]
    {
        assert!(page.headers.contains_key(header), "{header}");
    }
    let cookie = page.headers["set-cookie"].split(';').next().unwrap().to_owned();
    assert!(page.headers["set-cookie"].contains("HttpOnly") && page.headers["set-cookie"].contains("SameSite=Strict"));
    let csrf = page.text().split("name=\"csrf\" content=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();

    assert_eq!(server.ask("GET", "/", &[("host", "evil.example:8470")], b"").status, 421, "DNS rebinding");
    let body = json!({ "name": "a.csv", "size": 10 }).to_string();
    let post = |headers: &[(&str, &str)]| server.ask("POST", "/api/v1/uploads", headers, body.as_bytes()).status;
    assert_eq!(post(&[("origin", "http://evil.example")]), 403);
    assert_eq!(post(&[("cookie", &cookie)]), 403);
    assert_eq!(post(&[("cookie", &cookie), ("x-csrf-token", &csrf.replace(|c: char| c.is_ascii_digit(), "0"))]), 403);
    assert_eq!(post(&[("cookie", &cookie), ("x-csrf-token", &csrf), ("origin", "http://127.0.0.1")]), 201);

    let refused = |status: u16, body: Value| {
        let answer = server.post("/api/v1/uploads", &body);
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    };
    refused(413, json!({ "name": "a", "size": (1u64 << 30) + 1 }));
    refused(400, json!({ "name": "a", "size": 0 }));
    refused(400, json!({ "name": "a", "size": 1, "path": "/etc" }));
    let upload = server.begin_upload("a.csv", 4);
    assert_eq!(server.send(&upload, 0, b"more than four").status, 413);
    for path in [
        "/results/..%2f..%2fmodels",
        "/api/v1/uploads/../../../etc/passwd",
        "/api/v1/results/..%2F..%2F..%2Fetc%2Fpasswd/rows",
        "/runs/..%2f..%2fetc/report",
        "/assets/..%2f..%2fCargo.toml",
        "/jobs/0123456789abcdef0123456789abcdef",
        "/nothing",
    ] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
    let job = server.post("/api/v1/jobs", &json!({ "kind": "score", "upload": upload, "model": "../../etc" }));
    assert!((400..500).contains(&job.status), "{}", job.text());
    let described = server.get("/api/v1/openapi.json").json();
    assert_eq!(described["openapi"], "3.1.0");
}

#[test]
fn with_a_token_nothing_but_the_login_answers_without_it() {
    let home = Home::new();
    let server = Server::start(&home, Some(TOKEN));
    for path in ["/", "/models", "/runs", "/train"] {
        let answer = server.get(path);
        assert_eq!((answer.status, answer.headers["location"].as_str()), (303, "/login"), "{path}");
    }
    for path in ["/api/v1/models", "/api/v1/jobs", "/api/v1/openapi.json", "/api/v1/runs", "/metrics"] {
        assert_eq!(server.get(path).status, 401, "{path}");
        assert_eq!(server.ask("GET", path, &[("authorization", "Bearer wrong")], b"").status, 401, "{path}");
        let right = format!("Bearer {TOKEN}");
        assert_eq!(server.ask("GET", path, &[("authorization", &right)], b"").status, 200, "{path}");
    }
    assert_eq!(server.get("/health").status, 200);
    let page = server.get("/login");
    let cookie = page.headers["set-cookie"].split(';').next().unwrap().to_owned();
    let csrf = page.text().split("name=\"csrf\" content=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let log_in = |token: &str, csrf: &str| {
        let headers = [("cookie", cookie.as_str()), ("x-csrf-token", csrf)];
        server.ask("POST", "/api/v1/session", &headers, json!({ "token": token }).to_string().as_bytes())
    };
    assert_eq!(log_in(TOKEN, "").status, 403);
    assert_eq!(log_in("wrong", &csrf).status, 401);
    let session = log_in(TOKEN, &csrf);
    assert_eq!(session.status, 204);
    let session = session.headers["set-cookie"].split(';').next().unwrap().to_owned();
    assert_ne!(session, cookie, "an id that another may have set is worth nothing");
    assert_eq!(server.ask("GET", "/", &[("cookie", &session)], b"").status, 200);
    assert_eq!(server.ask("GET", "/", &[("cookie", &cookie)], b"").status, 303);

    Home::new().nta(&["serve", "--listen", "0.0.0.0:0"]).refused(2, &["NTA_TOKEN", "--token-file", "127.0.0.1"]);
}

/// `nta serve user …` with a password on its standard input.
fn user(home: &Home, words: &[&str], password: &str) -> (i32, String) {
    let mut command = home.command(&[&["serve", "user"], words].concat());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    let told = [done.stdout, done.stderr].concat();
    (done.status.code().unwrap(), String::from_utf8_lossy(&told).into_owned())
}

#[test]
fn users_do_what_their_role_allows_and_logs_name_them() {
    let home = with_model();
    for (name, role) in [("lena", "look"), ("wim", "work"), ("anna", "administer")] {
        assert_eq!(user(&home, &["add", name, "--role", role], &format!("the password of {name}")).0, 0);
    }
    let (code, told) = user(&home, &["add", "lena", "--role", "work"], "another password");
    assert!(code == 2 && told.contains("already"), "{code}: {told}");
    let (code, told) = user(&home, &["password", "lena"], "too short");
    assert!(code == 2 && told.contains("12 or more"), "{code}: {told}");
    let (_, listed) = user(&home, &["list", "--json"], "");
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed[0]["name"], "anna");
    assert!(listed[0].get("hash").is_none() && listed.as_array().unwrap().len() == 3, "{listed}");

    let server = Server::start_with(&home, Some(TOKEN), &["--token-role", "look"]);
    assert_eq!(server.get("/").headers["location"], "/login");
    assert!(server.get("/login").text().contains("autocomplete=\"username\""));
    let log_in = |name: &str, password: &str| Browser::log_in(&server, &json!({ "name": name, "password": password }));
    for (name, password) in [("lena", "the password of wim"), ("nobody", "the password of lena"), ("", "")] {
        assert_eq!(log_in(name, password).0.status, 401, "{name}");
    }
    let let_in = |name: &str| log_in(name, &format!("the password of {name}")).1.unwrap_or_else(|| panic!("{name}"));
    let [lena, wim, anna] = ["lena", "wim", "anna"].map(let_in);
    let upload = json!({ "name": "a.csv", "size": 10 });
    let promotion = json!({ "version": "quickstart/1", "why": "the first" });
    let uploads = [&lena, &wim].map(|who| who.ask(&server, "POST", "/api/v1/uploads", &upload));
    assert_eq!([uploads[0].status, uploads[1].status], [403, 201]);
    assert!(uploads[0].text().contains("the role `work`, and yours is `look`"), "{}", uploads[0].text());
    let moves = [&lena, &wim, &anna].map(|who| who.ask(&server, "POST", "/api/v1/models/promote", &promotion).status);
    assert_eq!(moves, [403, 403, 200]);
    let page = |who: &Browser| who.ask(&server, "GET", "/models/quickstart/1", &json!({})).text();
    assert!(page(&anna).contains("Put it in service") && !page(&wim).contains("Put it in service"));
    assert!(page(&wim).contains("A baseline of your site") && !page(&lena).contains("A baseline of your site"));
    let bearer = format!("Bearer {TOKEN}");
    let by_token = |method: &str, path: &str| {
        server.ask(method, path, &[("authorization", &bearer)], upload.to_string().as_bytes())
    };
    assert_eq!([by_token("GET", "/api/v1/models").status, by_token("POST", "/api/v1/uploads").status], [200, 403]);

    let moved = by_token("GET", "/api/v1/models/quickstart/1").json();
    assert_eq!(moved["reigns"][0]["who"], "anna", "{moved}");
    let log = std::fs::read_to_string(home.path().join("web/audit.jsonl")).unwrap();
    let log: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let done_by = |who: &str, done: &str| {
        log.iter().any(|line| line["who"] == who && line["done"].as_str().is_some_and(|told| told.contains(done)))
    };
    assert!(done_by("anna", "quickstart@champion is quickstart/1") && done_by("wim", "a.csv of 10 bytes"), "{log:?}");
    assert!(log.iter().any(|line| line["done"] == "refused lena from 127.0.0.1"), "{log:?}");
    assert!(log.iter().all(|line| !line.to_string().contains("the password of")), "{log:?}");

    // What the command line changes holds at once.
    assert_eq!(user(&home, &["role", "wim", "look"], "").0, 0);
    assert_eq!(wim.ask(&server, "POST", "/api/v1/uploads", &upload).status, 403);
    assert_eq!(user(&home, &["remove", "lena"], "").0, 0);
    assert_eq!(lena.ask(&server, "GET", "/api/v1/models", &json!({})).status, 401);
    assert_eq!(user(&home, &["password", "anna"], "the new password of anna").0, 0);
    assert_eq!(anna.ask(&server, "GET", "/api/v1/models", &json!({})).status, 401);
}

#[test]
fn whoever_asks_too_often_or_too_much_is_told_when_to_come_back() {
    let home = Home::new();
    let server = Server::start_with(&home, Some(TOKEN), &["--max-rate", "3", "--max-disk", "1"]);
    let answers: Vec<Answer> = (0..30).map(|_| server.get("/health")).collect();
    let refused = answers.iter().find(|answer| answer.status == 429).expect("30 requests at once");
    assert!(answers[0].status == 200 && refused.headers["retry-after"] == "1", "{}", refused.text());
    drop(server);

    let server = Server::start_with(&home, Some(TOKEN), &["--max-disk", "1", "--max-rate", "0"]);
    let bearer = format!("Bearer {TOKEN}");
    let begin = |size: u64| {
        let body = json!({ "name": "a", "size": size }).to_string();
        server.ask("POST", "/api/v1/uploads", &[("authorization", &bearer)], body.as_bytes())
    };
    assert_eq!(begin(800 << 20).status, 201);
    let full = begin(400 << 20);
    assert!(full.status == 507 && full.text().contains("remove some"), "{}: {}", full.status, full.text());
    assert_eq!(begin(100 << 20).status, 201);

    let wrong = json!({ "token": "a wrong token, and a long one" });
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..12).map(|_| scope.spawn(|| Browser::log_in(&server, &wrong).0)).collect();
        tries.into_iter().map(|tried| tried.join().unwrap().status).collect()
    });
    assert!(statuses.iter().all(|status| [401, 429].contains(status)), "{statuses:?}");
    let (last, _) = Browser::log_in(&server, &json!({ "token": TOKEN }));
    assert!(last.status == 429 && last.headers["retry-after"].parse::<u64>().unwrap() <= 61, "{}", last.text());
    assert_eq!(begin(1 << 20).status, 201, "a program that has the token is not held back");
}

/// Flows in columns of no built-in schema; `verdict` is the truth, and `state` could be taken for another.
fn home_made(rows: usize) -> Vec<u8> {
    let mut text = "when,from,to,took,bytes,packets,kind,session,verdict\n".to_owned();
    for i in 0..rows {
        let attack = i % 7 == 3;
        let (bytes, packets) = if attack { (40 + i % 9, 1) } else { (900 + 31 * (i % 50), 4 + i % 11) };
        text += &format!(
            "2024-05-01T{:02}:{:02}:{:02}Z,10.0.0.{},10.0.1.{},{}.5,{bytes},{packets},{},{},{}\n",
            8 + i / 3_600 % 12,
            i / 60 % 60,
            i % 60,
            1 + i % 23,
            1 + i % 5,
            i % 4,
            ["tcp", "udp"][i % 2],
            i % 13,
            if attack { "scan" } else { "ok" }
        );
    }
    text.into_bytes()
}

#[test]
fn what_is_recognised_is_corrected_before_a_training() {
    let home = Home::new();
    let server = Server::start(&home, None);
    let upload = server.upload("mine.csv", &home_made(4_000));
    let looked = server.ended(&server.post("/api/v1/jobs", &json!({ "kind": "draft", "upload": upload })).json());
    assert_eq!(looked["state"], "done", "{looked}");
    let id = looked["id"].as_str().unwrap();
    let (address, folder) = (format!("/api/v1/trainings/{id}"), home.path().join("web/training").join(id));
    let draft = server.get(&address).json();
    let role = |draft: &Value, name: &str| {
        let columns = draft["columns"].as_array().unwrap().clone();
        columns.into_iter().find(|column| column["name"] == name).unwrap()["role"].clone()
    };
    assert_eq!(role(&draft, "when"), "time", "{draft}");
    assert!(!draft.to_string().contains(home.path().to_str().unwrap()), "no path of the server: {draft}");
    assert!(draft["problem"].as_str().unwrap().contains("label"), "{draft}");
    assert!(!server.get(&format!("/train/{id}")).text().contains("name=\"benign\""), "no label is known");

    // The same as the command line writes, as it is recognised and as it is answered.
    let file = folder.join("mine.csv");
    let init = |more: &[&str]| {
        let words = ["init", file.to_str().unwrap(), "-o", folder.to_str().unwrap(), "--force", "--quiet"];
        let _ = home.nta(&[&words[..], more].concat());
        let plain = |text: String| text.replace(&format!("{}/", folder.display()), "");
        let read = |name: &str| plain(std::fs::read_to_string(folder.join(name)).unwrap());
        json!({ "config": read("mine.yaml"), "schema": read("mine.schema.yaml") })
    };
    assert_eq!(init(&[]), draft["texts"]);
    let columns = json!({ "session": "category", "verdict": "label", "took": "duration", "from": "src", "to": "dst" });
    let answers = json!({ "answers": { "columns": columns, "benign": ["ok"] } });
    let answered = server.post(&address, &answers).json();
    assert_eq!([role(&answered, "session"), role(&answered, "from")], ["category", "src"], "{answered}");
    assert_eq!(answered["problem"], Value::Null, "{answered}");
    assert!(server.get(&format!("/train/{id}")).text().contains("value=\"scan\""));
    let said = ["session=category", "verdict=label", "took=duration", "from=src", "to=dst"];
    let flags: Vec<&str> = said.iter().flat_map(|said| ["--as", said]).chain(["--benign", "ok"]).collect();
    assert_eq!(init(&flags), answered["texts"]);
    let odd = server.post(&address, &json!({ "answers": { "columns": { "kind": "time" } } }));
    assert!(odd.status == 422 && odd.text().contains("cannot be read as times"), "{}", odd.text());

    // Texts name the place of what is wrong, and no other file than this one's.
    let text = |name: &str| answered["texts"][name].as_str().unwrap().to_owned();
    let edit = |config: String, schema: String| {
        let edited = server.post(&address, &json!({ "config": config, "schema": schema }));
        assert_eq!(edited.status, 200, "{}", edited.text());
        edited.json()["problem"].as_str().unwrap_or_default().to_owned()
    };
    let problem = edit(text("config").replace("trees: 100", "trees: many"), text("schema"));
    assert!(problem.starts_with("mine.yaml:") && problem.contains("forest.trees"), "{problem}");
    let problem = edit(text("config"), text("schema").replace("numeric:", "numerical:"));
    assert!(problem.starts_with("mine.schema.yaml, line ") && problem.contains("numerical"), "{problem}");
    for (from, to) in [("schema: ", "schema: /etc/"), ("  train: ", "  test: /etc/passwd\n  train: ")] {
        let problem = edit(text("config").replace(from, to), text("schema"));
        assert!(problem.contains("set by this server") && !problem.contains("root"), "{problem}");
    }
    let train = json!({ "kind": "train", "upload": upload, "draft": id });
    assert_eq!(server.post("/api/v1/jobs", &train).status, 422);
    assert_eq!(server.post("/api/v1/trainings/..%2f..", &answers).status, 404);

    let small = text("config").replace("trees: 100", "trees: 10").replace("epochs: 20", "epochs: 1");
    assert_eq!(edit(small, text("schema")), "");
    let trained = server.ended(&server.post("/api/v1/jobs", &train).json());
    assert_eq!(trained["state"], "done", "{trained}");
    assert_eq!(trained["made"]["model"], "mine/1");
}

#[test]
fn a_challenger_is_made_from_a_page_and_a_scored_file_held_against_the_training() {
    let home = with_model();
    let server = Server::start(&home, None);
    let upload = server.upload("later.csv", &simulated(&home));
    let score = json!({ "kind": "score", "upload": upload, "model": "quickstart/1" });
    let scored = server.ended(&server.post("/api/v1/jobs", &score).json());
    let result = scored["id"].as_str().unwrap();
    let moved = server.ended(&server.post("/api/v1/jobs", &json!({ "kind": "drift", "result": result })).json());
    assert_eq!(moved["state"], "done", "{moved}");
    assert!(moved["made"]["rows"].as_u64().unwrap() > 3_000, "{moved}");
    let page = server.get(&format!("/results/{result}/drift"));
    assert!(page.status == 200 && page.text().contains("later.csv"), "{}", page.text());
    assert!(!page.text().contains(home.path().to_str().unwrap()), "no path of the server");
    assert!(page.headers["content-security-policy"].contains("sandbox"));
    assert!(server.get(&format!("/results/{result}")).text().contains("Drift since training"));

    let retrain = json!({ "kind": "retrain", "upload": upload, "model": "quickstart/1" });
    let made = server.ended(&server.post("/api/v1/jobs", &retrain).json());
    assert_eq!(made["state"], "done", "{made}");
    let run = made["made"]["run"].as_str().unwrap();
    assert_eq!([&made["made"]["champion"], &made["made"]["model"]], ["quickstart/1", "quickstart/2"]);
    assert!(!made["made"]["checks"].as_array().unwrap().is_empty(), "{made}");
    let page = server.get(&format!("/runs/{run}/decision"));
    assert!(page.status == 200 && page.text().contains("quickstart&#x2f;2"), "{}", page.text());
    assert!(!page.text().contains(home.path().to_str().unwrap()), "no path of the server");
    assert!(server.get("/api/v1/models").json()["models"][0]["aliases"].as_array().unwrap().is_empty());
    assert_eq!(server.get(&format!("/results/{result}/drift/../drift.json")).status, 404);
}
