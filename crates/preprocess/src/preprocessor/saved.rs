//! The preprocessor as text: every learned value under its name. Numbers are printed so that they read back exactly.

use serde::{Deserialize, Serialize};

use super::categorical::FittedCategorical;
use super::config::PreprocessConfig;
use super::error::PreprocessError;
use super::gap::GapScaling;
use super::numeric::{CLIP, FittedNumeric};
use super::{Preprocessor, TrainingRows};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saved {
    config: PreprocessConfig,
    training: TrainingRows,
    /// Written for readers in other languages; one that differs was written by another version.
    clip: f64,
    numeric: Vec<FittedNumeric>,
    categorical: Vec<FittedCategorical>,
    gap: Option<GapScaling>,
    dropped: Vec<Dropped>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Dropped {
    column: String,
    why: String,
}

impl From<Preprocessor> for Saved {
    fn from(fitted: Preprocessor) -> Self {
        let Preprocessor { config, training, numeric, categorical, gap, dropped } = fitted;
        let dropped = dropped.into_iter().map(|(column, why)| Dropped { column, why }).collect();
        Saved { config, training, clip: CLIP, numeric, categorical, gap, dropped }
    }
}

impl TryFrom<Saved> for Preprocessor {
    type Error = PreprocessError;

    fn try_from(saved: Saved) -> Result<Self, PreprocessError> {
        let Saved { config, training, clip, numeric, categorical, gap, dropped } = saved;
        let checks = numeric.iter().map(FittedNumeric::check);
        let checks = checks.chain(categorical.iter().map(FittedCategorical::check));
        for check in checks.chain(gap.iter().map(GapScaling::check)) {
            check.map_err(PreprocessError::Damaged)?;
        }
        if clip != CLIP {
            return Err(PreprocessError::Damaged(format!("clip is {clip} and should be {CLIP}")));
        }
        if numeric.is_empty() && categorical.is_empty() {
            return Err(PreprocessError::Damaged("it holds no column".to_owned()));
        }
        config.check()?;
        let dropped = dropped.into_iter().map(|d| (d.column, d.why)).collect();
        Ok(Preprocessor { config, training, numeric, categorical, gap, dropped })
    }
}
