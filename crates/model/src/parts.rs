//! The names of a model's parts, and which of them its digest covers: those that decide scores, no more and no less.

pub(crate) const SCHEMA: &str = "schema.json";
pub(crate) const PREPROCESSOR: &str = "preprocessor.json";
pub(crate) const HYBRID_FILE: &str = "hybrid.json";
pub(crate) const SCORING: &str = "scoring.json";
pub(crate) const GOLDEN: &str = "golden.json";
pub(crate) const PROFILE: &str = "profile.json";
pub(crate) const SCALER: &str = "scaler_lstm.npy";

/// What every model learned, beside its members.
const LEARNED: [&str; 4] = [SCHEMA, PREPROCESSOR, HYBRID_FILE, SCORING];

/// Whether a part that is no member's decides scores.
pub(crate) fn is_learned(name: &str) -> bool {
    LEARNED.contains(&name)
}
