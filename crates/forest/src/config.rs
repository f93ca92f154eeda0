//! What a user can set about the forest, and the ranges in which it makes sense.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The forest's part of a run's config. `bootstrap` and `min_leaf` are what served best, of 15 candidates, on attack
/// families left out of the training files of NSL-KDD and KDD99 (docs/benchmarks.md).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ForestConfig {
    /// Number of trees, 1 to 100000.
    pub trees: u32,
    /// Who grows the trees.
    pub engine: Engine,
    /// What a split is judged by.
    pub criterion: Criterion,
    /// Where a feature is split.
    pub splits: Splits,
    /// Features looked at for each split: `sqrt`, `log2`, `all`, a number (`6`) or a fraction (`0.5`). Features that
    /// are constant in the node count, but at least one that is not constant is always looked at.
    pub max_features: MaxFeatures,
    /// Longest path from the root to a leaf; absent: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_depth: Option<u32>,
    /// Fewest rows in a leaf, at least 1; a row drawn twice by the bootstrap counts twice.
    pub min_leaf: u32,
    /// Fewest rows that are split further, at least 2; a row drawn twice by the bootstrap counts twice.
    pub min_split: u32,
    /// How much a row of each class weighs, in splits and in leaves.
    pub class_weight: ClassWeight,
    /// Which rows a tree grows on.
    pub bootstrap: Bootstrap,
    /// Most bins a column's values are sorted into, 2 to 255; a column with no more distinct values is exact.
    pub bins: u16,
}

impl Default for ForestConfig {
    fn default() -> Self {
        ForestConfig {
            trees: 200,
            engine: Engine::Native,
            splits: Splits::Best,
            criterion: Criterion::Gini,
            max_features: MaxFeatures::Named(NamedCount::Sqrt),
            max_depth: None,
            min_leaf: 2,
            min_split: 2,
            class_weight: ClassWeight::None,
            bootstrap: Bootstrap::Distinct,
            bins: 255,
        }
    }
}

/// What a split is judged by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// Gini impurity.
    #[default]
    Gini,
    /// Shannon entropy.
    Entropy,
}

/// Who grows the trees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// This crate.
    #[default]
    Native,
    /// The `RandomForestClassifier` of the smartcore library, as a reference to compare with. It takes some hundred
    /// times as long, so it is for small data. Its leaves vote for one class (no fractions), its bootstrap keeps the
    /// number of rows of each class, a missing value counts as below every other value, `bins` does nothing. Knows
    /// `bootstrap: rows`, `splits: best` and no class weights; other settings are refused.
    Smartcore,
}

/// Where a feature is split.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Splits {
    /// Where the criterion gains most.
    #[default]
    Best,
    /// At one random value a feature, even between its lowest and highest in the node; the best of the features looked
    /// at is taken: extremely randomised trees (Geurts, Ernst and Wehenkel 2006), which they grow with `bootstrap: none`.
    Random,
}

/// Features looked at for each split.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "sqrt, log2, all, a number of features such as 6, or a fraction of them such as 0.5")]
pub enum MaxFeatures {
    /// By name.
    Named(NamedCount),
    /// That many, at least 1; more than there are means all.
    Number(u32),
    /// That share of all features, above 0 and at most 1, rounded down, at least one feature.
    Fraction(f64),
}

/// A number of features that follows from how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NamedCount {
    /// Square root, rounded down.
    Sqrt,
    /// Binary logarithm, rounded down.
    Log2,
    /// Every feature.
    All,
}

impl MaxFeatures {
    /// The number meant, of `n_features`; at least 1 and at most `n_features`.
    pub fn of(self, n_features: usize) -> usize {
        let number = match self {
            MaxFeatures::Named(NamedCount::Sqrt) => n_features.isqrt(),
            MaxFeatures::Named(NamedCount::Log2) => n_features.max(1).ilog2() as usize,
            MaxFeatures::Named(NamedCount::All) => n_features,
            MaxFeatures::Number(number) => number as usize,
            MaxFeatures::Fraction(share) => (share * n_features as f64) as usize,
        };
        number.min(n_features).max(1)
    }
}

/// How much a row of each class weighs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ClassWeight {
    /// Every row weighs 1.
    #[default]
    None,
    /// Both classes weigh the same in the training data: n / (2 n_class).
    Balanced,
    /// Both classes weigh the same among the rows that a tree drew.
    BalancedPerBootstrap,
    /// As given, `class_weight: { given: { benign: 1, attack: 5 } }`.
    #[allow(missing_docs)]
    Given { benign: f64, attack: f64 },
}

/// Which rows a tree grows on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bootstrap {
    /// As many rows as there are, drawn with replacement; about 37 % of them are out of a tree's bag.
    Rows,
    /// As many draws as there are different rows, with replacement; a draw takes all rows that are equal in every
    /// feature (as the bins see it) and whatever their label. Out-of-bag scores then come from trees that saw no copy
    /// of the row, and are honest on data full of duplicates.
    #[default]
    Distinct,
    /// Every row once; there are no out-of-bag scores.
    None,
}

/// A value out of range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` is {value}; it has to be {wanted}")]
pub struct ConfigError {
    /// Path of the key below `forest`, e.g. `class_weight.given.attack`.
    pub key: String,
    /// The value found.
    pub value: String,
    /// What would be right.
    pub wanted: String,
}

impl ForestConfig {
    /// Refuses values out of range.
    ///
    /// # Errors
    /// The first value out of range, by its key, with what would be right.
    pub fn check(&self) -> Result<(), ConfigError> {
        let within = |key: &str, value: u64, low: u64, high: u64| match (low..=high).contains(&value) {
            true => Ok(()),
            false if high == u64::from(u32::MAX) => refuse(key, value, format!("at least {low}")),
            false => refuse(key, value, format!("from {low} to {high}")),
        };
        let most = u64::from(u32::MAX);
        within("trees", self.trees.into(), 1, 100_000)?;
        within("max_depth", self.max_depth.unwrap_or(1).into(), 1, most)?;
        within("min_leaf", self.min_leaf.into(), 1, most)?;
        within("min_split", self.min_split.into(), 2, most)?;
        within("bins", self.bins.into(), 2, 255)?;
        match self.max_features {
            MaxFeatures::Number(0) => refuse("max_features", 0, "at least 1"),
            MaxFeatures::Fraction(share) if !(share > 0.0 && share <= 1.0) => {
                refuse("max_features", share, "above 0 and at most 1, or a whole number of features")
            }
            _ => Ok(()),
        }?;
        if let ClassWeight::Given { benign, attack } = self.class_weight {
            for (class, weight) in [("benign", benign), ("attack", attack)] {
                if !(1e-9..=1e9).contains(&weight) {
                    return refuse(&format!("class_weight.given.{class}"), weight, "from 1e-9 to 1e9");
                }
            }
        }
        Ok(())
    }
}

pub(crate) fn refuse<T>(key: &str, value: impl ToString, wanted: impl Into<String>) -> Result<T, ConfigError> {
    Err(ConfigError { key: key.to_owned(), value: value.to_string(), wanted: wanted.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yaml(text: &str) -> Result<ForestConfig, String> {
        serde_saphyr::from_str(text).map_err(|e| e.to_string())
    }

    #[test]
    fn max_features_is_a_word_a_number_or_a_fraction() {
        let read = |text: &str| yaml(&format!("max_features: {text}")).unwrap().max_features;
        assert_eq!(read("sqrt"), MaxFeatures::Named(NamedCount::Sqrt));
        assert_eq!(read("6"), MaxFeatures::Number(6));
        assert_eq!(read("1"), MaxFeatures::Number(1));
        assert_eq!(read("0.5"), MaxFeatures::Fraction(0.5));
        assert_eq!(read("1.0"), MaxFeatures::Fraction(1.0));
        let error = yaml("max_features: most").unwrap_err();
        assert!(error.contains("a fraction of them such as 0.5"), "{error}");
    }

    #[test]
    fn max_features_counts_as_documented() {
        let of = |max: MaxFeatures| max.of(41);
        assert_eq!(of(MaxFeatures::Named(NamedCount::Sqrt)), 6);
        assert_eq!(of(MaxFeatures::Named(NamedCount::Log2)), 5);
        assert_eq!(of(MaxFeatures::Named(NamedCount::All)), 41);
        assert_eq!(of(MaxFeatures::Number(100)), 41);
        assert_eq!(of(MaxFeatures::Fraction(0.5)), 20);
        assert_eq!(of(MaxFeatures::Fraction(0.01)), 1);
        assert_eq!(MaxFeatures::Named(NamedCount::Log2).of(1), 1);
    }

    #[test]
    fn class_weights_are_words_or_given() {
        let read = |text: &str| yaml(&format!("class_weight: {text}")).map(|c| c.class_weight);
        assert_eq!(read("balanced_per_bootstrap").unwrap(), ClassWeight::BalancedPerBootstrap);
        let given = ClassWeight::Given { benign: 1.0, attack: 5.0 };
        assert_eq!(read("{ given: { benign: 1, attack: 5 } }").unwrap(), given);
        assert!(read("{ given: { benign: 1, attack: 5, other: 2 } }").is_err());
        assert!(yaml("tress: 5").is_err());
    }

    #[test]
    fn a_value_out_of_range_is_named_with_what_would_be_right() {
        let mut config = ForestConfig::default();
        assert_eq!(config.check(), Ok(()));
        config.bins = 256;
        assert_eq!(config.check().unwrap_err().to_string(), "`bins` is 256; it has to be from 2 to 255");
        let wrong = [
            ForestConfig { trees: 0, ..Default::default() },
            ForestConfig { max_depth: Some(0), ..Default::default() },
            ForestConfig { min_leaf: 0, ..Default::default() },
            ForestConfig { min_split: 1, ..Default::default() },
            ForestConfig { max_features: MaxFeatures::Number(0), ..Default::default() },
            ForestConfig { max_features: MaxFeatures::Fraction(1.5), ..Default::default() },
            ForestConfig { max_features: MaxFeatures::Fraction(f64::NAN), ..Default::default() },
            ForestConfig {
                class_weight: ClassWeight::Given { benign: 1.0, attack: f64::INFINITY },
                ..Default::default()
            },
        ];
        let keys: Vec<String> = wrong.iter().map(|c| c.check().unwrap_err().key).collect();
        let expected = ["trees", "max_depth", "min_leaf", "min_split", "max_features", "max_features", "max_features"];
        assert_eq!(keys[..7], expected);
        assert_eq!(keys[7], "class_weight.given.attack");
    }

    #[test]
    fn a_config_survives_json() {
        let config = ForestConfig {
            max_features: MaxFeatures::Fraction(1.0),
            class_weight: ClassWeight::Given { benign: 1.0, attack: 2.5 },
            max_depth: Some(7),
            ..Default::default()
        };
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<ForestConfig>(&text).unwrap(), config);
    }
}
