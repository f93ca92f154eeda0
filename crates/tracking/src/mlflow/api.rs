//! MLflow's REST calls that are needed here, each with what a repetition does.

use serde_json::{Value, json};

use super::http::Http;
use crate::TrackingError;

/// The tag that an experiment's run is found again by.
pub const RUN_TAG: &str = "nta.run_id";

/// A run as the server knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerRun {
    pub(crate) id: String,
    /// `mlflow-artifacts:/1/…/artifacts`.
    pub(crate) artifacts: String,
}

/// A logged model as the server knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerModel {
    pub(crate) id: String,
    pub(crate) artifacts: String,
}

/// What a new run is made with.
pub(crate) struct NewServerRun<'a> {
    pub(crate) user: &'a str,
    /// Milliseconds since 1970-01-01 UTC.
    pub(crate) started: i64,
    /// Our id: its name there, and the value of [`RUN_TAG`].
    pub(crate) run: &'a str,
}

impl Http<'_> {
    /// The id of the experiment of that name, which is made where there is none.
    pub(crate) fn experiment(&self, name: &str) -> Result<String, TrackingError> {
        if let Some(id) = self.known_experiment(name)? {
            return Ok(id);
        }
        match self.post("experiments/create", &json!({ "name": name })) {
            Ok(answer) => self.text(&answer, "/experiment_id"),
            // Somebody was quicker, or our own first try came through without an answer.
            Err(error) if error.says("RESOURCE_ALREADY_EXISTS") => self.known_experiment(name)?.ok_or(error),
            Err(error) => Err(error),
        }
    }

    /// The id of the experiment of that name, where there is one.
    pub(crate) fn known_experiment(&self, name: &str) -> Result<Option<String>, TrackingError> {
        match self.get("experiments/get-by-name", &[("experiment_name", name)]) {
            Ok(answer) if answer["experiment"]["lifecycle_stage"] == "deleted" => Err(TrackingError::unfit(
                &self.server().base,
                format!("experiment `{name}` is deleted there: restore it, or name another"),
            )),
            Ok(answer) => self.text(&answer, "/experiment/experiment_id").map(Some),
            Err(error) if error.says("RESOURCE_DOES_NOT_EXIST") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sets a tag of the experiment, in place of its value before.
    pub(crate) fn tag_experiment(&self, id: &str, key: &str, value: &str) -> Result<(), TrackingError> {
        let body = json!({ "experiment_id": id, "key": key, "value": value });
        self.post("experiments/set-experiment-tag", &body).map(drop)
    }

    /// Every run of the experiment that carries this run's tag, oldest first.
    pub(crate) fn runs_of(&self, experiment: &str, run: &str) -> Result<Vec<ServerRun>, TrackingError> {
        let body = json!({
            "experiment_ids": [experiment], "filter": tagged(run), "run_view_type": "ACTIVE_ONLY", "max_results": 100,
        });
        let answer = self.post("runs/search", &body)?;
        let mut found = self.list(&answer, "runs", |run| self.server_run(run))?;
        found.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(found)
    }

    /// The run of the experiment that carries our tag; it is made where there is none.
    pub(crate) fn run(&self, experiment: &str, new: &NewServerRun<'_>) -> Result<ServerRun, TrackingError> {
        let body = json!({
            "experiment_id": experiment, "run_name": new.run, "user_id": new.user, "start_time": new.started,
            "tags": [{ "key": RUN_TAG, "value": new.run }],
        });
        let find = || Ok(self.runs_of(experiment, new.run)?.into_iter().next());
        self.make("runs/create", &body, find, |answer| self.server_run(&answer["run"]))
    }

    /// Takes a run away.
    pub(crate) fn delete_run(&self, id: &str) -> Result<(), TrackingError> {
        self.post("runs/delete", &json!({ "run_id": id })).map(drop)
    }

    /// Sets status and end of a run.
    pub(crate) fn update_run(&self, id: &str, status: &str, ended: Option<i64>) -> Result<(), TrackingError> {
        let mut body = json!({ "run_id": id, "status": status });
        if let Some(ended) = ended {
            body["end_time"] = ended.into();
        }
        self.post("runs/update", &body).map(drop)
    }

    /// Metrics, params and tags in one step. The same ones again change nothing.
    pub(crate) fn log_batch(&self, id: &str, kind: &str, entries: &[Value]) -> Result<(), TrackingError> {
        let mut body = json!({ "run_id": id });
        body[kind] = entries.into();
        self.post("runs/log-batch", &body).map(drop)
    }

    /// Datasets of a run; the same one again changes nothing.
    pub(crate) fn log_inputs(&self, id: &str, datasets: &[Value]) -> Result<(), TrackingError> {
        self.post("runs/log-inputs", &json!({ "run_id": id, "datasets": datasets })).map(drop)
    }

    fn server_run(&self, run: &Value) -> Result<ServerRun, TrackingError> {
        Ok(ServerRun { id: self.text(run, "/info/run_id")?, artifacts: self.text(run, "/info/artifact_uri")? })
    }

    /// The text at `pointer`, which an MLflow server always gives.
    pub(crate) fn text(&self, value: &Value, pointer: &str) -> Result<String, TrackingError> {
        let text = value.pointer(pointer).and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| {
            let why = format!("its answer lacks `{}`: is this an MLflow server?", pointer.trim_start_matches('/'));
            TrackingError::unfit(&self.server().base, why)
        })
    }

    /// What stands in the list `key`; a server leaves an empty one out.
    pub(crate) fn list<T>(
        &self,
        answer: &Value,
        key: &str,
        read: impl Fn(&Value) -> Result<T, TrackingError>,
    ) -> Result<Vec<T>, TrackingError> {
        answer[key].as_array().into_iter().flatten().map(read).collect()
    }
}

/// The filter that finds what carries this run's tag.
pub(crate) fn tagged(run: &str) -> String {
    // Ids are letters, digits and `-`; a quote that came in by a forged run.json must not leave its place.
    format!("tags.`{RUN_TAG}` = '{}'", run.replace('\'', ""))
}
