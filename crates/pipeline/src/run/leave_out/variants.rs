//! Settings of single members that are left to the same table: each value as a config of its own, judged by what its member
//! finds by itself.

use nta_data::Dataset;
use nta_density::{DensityConfig, Engine};
use nta_hybrid::Combine;
use nta_metrics::{LeftOutDetection, LeftOutSetting, first_of_the_best};
use nta_model::MemberKind;
use nta_preprocess::Rank;

use crate::config::RunConfig;
use crate::event::Settled;

const RANK: &str = "preprocess.categorical.rank";
const ENGINE: &str = "density.engine";
const LENGTH: &str = "lstm.sequence.length";

/// A kind of member under one value of a setting.
pub(super) struct Variant {
    pub(super) kind: MemberKind,
    pub(super) config: RunConfig,
    /// Key and value; `None` where nothing of the member is left open.
    setting: Option<(&'static str, String)>,
}

/// The variants of each of `kinds`, the default first: ranks of categories and the engine of the density
/// where the config leaves them open, and a network that looks back, or not, where it leaves the hybrid open and `train` has
/// sequences.
pub(super) fn variants(config: &RunConfig, kinds: &[MemberKind], train: &Dataset) -> Vec<Vec<Variant>> {
    let is_open = config.hybrid.combine == Combine::Auto;
    let looks_back = is_open && train.has_sequences() && config.lstm.sequence.length > 1;
    let of_kind = |&kind: &MemberKind| match kind {
        MemberKind::Forest if config.preprocess.categorical.rank == Rank::Auto => Rank::KNOWN
            .map(|rank| Variant::of(kind, config, RANK, rank.name(), |c| c.preprocess.categorical.rank = rank))
            .into(),
        MemberKind::Lstm if looks_back => [config.lstm.sequence.length, 1]
            .map(|length| Variant::of(kind, config, LENGTH, &length.to_string(), |c| c.lstm.sequence.length = length))
            .into(),
        MemberKind::Density if engine_of(config) == Engine::Auto => Engine::KNOWN
            .map(|engine| Variant::of(kind, config, ENGINE, engine.name(), |c| density_of(c).engine = engine))
            .into(),
        _ => vec![Variant { kind, config: config.clone(), setting: None }],
    };
    kinds.iter().map(of_kind).collect()
}

fn engine_of(config: &RunConfig) -> Engine {
    config.density.as_ref().map_or(Engine::default(), |density| density.engine)
}

fn density_of(config: &mut RunConfig) -> &mut DensityConfig {
    config.density.get_or_insert_default()
}

impl Variant {
    fn of(
        kind: MemberKind,
        config: &RunConfig,
        key: &'static str,
        value: &str,
        set: impl FnOnce(&mut RunConfig),
    ) -> Self {
        let mut config = config.clone();
        set(&mut config);
        Variant { kind, config, setting: Some((key, value.to_owned())) }
    }
}

/// The place of the variant to take, given what each finds.
pub(super) fn best(found: &[LeftOutDetection]) -> usize {
    let worths: Vec<Option<f64>> = found.iter().map(LeftOutDetection::worth).collect();
    first_of_the_best(&worths).unwrap_or(0)
}

/// What is told of one kind's variants.
pub(super) fn settings(variants: &[Variant], found: Vec<LeftOutDetection>, chosen: usize) -> Vec<LeftOutSetting> {
    let told = |(i, (variant, found)): (usize, (&Variant, LeftOutDetection))| {
        let (key, value) = variant.setting.clone()?;
        Some(LeftOutSetting { key: key.to_owned(), value, found, chosen: i == chosen })
    };
    variants.iter().zip(found).enumerate().filter_map(told).collect()
}

/// Puts the values that were chosen into `config`.
pub(super) fn settle(config: &mut RunConfig, settings: &[LeftOutSetting]) -> Vec<Settled> {
    let mut settled = Vec::new();
    for LeftOutSetting { key, value, .. } in settings.iter().filter(|setting| setting.chosen) {
        match key.as_str() {
            RANK => {
                let rank = Rank::KNOWN.into_iter().find(|rank| rank.name() == value);
                config.preprocess.categorical.rank = rank.unwrap_or_default();
            }
            ENGINE => {
                let engine = Engine::KNOWN.into_iter().find(|engine| engine.name() == value);
                density_of(config).engine = engine.unwrap_or_default();
            }
            _ => config.lstm.sequence.length = value.parse().unwrap_or(config.lstm.sequence.length),
        }
        settled.push(Settled { key: key.clone(), value: value.clone(), benign_rows: None });
    }
    settled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(unseen: f64) -> LeftOutDetection {
        LeftOutDetection { unseen: Some(unseen), known: Some(0.5), by_left_out: Vec::new() }
    }

    #[test]
    fn a_network_that_finds_more_without_looking_back_does_not() {
        let text = "
name: open
data: { train: { simulate: { flows: 2000 } } }
lstm: { sequence: { by: src, length: 32 } }
hybrid: { combine: auto }
";
        let mut config = RunConfig::parse(text, "open.yaml", &[]).unwrap();
        let lengths: Vec<Variant> = [32, 1]
            .map(|length: usize| {
                Variant::of(MemberKind::Lstm, &config, LENGTH, &length.to_string(), |c| c.lstm.sequence.length = length)
            })
            .into();
        // A hundredth more is not enough to leave the default.
        for (of_one, length) in [(0.4, 32), (0.415, 32), (0.6, 1)] {
            let rates = vec![found(0.4), found(of_one)];
            let chosen = best(&rates);
            assert_eq!(lengths[chosen].config.lstm.sequence.length, length);
            let settled = settle(&mut config, &settings(&lengths, rates, chosen));
            assert_eq!((settled.len(), settled[0].value.as_str()), (1, length.to_string().as_str()));
            assert_eq!(config.lstm.sequence.length, length);
        }
    }
}
