//! The description's examples are answers: each has the shape of what a server answers now. `NTA_BLESS=1` writes them anew.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Mutex;

use super::*;
use crate::nta::root;

/// Elements of a list that an example keeps.
const KEPT: usize = 2;

fn description() -> PathBuf {
    root().join("crates/web/src/api/openapi.json")
}

/// An answer without most of its lists.
fn shortened(answer: Value) -> Value {
    match answer {
        Value::Array(all) => all.into_iter().take(KEPT).map(shortened).collect(),
        Value::Object(all) => all.into_iter().map(|(name, value)| (name, shortened(value))).collect(),
        other => other,
    }
}

/// Where two values differ in shape: kinds and names. What is null, and a list without elements, fits any.
fn difference(at: &str, example: &Value, answer: &Value) -> Option<String> {
    match (example, answer) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::Object(a), Value::Object(b)) => {
            let odd = a.keys().find(|name| !b.contains_key(*name)).or(b.keys().find(|name| !a.contains_key(*name)));
            let odd = odd.map(|name| format!("{at}.{name} stands in one alone"));
            odd.or_else(|| a.iter().find_map(|(name, value)| difference(&format!("{at}.{name}"), value, &b[name])))
        }
        (Value::Array(a), Value::Array(b)) => {
            let first = b.first()?;
            let at = format!("{at}[]");
            // A list may be a tuple: each element fits one of those there.
            let fits = |value: &Value| b.iter().any(|other| difference(&at, value, other).is_none());
            a.iter().filter(|value| !fits(value)).find_map(|value| difference(&at, value, first))
        }
        (Value::Number(_), Value::Number(_)) | (Value::String(_), Value::String(_)) => None,
        (Value::Bool(_), Value::Bool(_)) => None,
        _ => Some(format!("{at}: {example} and {answer}")),
    }
}

/// What is answered, by method and path as the description has them.
fn answers(server: &Server, home: &Home, flows: &[u8]) -> Vec<(&'static str, &'static str, Answer)> {
    let mut all = Vec::new();
    let mut told = |method, path, answer: Answer| {
        assert!((200..300).contains(&answer.status), "{method} {path}: {}", answer.text());
        let value = if answer.body.is_empty() { Value::Null } else { answer.json() };
        all.push((method, path, answer));
        value
    };
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let begun = server.post("/api/v1/uploads", &json!({ "name": "flows.csv", "size": flows.len() }));
    let upload = id(&told("POST", "/api/v1/uploads", begun));
    assert_eq!(server.send(&upload, 0, flows).status, 204);
    told("GET", "/api/v1/uploads", server.get("/api/v1/uploads"));
    let asked = server.post("/api/v1/jobs", &json!({ "kind": "score", "upload": upload, "explain": true }));
    let job = told("POST", "/api/v1/jobs", asked);
    assert_eq!(server.ended(&job)["state"], "done");
    let result = id(&job);
    told("GET", "/api/v1/jobs/{id}", server.get(&format!("/api/v1/jobs/{result}")));
    told("GET", "/api/v1/jobs", server.get("/api/v1/jobs"));
    told("GET", "/api/v1/results/{id}", server.get(&format!("/api/v1/results/{result}")));
    told("GET", "/api/v1/results/{id}/rows", server.get(&format!("/api/v1/results/{result}/rows?size=2")));
    let rows = String::from_utf8_lossy(flows).lines().take(3).map(|line| format!("{line}\n")).collect::<String>();
    told("POST", "/api/v1/score", server.ask("POST", "/api/v1/score", &[], rows.as_bytes()));
    let draft = id(&server.post("/api/v1/jobs", &json!({ "kind": "draft", "upload": upload })).json());
    assert_eq!(server.ended(&json!({ "id": draft }))["state"], "done");
    let training = format!("/api/v1/trainings/{draft}");
    let shown = told("GET", "/api/v1/trainings/{id}", server.get(&training));
    let texts = json!({ "config": shown["texts"]["config"], "schema": shown["texts"]["schema"] });
    told("POST", "/api/v1/trainings/{id}", server.post(&training, &texts));
    for version in ["quickstart/1", "quickstart/2"] {
        let body = json!({ "version": version, "why": "fewer false alarms at night" });
        told("POST", "/api/v1/models/promote", server.post("/api/v1/models/promote", &body));
    }
    let body = json!({ "name": "quickstart", "why": "more of them by day" });
    told("POST", "/api/v1/models/rollback", server.post("/api/v1/models/rollback", &body));
    told("GET", "/api/v1/models", server.get("/api/v1/models"));
    told("GET", "/api/v1/models/{name}/{number}", server.get("/api/v1/models/quickstart/1"));
    let runs = told("GET", "/api/v1/runs", server.get("/api/v1/runs"));
    let runs: Vec<&str> = runs["runs"].as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap()).collect();
    let compared = server.get(&format!("/api/v1/compare?runs={}", runs.join(",")));
    told("GET", "/api/v1/compare", compared);
    for path in ["/health", "/ready"] {
        told("GET", path, server.get(path));
    }
    for (method, path, answer) in &all {
        assert!(!answer.text().contains(home.path().to_str().unwrap()), "{method} {path} tells a path of the server");
    }
    all
}

/// Holds the description's examples against `answers`: by method, path as the description has it, and what was answered. They
/// must be all that the description has of the paths `told_here` and that answer JSON.
pub(crate) fn hold(answers: &[(&str, &str, Answer)], told_here: fn(&str) -> bool) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock();
    let blesses = std::env::var_os("NTA_BLESS").is_some();
    let mut described: Value = serde_json::from_slice(&std::fs::read(description()).unwrap()).unwrap();
    for (method, path, answer) in answers {
        let responses = &mut described["paths"][path][method.to_lowercase()]["responses"];
        let content = &mut responses[answer.status.to_string()]["content"]["application/json"];
        assert!(content.is_object(), "{method} {path} has no answer {} in the description", answer.status);
        if blesses {
            content["example"] = shortened(answer.json());
        }
        let differs = difference("", &content["example"], &answer.json());
        assert_eq!(differs, None, "{method} {path}: NTA_BLESS=1 writes the example anew");
        assert!(content.get("example").is_some(), "{method} {path} has no example");
    }
    if blesses {
        let mut text = Vec::new();
        let format = serde_json::ser::PrettyFormatter::with_indent(b" ");
        let mut writer = serde_json::Serializer::with_formatter(&mut text, format);
        serde::Serialize::serialize(&described, &mut writer).unwrap();
        text.push(b'\n');
        std::fs::write(description(), text).unwrap();
    }
    let held: BTreeSet<(String, &str)> =
        answers.iter().map(|(method, path, _)| (method.to_lowercase(), *path)).collect();
    let all = described["paths"].as_object().unwrap().iter().filter(|(path, _)| told_here(path));
    let methods = all.flat_map(|(path, methods)| methods.as_object().unwrap().iter().map(move |told| (path, told)));
    let of_json = methods.filter(|(_, (_, told))| {
        let mut responses = told["responses"].as_object().into_iter().flatten();
        responses.any(|(status, told)| status != "default" && told["content"].get("application/json").is_some())
    });
    let wanted: BTreeSet<(String, &str)> = of_json.map(|(path, (method, _))| (method.clone(), path.as_str())).collect();
    assert_eq!(held, wanted);
}

#[test]
fn the_description_s_examples_have_the_shape_of_what_is_answered() {
    let home = with_model();
    home.nta(&[&["run", "configs/quickstart.yaml", "--set", "seed=3"], &SMALL[..]].concat()).ok();
    let flows = simulated(&home);
    let server = Server::start(&home, None);
    // Those of the live page need a watch: `crate::inbox` has one. The description is no example of itself.
    let told_here = |path: &str| !path.starts_with("/api/v1/live") && path != "/api/v1/openapi.json";
    hold(&answers(&server, &home, &flows), told_here);
}
