//! Writes a forest, rows and their scores into a folder, for `scripts/check/forest_format.py`.

use std::path::Path;

use nta_data::{Label, Purpose, Quiet, Tabular, TabularKind, rng};
use nta_forest::ForestConfig;
use rand_core::RngCore;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder to write to")?;
    let (n_rows, n_features) = (2_000, 9);
    let mut random = rng(1, Purpose::Simulation, 0, 0);
    let mut value = |j: u32| match random.next_u32() % 11 {
        0 => f32::NAN,
        1 => -0.0,
        _ => (random.next_u32() % (5 + 400 * j)) as f32 / 8.0 - 20.0,
    };
    let columns: Vec<Vec<f32>> = (0..n_features).map(|j| (0..n_rows).map(|_| value(j)).collect()).collect();
    let label = |i: usize| columns[1][i] > columns[2][i] || columns[0][i].is_nan();
    let y: Vec<Label> = (0..n_rows).map(|i| if label(i) { Label::Attack } else { Label::Benign }).collect();
    let names = (0..n_features).map(|j| format!("spalte {j} ·")).collect();
    let x = Tabular { names, kinds: vec![TabularKind::Numeric; columns.len()], columns };
    let forest = ForestConfig { trees: 30, ..ForestConfig::default() }.fit(x.clone(), &y, 1, &Quiet)?.forest;
    let bytes = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let folder = Path::new(&folder);
    std::fs::write(folder.join("forest.bin"), forest.to_bytes())?;
    std::fs::write(folder.join("columns.f32"), bytes(&x.columns.concat()))?;
    std::fs::write(folder.join("scores.f32"), bytes(&forest.predict_proba(&x)?))?;
    Ok(())
}
