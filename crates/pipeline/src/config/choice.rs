//! The `choice:` key of a config: whether a run chooses on its own training rows what it ships, or takes what stands here.

use nta_density::Engine;
use nta_hybrid::Combine;
use nta_preprocess::{FittedRows, Rank};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::RunConfig;

/// What of a run is chosen on its own training rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Whatever the config does not state: how members are fused (`hybrid.combine: auto`); and the members to ship are fitted
    /// on every row that is not test (`split.fit: all`).
    #[default]
    Auto,
    /// Nothing: `hybrid.combine: average` and `split.fit: parts` where nothing else is stated. A run takes about half the time.
    Off,
}

/// What stands in the place of a key that `choice: off` leaves unsaid.
const OFF: [(&str, &str, &str); 2] = [("split", "fit", "parts"), ("hybrid", "combine", "average")];

/// Puts into `config` what `choice: off` means, where nothing is stated. YAML reads a bare `off` as false.
pub(super) fn fill(config: &mut Value) {
    for key in ["/choice", "/evaluate/leave_out"] {
        if let Some(word) = config.pointer_mut(key).filter(|value| **value == Value::Bool(false)) {
            *word = "off".into();
        }
    }
    if config.get("choice").and_then(Value::as_str) != Some("off") {
        return;
    }
    fill_unsaid(config);
}

/// A config that was kept with a model. Where it has no such key it is from before there was a choice: what was not said meant then
/// what `choice: off` puts in its place, yet `fit: all` and `combine: auto` could be said.
pub(super) fn of_then(config: &mut Value) {
    if config.get("choice").is_none() {
        fill_unsaid(config);
    }
}

fn fill_unsaid(config: &mut Value) {
    let Some(config) = config.as_object_mut() else { return };
    for (block, key, value) in OFF {
        let block = config.entry(block).or_insert(Value::Null);
        if block.is_null() {
            *block = Value::Object(Map::new());
        }
        if let Some(block) = block.as_object_mut() {
            block.entry(key).or_insert_with(|| value.into());
        }
    }
}

impl RunConfig {
    /// Refuses what asks for a choice where there is none. `Err` holds the key path and the complaint.
    pub(super) fn check_choice(&self) -> Result<(), (String, String)> {
        if self.choice == Choice::Auto {
            return Ok(());
        }
        let asked = [
            ("split.fit", "all", self.split.fit == FittedRows::All),
            ("hybrid.combine", "auto", self.hybrid.combine == Combine::Auto),
            ("preprocess.categorical.rank", "auto", self.preprocess.categorical.rank == Rank::Auto),
            ("density.engine", "auto", self.density.as_ref().is_some_and(|density| density.engine == Engine::Auto)),
        ];
        match asked.into_iter().find(|(_, _, is_asked)| *is_asked) {
            None => Ok(()),
            Some((key, value, _)) => {
                let why = "`choice: off` chooses and cross-fits nothing: drop one of the two";
                Err((key.to_owned(), format!("`{key}` is `{value}`, and {why}")))
            }
        }
    }
}
