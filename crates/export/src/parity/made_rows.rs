//! Rows for the proof that the model has not seen: golden rows with some values drawn anew, from what training saw, from
//! the very places where the trees split, and from what no traffic should hold.

use std::collections::BTreeSet;
use std::sync::Arc;

use nta_data::{Categories, Dataset, Order, Purpose, Rng, RowId, rng};
use nta_density::{Bins, Density};
use nta_forest::{Forest, TreeNode};
use nta_model::{GoldenRow, Member, Model};
use rand_core::RngCore;

/// Hosts that take turns, so that each has many flows.
const HOSTS: u64 = 97;

/// Thresholds of a column that values are drawn from.
const MOST_THRESHOLDS: usize = 256;

/// Numbers that no column is safe from.
const ODD_NUMBERS: [f32; 14] = [
    f32::NAN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    0.0,
    -0.0,
    -1.0,
    1e-30,
    f32::MIN_POSITIVE / 8.0,
    16_777_216.0,
    16_777_218.0,
    4_294_967_296.0,
    -1e9,
    f32::MAX,
    f32::MIN,
];

/// Texts that training never saw, and ones that must not be taken for others.
const ODD_TEXTS: [&str; 5] = ["never seen", "TCP ", "ünïcode ☃", "0", "a text that is longer than any category is"];

/// `n_rows` rows in arrival order, the same for the same model and seed.
pub(crate) fn made_rows(model: &Model, n_rows: usize, seed: u64) -> Dataset {
    let schema = &model.schema;
    let mut random = rng(seed, Purpose::Parity, 0, 0);
    let sources = Sources::of(model);
    let mut rows = Dataset::empty(Arc::new(schema.clone()));
    let mut texts: Vec<Vec<Option<String>>> = vec![Vec::new(); schema.categorical.len()];
    let mut clock = 1_700_000_000_000_000i64;
    let (mut entity, mut end) = (Vec::new(), Vec::new());
    for _ in 0..n_rows {
        let base = pick(&mut random, &model.golden.rows);
        for (j, column) in rows.numeric.iter_mut().enumerate() {
            column.push(sources.number(&mut random, base, j));
        }
        for (j, column) in texts.iter_mut().enumerate() {
            column.push(sources.text(&mut random, base, j));
        }
        clock += step(&mut random);
        end.push(clock);
        entity.push(nta_data::entity_hash(&[0x70; 16], &[&below(&mut random, HOSTS).to_le_bytes()]));
    }
    for (column, texts) in rows.categorical.iter_mut().zip(&texts) {
        *column = Categories::from_texts(texts.iter().map(Option::as_deref));
    }
    rows.row = (0..n_rows as u64).map(|row| RowId { file: 0, row }).collect();
    rows.end_time = schema.time.is_some().then_some(end);
    rows.entity = if schema.order == Order::None { Vec::new() } else { entity };
    rows.files = vec!["made rows".to_owned()];
    rows
}

/// Microseconds until the next flow ends: mostly seconds, now and then nothing, a step back, or an hour and more.
fn step(random: &mut Rng) -> i64 {
    match random.next_u32() % 64 {
        0 => 0,
        1 => -2_500_000,
        2 => 3_700_000_000,
        _ => i64::from(random.next_u32() % 4_000_000),
    }
}

/// What values are drawn from, column by column in the schema's order.
struct Sources {
    quantiles: Vec<Vec<f32>>,
    thresholds: Vec<Vec<f32>>,
    texts: Vec<Vec<String>>,
}

impl Sources {
    fn of(model: &Model) -> Self {
        let numeric = model.schema.numeric.iter();
        let profile = |name: &str| model.profile.iter().flat_map(|p| &p.numeric).find(|column| column.name == name);
        let values = |name: &str| profile(name).map_or(Vec::new(), |p| p.quantiles.iter().map(|q| q.value).collect());
        let quantiles = numeric.clone().map(|column| values(&column.name)).collect();
        let thresholds = numeric.map(|column| thresholds(model, &column.name)).collect();
        let fitted = model.preprocessor.categorical();
        let known = |name: &str| fitted.iter().find(|column| column.name == name).map(|c| c.values.keys().cloned());
        let texts = model.schema.categorical.iter().map(|column| known(&column.name).into_iter().flatten().collect());
        Sources { quantiles, thresholds, texts: texts.collect() }
    }

    /// Two in three are the golden row's.
    fn number(&self, random: &mut Rng, base: &GoldenRow, column: usize) -> f32 {
        let usual = base.numeric[column].unwrap_or(f32::NAN);
        match random.next_u32() % 12 {
            0 | 1 => between(random, &self.quantiles[column]).unwrap_or(usual),
            2 => near(random, &self.thresholds[column]).unwrap_or(usual),
            3 => ODD_NUMBERS[below(random, ODD_NUMBERS.len() as u64) as usize],
            _ => usual,
        }
    }

    fn text(&self, random: &mut Rng, base: &GoldenRow, column: usize) -> Option<String> {
        let known = &self.texts[column];
        match random.next_u32() % 12 {
            0..=2 if !known.is_empty() => Some(pick(random, known).clone()),
            3 => Some((*pick(random, &ODD_TEXTS)).to_owned()),
            4 => None,
            _ => base.categorical[column].clone(),
        }
    }
}

/// Where the model's forests split a column, and its densities cut it.
fn thresholds(model: &Model, column: &str) -> Vec<f32> {
    let mut found = BTreeSet::new();
    for member in &model.members {
        match &member.member {
            Member::Forest(forest) => splits(forest, column, &mut found),
            Member::Isolation(isolation) => splits(isolation.forest(), column, &mut found),
            Member::Density(density) => found.extend(cuts(density, column).map(f32::to_bits)),
            Member::Lstm(_) => {}
        }
    }
    found.into_iter().map(f32::from_bits).collect()
}

/// The bounds of a column's bins.
fn cuts<'a>(density: &'a Density, column: &str) -> impl Iterator<Item = f32> + use<'a> {
    let bins = density.names().zip(density.bins()).find(|(name, _)| *name == column).map(|(_, bins)| bins);
    let bounds = bins.and_then(|bins| match bins {
        Bins::Numbers { bounds } => Some(bounds.as_slice()),
        Bins::Categories { .. } => None,
    });
    bounds.unwrap_or_default().iter().copied()
}

/// Adds where a forest splits a column, up to a number of places.
fn splits(forest: &Forest, column: &str, found: &mut BTreeSet<u32>) {
    let Some(place) = forest.names().iter().position(|name| name == column) else { return };
    for node in forest.trees().flat_map(|tree| tree.nodes().collect::<Vec<_>>()) {
        if let TreeNode::Split { feature, threshold, .. } = node
            && feature == place
            && found.len() < MOST_THRESHOLDS
        {
            found.insert(threshold.to_bits());
        }
    }
}

/// A threshold, or the number just beside it.
fn near(random: &mut Rng, thresholds: &[f32]) -> Option<f32> {
    let threshold = (!thresholds.is_empty()).then(|| *pick(random, thresholds))?;
    Some([threshold, threshold.next_up(), threshold.next_down()][below(random, 3) as usize])
}

/// A number between two neighbouring quantiles.
fn between(random: &mut Rng, quantiles: &[f32]) -> Option<f32> {
    let place = below(random, quantiles.len().max(2) as u64 - 1) as usize;
    let (low, high) = (*quantiles.get(place)?, *quantiles.get(place + 1)?);
    let share = f64::from(random.next_u32()) / f64::from(u32::MAX);
    Some((f64::from(low) + share * (f64::from(high) - f64::from(low))) as f32)
}

fn pick<'a, T>(random: &mut Rng, from: &'a [T]) -> &'a T {
    &from[below(random, from.len() as u64) as usize]
}

fn below(random: &mut Rng, n: u64) -> u64 {
    random.next_u64() % n.max(1)
}
