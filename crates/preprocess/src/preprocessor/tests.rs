//! What must hold for the two views, whatever the columns.

use std::sync::Arc;

use nta_data::{Categories, Dataset, Label, MemoryConfig, Order, RowId, TabularKind};

use super::*;
use crate::test_tables::{counted, mixed, schema};
use crate::{Requirements, SplitConfig, Strategy, partition};

/// 20 rows: `bytes`, `ttl` (missing in every fifth), `flat` (constant), `proto` (with rare ones), `port` (number and text).
pub(super) fn table() -> Dataset {
    let n = 20usize;
    let mut table =
        Dataset::empty(Arc::new(schema(Order::EndTime, &["bytes", "ttl", "flat", "port"], &["proto", "port"])));
    let column = |f: &dyn Fn(usize) -> f32| (0..n).map(f).collect::<Vec<f32>>();
    table.numeric = vec![
        column(&|i| (i * i) as f32),
        column(&|i| if i % 5 == 0 { f32::NAN } else { (i % 3) as f32 }),
        column(&|_| 4.0),
        column(&|i| [53.0, 80.0][i % 2]),
    ];
    let proto = (0..n).map(|i| match i % 4 {
        0 => None,
        1 => Some("tcp"),
        2 => Some("udp"),
        _ => Some(["icmp", "gre"][i / 10]),
    });
    let port = (0..n).map(|i| Some(["53", "80"][i % 2]));
    table.categorical = vec![Categories::from_texts(proto), Categories::from_texts(port)];
    table.label = Some((0..n).map(|i| if i % 4 == 1 { Label::Attack } else { Label::Benign }).collect());
    table.entity = (0..n as u64).map(|i| i % 3).collect();
    table.end_time = Some((0..n as i64).map(|i| i * 10_000_000).collect());
    table.row = (0..n as u64).map(|row| RowId { file: 0, row }).collect();
    table
}

pub(super) fn config() -> PreprocessConfig {
    PreprocessConfig {
        categorical: CategoricalConfig { min_count: 4, smoothing: 1.0, rank: Rank::AttackRate },
        ..Default::default()
    }
}

fn fitted() -> Preprocessor {
    config().fit(&table(), Sequencing::Gap(MemoryConfig::default())).unwrap()
}

#[test]
fn inputs_are_named_and_constant_columns_dropped() {
    let fitted = fitted();
    assert_eq!(fitted.dropped(), [("flat".to_owned(), "4 in every training row".to_owned())]);
    assert_eq!(fitted.numeric_names(), ["bytes", "ttl", "port", "ttl is missing", "gap_seconds", "first_flow"]);
    assert_eq!(fitted.code_names(), ["proto", "port (as text)"]);
    assert_eq!(fitted.tabular_names(), ["bytes", "ttl", "port", "proto", "port (as text)"]);
    assert_eq!(fitted.cardinality(), [4, 3], "other, missing, tcp, udp; other, 53, 80");
}

#[test]
fn transformed_training_columns_have_mean_0_and_deviation_1() {
    let dense = fitted().transform(&table()).unwrap().dense;
    for column in [0, 1, 2] {
        let x: Vec<f64> = (0..20).map(|i| f64::from(dense.numeric_row(i)[column])).collect();
        let mean = x.iter().sum::<f64>() / 20.0;
        let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 20.0;
        assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-6, "column {column}: {mean}, {variance}");
    }
    let gaps: Vec<f64> = (3..20).map(|i| f64::from(dense.numeric_row(i)[4])).collect();
    assert!(gaps.iter().all(|g| *g == 0.0), "all gaps are 30 s, so the deviation is 0 and counts as 1");
    assert_eq!((0..20).map(|i| dense.numeric_row(i)[5]).sum::<f32>(), 3.0, "three hosts, three first flows");
}

#[test]
fn a_missing_number_is_filled_for_one_view_and_kept_for_the_other() {
    let features = fitted().transform(&table()).unwrap();
    let dense: Vec<f32> = (0..20).map(|i| features.dense.numeric_row(i)[3]).collect();
    assert_eq!(dense.iter().sum::<f32>(), 4.0);
    assert_eq!((dense[0], dense[5], dense[6]), (1.0, 1.0, 0.0));
    assert!(features.dense.numeric.iter().all(|x| x.is_finite()));
    assert!(features.tabular.columns[1][5].is_nan() && !features.tabular.columns[1][6].is_nan());
    assert_eq!(features.tabular.columns[0], table().numeric[0], "as read");
    assert_eq!(features.tabular.kinds[2..4], [TabularKind::Numeric, TabularKind::RankedCategory]);
}

#[test]
fn a_number_missing_for_the_first_time_counts_as_the_median() {
    let mut later = table();
    later.numeric[0][7] = f32::NAN;
    let fitted = fitted();
    let dense = fitted.dense_without_gap(&later).unwrap();
    let ln = |x: f64| (x + 1.0).ln();
    let values: Vec<f64> = (0..20).map(|i| ln(f64::from(i * i))).collect();
    let mean = values.iter().sum::<f64>() / 20.0;
    let deviation = (values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 20.0).sqrt();
    assert_eq!(fitted.numeric()[0].fill, 90.5, "between 81 and 100");
    assert!((f64::from(dense.numeric_row(7)[0]) - (ln(90.5) - mean) / deviation).abs() < 1e-6);
}

/// Batches as a reader makes them: each with a string table of its own, in an order of its own.
fn batches(table: &Dataset, size: usize) -> Vec<Dataset> {
    let rows: Vec<u32> = (0..table.n_rows() as u32).collect();
    let batch = |rows: &[u32]| {
        let mut batch = table.take(rows);
        for column in &mut batch.categorical {
            column.values.push("never used".to_owned());
            column.values.reverse();
            let last = column.values.len() as u32 - 1;
            for code in column.codes.iter_mut().filter(|c| **c != Categories::MISSING) {
                *code = last - *code;
            }
        }
        batch
    };
    rows.chunks(size).map(batch).collect()
}

#[test]
fn batches_of_1_and_7_and_all_give_the_same_inputs() {
    let (fitted, table) = (fitted(), table());
    let whole = fitted.transform(&table).unwrap();
    for size in [1, 7, 20] {
        let mut memory = GapMemory::new(&fitted.gap().unwrap().memory);
        let (mut numeric, mut codes) = (Vec::new(), Vec::new());
        let mut columns = vec![Vec::new(); whole.tabular.n_features()];
        for batch in batches(&table, size) {
            let mut dense = fitted.dense_without_gap(&batch).unwrap();
            let width = dense.numeric_names.len();
            for i in 0..batch.n_rows() {
                let end = batch.end_time.as_ref().unwrap()[i];
                let previous = memory.visit(batch.entity[i], end);
                dense.numeric[(i + 1) * width - 2..(i + 1) * width].copy_from_slice(&fitted.gap_inputs(previous, end));
            }
            numeric.extend(dense.numeric);
            codes.extend(dense.codes);
            for (to, from) in columns.iter_mut().zip(fitted.tabular(&batch).unwrap().columns) {
                to.extend(from.iter().map(|x| x.to_bits()));
            }
        }
        assert_eq!(numeric, whole.dense.numeric, "batches of {size}");
        assert_eq!(codes, whole.dense.codes, "batches of {size}");
        for (got, expected) in columns.iter().zip(&whole.tabular.columns) {
            assert_eq!(*got, expected.iter().map(|x| x.to_bits()).collect::<Vec<_>>());
        }
    }
}

#[test]
fn unseen_and_rare_categories_are_other_in_both_views() {
    let fitted = fitted();
    let mut later = table();
    later.categorical[0] = Categories::from_texts((0..20).map(|i| Some(if i == 0 { "sctp" } else { "gre" })));
    let features = fitted.transform(&later).unwrap();
    let other = fitted.categorical()[0].other;
    assert_eq!(other.code, 0);
    assert!((0..20).all(|i| features.dense.code_row(i)[0] == 0));
    assert!(features.tabular.columns[3].iter().all(|&rank| rank == other.rank as f32));
}

#[test]
fn shuffled_columns_are_matched_by_name_and_a_missing_one_is_named() {
    let (fitted, table) = (fitted(), table());
    let mut shuffled = table.clone();
    shuffled.schema = Arc::new(schema(Order::EndTime, &["port", "flat", "bytes", "ttl"], &["port", "proto"]));
    shuffled.numeric = [3, 2, 0, 1].iter().map(|&c| table.numeric[c].clone()).collect();
    shuffled.categorical.reverse();
    assert_eq!(fitted.transform(&shuffled).unwrap().dense, fitted.transform(&table).unwrap().dense);
    let mut without = table.clone();
    without.schema = Arc::new(schema(Order::EndTime, &["bytes", "TTL", "flat", "port"], &["proto", "port"]));
    let message = fitted.transform(&without).unwrap_err().to_string();
    assert!(message.starts_with("number column `ttl` is missing"), "{message}");
    let mut timeless = table;
    timeless.end_time = None;
    let message = fitted.transform(&timeless).unwrap_err().to_string();
    assert!(message.ends_with("holds no time"), "{message}");
}

#[test]
fn gap_inputs_need_times_and_entities_in_training() {
    let gap = Sequencing::Gap(MemoryConfig::default());
    let mut timeless = table();
    timeless.end_time = None;
    let fitted = config().fit(&timeless, gap.clone()).unwrap();
    assert!(fitted.gap().is_none() && fitted.n_numeric() == 4);
    assert_eq!(fitted.transform(&table()).unwrap().dense.numeric_names.len(), 4);
    let mut hostless = table();
    hostless.entity.clear();
    assert!(config().fit(&hostless, gap).unwrap().gap().is_none());
}

#[test]
fn nothing_outside_the_training_part_changes_what_is_fitted() {
    let split = SplitConfig { strategy: Some(Strategy::Temporal), ..Default::default() };
    let fit = |table: Dataset| {
        let parts = partition(&split, table, None, 1, &Requirements::default()).unwrap();
        let fitted = config().fit(&parts.train, Sequencing::Gap(MemoryConfig::default())).unwrap();
        serde_json::to_string(&fitted).unwrap()
    };
    let table = counted(Order::EndTime, &mixed(400, 4, &["scan", "flood"]));
    let before = fit(table.clone());
    let n_train = 220;
    for row in [n_train, 270, 310, 399] {
        let mut changed = table.clone();
        changed.numeric[0][row] = 1e9;
        changed.entity[row] = 99;
        changed.label.as_mut().unwrap().swap(row, row - 1);
        if row > n_train {
            assert_eq!(fit(changed), before, "row {row} is not a training row");
        }
    }
    let mut changed = table;
    changed.numeric[0][n_train - 1] = 1e9;
    assert_ne!(fit(changed), before, "row {} is one", n_train - 1);
}

#[test]
fn it_reads_back_exactly_from_text_that_names_every_value() {
    let mut odd = table();
    odd.numeric[0][3] = 0.1;
    odd.numeric[0][4] = 1.7e38;
    let fitted = config().fit(&odd, Sequencing::Gap(MemoryConfig::default())).unwrap();
    let text = serde_json::to_string_pretty(&fitted).unwrap();
    let back: Preprocessor = serde_json::from_str(&text).unwrap();
    assert_eq!(back, fitted);
    assert_eq!(serde_json::to_string_pretty(&back).unwrap(), text);
    for name in ["\"bytes\"", "\"fill\"", "\"center\"", "\"spread\"", "\"tcp\"", "\"attack_rate\"", "\"deviation\""] {
        assert!(text.contains(name), "{name}");
    }
}

#[test]
fn a_damaged_text_is_refused() {
    let value = serde_json::to_value(fitted()).unwrap();
    let damage = |path: &str, to: serde_json::Value| {
        let mut value = value.clone();
        *value.pointer_mut(path).unwrap() = to;
        serde_json::from_value::<Preprocessor>(value).unwrap_err().to_string()
    };
    assert!(damage("/numeric/0/spread", 0.into()).contains("column `bytes`"));
    assert!(damage("/categorical/0/values/tcp/code", 7.into()).contains("codes do not run from 0 to 3"));
    assert!(damage("/categorical/0/values/tcp/rank", 0.into()).contains("ranks"));
    assert!(damage("/gap/deviation", (-1).into()).contains("gap"));
    assert!(damage("/clip", 5.into()).contains("clip is 5"));
    assert!(damage("/config/categorical/min_count", 0.into()).contains("min_count"));
}

#[test]
fn the_scaler_file_holds_a_centre_and_a_spread_for_each_numeric_input() {
    let fitted = fitted();
    let bytes = fitted.scaler_npy();
    let numbers: Vec<f64> = bytes[128..].chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect();
    assert_eq!(numbers.len(), 2 * fitted.n_numeric());
    assert_eq!((numbers[0], numbers[6]), (fitted.numeric()[0].center, fitted.numeric()[0].spread));
    assert_eq!((numbers[3], numbers[9]), (0.0, 1.0), "ttl is missing: 0 or 1 as it stands");
    assert_eq!((numbers[4], numbers[5]), (31f64.ln(), 0.0), "30 s between flows of a host");
}

#[test]
fn tables_that_teach_nothing_are_refused() {
    let sequencing = || Sequencing::None;
    let mut flat = table();
    flat.numeric.iter_mut().for_each(|c| c.fill(1.0));
    flat.categorical.iter_mut().for_each(|c| c.codes.fill(0));
    let message = config().fit(&flat, sequencing()).unwrap_err().to_string();
    assert!(message.ends_with("bytes, ttl, flat, port, proto and 1 more"), "{message}");
    let mut unlabelled = table();
    unlabelled.label = None;
    assert!(config().fit(&unlabelled, sequencing()).unwrap_err().to_string().contains("no labels"));
    assert!(matches!(config().fit(&table().take(&[]), sequencing()), Err(PreprocessError::NoRows)));
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| (fitted(), fitted().transform(&table()).unwrap().dense))
    };
    assert_eq!(with(1), with(3));
}
