//! `scripts/check/pytorch.py` loads saved weights into `torch.nn.LSTM`. Runs where an interpreter has PyTorch:
//! `NTA_PYTHON`, else `python3`.

use std::path::Path;
use std::process::Command;

use nta_data::Dense;
use nta_lstm::{Categorical, Lstm, LstmConfig};

use crate::contract::{Traffic, fit, small};
use crate::skip;

/// The same flows with a second number and a second category, so that the order of columns matters.
fn wide(mut traffic: Traffic) -> Traffic {
    let dense = &traffic.dense;
    let numeric = dense.numeric.iter().flat_map(|&x| [x, x * x - 0.5]).collect();
    let codes = dense.codes.iter().zip(&dense.numeric).flat_map(|(&c, x)| [c, (x.abs() * 4.99) as u32]).collect();
    traffic.dense = Dense {
        numeric_names: vec!["bytes".into(), "packets".into()],
        numeric,
        code_names: vec!["service".into(), "state".into()],
        codes,
        cardinality: vec![3, 5],
        n_rows: dense.n_rows,
    };
    traffic
}

/// The sequences as the script reads them: `[[[numbers, codes], …], …]`.
fn rows_as_json(traffic: &Traffic) -> String {
    let sequence = |i: usize| -> Vec<(&[f32], &[u32])> {
        let rows = traffic.sequences.get(i).iter();
        rows.map(|&r| (traffic.dense.numeric_row(r as usize), traffic.dense.code_row(r as usize))).collect()
    };
    let all: Vec<_> = (0..traffic.sequences.len()).map(sequence).collect();
    serde_json::to_string(&all).unwrap()
}

fn scores_by_pytorch(python: &str, folder: &Path, lstm: &Lstm, traffic: &Traffic) -> Vec<Vec<f32>> {
    let script = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../scripts/check/pytorch.py");
    let (model, rows) = (folder.join("lstm.safetensors"), folder.join("rows.json"));
    std::fs::write(&model, lstm.to_safetensors()).unwrap();
    std::fs::write(&rows, rows_as_json(traffic)).unwrap();
    let done = Command::new(python).args([&script, &model, &rows]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

#[test]
fn pytorch_loads_the_weights_and_gives_the_same_scores() {
    let python = std::env::var("NTA_PYTHON").unwrap_or_else(|_| "python3".into());
    let found = Command::new(&python).args(["-c", "import torch"]).output();
    if !found.is_ok_and(|done| done.status.success()) {
        return skip(&format!("{python} has no PyTorch; NTA_PYTHON names another interpreter"));
    }
    let (train, validation) = (wide(Traffic::ordered(1_500, 1)), wide(Traffic::ordered(400, 2)));
    let base = LstmConfig { epochs: 2, hidden: 12, ..small() };
    let two_layers = LstmConfig { layers: 2, hidden: 20, ..base.clone() };
    let embedded = LstmConfig { categorical: Categorical::Embedding(3), ..two_layers.clone() };
    let mut alone = base.clone();
    alone.sequence.length = 1;
    let folder = std::env::temp_dir().join(format!("nta-pytorch-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for config in [base, two_layers, embedded, alone] {
        let lstm = fit(&config, &train, &validation).lstm;
        let ours = lstm.predict_proba(&validation.dense, &validation.sequences).unwrap();
        let theirs = scores_by_pytorch(&python, &folder, &lstm, &validation);
        assert_eq!(theirs.len(), validation.sequences.len());
        for (i, theirs) in theirs.iter().enumerate() {
            let rows = validation.sequences.get(i);
            assert_eq!(rows.len(), theirs.len());
            for (&row, theirs) in rows.iter().zip(theirs) {
                let ours = ours[row as usize];
                assert!((ours - theirs).abs() < 1e-5, "{config:?}: {ours} here, {theirs} in PyTorch");
            }
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
