//! What every member promises.

use std::sync::atomic::{AtomicU64, Ordering};

use nta_data::{Label, Purpose, Quiet, Tabular, TabularKind, Watch, rng};
use nta_density::{Density, DensityConfig, DensityError, Structure};
use rand_core::RngCore;

use crate::tables::{bits, fit, rows_of, table, traffic};

fn configs() -> [DensityConfig; 3] {
    let default = DensityConfig::default();
    [
        DensityConfig { structure: Structure::ChowLiu, ..default.clone() },
        DensityConfig { parents: 1, bins: 5, categories: 2, ..default.clone() },
        default,
    ]
}

fn on_threads<T: Send>(n: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(work)
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let (x, y) = traffic(3_000, 1);
    for config in configs() {
        let run = |threads| {
            on_threads(threads, || {
                let density = fit(&config, &x, &y);
                (density.to_bytes(), bits(&density.predict_proba(&x).unwrap()))
            })
        };
        let one = run(1);
        assert!(run(2) == one && run(8) == one);
    }
}

#[test]
fn the_order_of_rows_and_the_attacks_do_not_matter() {
    let (x, y) = traffic(2_000, 2);
    let weights: Vec<f32> = (0..2_000).map(|i| 0.1 + (i % 7) as f32 / 3.0).collect();
    let mut random = rng(3, Purpose::Shuffle, 0, 0);
    let mut order: Vec<usize> = (0..2_000).collect();
    (1..2_000).for_each(|i| order.swap(i, random.next_u32() as usize % (i + 1)));
    let benign: Vec<usize> = order.iter().copied().filter(|&i| !y[i].is_attack()).collect();
    for config in configs() {
        for rows in [&order, &benign] {
            let labels: Vec<Label> = rows.iter().map(|&i| y[i]).collect();
            assert_eq!(fit(&config, &rows_of(&x, rows), &labels), fit(&config, &x, &y));
            let moved: Vec<f32> = rows.iter().map(|&i| weights[i]).collect();
            let moved = config.fit_weighted(&rows_of(&x, rows), &labels, &moved, &Quiet).unwrap();
            assert_eq!(moved, config.fit_weighted(&x, &y, &weights, &Quiet).unwrap());
        }
    }
}

#[test]
fn a_weight_counts_like_copies_and_none_like_no_row() {
    let (x, y) = traffic(900, 4);
    let weights: Vec<f32> = (0..900).map(|i| (i % 4) as f32).collect();
    let copies: Vec<usize> = (0..900).flat_map(|i| std::iter::repeat_n(i, i % 4)).collect();
    let labels: Vec<Label> = copies.iter().map(|&i| y[i]).collect();
    for config in configs() {
        let weighted = config.fit_weighted(&x, &y, &weights, &Quiet).unwrap();
        assert_eq!(weighted, fit(&config, &rows_of(&x, &copies), &labels));
        assert_eq!(config.fit_weighted(&x, &y, &[1.0; 900], &Quiet).unwrap(), fit(&config, &x, &y));
        assert_ne!(weighted, fit(&config, &x, &y));
    }
}

#[test]
fn saved_and_loaded_it_is_the_same() {
    let (x, y) = traffic(1_500, 5);
    let weights: Vec<f32> = (0..1_500).map(|i| 1.0 + (i % 3) as f32 / 3.0).collect();
    for config in configs() {
        for density in [fit(&config, &x, &y), config.fit_weighted(&x, &y, &weights, &Quiet).unwrap()] {
            let bytes = density.to_bytes();
            let loaded = Density::from_bytes(&bytes).unwrap();
            assert_eq!((&loaded, loaded.to_bytes()), (&density, bytes));
            assert_eq!(bits(&loaded.predict_proba(&x).unwrap()), bits(&density.predict_proba(&x).unwrap()));
        }
    }
}

#[test]
fn scores_are_one_a_row_in_order_and_the_same_row_by_row() {
    let (x, y) = traffic(1_200, 6);
    let before = x.columns.iter().map(|c| bits(c)).collect::<Vec<_>>();
    let density = fit(&DensityConfig::default(), &x, &y);
    let scores = density.predict_proba(&x).unwrap();
    assert_eq!(scores.len(), 1_200);
    assert!(scores.iter().all(|s| (0.0..1.0).contains(s)));
    for rows in [vec![0], vec![700, 3, 3, 1_199], (512..1_100).collect()] {
        let some = density.predict_proba(&rows_of(&x, &rows)).unwrap();
        assert_eq!(bits(&some), rows.iter().map(|&i| scores[i].to_bits()).collect::<Vec<_>>());
    }
    assert_eq!(density.predict_proba(&rows_of(&x, &[])).unwrap(), Vec::<f32>::new());
    assert_eq!(before, x.columns.iter().map(|c| bits(c)).collect::<Vec<_>>());
}

#[test]
fn attacks_surprise_more_and_half_is_where_it_says() {
    let (x, y) = traffic(4_000, 7);
    let (fresh, labels) = traffic(4_000, 8);
    for config in configs() {
        let density = fit(&config, &x, &y);
        let scores = density.predict_proba(&fresh).unwrap();
        let (mut right, mut pairs) = (0.0, 0.0);
        for (a, _) in scores.iter().zip(&labels).filter(|(_, l)| l.is_attack()) {
            for (b, _) in scores.iter().zip(&labels).filter(|(_, l)| !l.is_attack()) {
                pairs += 1.0;
                right += if a > b {
                    1.0
                } else if a == b {
                    0.5
                } else {
                    0.0
                };
            }
        }
        // A sixth of the attacks look benign by chance; a single parent and few bins tell less.
        let least = if config.parents == 1 { 0.7 } else { 0.85 };
        assert!(right / pairs > least, "{config:?}: {}", right / pairs);
        let training = density.predict_proba(&x).unwrap();
        let benign: Vec<f32> = training.iter().zip(&y).filter(|(_, l)| !l.is_attack()).map(|(s, _)| *s).collect();
        let above = benign.iter().filter(|s| **s > 0.5).count();
        assert!(above * 100 <= benign.len() && benign.contains(&0.5), "{above}");
    }
}

#[test]
fn the_far_tail_stays_apart_in_single_precision() {
    let (x, y) = traffic(500, 9);
    let density = fit(&DensityConfig::default(), &x, &y);
    let nats: Vec<f64> = (0..5_000).map(|i| f64::from(i) * 0.2).collect();
    let scores: Vec<f32> = nats.iter().map(|s| density.score_of(*s)).collect();
    assert!(scores.is_sorted_by(|a, b| a < b) && scores[0] == 0.0 && scores[4_999] < 1.0);
}

#[test]
fn columns_are_matched_by_name_or_refused() {
    let (x, y) = traffic(600, 10);
    let density = fit(&DensityConfig::default(), &x, &y);
    let turned = Tabular {
        names: x.names.iter().rev().cloned().collect(),
        kinds: x.kinds.iter().rev().copied().collect(),
        columns: x.columns.iter().rev().cloned().collect(),
    };
    assert_eq!(density.predict_proba(&turned).unwrap(), density.predict_proba(&x).unwrap());
    let refused = |change: &dyn Fn(&mut Tabular)| {
        let mut changed = x.clone();
        change(&mut changed);
        density.predict_proba(&changed).unwrap_err().to_string()
    };
    let renamed = refused(&|x| x.names[2] = "size".to_owned());
    assert_eq!(renamed, "the density was fitted on other columns: missing here: c2; unknown to it: size;");
    assert!(refused(&|x| x.names[2] = "c1".to_owned()).contains("`c1` stands twice"));
    assert!(refused(&|x| x.kinds[0] = TabularKind::Numeric).contains("`c0` holds numbers here"));
    assert!(refused(&|x| x.columns[3].truncate(5)).contains("`c3` has 5 rows"));
    assert!(refused(&|x| x.columns[4][9] = f32::INFINITY).contains("`c4`, row 9 holds inf"));
    assert!(refused(&|x| x.columns[0][2] = 0.5).contains("`c0`, row 2 holds 0.5; a category's rank"));
    assert!(refused(&|x| x.kinds.truncate(5)).contains("5 kinds"));
}

#[test]
fn what_cannot_be_learned_from_is_refused_by_name() {
    let (x, y) = traffic(60, 11);
    let config = DensityConfig::default();
    let wrong = |x: &Tabular, y: &[Label]| config.fit(x, y, &Quiet).unwrap_err().to_string();
    assert!(wrong(&x, &y[..59]).contains("60 rows and 59 labels"));
    assert!(wrong(&x, &[Label::Attack; 60]).contains("none of 60 rows is benign"));
    assert!(wrong(&table(vec![], 0), &[]).contains("no columns"));
    assert!(wrong(&rows_of(&x, &[]), &[]).contains("none of 0 rows is benign"));
    let weighted = |weights: &[f32]| config.fit_weighted(&x, &y, weights, &Quiet).unwrap_err().to_string();
    assert!(weighted(&[1.0; 3]).contains("60 rows and 3 weights"));
    assert!(weighted(&[-1.0; 60]).contains("the weight of row 0 is -1"));
    assert!(weighted(&[0.0; 60]).contains("none of 60 rows"));
    assert!(weighted(&[1e30; 60]).contains("make the weights smaller"));
    let config = DensityConfig { bins: 1, ..config };
    let text = config.fit(&x, &y, &Quiet).unwrap_err().to_string();
    assert_eq!(text, "density: `bins` is 1; it has to be from 2 to 100");
}

#[test]
fn one_column_and_one_row_and_nothing_but_missing_values_are_learned_from() {
    let benign = [Label::Benign; 3];
    for config in configs() {
        let one = fit(&config, &table(vec![vec![1.0, 2.0, f32::NAN]], 0), &benign);
        let scores = one.predict_proba(&table(vec![vec![1.0, 9.0, f32::NAN]], 0)).unwrap();
        assert!(scores[0] == scores[2] && scores[1] > scores[0]);
        let missing = fit(&config, &table(vec![vec![f32::NAN; 3]; 2], 1), &benign);
        let scores = missing.predict_proba(&table(vec![vec![f32::NAN, 1.0], vec![f32::NAN, -3.0]], 1)).unwrap();
        assert!(scores[1] > scores[0]);
        fit(&config, &table(vec![vec![4.0], vec![5.0]], 1), &benign[..1]);
    }
}

struct StopAfter(AtomicU64, u64);

impl Watch for StopAfter {
    fn step(&self, _done: u64, total: u64) {
        assert_eq!(total, 15);
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= self.1
    }
}

#[test]
fn every_pair_of_columns_is_told_and_a_fit_can_be_stopped() {
    let (x, y) = traffic(200, 12);
    let all = StopAfter(AtomicU64::new(0), 16);
    DensityConfig::default().fit(&x, &y, &all).unwrap();
    assert_eq!(all.0.into_inner(), 15);
    let some = StopAfter(AtomicU64::new(0), 3);
    assert!(matches!(DensityConfig::default().fit(&x, &y, &some), Err(DensityError::Cancelled)));
}
