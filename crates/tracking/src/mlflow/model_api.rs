//! MLflow's REST calls about logged models and the registry.

use serde_json::{Value, json};

use super::api::{RUN_TAG, ServerModel, tagged};
use super::http::{Again, Http};
use crate::TrackingError;

impl Http<'_> {
    /// The logged models that carry this run's tag, oldest first.
    pub(crate) fn models_of(&self, experiment: &str, run: &str) -> Result<Vec<ServerModel>, TrackingError> {
        let body = json!({ "experiment_ids": [experiment], "filter": tagged(run), "max_results": 50 });
        let answer = self.post("logged-models/search", &body, Again::Yes)?;
        let mut found = self.list(&answer, "models", |model| {
            let created = model["info"]["creation_timestamp_ms"].as_i64().unwrap_or(0);
            Ok((created, self.server_model(model)?))
        })?;
        found.sort_by(|a, b| (a.0, &a.1.id).cmp(&(b.0, &b.1.id)));
        Ok(found.into_iter().map(|(_, model)| model).collect())
    }

    /// Makes a logged model; sent twice it makes two, so it is sent once.
    pub(crate) fn create_model(
        &self,
        experiment: &str,
        source_run: &str,
        name: &str,
        tags: &[(String, String)],
    ) -> Result<ServerModel, TrackingError> {
        let body = json!({
            "experiment_id": experiment, "name": name, "model_type": "nta", "source_run_id": source_run,
            "tags": key_values(tags),
        });
        let answer = self.post("logged-models", &body, Again::No)?;
        self.server_model(&answer["model"])
    }

    /// The logged model of that id.
    pub(crate) fn logged_model(&self, id: &str) -> Result<ServerModel, TrackingError> {
        let answer = self.get(&format!("logged-models/{id}"), &[])?;
        self.server_model(&answer["model"])
    }

    /// Says that all of a logged model's files are there.
    pub(crate) fn model_ready(&self, id: &str) -> Result<(), TrackingError> {
        let body = json!({ "model_id": id, "status": "LOGGED_MODEL_READY" });
        self.patch(&format!("logged-models/{id}"), &body).map(drop)
    }

    /// Enters the model as what the run made. A server refuses the second time in words of its database: so the run is
    /// asked.
    pub(crate) fn run_made_model(&self, run: &str, model: &str) -> Result<(), TrackingError> {
        let answer = self.get("runs/get", &[("run_id", run)])?;
        let made = answer.pointer("/run/outputs/model_outputs").and_then(Value::as_array);
        if made.into_iter().flatten().any(|m| m["model_id"] == model) {
            return Ok(());
        }
        let body = json!({ "run_id": run, "models": [{ "model_id": model, "step": 0 }] });
        self.post("runs/outputs", &body, Again::No).map(drop)
    }

    /// Makes the name known to the registry, if it is not yet.
    pub(crate) fn register(&self, name: &str) -> Result<(), TrackingError> {
        match self.post("registered-models/create", &json!({ "name": name }), Again::No) {
            Err(error) if error.says("RESOURCE_ALREADY_EXISTS") => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// The numbers of the versions of `name` that carry this run's tag, smallest first.
    pub(crate) fn versions_of(&self, name: &str, run: &str) -> Result<Vec<String>, TrackingError> {
        let filter = format!("name = '{}' and {}", name.replace('\'', ""), tagged(run));
        let answer = self.get("model-versions/search", &[("filter", &filter), ("max_results", "50")])?;
        let mut found = self.list(&answer, "model_versions", |version| self.text(version, "/version"))?;
        found.sort_by_key(|version| version.parse::<u64>().unwrap_or(u64::MAX));
        Ok(found)
    }

    /// Takes a version away.
    pub(crate) fn delete_version(&self, name: &str, version: &str) -> Result<(), TrackingError> {
        self.delete("model-versions/delete", &json!({ "name": name, "version": version }))
    }

    /// Takes a logged model away.
    pub(crate) fn delete_model(&self, id: &str) -> Result<(), TrackingError> {
        self.delete(&format!("logged-models/{id}"), &json!({}))
    }

    /// Makes a version; sent twice it makes two, so it is sent once.
    pub(crate) fn create_version(
        &self,
        name: &str,
        source_run: &str,
        model: &str,
        tags: &[(String, String)],
    ) -> Result<String, TrackingError> {
        let body = json!({
            "name": name, "source": format!("models:/{model}"), "run_id": source_run, "model_id": model,
            "tags": key_values(tags),
        });
        let answer = self.post("model-versions/create", &body, Again::No)?;
        self.text(&answer, "/model_version/version")
    }

    /// Points an alias at a version, in place of where it pointed before.
    pub(crate) fn set_alias(&self, name: &str, alias: &str, version: &str) -> Result<(), TrackingError> {
        let body = json!({ "name": name, "alias": alias, "version": version });
        self.post("registered-models/alias", &body, Again::Yes).map(drop)
    }

    fn server_model(&self, model: &Value) -> Result<ServerModel, TrackingError> {
        Ok(ServerModel { id: self.text(model, "/info/model_id")?, artifacts: self.text(model, "/info/artifact_uri")? })
    }
}

/// Pairs as MLflow writes them.
pub(crate) fn key_values(pairs: &[(String, String)]) -> Vec<Value> {
    pairs.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

/// The tags by which a model and its version are found again.
pub(crate) fn model_tags(run: &str, version: &str, digest: &str) -> Vec<(String, String)> {
    [(RUN_TAG, run), ("nta.version", version), ("nta.digest", digest)].map(|(k, v)| (k.to_owned(), v.to_owned())).into()
}
