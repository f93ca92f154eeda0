//! What a user may set about the LSTM.

use nta_data::{MemoryConfig, Schema, SequenceBy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ConfigError;

/// The `lstm` stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LstmConfig {
    /// What trains the network. Scoring is always done by the CPU.
    pub device: DeviceChoice,
    /// What training rounds the factors of its products to. Scoring is always done in f32.
    pub precision: Precision,
    /// Width of each LSTM layer.
    pub hidden: usize,
    /// LSTM layers on top of each other.
    pub layers: usize,
    /// How categories enter the first layer.
    pub categorical: Categorical,
    /// Whose flows follow each other, and how far back training looks.
    pub sequence: SequenceConfig,
    /// How much of the past is remembered per entity. A silence longer than `idle_seconds` ends a sequence: in training,
    /// in the evaluation and in service alike.
    pub memory: MemoryConfig,
    /// Passes over the training rows at most.
    pub epochs: usize,
    /// Training ends after this many epochs in a row without a lower validation log loss.
    pub patience: usize,
    /// Sequences per optimiser step.
    pub batch: usize,
    /// Adam's step size at the start.
    pub learning_rate: f64,
    /// How the step size changes over the planned epochs.
    pub schedule: Schedule,
    /// Decoupled weight decay (AdamW) on weights, not on biases.
    pub weight_decay: f64,
    /// Share of each layer's outputs that is set to zero in training.
    pub dropout: f64,
    /// Gradients longer than this (2-norm over all weights) are shortened to it.
    pub clip_norm: f64,
    /// What is made small in training; early stopping goes by the plain log loss whatever stands here.
    pub loss: Loss,
    /// Whether rows of the rarer class count more in the training loss.
    pub class_weight: ClassWeight,
}

impl Default for LstmConfig {
    fn default() -> Self {
        LstmConfig {
            device: DeviceChoice::Auto,
            precision: Precision::F32,
            hidden: 64,
            layers: 1,
            categorical: Categorical::OneHot,
            sequence: SequenceConfig::default(),
            memory: MemoryConfig::default(),
            epochs: 6,
            patience: 3,
            batch: 64,
            learning_rate: 0.002,
            schedule: Schedule::Cosine,
            weight_decay: 0.0,
            dropout: 0.1,
            clip_norm: 1.0,
            loss: Loss::LogLoss,
            class_weight: ClassWeight::None,
        }
    }
}

/// How sequences are formed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SequenceConfig {
    /// Whose flows form one sequence.
    pub by: SequenceChoice,
    /// Flows per training sequence. With 1 the network remembers nothing: it sees every flow alone.
    pub length: usize,
    /// What a training sequence that goes on from another begins with; of no account with `length: 1`.
    pub start: Start,
}

/// Whose flows form one sequence, as a config asks for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SequenceChoice {
    /// Those of the host that began the flow, where the data names it; else of the host that was called; else of the
    /// capture as a whole. Data without order has no sequences.
    Auto,
    /// The host that began the flow, within its capture.
    #[default]
    Src,
    /// The host that was called, within its capture.
    Dst,
    /// Both hosts together, within their capture.
    Pair,
    /// The capture as a whole: for records without hosts that stand in time order (KDD99).
    Capture,
}

impl SequenceChoice {
    /// Whose flows these are in data of `schema`. What was asked for by name is not held against the schema.
    pub fn settled(self, schema: &Schema) -> SequenceBy {
        match self {
            SequenceChoice::Src => SequenceBy::Src,
            SequenceChoice::Dst => SequenceBy::Dst,
            SequenceChoice::Pair => SequenceBy::Pair,
            SequenceChoice::Capture => SequenceBy::Capture,
            SequenceChoice::Auto => [SequenceBy::Src, SequenceBy::Dst]
                .into_iter()
                .find(|by| schema.supports(*by))
                .unwrap_or(SequenceBy::Capture),
        }
    }
}

impl From<SequenceBy> for SequenceChoice {
    fn from(by: SequenceBy) -> Self {
        match by {
            SequenceBy::Src => SequenceChoice::Src,
            SequenceBy::Dst => SequenceChoice::Dst,
            SequenceBy::Pair => SequenceChoice::Pair,
            SequenceBy::Capture => SequenceChoice::Capture,
        }
    }
}

/// What a training sequence that goes on from another begins with. The first one, of a host or after a silence, begins with
/// nothing remembered, as in service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// What the network remembers of the `length` flows before, which it reads and does not learn from: it learns to
    /// judge with a past, as it will in service ("burn-in", Kapturowski et al. 2019). Takes about a third longer on the
    /// CPU where most flows are those of hosts with many more than `length`.
    #[default]
    Warm,
    /// Nothing, as if the host were new.
    Cold,
}

impl Default for SequenceConfig {
    fn default() -> Self {
        SequenceConfig { by: SequenceChoice::Src, length: 32, start: Start::Warm }
    }
}

/// What trains the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceChoice {
    /// The first GPU that this program was built for and that is there (cuda, then wgpu), else the CPU; the run says which.
    #[default]
    Auto,
    /// The fused CPU engine.
    Cpu,
    /// burn's Flex backend on the CPU: the reference, slow.
    Flex,
    /// burn's older CPU backend; needs a build with the feature `ndarray`.
    Ndarray,
    /// A GPU through WebGPU; needs a build with the feature `wgpu`.
    Wgpu,
    /// An NVIDIA GPU through CUDA; needs a build with the feature `cuda`, and at run time NVIDIA's driver and NVRTC.
    Cuda,
}

/// What training rounds the factors of its products to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32 bits: as they are.
    #[default]
    F32,
    /// 16 bits, 8 of them precision, in the range of 32 (Intel, "BFLOAT16 – Hardware Numerics Definition", 2018). Sums,
    /// activations, states, weights and Adam stay in 32 bits (mixed precision, Micikevicius et al. 2018; no scaling of
    /// the loss, for the range is the same). Faster; for the CPU engine on a CPU with AVX512-BF16, else refused.
    Bf16,
}

/// How categories enter the first layer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Categorical {
    /// Each category has weights of its own in the first layer (a gather, never a one-hot matrix).
    #[default]
    OneHot,
    /// Each category is a learned vector of so many numbers, and the first layer has weights for these: fewer weights
    /// where there are many categories.
    Embedding(usize),
}

impl Categorical {
    /// Numbers that each of these categorical inputs is embedded in, if any is.
    pub(crate) fn dimension(self, cardinality: &[u32]) -> Option<usize> {
        match self {
            Categorical::Embedding(dimension) if !cardinality.is_empty() => Some(dimension),
            _ => None,
        }
    }
}

/// What is made small in training.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// −ln of the probability p given to what happened.
    #[default]
    LogLoss,
    /// The log loss times (1 − p) to this power, so that rows already judged well count less (Lin et al. 2017, who use
    /// 2). Scores then rank flows but are drawn towards ½: they are no probabilities to take literally.
    Focal(f64),
}

/// How the learning rate changes over the planned epochs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Half a cosine from the full rate down to a hundredth of it at the last planned step.
    #[default]
    Cosine,
    /// The same rate throughout.
    Constant,
    /// Half the rate after every epoch that did not lower the validation log loss.
    Plateau,
}

/// How much a row of each class counts in the training loss.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeight {
    /// Every row counts the same.
    #[default]
    None,
    /// Both classes count the same in sum, but a row of the rarer one at most ten times a row of the other: beyond that
    /// a handful of rows steers every step.
    Balanced,
}

impl LstmConfig {
    /// Refuses settings that cannot work.
    ///
    /// # Errors
    /// The first setting out of its range, by its key, with what would be right.
    pub fn check(&self) -> Result<(), ConfigError> {
        let whole = |key, value: usize, low: usize, high: usize, expected| {
            let fits = (low..=high).contains(&value);
            if fits { Ok(()) } else { Err(ConfigError { key, value: value.to_string(), expected }) }
        };
        let real = |key, value: f64, fits: bool, expected| {
            let fits = fits && value.is_finite();
            if fits { Ok(()) } else { Err(ConfigError { key, value: value.to_string(), expected }) }
        };
        whole("hidden", self.hidden, 1, 4_096, "a width from 1 to 4096, such as 64")?;
        whole("layers", self.layers, 1, 16, "1 to 16 layers")?;
        if let Categorical::Embedding(dimension) = self.categorical {
            whole("categorical.embedding", dimension, 1, 1_024, "1 to 1024 numbers a category, such as 8")?;
        }
        whole("sequence.length", self.sequence.length, 1, 65_536, "1 to 65536 flows, such as 32")?;
        whole("memory.entities", self.memory.entities, 1, usize::MAX, "at least 1 entity")?;
        let idle = self.memory.idle_seconds;
        real("memory.idle_seconds", idle, idle > 0.0, "a time above 0 seconds, such as 3600")?;
        whole("epochs", self.epochs, 1, 100_000, "1 to 100000 passes")?;
        whole("patience", self.patience, 1, usize::MAX, "at least 1 epoch; as many as `epochs` never stops early")?;
        whole("batch", self.batch, 1, 1 << 20, "1 to 1048576 sequences, such as 256")?;
        let rate = self.learning_rate;
        real("learning_rate", rate, rate > 0.0 && rate <= 1.0, "above 0 and at most 1, such as 0.002")?;
        let decay = self.weight_decay;
        real("weight_decay", decay, (0.0..=1.0).contains(&decay), "0 (none) to 1, such as 0.01")?;
        real("dropout", self.dropout, (0.0..=0.9).contains(&self.dropout), "0 (none) to 0.9")?;
        real("clip_norm", self.clip_norm, self.clip_norm > 0.0, "above 0, such as 1")?;
        match self.loss {
            Loss::LogLoss => Ok(()),
            Loss::Focal(power) => real("loss.focal", power, power > 0.0 && power <= 10.0, "above 0 to 10, such as 2"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_passes_and_each_bad_value_is_named() {
        let good = LstmConfig::default();
        good.check().unwrap();
        let mut bad: Vec<(&str, LstmConfig)> = Vec::new();
        let mut with = |key, change: &dyn Fn(&mut LstmConfig)| {
            let mut config = good.clone();
            change(&mut config);
            bad.push((key, config));
        };
        with("hidden", &|c| c.hidden = 0);
        with("layers", &|c| c.layers = 0);
        with("sequence.length", &|c| c.sequence.length = 0);
        with("memory.entities", &|c| c.memory.entities = 0);
        with("memory.idle_seconds", &|c| c.memory.idle_seconds = f64::NAN);
        with("epochs", &|c| c.epochs = 0);
        with("patience", &|c| c.patience = 0);
        with("batch", &|c| c.batch = 0);
        with("learning_rate", &|c| c.learning_rate = 0.0);
        with("weight_decay", &|c| c.weight_decay = -0.1);
        with("dropout", &|c| c.dropout = 1.0);
        with("clip_norm", &|c| c.clip_norm = f64::INFINITY);
        with("categorical.embedding", &|c| c.categorical = Categorical::Embedding(0));
        with("loss.focal", &|c| c.loss = Loss::Focal(-1.0));
        for (key, config) in bad {
            assert_eq!(config.check().unwrap_err().key, key);
        }
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let error = serde_json::from_str::<LstmConfig>(r#"{"hiden": 3}"#).unwrap_err().to_string();
        assert!(error.contains("hiden"), "{error}");
    }
}
