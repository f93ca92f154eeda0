//! Our side of `scripts/bench/lstm`: trains and scores on a dumped table and prints one JSON line of figures.
//!
//!     lstm_bench TABLE CONFIG SEED OUT
//!
//! `TABLE` is a folder: `header.json` with `numeric` (inputs a row), `train` and `test` (rows of each part), and for each
//! part `<part>.f32` (row by row, little-endian), `<part>.labels` (a byte a row, 0 benign, 1 attack), `<part>.rows`
//! (row indices, sequence after sequence, u32) and `<part>.bounds` (bounds of the sequences in them, u32). With a third
//! part, `validation`, training keeps the epoch that is best on it; without, the two first rows stand in for it and take
//! no time. `CONFIG` is the network's configuration as JSON. `OUT` is a folder, to which `scores.f32` (of the test rows)
//! is written. Threads: `RAYON_NUM_THREADS`.

#![allow(clippy::print_stdout)]

#[path = "../../../scripts/bench/peak.rs"]
mod peak;

use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use nta_data::{Dense, Label, Quiet, Sequences};
use nta_lstm::{EpochReport, Fitted, Lstm, LstmConfig, Rows};
use peak::{begin_peak, peak_since};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How long scoring is repeated, and how often at least.
const SCORING_SECONDS: f64 = 0.5;
const SCORING_TIMES: usize = 3;

/// Rows of the validation part: training needs one, and its time is not to be measured.
const VALIDATION_ROWS: u32 = 2;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [table, config, seed, out] = arguments.as_slice() else {
        return Err("usage: lstm_bench TABLE CONFIG SEED OUT".into());
    };
    let mut config: LstmConfig = serde_json::from_str(config)?;
    config.patience = config.epochs;
    let (table, out) = (Path::new(table), Path::new(out));
    let header: Value = serde_json::from_slice(&std::fs::read(table.join("header.json"))?)?;
    let train = Part::read(table, &header, "train")?;
    let validation = match header.get("validation") {
        Some(_) => Part::read(table, &header, "validation")?,
        None => train.first(VALIDATION_ROWS),
    };

    let before = begin_peak();
    let go_on = &mut |_: &_, _: &_| ControlFlow::Continue(());
    let Fitted { lstm, history } = config.fit(train.rows(), validation.rows(), seed.parse()?, None, go_on, &Quiet)?;
    let peak = peak_since(before);
    let seconds = epoch_seconds(&history);
    let fit_seconds: f64 = history.iter().map(|report| report.seconds).sum();
    // The weights kept are those of the lowest.
    let validation_loss = history.iter().map(|report| report.validation_loss).fold(f64::INFINITY, f64::min);
    let flows_per_second = train.labels.len() as f64 / seconds;
    let sequences_per_second = train.sequences.cut(config.sequence.length).len() as f64 / seconds;
    drop(train);

    let test = Part::read(table, &header, "test")?;
    let before = begin_peak();
    let (scores, scoring_seconds) = score(&lstm, &test)?;
    let scoring_peak = peak_since(before);
    std::fs::write(out.join("scores.f32"), scores.iter().flat_map(|s| s.to_le_bytes()).collect::<Vec<u8>>())?;
    let line = json!({
        "epoch_seconds": seconds, "fit_seconds": fit_seconds, "validation_loss": validation_loss,
        "train_flows_per_second": flows_per_second,
        "train_sequences_per_second": sequences_per_second, "train_peak_bytes": peak,
        "score_flows_per_second": scores.len() as f64 / scoring_seconds,
        "score_sequences_per_second": test.sequences.len() as f64 / scoring_seconds, "score_peak_bytes": scoring_peak,
    });
    println!("{line}");
    Ok(())
}

/// One part of the table.
struct Part {
    dense: Dense,
    labels: Vec<Label>,
    sequences: Sequences,
}

impl Part {
    fn read(table: &Path, header: &Value, part: &str) -> Result<Part> {
        let number = |key: &str| header[key].as_u64().ok_or_else(|| format!("header.json has no number `{key}`"));
        let (n_numeric, n_rows) = (number("numeric")?, number(part)? as usize);
        let read = |ending: &str| std::fs::read(table.join(format!("{part}.{ending}")));
        let whole = |bytes: Vec<u8>| bytes.as_chunks().0.iter().map(|b| u32::from_le_bytes(*b)).collect::<Vec<u32>>();
        let dense = Dense {
            numeric_names: (0..n_numeric).map(|j| format!("x{j}")).collect(),
            numeric: read("f32")?.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            code_names: Vec::new(),
            codes: Vec::new(),
            cardinality: Vec::new(),
            n_rows,
        };
        let label = |byte: u8| if byte == 1 { Label::Attack } else { Label::Benign };
        let labels = read("labels")?.into_iter().map(label).collect();
        Ok(Part { dense, labels, sequences: Sequences { rows: whole(read("rows")?), bounds: whole(read("bounds")?) } })
    }

    fn rows(&self) -> Rows<'_> {
        Rows { dense: &self.dense, sequences: &self.sequences, labels: &self.labels, weight: None }
    }

    /// The first rows, each a sequence of its own.
    fn first(&self, n_rows: u32) -> Part {
        let n = n_rows as usize;
        let numeric = self.dense.numeric[..n * self.dense.numeric_names.len()].to_vec();
        let dense = Dense { numeric, n_rows: n, ..clone_names(&self.dense) };
        let sequences = Sequences { rows: (0..n_rows).collect(), bounds: (0..=n_rows).collect() };
        Part { dense, labels: self.labels[..n].to_vec(), sequences }
    }
}

fn clone_names(dense: &Dense) -> Dense {
    let numeric_names = dense.numeric_names.clone();
    Dense { numeric_names, numeric: vec![], code_names: vec![], codes: vec![], cardinality: vec![], n_rows: 0 }
}

/// The median seconds of an epoch (shuffling and batching included), the first being left out where there are more: it
/// warms up.
fn epoch_seconds(history: &[EpochReport]) -> f64 {
    let seconds: Vec<f64> = history.iter().map(|report| report.seconds).collect();
    median(if seconds.len() > 1 { seconds[1..].to_vec() } else { seconds })
}

/// The scores and the median seconds, after one call that warms up.
fn score(lstm: &Lstm, test: &Part) -> Result<(Vec<f32>, f64)> {
    let scores = lstm.predict_proba(&test.dense, &test.sequences)?;
    let mut seconds = Vec::new();
    while seconds.len() < SCORING_TIMES || seconds.iter().sum::<f64>() < SCORING_SECONDS {
        let begun = Instant::now();
        lstm.predict_proba(&test.dense, &test.sequences)?;
        seconds.push(begun.elapsed().as_secs_f64());
    }
    Ok((scores, median(seconds)))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
