//! Small tables to learn from.

use nta_data::{Label, Purpose, Quiet, Rng, Tabular, TabularKind, rng};
use nta_forest::{Bootstrap, Fitted, ForestConfig};
use rand_core::RngCore;

pub(crate) fn tabular(columns: Vec<Vec<f32>>) -> Tabular {
    Tabular {
        names: (0..columns.len()).map(|j| format!("f{j}")).collect(),
        kinds: vec![TabularKind::Numeric; columns.len()],
        columns,
    }
}

pub(crate) fn uniform(random: &mut Rng) -> f32 {
    random.next_u32() as f32 / 4_294_967_296.0
}

/// Six columns: two that tell the classes apart with some noise, one with few values, one with gaps, one that is noise,
/// one constant. A third of the rows are attacks.
pub(crate) fn noisy(n_rows: usize, seed: u64) -> (Tabular, Vec<Label>) {
    let mut random = rng(seed, Purpose::Simulation, 0, 0);
    let mut columns = vec![Vec::new(); 6];
    let mut y = Vec::new();
    for _ in 0..n_rows {
        let attack = random.next_u32().is_multiple_of(3);
        let shift = if attack { 0.7 } else { 0.0 };
        let gap = random.next_u32().is_multiple_of(5);
        let row = [
            uniform(&mut random) + shift,
            (uniform(&mut random) + shift) * 1000.0,
            (uniform(&mut random) * 4.0 + shift).floor(),
            if gap { f32::NAN } else { uniform(&mut random) - shift },
            uniform(&mut random),
            7.0,
        ];
        columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        y.push(if attack { Label::Attack } else { Label::Benign });
    }
    (tabular(columns), y)
}

pub(crate) fn fit(config: &ForestConfig, x: &Tabular, y: &[Label]) -> Fitted {
    config.fit(x.clone(), y, 7, &Quiet).unwrap()
}

/// A small forest with the leaves and draws of the textbook.
pub(crate) fn small() -> ForestConfig {
    ForestConfig { trees: 20, min_leaf: 1, bootstrap: Bootstrap::Rows, ..Default::default() }
}

/// The rows `rows` of `x`.
pub(crate) fn rows_of(x: &Tabular, rows: std::ops::Range<usize>) -> Tabular {
    Tabular { columns: x.columns.iter().map(|c| c[rows.clone()].to_vec()).collect(), ..x.clone() }
}

pub(crate) fn bits(scores: &[f32]) -> Vec<u32> {
    scores.iter().map(|s| s.to_bits()).collect()
}
