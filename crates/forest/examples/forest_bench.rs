//! Our side of `scripts/bench/forest`: fits a forest on a dumped table and prints one JSON line of figures.
//!
//!     forest_bench TABLE CONFIG SEED OUT
//!
//! `TABLE` is a folder: `header.json` with `names`, `train` and `test` (rows of each part), and for each part
//! `<part>.f32` (columns one behind the other, little-endian, NaN where missing) and `<part>.labels` (a byte a row, 0
//! benign, 1 attack). `CONFIG` is the forest's configuration as JSON. `OUT` is a folder, to which `scores.f32` (of the
//! test rows) and `forest.bin` are written. Threads: `RAYON_NUM_THREADS`.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::time::Instant;

use nta_data::{Label, Quiet, Tabular, TabularKind};
use nta_forest::{Forest, ForestConfig};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How long scoring is repeated, and how often at least.
const SCORING_SECONDS: f64 = 0.5;
const SCORING_TIMES: usize = 3;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [table, config, seed, out] = arguments.as_slice() else {
        return Err("usage: forest_bench TABLE CONFIG SEED OUT".into());
    };
    let config: ForestConfig = serde_json::from_str(config)?;
    let (table, out) = (Path::new(table), Path::new(out));
    let header: Value = serde_json::from_slice(&std::fs::read(table.join("header.json"))?)?;
    let (x, y) = read_part(table, &header, "train")?;

    let before = begin_peak();
    let begun = Instant::now();
    let fitted = config.fit(&x, &y, seed.parse()?, &Quiet)?;
    let fit_seconds = begun.elapsed().as_secs_f64();
    let peak = peak_since(before);
    drop((x, y));

    let forest = fitted.forest;
    let (test, _) = read_part(table, &header, "test")?;
    let (scores, rows_per_second) = score(&forest, &test)?;
    std::fs::write(out.join("scores.f32"), scores.iter().flat_map(|s| s.to_le_bytes()).collect::<Vec<u8>>())?;
    std::fs::write(out.join("forest.bin"), forest.to_bytes())?;
    let line = json!({
        "fit_seconds": fit_seconds, "fit_peak_bytes": peak, "rows_per_second": rows_per_second,
        "nodes": forest.n_nodes(), "depth": forest.depth(), "threads": threads(), "oob_auc": fitted.oob_auc,
    });
    println!("{line}");
    Ok(())
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
    let mut seconds = Vec::new();
    while seconds.len() < SCORING_TIMES || seconds.iter().sum::<f64>() < SCORING_SECONDS {
        let begun = Instant::now();
        forest.predict_proba(x)?;
        seconds.push(begun.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok((scores, x.n_rows() as f64 / seconds[seconds.len() / 2]))
}

fn threads() -> usize {
    let set = std::env::var("RAYON_NUM_THREADS").ok().and_then(|n| n.parse().ok());
    set.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// Resident bytes now; from here on the system counts the peak anew. `None` where it does not (no Linux).
fn begin_peak() -> Option<u64> {
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    memory("VmRSS:")
}

/// Bytes that the peak lies above `before`.
fn peak_since(before: Option<u64>) -> Option<u64> {
    Some(memory("VmHWM:")?.saturating_sub(before?))
}

fn memory(key: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}
