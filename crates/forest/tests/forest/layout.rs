//! Scoring many rows at a time against the plain walk.

use nta_data::{Purpose, rng};
use rand_core::RngCore;

use crate::by_hand::random_forest;
use crate::tables::{bits, tabular};

#[test]
fn many_rows_at_a_time_end_where_the_plain_walk_ends() {
    let mut random = rng(60, Purpose::Simulation, 0, 0);
    for case in 0..60usize {
        let n_features = 1 + case % 13;
        let (trees, forest) = random_forest(&mut random, n_features, 1 + case % 9, 400);
        // Half the tables without a missing value: they take a shorter way.
        let gaps = case % 2 == 1;
        let n_rows = [1, 63, 64, 65, 700, 2_049, 5_000][case % 7];
        let mut value = || match random.next_u32() % 12 {
            0 if gaps => f32::NAN,
            1 => -0.0,
            2 => 0.0,
            3 => f32::MAX,
            4 => f32::MIN_POSITIVE / 4.0,
            5 => f32::from_bits(1 << 31 | 1),
            // Equal to thresholds, and their neighbours.
            6 => f32::from_bits((1.5f32).to_bits() + random.next_u32() % 3 - 1),
            7 | 8 => (random.next_u32() % 4_000) as f32 / 4.0 - 500.0,
            _ => (random.next_u32() % 19) as f32 / 2.0 - 4.5,
        };
        let x = tabular((0..n_features).map(|_| (0..n_rows).map(|_| value()).collect()).collect());
        let plain = |i: usize| {
            let row: Vec<f32> = x.columns.iter().map(|c| c[i]).collect();
            let sum = trees.iter().fold(0.0, |sum, tree| sum + f64::from(tree.walk(&row)));
            assert_eq!(forest.predict_row(&row).to_bits(), ((sum / trees.len() as f64) as f32).to_bits());
            (sum / trees.len() as f64) as f32
        };
        let expected: Vec<f32> = (0..n_rows).map(plain).collect();
        assert_eq!(bits(&forest.predict_proba(&x).unwrap()), bits(&expected), "case {case}");
    }
}
