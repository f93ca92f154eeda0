//! What a user can set about the density, and the ranges in which it makes sense.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The density's part of a run's config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DensityConfig {
    /// What learns from the benign flows. `structure` to `unseen` are those of `pairs`, `trees` and `sample` those of
    /// `isolation_forest`.
    pub engine: Engine,
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
    /// Trees, 1 to 100000.
    pub trees: u32,
    /// Benign flows that a tree grows on, 2 to 65536.
    pub sample: u32,
}

impl Default for DensityConfig {
    fn default() -> Self {
        DensityConfig {
            engine: Engine::default(),
            structure: Structure::Averaged,
            parents: 4,
            bins: 16,
            categories: 128,
            unseen: Unseen::default(),
            trees: 100,
            sample: 256,
        }
    }
}

/// What learns from the benign flows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// Counts of binned columns by twos, this crate's density. It has reasons for its scores and learns a site's flows.
    #[default]
    Pairs,
    /// Trees that part benign flows at random (Liu, Ting and Zhou 2008), of `nta-forest`; categories by their ranks. It has
    /// no reasons, and a site's baseline sets its threshold without joining it.
    IsolationForest,
    /// What finds more where attack families and benign groups are left out of training.
    Auto,
}

impl Engine {
    /// Those that learn.
    pub const KNOWN: [Engine; 2] = [Engine::Pairs, Engine::IsolationForest];

    /// As a config says it.
    pub fn name(self) -> &'static str {
        match self {
            Engine::Pairs => "pairs",
            Engine::IsolationForest => "isolation_forest",
            Engine::Auto => "auto",
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
    pub value: u32,
    /// The smallest that would be right.
    pub low: u32,
    /// The largest.
    pub high: u32,
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
            ("parents", self.parents.into(), 1, MOST_PARENTS.into()),
            ("bins", self.bins.into(), 2, 100),
            ("categories", self.categories.into(), 1, 250),
            ("trees", self.trees, 1, 100_000),
            ("sample", self.sample, 2, 65_536),
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
        assert!(refused(DensityConfig { categories: 251, ..default.clone() }).starts_with("`categories` is 251"));
        assert!(refused(DensityConfig { trees: 0, ..default.clone() }).starts_with("`trees` is 0"));
        assert!(refused(DensityConfig { sample: 1, ..default }).starts_with("`sample` is 1"));
    }

    #[test]
    fn a_config_is_read_by_its_keys() {
        let read: DensityConfig = serde_saphyr::from_str("{ structure: chow_liu, bins: 8 }").unwrap();
        assert_eq!(read, DensityConfig { structure: Structure::ChowLiu, bins: 8, ..DensityConfig::default() });
        assert!(serde_saphyr::from_str::<DensityConfig>("bin: 8").is_err());
        for engine in [Engine::Auto].into_iter().chain(Engine::KNOWN) {
            let read: DensityConfig = serde_saphyr::from_str(&format!("engine: {}", engine.name())).unwrap();
            assert_eq!(read.engine, engine);
        }
    }
}
