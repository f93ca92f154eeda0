//! MLflow's REST calls about logged models and the registry.

use serde_json::{Value, json};

use super::api::{RUN_TAG, ServerModel, tagged};
use super::http::Http;
use super::tracked::TrackedModel;
use crate::TrackingError;

/// A model and the run that made it.
pub(crate) struct ModelSource<'a> {
    pub(crate) model: &'a TrackedModel,
    /// Our id of the run.
    pub(crate) run: &'a str,
    /// The server's.
    pub(crate) run_id: &'a str,
    /// The experiment's id there.
    pub(crate) experiment: &'a str,
}

impl Http<'_> {
    /// The logged models that carry this run's tag, oldest first.
    pub(crate) fn models_of(&self, experiment: &str, run: &str) -> Result<Vec<ServerModel>, TrackingError> {
        let body = json!({ "experiment_ids": [experiment], "filter": tagged(run), "max_results": 50 });
        let answer = self.post("logged-models/search", &body)?;
        let mut found = self.list(&answer, "models", |model| {
            let created = model["info"]["creation_timestamp_ms"].as_i64().unwrap_or(0);
            Ok((created, self.server_model(model)?))
        })?;
        found.sort_by(|a, b| (a.0, &a.1.id).cmp(&(b.0, &b.1.id)));
        Ok(found.into_iter().map(|(_, model)| model).collect())
    }

    /// The logged model that carries our tag; it is made where there is none.
    pub(crate) fn model(&self, of: &ModelSource<'_>) -> Result<ServerModel, TrackingError> {
        let body = json!({
            "experiment_id": of.experiment, "name": of.model.name, "model_type": "nta", "source_run_id": of.run_id,
            "tags": key_values(&of.tags()),
        });
        let find = || Ok(self.models_of(of.experiment, of.run)?.into_iter().next());
        self.make("logged-models", &body, find, |answer| self.server_model(&answer["model"]))
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

    /// Enters the model as what the run made.
    pub(crate) fn run_made_model(&self, run: &str, model: &str) -> Result<(), TrackingError> {
        let body = json!({ "run_id": run, "models": [{ "model_id": model, "step": 0 }] });
        let find = || {
            let answer = self.get("runs/get", &[("run_id", run)])?;
            let made = answer.pointer("/run/outputs/model_outputs").and_then(Value::as_array);
            Ok(made.into_iter().flatten().any(|m| m["model_id"] == model).then_some(()))
        };
        self.make("runs/outputs", &body, find, |_| Ok(()))
    }

    /// Makes the name known to the registry, if it is not yet.
    pub(crate) fn register(&self, name: &str) -> Result<(), TrackingError> {
        match self.post("registered-models/create", &json!({ "name": name })) {
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

    /// The version that carries our tag; it is made where there is none.
    pub(crate) fn version(&self, of: &ModelSource<'_>, model: &str) -> Result<String, TrackingError> {
        let name = &of.model.name;
        let body = json!({
            "name": name, "source": format!("models:/{model}"), "run_id": of.run_id, "model_id": model,
            "tags": key_values(&of.tags()),
        });
        let find = || Ok(self.versions_of(name, of.run)?.into_iter().next());
        self.make("model-versions/create", &body, find, |answer| self.text(answer, "/model_version/version"))
    }

    /// Points an alias at a version, in place of where it pointed before.
    pub(crate) fn set_alias(&self, name: &str, alias: &str, version: &str) -> Result<(), TrackingError> {
        let body = json!({ "name": name, "alias": alias, "version": version });
        self.post("registered-models/alias", &body).map(drop)
    }

    fn server_model(&self, model: &Value) -> Result<ServerModel, TrackingError> {
        Ok(ServerModel { id: self.text(model, "/info/model_id")?, artifacts: self.text(model, "/info/artifact_uri")? })
    }
}

/// Pairs as MLflow writes them.
pub(crate) fn key_values(pairs: &[(String, String)]) -> Vec<Value> {
    pairs.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

impl ModelSource<'_> {
    /// The tags by which a model and its version are found again.
    fn tags(&self) -> Vec<(String, String)> {
        let TrackedModel { version, digest, .. } = self.model;
        [(RUN_TAG, self.run), ("nta.version", version), ("nta.digest", digest)]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into()
    }
}
