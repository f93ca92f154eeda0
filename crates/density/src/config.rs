//! What a user can set about the density, and the ranges in which it makes sense.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The density's part of a run's config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DensityConfig {
    /// What a column's value is held against.
    pub structure: Structure,
    /// Columns that each column is held against, those that tell most of it, 1 to 16; with `chow_liu` always one.
    pub parents: u16,
    /// Quantiles that a number column is cut at, 2 to 100. A column with no more distinct values is exact.
    pub bins: u16,
    /// Most categories of a text column with a bin of their own, the most frequent, 1 to 250; rarer ones share a bin.
    pub categories: u16,
    /// What a category that no benign row has adds to the surprise.
    pub unseen: Unseen,
}

impl Default for DensityConfig {
    fn default() -> Self {
        DensityConfig {
            structure: Structure::Averaged,
            parents: 4,
            bins: 16,
            categories: 128,
            unseen: Unseen::default(),
        }
    }
}

/// What a column's value is held against.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Structure {
    /// The columns that tell most of it, one at a time; the mean of the surprises (averaged one-dependence; Webb,
    /// Boughton and Wang 2005, as a density).
    #[default]
    Averaged,
    /// One other column, such that all columns form the tree of greatest mutual information (Chow and Liu 1968).
    ChowLiu,
}

/// What a text column's category adds to the surprise of a row where no benign row has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unseen {
    /// Nothing: that a service was never seen says that this is another network, not that it is an attack.
    #[default]
    Neutral,
    /// As much as its rarity says.
    Surprising,
}

/// A value out of range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` is {value}; it has to be from {low} to {high}")]
pub struct ConfigError {
    /// The key below `density`.
    pub key: &'static str,
    /// The value found.
    pub value: u16,
    /// The smallest that would be right.
    pub low: u16,
    /// The largest.
    pub high: u16,
}

/// Most columns that one is held against.
pub(crate) const MOST_PARENTS: u16 = 16;

impl DensityConfig {
    /// Refuses values out of range.
    ///
    /// # Errors
    /// The first value out of range, by its key, with what would be right.
    pub fn check(&self) -> Result<(), ConfigError> {
        let settings = [
            ("parents", self.parents, 1, MOST_PARENTS),
            ("bins", self.bins, 2, 100),
            ("categories", self.categories, 1, 250),
        ];
        match settings.into_iter().find(|(_, value, low, high)| !(low..=high).contains(&value)) {
            Some((key, value, low, high)) => Err(ConfigError { key, value, low, high }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_out_of_range_is_named_with_what_would_be_right() {
        let refused = |config: DensityConfig| config.check().unwrap_err().to_string();
        let default = DensityConfig::default();
        assert_eq!(default.check(), Ok(()));
        let parents = refused(DensityConfig { parents: 0, ..default.clone() });
        assert_eq!(parents, "`parents` is 0; it has to be from 1 to 16");
        assert!(refused(DensityConfig { bins: 101, ..default.clone() }).starts_with("`bins` is 101"));
        assert!(refused(DensityConfig { categories: 251, ..default }).starts_with("`categories` is 251"));
    }

    #[test]
    fn a_config_is_read_by_its_keys() {
        let read: DensityConfig = serde_saphyr::from_str("{ structure: chow_liu, bins: 8 }").unwrap();
        assert_eq!(read, DensityConfig { structure: Structure::ChowLiu, bins: 8, ..DensityConfig::default() });
        assert!(serde_saphyr::from_str::<DensityConfig>("bin: 8").is_err());
    }
}
