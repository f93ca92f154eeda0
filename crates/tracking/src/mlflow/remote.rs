//! The runs of ours that a server holds.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::Server;
use super::api::RUN_TAG;
use super::http::{Http, Wait};
use crate::TrackingError;

/// A run on a server.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RemoteRun {
    /// Our id.
    pub run: String,
    /// Its experiment's name there.
    pub experiment: String,
    /// `RUNNING`, `FINISHED`, `FAILED`, `KILLED`.
    pub status: String,
    /// Milliseconds since 1970-01-01 UTC.
    pub started: i64,
    /// Its page.
    pub page: String,
    /// The last value of each metric, by name.
    pub metrics: BTreeMap<String, f64>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// Pages asked for at most: a server that goes on for ever is not followed.
const MOST_PAGES: usize = 1_000;

/// Lists the runs of ours on the server, newest first.
///
/// # Errors
/// A server that does not answer, or refuses.
pub fn remote_runs(server: Server, wait: Wait<'_>) -> Result<Vec<RemoteRun>, TrackingError> {
    let http = Http::new(server, wait)?;
    let experiments = pages(&http, "experiments/search", "experiments", json!({ "max_results": 1_000 }))?;
    let name_of = |experiment: &Value| {
        Some((experiment["experiment_id"].as_str()?.to_owned(), experiment["name"].as_str()?.to_owned()))
    };
    let names: BTreeMap<String, String> = experiments.iter().filter_map(name_of).collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let body = json!({
        "experiment_ids": names.keys().collect::<Vec<_>>(), "filter": format!("tags.`{RUN_TAG}` LIKE '%'"),
        "run_view_type": "ACTIVE_ONLY", "max_results": 1_000, "order_by": ["attributes.start_time DESC"],
    });
    let runs = pages(&http, "runs/search", "runs", body)?;
    Ok(runs.iter().map(|run| remote_run(&http, run, &names)).collect())
}

fn remote_run(http: &Http<'_>, run: &Value, names: &BTreeMap<String, String>) -> RemoteRun {
    let text = |pointer: &str| run.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let listed = |pointer: &str| run.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
    let key = |entry: &Value| entry["key"].as_str().map(str::to_owned);
    let tags: BTreeMap<String, String> =
        listed("/data/tags").iter().filter_map(|tag| Some((key(tag)?, tag["value"].as_str()?.to_owned()))).collect();
    let (experiment, id) = (text("/info/experiment_id"), text("/info/run_id"));
    RemoteRun {
        run: tags.get(RUN_TAG).cloned().unwrap_or_default(),
        status: text("/info/status"),
        started: run.pointer("/info/start_time").and_then(Value::as_i64).unwrap_or(0),
        page: format!("{}/#/experiments/{experiment}/runs/{id}", http.server().base),
        experiment: names.get(&experiment).cloned().unwrap_or(experiment),
        metrics: listed("/data/metrics").iter().filter_map(|m| Some((key(m)?, m["value"].as_f64()?))).collect(),
        tags,
    }
}

/// Every entry of a list that comes in pages.
fn pages(http: &Http<'_>, path: &str, key: &str, mut body: Value) -> Result<Vec<Value>, TrackingError> {
    let mut all = Vec::new();
    for _ in 0..MOST_PAGES {
        let answer = http.post(path, &body)?;
        all.extend(answer[key].as_array().into_iter().flatten().cloned());
        match answer["next_page_token"].as_str() {
            Some(token) if !token.is_empty() => body["page_token"] = token.into(),
            _ => break,
        }
    }
    Ok(all)
}
