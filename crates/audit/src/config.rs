//! The `drift:` block of a config.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far traffic may move from what a model was trained on. Kept with the model; `nta drift` takes other limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DriftConfig {
    /// A column or score has drifted when its population stability index is above this, beyond chance. By custom .1 is
    /// some and .25 is much.
    pub psi: f64,
    /// The alert rate has drifted when it is more than so many times that of training, or less than one such part, beyond
    /// chance.
    pub alert_factor: f64,
    /// Share of the columns found to have drifted that may be found so by chance (Benjamini and Hochberg 1995).
    pub false_discovery: f64,
}

impl Default for DriftConfig {
    fn default() -> Self {
        DriftConfig { psi: 0.2, alert_factor: 3.0, false_discovery: 0.05 }
    }
}

impl DriftConfig {
    /// Says what is out of range, if something is: the key, its value and what would be right.
    pub fn fault(&self) -> Option<(&'static str, f64, &'static str)> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        if !positive(self.psi) {
            return Some(("psi", self.psi, "a number above 0"));
        }
        if !(self.alert_factor.is_finite() && self.alert_factor > 1.0) {
            return Some(("alert_factor", self.alert_factor, "a number above 1"));
        }
        let share = self.false_discovery > 0.0 && self.false_discovery < 1.0;
        (!share).then_some(("false_discovery", self.false_discovery, "a number between 0 and 1"))
    }
}
