//! The five parts.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the five parts that the rows are dealt to before anything is learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Everything is fitted on it.
    Train,
    /// Early stopping.
    Validation,
    /// Fusion weights and reported probabilities.
    Calibration,
    /// The threshold and nothing else.
    Threshold,
    /// Judged once, sealed until then.
    Test,
}

impl Part {
    /// All parts, in the order in which `temporal` cuts them.
    pub const ALL: [Part; 5] = [Part::Train, Part::Validation, Part::Calibration, Part::Threshold, Part::Test];

    /// All but the test part.
    pub(crate) const LEARNED_FROM: [Part; 4] = [Part::Train, Part::Validation, Part::Calibration, Part::Threshold];

    /// Its name, as in the config.
    pub fn name(self) -> &'static str {
        match self {
            Part::Train => "train",
            Part::Validation => "validation",
            Part::Calibration => "calibration",
            Part::Threshold => "threshold",
            Part::Test => "test",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One value for each part, indexed by `part as usize`.
pub(crate) type PerPart<T> = [T; 5];
