//! The density against the forest on the same tables: seconds of a fit, rows a second, bytes. For `scripts/bench/density`.
//!
//!     against_forest FOLDER [ROUNDS]
//!
//! `FOLDER` is what `scripts/fetch_data.sh` makes. The two take turns; medians are told. Ends with an error where the
//! density takes more than a tenth of the forest's time to fit, or scores fewer than three times its rows a second.

#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Instant;

use flate2::read::GzDecoder;
use nta_data::{Label, Quiet, Tabular, TabularKind};
use nta_density::DensityConfig;
use nta_forest::ForestConfig;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const FILES: [(&str, &str); 2] =
    [("NSL-KDD", "nsl-kdd/KDDTrain+.txt.gz"), ("KDD99", "kddcup99/kddcup.data_10_percent.gz")];
const N_FEATURES: usize = 41;
const CATEGORICAL: [usize; 3] = [1, 2, 3];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().ok_or("usage: against_forest FOLDER [ROUNDS]")?;
    let rounds = arguments.get(1).map_or(Ok(5), |rounds| rounds.parse())?;
    println!("{} threads, median of {rounds} rounds", rayon::current_num_threads());
    let mut missed = Vec::new();
    for (name, file) in FILES {
        let (x, y) = read(&Path::new(folder).join(file))?;
        let found = measure(&x, &y, rounds)?;
        println!("{name}: {} rows, {} benign", x.n_rows(), y.iter().filter(|l| !l.is_attack()).count());
        println!(
            "  fit     forest {:.3} s, density {:.4} s: {:.3} of it",
            found.fits[0],
            found.fits[1],
            found.fits[1] / found.fits[0]
        );
        println!(
            "  scores  forest {:.0} rows/s, density {:.0} rows/s: {:.1} times",
            found.rates[0],
            found.rates[1],
            found.rates[1] / found.rates[0]
        );
        println!("  file {} bytes, tables {} bytes", found.bytes[0], found.bytes[1]);
        if found.fits[1] * 10.0 > found.fits[0] || found.rates[1] < 3.0 * found.rates[0] {
            missed.push(name);
        }
    }
    if missed.is_empty() { Ok(()) } else { Err(format!("missed on {}", missed.join(", ")).into()) }
}

/// Forest's, then density's.
struct Found {
    fits: [f64; 2],
    rates: [f64; 2],
    /// Of the density's file and tables.
    bytes: [usize; 2],
}

fn measure(x: &Tabular, y: &[Label], rounds: usize) -> Result<Found> {
    let mut seconds = [const { Vec::new() }; 4];
    let mut bytes = [0; 2];
    for _ in 0..rounds {
        let own = x.clone();
        let (forest, fit) = timed(|| ForestConfig::default().fit(own, y, 7, &Quiet));
        let forest = forest?.forest;
        let (density, density_fit) = timed(|| DensityConfig::default().fit(x, y, &Quiet));
        let density = density?;
        let (scored, score) = timed(|| forest.predict_proba(x));
        scored?;
        let (scored, density_score) = timed(|| density.predict_proba(x));
        scored?;
        seconds.iter_mut().zip([fit, density_fit, score, density_score]).for_each(|(all, one)| all.push(one));
        bytes = [density.to_bytes().len(), density.table_bytes()];
    }
    let [fit, density_fit, score, density_score] = seconds.map(|mut all| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    });
    let rate = |seconds: f64| x.n_rows() as f64 / seconds;
    Ok(Found { fits: [fit, density_fit], rates: [rate(score), rate(density_score)], bytes })
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let begun = Instant::now();
    let made = work();
    (made, begun.elapsed().as_secs_f64())
}

/// A KDD file: categories as ranks in the order of their texts.
fn read(path: &Path) -> Result<(Tabular, Vec<Label>)> {
    let lines = BufReader::new(GzDecoder::new(std::fs::File::open(path)?)).lines();
    let rows = lines.map(|line| Ok(line?.split(',').map(str::to_owned).collect::<Vec<String>>()));
    let rows = rows.collect::<std::io::Result<Vec<_>>>()?;
    let column = |j: usize| -> Result<Vec<f32>> {
        if !CATEGORICAL.contains(&j) {
            return Ok(rows.iter().map(|row| row[j].parse()).collect::<std::result::Result<_, _>>()?);
        }
        let mut ranks: BTreeMap<&str, usize> = rows.iter().map(|row| (row[j].as_str(), 0)).collect();
        ranks.values_mut().enumerate().for_each(|(place, rank)| *rank = place);
        Ok(rows.iter().map(|row| ranks[row[j].as_str()] as f32).collect())
    };
    let kind = |j| if CATEGORICAL.contains(&j) { TabularKind::RankedCategory } else { TabularKind::Numeric };
    let label = |row: &Vec<String>| if row[N_FEATURES].starts_with("normal") { Label::Benign } else { Label::Attack };
    let x = Tabular {
        names: (0..N_FEATURES).map(|j| format!("column {j}")).collect(),
        kinds: (0..N_FEATURES).map(kind).collect(),
        columns: (0..N_FEATURES).map(column).collect::<Result<_>>()?,
    };
    Ok((x, rows.iter().map(label).collect()))
}
