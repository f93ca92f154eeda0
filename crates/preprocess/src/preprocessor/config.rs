//! The `preprocess:` section.

use nta_data::MemoryConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ConfigError;

/// How columns become inputs. All of it is fitted on the training part alone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PreprocessConfig {
    /// Number columns as the LSTM sees them; the forest sees them as read.
    pub numeric: NumericConfig,
    /// Text columns.
    pub categorical: CategoricalConfig,
}

/// Number columns as the LSTM sees them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NumericConfig {
    /// What stands in for a missing number. Whether it was missing is one more input, where it happens in training.
    pub impute: Impute,
    /// What happens to a number before it is scaled.
    pub transform: Transform,
    /// How numbers are brought to one size. What lies further than 10 from the centre afterwards counts as 10.
    pub scale: Scale,
}

/// What stands in for a missing number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Impute {
    /// The median of the training part's numbers.
    #[default]
    Median,
    /// Their mean.
    Mean,
    /// 0.
    Zero,
}

/// What happens to a number before it is scaled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// sign(x) ln(1 + |x|): bytes and durations span many powers of ten.
    #[default]
    Log1p,
    /// Nothing.
    None,
}

impl Transform {
    /// The transformed number; in f64, for integers above 2^24 would lose their differences in f32.
    pub fn apply(self, x: f64) -> f64 {
        match self {
            Transform::Log1p => x.abs().ln_1p().copysign(x),
            Transform::None => x,
        }
    }
}

/// How numbers are brought to one size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Mean 0, standard deviation 1.
    #[default]
    Standard,
    /// Median 0, interquartile range 1; where that range is 0, the standard deviation 1.
    Robust,
    /// From 0 to 1.
    Minmax,
    /// Not at all.
    None,
}

/// Text columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CategoricalConfig {
    /// Training rows that a category must have for a code of its own; rarer and unseen ones share the code `other`.
    pub min_count: usize,
    /// Rows of average traffic added to each category before its attack rate is taken; keeps a category of few rows from
    /// standing at either end of the ranks.
    pub smoothing: f64,
    /// By what the forest's categories are ranked.
    #[serde(skip_serializing_if = "Rank::is_default")]
    pub rank: Rank,
}

/// By what categories are ranked for trees, which cut ranks in two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rank {
    /// The share of attacks among its training rows: one cut parts what was attacked from what was not. Where a category
    /// tells of the attacks of one site alone, it leads astray at another.
    #[default]
    AttackRate,
    /// How many training rows it has.
    Frequency,
    /// Its text.
    Name,
    /// The share of attacks, and for each training row that in the four other fifths of the training: a forest then learns from
    /// ranks in which the row's own attack has no part. Where the attacks of a category stand together, as in one burst, its rank
    /// tells of which fifth a row is; and traffic is ranked by all fifths, so no vote out of bag sets a threshold.
    CrossFitted,
    /// Whichever of these lets a forest find most of what is left out of training; see `evaluate.leave_out`.
    Auto,
}

impl Rank {
    /// Those that need no choice, the default first.
    pub const KNOWN: [Rank; 4] = [Rank::AttackRate, Rank::Frequency, Rank::Name, Rank::CrossFitted];

    fn is_default(&self) -> bool {
        *self == Rank::default()
    }

    /// Its name in a config.
    pub fn name(self) -> &'static str {
        match self {
            Rank::AttackRate => "attack_rate",
            Rank::Frequency => "frequency",
            Rank::Name => "name",
            Rank::CrossFitted => "cross_fitted",
            Rank::Auto => "auto",
        }
    }
}

impl Default for CategoricalConfig {
    fn default() -> Self {
        CategoricalConfig { min_count: 10, smoothing: 10.0, rank: Rank::AttackRate }
    }
}

impl PreprocessConfig {
    /// Refuses values out of range.
    ///
    /// # Errors
    /// The first value out of range, by its key, with what would be right.
    pub fn check(&self) -> Result<(), ConfigError> {
        let CategoricalConfig { min_count, smoothing, .. } = self.categorical;
        if min_count == 0 {
            return Err(ConfigError::new("categorical.min_count", min_count, "1 or more"));
        }
        if !(smoothing >= 0.0 && smoothing.is_finite()) {
            return Err(ConfigError::new("categorical.smoothing", smoothing, "a number of rows, 0 or more"));
        }
        Ok(())
    }
}

/// Whether rows follow each other in sequences, so that the time since an entity's previous flow is an input.
#[derive(Debug, Clone, PartialEq)]
pub enum Sequencing {
    /// Every row stands alone.
    None,
    /// Sequences by entity; what is remembered of an entity, and for how long.
    Gap(MemoryConfig),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_range_are_refused_by_key() {
        let mut config = PreprocessConfig::default();
        assert!(config.check().is_ok());
        config.categorical.min_count = 0;
        assert_eq!(config.check().unwrap_err().to_string(), "`categorical.min_count: 0`: 1 or more");
        config.categorical = CategoricalConfig { min_count: 1, smoothing: -1.0, ..CategoricalConfig::default() };
        assert_eq!(config.check().unwrap_err().key, "categorical.smoothing");
    }

    #[test]
    fn the_logarithm_keeps_the_sign() {
        assert_eq!(Transform::Log1p.apply(std::f64::consts::E - 1.0), 1.0);
        assert_eq!(Transform::Log1p.apply(-3.0), -(4.0f64.ln()));
        assert_eq!(Transform::Log1p.apply(0.0), 0.0);
        let step = Transform::Log1p.apply(2f64.powi(40) + 1.0) - Transform::Log1p.apply(2f64.powi(40));
        assert!(step > 0.0, "integers above 2^24 stay apart");
    }
}
