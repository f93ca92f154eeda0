//! Our side of `scripts/bench/forest`: fits a forest on a dumped table and prints one JSON line of figures.
//!
//!     forest_bench TABLE CONFIG SEED OUT [EXPLAIN]
//!
//! `TABLE` is a folder: `header.json` with `names`, `train` and `test` (rows of each part), and for each part
//! `<part>.f32` (columns one behind the other, little-endian, NaN where missing) and `<part>.labels` (a byte a row, 0
//! benign, 1 attack). `CONFIG` is the forest's configuration as JSON. `OUT` is a folder, to which `scores.f32` (of the
//! test rows) and `forest.bin` are written. With `EXPLAIN` the scores of so many first test rows are explained too, and
//! `contributions.f32` `(n_rows, n_features)` is written. Threads: `RAYON_NUM_THREADS`.

#![allow(clippy::print_stdout)]

#[path = "../../../scripts/bench/peak.rs"]
mod peak;

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::time::Instant;

use nta_data::{Label, Quiet, Tabular, TabularKind};
use nta_forest::{Forest, ForestConfig, ForestError};
use peak::{begin_peak, peak_since};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How long scoring and explaining are repeated, and how often at least.
const SECONDS: f64 = 0.5;
const TIMES: usize = 3;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [table, config, seed, out, explain @ ..] = arguments.as_slice() else {
        return Err("usage: forest_bench TABLE CONFIG SEED OUT [EXPLAIN]".into());
    };
    let config: ForestConfig = serde_json::from_str(config)?;
    let (table, out) = (Path::new(table), Path::new(out));
    let header: Value = serde_json::from_slice(&std::fs::read(table.join("header.json"))?)?;
    let (x, y) = read_part(table, &header, "train")?;

    let before = begin_peak();
    let begun = Instant::now();
    let fitted = config.fit(x, &y, seed.parse()?, &Quiet)?;
    let fit_seconds = begun.elapsed().as_secs_f64();
    let peak = peak_since(before);
    drop(y);

    let forest = fitted.forest;
    let (test, _) = read_part(table, &header, "test")?;
    let (scores, rows_per_second) = score(&forest, &test)?;
    write_numbers(&out.join("scores.f32"), &scores)?;
    std::fs::write(out.join("forest.bin"), forest.to_bytes())?;
    let mut line = json!({
        "fit_seconds": fit_seconds, "fit_peak_bytes": peak, "rows_per_second": rows_per_second,
        "nodes": forest.n_nodes(), "depth": forest.depth(), "threads": threads(), "oob_auc": fitted.oob_auc,
    });
    if let Some(n_rows) = explain.first() {
        let n_rows = n_rows.parse::<u32>()?.min(scores.len() as u32);
        let (contributions, figures) = explained(&forest, &test, &scores, n_rows)?;
        write_numbers(&out.join("contributions.f32"), &contributions)?;
        line["explained_per_second"] = figures.0.into();
        line["additivity"] = figures.1.into();
    }
    println!("{line}");
    Ok(())
}

fn write_numbers(path: &Path, numbers: &[f32]) -> Result<()> {
    Ok(std::fs::write(path, numbers.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())?)
}

fn read_part(table: &Path, header: &Value, part: &str) -> Result<(Tabular, Vec<Label>)> {
    let names: Vec<String> = serde_json::from_value(header["names"].clone())?;
    let n_rows = header[part].as_u64().ok_or_else(|| format!("header.json has no number of rows for {part}"))? as usize;
    let mut file = BufReader::with_capacity(1 << 20, File::open(table.join(format!("{part}.f32")))?);
    let columns = names.iter().map(|_| read_column(&mut file, n_rows)).collect::<Result<Vec<_>>>()?;
    let labels = std::fs::read(table.join(format!("{part}.labels")))?;
    let label = |byte: u8| if byte == 1 { Label::Attack } else { Label::Benign };
    let kinds = vec![TabularKind::Numeric; names.len()];
    Ok((Tabular { names, kinds, columns }, labels.into_iter().map(label).collect()))
}

fn read_column(file: &mut impl Read, n_rows: usize) -> Result<Vec<f32>> {
    let mut column = Vec::with_capacity(n_rows);
    let mut number = [0; 4];
    for _ in 0..n_rows {
        file.read_exact(&mut number)?;
        column.push(f32::from_le_bytes(number));
    }
    Ok(column)
}

/// The scores and the median rate, after one call that warms up.
fn score(forest: &Forest, x: &Tabular) -> Result<(Vec<f32>, f64)> {
    let scores = forest.predict_proba(x)?;
    let seconds = median_seconds(|| forest.predict_proba(x).map(drop))?;
    Ok((scores, x.n_rows() as f64 / seconds))
}

/// Contributions of the first rows, the median rate, and how far their sums are from the scores at most.
fn explained(forest: &Forest, x: &Tabular, scores: &[f32], n_rows: u32) -> Result<(Vec<f32>, (f64, f64))> {
    let rows: Vec<u32> = (0..n_rows).collect();
    let found = forest.explainer()?.explain(x, &rows)?;
    // With the layout of the trees, which a peer's call does not share with the next one either.
    let seconds = median_seconds(|| forest.explainer()?.explain(x, &rows).map(drop))?;
    let sum = |i: usize| found.base + found.row(i).iter().map(|c| f64::from(*c)).sum::<f64>();
    let gap = (0..rows.len()).map(|i| (sum(i) - f64::from(scores[i])).abs()).fold(0.0, f64::max);
    Ok((found.contributions, (f64::from(n_rows) / seconds, gap)))
}

fn median_seconds(mut work: impl FnMut() -> std::result::Result<(), ForestError>) -> Result<f64> {
    let mut seconds = Vec::new();
    while seconds.len() < TIMES || seconds.iter().sum::<f64>() < SECONDS {
        let begun = Instant::now();
        work()?;
        seconds.push(begun.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok(seconds[seconds.len() / 2])
}

fn threads() -> usize {
    let set = std::env::var("RAYON_NUM_THREADS").ok().and_then(|n| n.parse().ok());
    set.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}
