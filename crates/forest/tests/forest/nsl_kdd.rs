//! Quality on NSL-KDD's official split. Reads the files where `NTA_DATA` says; prints that it skips where they are not.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Instant;

use flate2::read::GzDecoder;
use nta_data::{Label, Quiet, Tabular, TabularKind};
use nta_forest::ForestConfig;

const CATEGORICAL: [usize; 3] = [1, 2, 3];
const N_FEATURES: usize = 41;

fn read(path: &Path) -> Option<Vec<Vec<String>>> {
    let file = std::fs::File::open(path).ok()?;
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    Some(lines.map(|line| line.unwrap().split(',').map(str::to_owned).collect()).collect())
}

fn labels(rows: &[Vec<String>]) -> Vec<Label> {
    rows.iter().map(|r| if r[N_FEATURES] == "normal" { Label::Benign } else { Label::Attack }).collect()
}

/// Rank of each text by its smoothed attack rate in training.
fn ranks(rows: &[Vec<String>], y: &[Label], column: usize) -> BTreeMap<String, f32> {
    let mut counts: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for (row, label) in rows.iter().zip(y) {
        let count = counts.entry(&row[column]).or_default();
        count.0 += f64::from(label.is_attack() as u8);
        count.1 += 1.0;
    }
    let mut rates: Vec<(f64, &str)> = counts.iter().map(|(text, (a, n))| ((a + 5.0) / (n + 10.0), *text)).collect();
    rates.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
    rates.into_iter().enumerate().map(|(rank, (_, text))| (text.to_owned(), rank as f32)).collect()
}

fn table(rows: &[Vec<String>], ranks: &BTreeMap<usize, BTreeMap<String, f32>>) -> Tabular {
    let column = |j: usize| -> Vec<f32> {
        match ranks.get(&j) {
            Some(ranks) => rows.iter().map(|r| ranks.get(&r[j]).copied().unwrap_or(f32::NAN)).collect(),
            None => rows.iter().map(|r| r[j].parse().unwrap()).collect(),
        }
    };
    Tabular {
        names: (0..N_FEATURES).map(|j| format!("column {j}")).collect(),
        kinds: vec![TabularKind::Numeric; N_FEATURES],
        columns: (0..N_FEATURES).map(column).collect(),
    }
}

fn roc_auc(scores: &[f32], y: &[Label]) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let (mut below, mut won, mut attacks) = (0.0, 0.0, 0.0);
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let n_attacks = tied.iter().filter(|&&i| y[i].is_attack()).count() as f64;
        let n_benign = tied.len() as f64 - n_attacks;
        won += n_attacks * (below + n_benign / 2.0);
        below += n_benign;
        attacks += n_attacks;
    }
    won / (below * attacks)
}

fn detection_rate(scores: &[f32], y: &[Label], budget: f64) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let attacks = y.iter().filter(|l| l.is_attack()).count() as f64;
    let benign = y.len() as f64 - attacks;
    let (mut hits, mut alarms, mut best) = (0.0, 0.0, 0.0);
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let n_attacks = tied.iter().filter(|&&i| y[i].is_attack()).count() as f64;
        hits += n_attacks;
        alarms += tied.len() as f64 - n_attacks;
        if alarms / benign <= budget {
            best = hits / attacks;
        }
    }
    best
}

#[test]
fn a_hundred_trees_rank_the_official_test_rows_as_well_as_scikit_learn() {
    let folder = std::env::var("NTA_DATA").unwrap_or_default();
    let folder = Path::new(&folder).join("nsl-kdd");
    let (Some(train), Some(test)) = (read(&folder.join("KDDTrain+.txt.gz")), read(&folder.join("KDDTest+.txt.gz")))
    else {
        eprintln!("skipped: NTA_DATA lacks nsl-kdd/KDDTrain+.txt.gz and nsl-kdd/KDDTest+.txt.gz");
        return;
    };
    let (y, y_test) = (labels(&train), labels(&test));
    let ranks: BTreeMap<usize, _> = CATEGORICAL.iter().map(|&j| (j, ranks(&train, &y, j))).collect();
    let (x, x_test) = (table(&train, &ranks), table(&test, &ranks));
    let started = Instant::now();
    let fitted = ForestConfig { trees: 100, ..Default::default() }.fit(x.clone(), &y, 1, &Quiet).unwrap();
    let fit_seconds = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let scores = fitted.forest.predict_proba(&x_test).unwrap();
    let predict_seconds = started.elapsed().as_secs_f64();
    let (auc, rate) = (roc_auc(&scores, &y_test), detection_rate(&scores, &y_test, 0.01));
    eprintln!(
        "fit {fit_seconds:.3} s, {:.0} rows/s, {} nodes, depth {}; ROC-AUC {auc:.4}, DR@1% {rate:.4}, out-of-bag {:?}",
        scores.len() as f64 / predict_seconds,
        fitted.forest.n_nodes(),
        fitted.forest.depth(),
        fitted.oob_auc,
    );
    assert!(auc > 0.945, "{auc}");
    assert!(rate > 0.40, "{rate}");
    assert!(fitted.oob_auc.unwrap() > 0.999);
}
