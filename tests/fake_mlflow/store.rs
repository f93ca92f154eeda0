//! What the server stores, by MLflow's rules as probed on 3.17.2: limits refuse, the same point is stored once, a run made
//! twice is two.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Answer, Asked};

#[derive(Debug, Default)]
pub(crate) struct Store {
    /// Name to id.
    pub(crate) experiments: BTreeMap<String, String>,
    pub(crate) experiment_tags: BTreeMap<String, String>,
    pub(crate) runs: BTreeMap<String, Run>,
    pub(crate) models: BTreeMap<String, Model>,
    /// Name to versions, from 1.
    pub(crate) registered: BTreeMap<String, Vec<Value>>,
    /// `name@alias` to version.
    pub(crate) aliases: BTreeMap<String, String>,
    /// Path to contents.
    pub(crate) artifacts: BTreeMap<String, Vec<u8>>,
    made: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) experiment: String,
    pub(crate) status: String,
    pub(crate) deleted: bool,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) params: BTreeMap<String, String>,
    /// Points as stored: the same one again is one, whatever model it names.
    pub(crate) points: BTreeSet<String>,
    pub(crate) inputs: BTreeSet<String>,
    pub(crate) outputs: Vec<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) run: String,
    pub(crate) status: String,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) points: BTreeSet<String>,
}

type Answered = Result<Value, (u16, &'static str)>;

const BAD: (u16, &str) = (400, "INVALID_PARAMETER_VALUE");
const THERE: (u16, &str) = (400, "RESOURCE_ALREADY_EXISTS");
const GONE: (u16, &str) = (404, "RESOURCE_DOES_NOT_EXIST");

impl Store {
    pub(super) fn answer(&mut self, asked: &Asked) -> Answer {
        if let Some(path) = asked.path.strip_prefix("/api/2.0/mlflow-artifacts/artifacts/") {
            if asked.method == "PUT" {
                self.artifacts.insert(path.to_owned(), asked.body.clone());
                return (200, Vec::new());
            }
            return self.artifacts.get(path).map_or((404, Vec::new()), |bytes| (200, bytes.clone()));
        }
        let path = asked.path.strip_prefix("/api/2.0/mlflow/").unwrap_or_default();
        match self.api(&asked.method, path, &asked.json(), asked) {
            Ok(value) => (200, value.to_string().into_bytes()),
            Err((status, code)) => (
                status,
                json!({ "error_code": code, "message": format!("{path} is refused") }).to_string().into_bytes(),
            ),
        }
    }

    fn api(&mut self, method: &str, path: &str, body: &Value, asked: &Asked) -> Answered {
        if let Some(id) = path.strip_prefix("logged-models/").filter(|id| *id != "search") {
            return self.logged_model(method, id, body);
        }
        match path {
            "experiments/create" => self.new_experiment(text(body, "name")),
            "experiments/get-by-name" => {
                let id = self.experiments.get(asked.query("experiment_name")).ok_or(GONE)?;
                Ok(json!({ "experiment": { "experiment_id": id, "lifecycle_stage": "active" } }))
            }
            "experiments/set-experiment-tag" => {
                self.experiment_tags.insert(text(body, "key").to_owned(), text(body, "value").to_owned());
                Ok(json!({}))
            }
            "experiments/search" => {
                let all = self.experiments.iter().map(|(name, id)| json!({ "experiment_id": id, "name": name }));
                Ok(json!({ "experiments": all.collect::<Vec<_>>() }))
            }
            "runs/create" => self.new_run(body),
            "runs/search" => Ok(json!({ "runs": self.found_runs(text(body, "filter")) })),
            "runs/get" => {
                let run = self.runs.get(asked.query("run_id")).ok_or(GONE)?;
                let outputs: Vec<Value> = run.outputs.iter().map(|id| json!({ "model_id": id })).collect();
                Ok(json!({ "run": { "outputs": { "model_outputs": outputs } } }))
            }
            _ if path.starts_with("registered-models/") || path.starts_with("model-versions/") => {
                self.registry(method, path, body, asked)
            }
            "logged-models" => self.new_model(body),
            "logged-models/search" => {
                let wanted = tag_of(text(body, "filter"));
                let found = self.models.iter().filter(|(_, model)| model.tags.get("nta.run_id") == Some(&wanted));
                Ok(json!({ "models": found.map(|(id, model)| model_json(id, model)).collect::<Vec<_>>() }))
            }
            _ => self.of_run(path, body),
        }
    }

    fn registry(&mut self, method: &str, path: &str, body: &Value, asked: &Asked) -> Answered {
        match path {
            "registered-models/create" if self.registered.contains_key(text(body, "name")) => Err(THERE),
            "registered-models/create" => {
                self.registered.insert(text(body, "name").to_owned(), Vec::new());
                Ok(json!({}))
            }
            "registered-models/alias" if method == "POST" => {
                let alias = format!("{}@{}", text(body, "name"), text(body, "alias"));
                self.aliases.insert(alias, text(body, "version").to_owned());
                Ok(json!({}))
            }
            "registered-models/alias" => {
                let alias = format!("{}@{}", asked.query("name"), asked.query("alias"));
                let number: usize = self.aliases.get(&alias).ok_or(GONE)?.parse().unwrap();
                Ok(json!({ "model_version": self.registered[asked.query("name")][number - 1] }))
            }
            "model-versions/create" => {
                let versions = self.registered.get_mut(text(body, "name")).ok_or(GONE)?;
                let mut version = body.clone();
                version["version"] = (versions.len() + 1).to_string().into();
                versions.push(version.clone());
                Ok(json!({ "model_version": version }))
            }
            "model-versions/search" => {
                let wanted = tag_of(asked.query("filter"));
                let all = self.registered.values().flatten();
                let found = all.filter(|v| pairs(&v["tags"]).get("nta.run_id") == Some(&wanted));
                Ok(json!({ "model_versions": found.collect::<Vec<_>>() }))
            }
            "model-versions/get" => {
                let versions = self.registered.get(asked.query("name")).ok_or(GONE)?;
                let number: usize = asked.query("version").parse().map_err(|_| BAD)?;
                Ok(json!({ "model_version": versions.get(number - 1).ok_or(GONE)? }))
            }
            _ => Err((404, "ENDPOINT_NOT_FOUND")),
        }
    }

    fn of_run(&mut self, path: &str, body: &Value) -> Answered {
        let run = self.runs.get_mut(text(body, "run_id")).ok_or(GONE)?;
        if run.deleted && path != "runs/delete" {
            return Err(BAD);
        }
        match path {
            "runs/update" => run.status = text(body, "status").to_owned(),
            "runs/delete" => run.deleted = true,
            "runs/log-batch" => {
                run.log_batch(body)?;
                let of_models: Vec<&Value> = body["metrics"].as_array().into_iter().flatten().collect();
                let of_models: Vec<&&Value> = of_models.iter().filter(|point| point["model_id"].is_string()).collect();
                let known = |point: &&&Value| {
                    self.models
                        .get(text(point, "model_id"))
                        .is_some_and(|model| model.points.contains(&point.to_string()))
                };
                // MLflow's own fault: a hundred names are looked for at a time, and all others added again.
                if of_models.len() > 100 && of_models.iter().any(known) {
                    return Err((400, "BAD_REQUEST"));
                }
                for point in body["metrics"].as_array().into_iter().flatten() {
                    if let Some(model) = point["model_id"].as_str() {
                        self.models.get_mut(model).ok_or(GONE)?.points.insert(point.to_string());
                    }
                }
            }
            "runs/log-inputs" => {
                for input in body["datasets"].as_array().into_iter().flatten() {
                    if text(&input["dataset"], "digest").len() > 36 {
                        return Err(BAD);
                    }
                    run.inputs.insert(input.to_string());
                }
            }
            "runs/outputs" => {
                let id = text(&body["models"][0], "model_id").to_owned();
                if run.outputs.contains(&id) {
                    return Err((400, "BAD_REQUEST"));
                }
                run.outputs.push(id);
            }
            _ => return Err((404, "ENDPOINT_NOT_FOUND")),
        }
        Ok(json!({}))
    }

    fn new_experiment(&mut self, name: &str) -> Answered {
        if self.experiments.contains_key(name) {
            return Err(THERE);
        }
        let id = (self.experiments.len() + 1).to_string();
        self.experiments.insert(name.to_owned(), id.clone());
        Ok(json!({ "experiment_id": id }))
    }

    fn new_run(&mut self, body: &Value) -> Answered {
        self.made += 1;
        let id = format!("{:032x}", self.made);
        let run = Run {
            experiment: text(body, "experiment_id").to_owned(),
            status: "RUNNING".to_owned(),
            tags: pairs(&body["tags"]),
            ..Run::default()
        };
        let answer = json!({ "run": run_json(&id, &run) });
        self.runs.insert(id, run);
        Ok(answer)
    }

    fn found_runs(&self, filter: &str) -> Vec<Value> {
        let wanted = tag_of(filter);
        let fits = |run: &Run| !run.deleted && (wanted == "%" || run.tags.get("nta.run_id") == Some(&wanted));
        self.runs.iter().filter(|(_, run)| fits(run)).map(|(id, run)| run_json(id, run)).collect()
    }

    fn new_model(&mut self, body: &Value) -> Answered {
        self.made += 1;
        let id = format!("m-{:032x}", self.made);
        let model = Model {
            run: text(body, "source_run_id").to_owned(),
            status: "LOGGED_MODEL_PENDING".to_owned(),
            tags: pairs(&body["tags"]),
            points: BTreeSet::new(),
        };
        let answer = json!({ "model": model_json(&id, &model) });
        self.models.insert(id, model);
        Ok(answer)
    }

    fn logged_model(&mut self, method: &str, id: &str, body: &Value) -> Answered {
        if method == "DELETE" {
            self.models.remove(id).ok_or(GONE)?;
            return Ok(json!({}));
        }
        let model = self.models.get_mut(id).ok_or(GONE)?;
        if method == "PATCH" {
            model.status = text(body, "status").to_owned();
        }
        Ok(json!({ "model": model_json(id, model) }))
    }
}

impl Run {
    fn log_batch(&mut self, body: &Value) -> Answered {
        let list = |key: &str| body[key].as_array().cloned().unwrap_or_default();
        let (metrics, params, tags) = (list("metrics"), list("params"), list("tags"));
        if metrics.len() > 1_000 || params.len() > 100 || tags.len() > 100 || body.to_string().len() > 1 << 20 {
            return Err(BAD);
        }
        let named = |c: char| c.is_ascii_alphanumeric() || "_-. :/".contains(c);
        for entry in metrics.iter().chain(&params).chain(&tags) {
            let key = text(entry, "key");
            if key.is_empty() || key.len() > 250 || !key.chars().all(named) || entry["value"].is_null() {
                return Err(BAD);
            }
        }
        for param in &params {
            let (key, value) = (text(param, "key").to_owned(), text(param, "value").to_owned());
            if value.chars().count() > 6_000 || self.params.get(&key).is_some_and(|before| *before != value) {
                return Err(BAD);
            }
            self.params.insert(key, value);
        }
        self.tags.extend(pairs(&body["tags"]));
        for mut point in metrics {
            point
                .as_object_mut()
                .unwrap()
                .retain(|key, _| ["key", "value", "timestamp", "step"].contains(&key.as_str()));
            self.points.insert(point.to_string());
        }
        Ok(json!({}))
    }
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn pairs(list: &Value) -> BTreeMap<String, String> {
    let pair = |p: &Value| (text(p, "key").to_owned(), text(p, "value").to_owned());
    list.as_array().into_iter().flatten().map(pair).collect()
}

/// What a filter such as ``tags.`nta.run_id` = 'x'`` asks for.
fn tag_of(filter: &str) -> String {
    let (_, after) = filter.rsplit_once("nta.run_id`").unwrap();
    after.split('\'').nth(1).unwrap().to_owned()
}

fn run_json(id: &str, run: &Run) -> Value {
    let tags: Vec<Value> = run.tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    let metric = |point: &String| serde_json::from_str::<Value>(point).unwrap();
    json!({
        "info": {
            "run_id": id, "experiment_id": run.experiment, "status": run.status, "start_time": 0,
            "artifact_uri": format!("mlflow-artifacts:/{}/{id}/artifacts", run.experiment),
        },
        "data": { "tags": tags, "metrics": run.points.iter().map(metric).collect::<Vec<_>>() },
    })
}

fn model_json(id: &str, model: &Model) -> Value {
    json!({ "info": { "model_id": id, "artifact_uri": format!("mlflow-artifacts:/1/models/{id}/artifacts"),
        "source_run_id": model.run, "creation_timestamp_ms": 0 } })
}
