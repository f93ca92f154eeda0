//! Any bytes: refused, or a forest that scores and explains a row.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nta_data::{Tabular, TabularKind};
use nta_forest::Forest;

fuzz_target!(|bytes: &[u8]| {
    let Ok(forest) = Forest::from_bytes(bytes) else { return };
    assert_eq!(forest.to_bytes(), bytes);
    // The file's own bytes are as good a row as any.
    let values = bytes.chunks(4).cycle().map(|b| b.iter().fold(0.0f32, |v, &b| v * 7.0 - f32::from(b) + 90.0));
    let row: Vec<f32> = values.enumerate().map(|(i, v)| if i % 5 == 4 { f32::NAN } else { v }).take(forest.n_features()).collect();
    let score = forest.predict_row(&row);
    let x = Tabular {
        names: forest.names().to_vec(),
        kinds: vec![TabularKind::Numeric; row.len()],
        columns: row.iter().map(|&v| vec![v]).collect(),
    };
    assert_eq!(forest.predict_proba(&x).unwrap()[0].to_bits(), score.to_bits());
    let Ok(explained) = forest.explainer().and_then(|explainer| explainer.explain(&x, &[0])) else { return };
    let sum: f64 = explained.contributions.iter().map(|&v| f64::from(v)).sum();
    assert!((sum + explained.base - f64::from(score)).abs() < 1e-5);
});
