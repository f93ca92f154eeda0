//! What must hold for the parts, whatever the strategy.

use std::collections::{BTreeMap, BTreeSet};

use nta_data::{Dataset, MemoryConfig, Order, RowId, Sequences};
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

use super::*;
use crate::test_tables::{counted, mixed};

const NO_BUDGET: Requirements = Requirements { threshold_benign_rows: 0 };

fn by(strategy: Strategy) -> SplitConfig {
    SplitConfig { strategy: Some(strategy), ..SplitConfig::default() }
}

fn split(config: &SplitConfig, table: Dataset, seed: u64) -> Partition {
    partition(config, table, None, seed, &NO_BUDGET).unwrap()
}

fn refusal(config: &SplitConfig, table: Dataset, test: Option<Dataset>, requirements: &Requirements) -> String {
    partition(config, table, test.map(Sealed::new), 1, requirements).unwrap_err().to_string()
}

/// The parts with the seal off, training first.
fn opened(partition: Partition) -> [Dataset; 5] {
    let Partition { train, validation, calibration, threshold, test, .. } = partition;
    [train, validation, calibration, threshold, test.open()]
}

fn rows(part: &Dataset) -> Vec<u64> {
    part.row.iter().map(|r| r.row).collect()
}

/// Disjoint; all rows but `dropped`; each part in arrival order (which is row order in these tables) and with both
/// classes.
fn assert_sound(parts: &[Dataset; 5], n_rows: usize, dropped: usize) {
    let mut seen = BTreeSet::new();
    for part in parts {
        assert!(rows(part).is_sorted(), "arrival order is kept");
        assert!(rows(part).iter().all(|&r| seen.insert(r)), "no row twice");
        assert!(part.n_attacks() > 0 && part.n_attacks() < part.n_rows(), "both classes");
    }
    assert_eq!(seen.len() + dropped, n_rows, "every row somewhere");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn parts_are_disjoint_and_cover_all_rows_in_order(
        n in 400usize..1500, every in 2usize..7, seed in 0u64..1000, with_order in any::<bool>(),
    ) {
        let order = if with_order { Order::File } else { Order::None };
        let table = counted(order, &mixed(n, every, &["scan", "flood"]));
        let strategies: &[Strategy] = if with_order {
            &[Strategy::Temporal, Strategy::Blocked, Strategy::Grouped]
        } else {
            &[Strategy::Stratified]
        };
        for &strategy in strategies {
            let partition = split(&by(strategy), table.clone(), seed);
            let dropped = partition.summary.dropped_rows;
            prop_assert!(dropped == 0 || strategy == Strategy::Blocked);
            assert_sound(&opened(partition), n, dropped);
        }
    }

    #[test]
    fn blocks_leave_a_gap_at_every_seam_and_no_sequence_crosses_one(
        n in 400usize..1200, block in 5usize..20, gap in 0usize..3, seed in 0u64..1000,
    ) {
        let config = SplitConfig { block_rows: Some(block), gap_rows: Some(gap), ..by(Strategy::Blocked) };
        let table = counted(Order::File, &mixed(n, 2, &["scan"]));
        let parts = opened(split(&config, table, seed));
        let mut part_of = BTreeMap::new();
        for (p, part) in parts.iter().enumerate() {
            part_of.extend(rows(part).into_iter().map(|r| (r, p)));
            let sequences = Sequences::by_entity(part.n_rows(), &part.entity, None, &MemoryConfig::default());
            for s in 0..sequences.len() {
                let of: Vec<u64> = sequences.get(s).iter().map(|&i| part.row[i as usize].row).collect();
                for pair in of.windows(2) {
                    // Seven hosts take turns; rows between two of one host, if kept, are of this part too.
                    let between: Vec<u64> = (pair[0]..=pair[1]).filter(|r| !rows(part).contains(r)).collect();
                    prop_assert_eq!(pair[1] - pair[0], 7);
                    prop_assert!(between.is_empty(), "{:?}", between);
                }
            }
        }
        let kept: Vec<(u64, usize)> = part_of.into_iter().collect();
        for pair in kept.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            if a.1 != b.1 {
                prop_assert!(b.0 - a.0 > gap as u64, "{:?} and {:?}", a, b);
            }
        }
    }

    #[test]
    fn identical_rows_go_to_one_part(n in 300usize..900, distinct in 60usize..200, seed in 0u64..1000) {
        let mut table = counted(Order::None, &mixed(n, 3, &["scan", "flood"]));
        for x in &mut table.numeric[0] {
            *x = (*x as usize * 7919 % distinct) as f32;
        }
        let partition = split(&by(Strategy::Stratified), table, seed);
        prop_assert!(partition.summary.parts.iter().all(|p| p.copies == 0));
        let parts = opened(partition);
        for (a, b) in [(0, 1), (0, 4), (1, 2), (2, 3), (3, 4)] {
            let left: BTreeSet<u128> = parts[a].feature_hashes().into_iter().collect();
            prop_assert!(parts[b].feature_hashes().iter().all(|h| !left.contains(h)));
        }
    }
}

#[test]
fn a_cut_in_time_takes_the_shares_in_arrival_order() {
    let config = SplitConfig { test: Some(0.4), ..by(Strategy::Temporal) };
    let mut table = counted(Order::EndTime, &mixed(200, 2, &["scan"]));
    // Read in the order of starts; the ends run backwards.
    table.end_time = Some((0..200).rev().collect());
    let parts = opened(split(&config, table, 1));
    assert_eq!(parts.each_ref().map(Dataset::n_rows), [70, 20, 15, 15, 80]);
    assert_eq!(rows(&parts[0])[..3], [199, 198, 197]);
    assert_eq!(rows(&parts[4])[79], 0);
}

#[test]
fn hosts_and_captures_stay_whole() {
    let mut table = counted(Order::File, &mixed(3000, 5, &["scan"]));
    table.entity = (0..3000).map(|i| (i * i) % 101).collect();
    table.row = (0..3000).map(|i| RowId { file: (i / 100) as u32, row: i }).collect();
    for group in [GroupBy::Entity, GroupBy::Capture] {
        let config = SplitConfig { by: Some(group), ..by(Strategy::Grouped) };
        let partition = split(&config, table.clone(), 3);
        assert_eq!(partition.summary.by, Some(group));
        let mut part_of = BTreeMap::new();
        for (p, part) in opened(partition).iter().enumerate() {
            let share = part.n_attacks() as f64 / part.n_rows() as f64;
            assert!((share - 0.2).abs() < 0.05, "{group}: part {p} has {share} attacks");
            for i in 0..part.n_rows() {
                let key = if group == GroupBy::Entity { part.entity[i] } else { u64::from(part.row[i].file) };
                assert_eq!(*part_of.entry(key).or_insert(p), p);
            }
        }
    }
}

#[test]
fn rows_are_stratified_by_family() {
    let families = mixed(4000, 4, &["scan", "scan", "scan", "flood"]);
    let partition = split(&by(Strategy::Stratified), counted(Order::None, &families), 9);
    let summary = &partition.summary;
    for (part, share) in Part::ALL.into_iter().zip([0.55, 0.1, 0.075, 0.075, 0.2]) {
        let of = summary.part(part);
        assert!((of.benign as f64 - 3000.0 * share).abs() <= 2.0);
        assert!((of.families["scan"] as f64 - 750.0 * share).abs() <= 2.0);
        assert!((of.families["flood"] as f64 - 250.0 * share).abs() <= 2.0);
        assert_eq!((of.rows, of.segments), (of.benign + of.attacks, 1));
    }
}

#[test]
fn rare_runs_of_attacks_reach_every_part_of_a_blocked_split() {
    // As KDD99 has it: long runs of one label. 30 runs of 40 attacks among 20,000 rows, and one family in one run.
    let family = |i: usize| match i {
        12_330..12_340 => "spy",
        i if i % 660 < 40 => "smurf",
        _ => "normal",
    };
    let families: Vec<&str> = (0..20_000).map(family).collect();
    for seed in 0..10 {
        let partition = split(&by(Strategy::Blocked), counted(Order::File, &families), seed);
        let summary = &partition.summary;
        assert!(summary.parts.iter().all(|p| p.families.contains_key("smurf")));
        assert_eq!(summary.part(Part::Train).families["spy"], 10, "a family of one run goes to training");
        assert_eq!((summary.block_rows, summary.gap_rows), (Some(100), Some(5)));
        for (part, share) in Part::ALL.into_iter().zip([0.55, 0.1, 0.075, 0.075, 0.2]) {
            let rows = summary.part(part).rows as f64 / 20_000.0;
            assert!((rows - share).abs() < 0.03, "{part}: {rows}");
        }
    }
}

#[test]
fn a_test_row_keeps_its_host_in_every_segment() {
    let table = counted(Order::File, &mixed(5_000, 3, &["scan"]));
    let as_read = table.entity.clone();
    let partition = split(&by(Strategy::Blocked), table.clone(), 3);
    let hosts = partition.test_hosts.clone();
    let test = partition.test.open();
    assert_eq!(hosts, rows(&test).iter().map(|&row| as_read[row as usize]).collect::<Vec<_>>());
    let distinct = |keys: &[u64]| keys.iter().collect::<BTreeSet<_>>().len();
    assert_eq!(distinct(&hosts), 7);
    assert!(distinct(&test.entity) > 7, "sequences stop at the seams");
    // A test file is one segment.
    let partition = partition_with_test(&table);
    assert_eq!(partition.test_hosts, as_read);
    let free = split(&by(Strategy::Stratified), counted(Order::None, &mixed(900, 3, &["scan"])), 3);
    assert!(free.test_hosts.is_empty());
}

fn partition_with_test(table: &Dataset) -> Partition {
    partition(&SplitConfig::default(), table.clone(), Some(Sealed::new(table.clone())), 1, &NO_BUDGET).unwrap()
}

#[test]
fn blocks_are_halved_until_every_part_has_both_classes() {
    // Attacks stand in 160 consecutive rows of 8,000: two blocks of 100 hold them, eight of 25 do.
    let families: Vec<&str> = (0..8_000).map(|i| if (4_000..4_160).contains(&i) { "scan" } else { "normal" }).collect();
    let partition = split(&by(Strategy::Blocked), counted(Order::File, &families), 1);
    assert!(partition.summary.block_rows.unwrap() < 100, "{:?}", partition.summary);
    let dropped = partition.summary.dropped_rows;
    assert_sound(&opened(partition), 8_000, dropped);
}

#[test]
fn beside_a_test_file_the_training_file_is_dealt_by_what_it_allows() {
    let test = counted(Order::File, &mixed(50, 5, &["scan"]));
    let table = counted(Order::File, &mixed(2000, 5, &["scan"]));
    let partition = partition(&SplitConfig::default(), table, Some(Sealed::new(test)), 1, &NO_BUDGET).unwrap();
    let summary = &partition.summary;
    assert_eq!((summary.strategy, summary.inside), (Strategy::Provided, Some(Strategy::Blocked)));
    assert!(summary.note.contains("chosen by the data: `strategy: provided, inside: blocked`"), "{}", summary.note);
    let judged = summary.part(Part::Test);
    assert_eq!((partition.test.n_rows(), judged.benign, judged.attacks), (50, 40, 10));
    assert_eq!(partition.copies.test.len(), 50);
    let train: BTreeSet<u64> = rows(&partition.train).into_iter().collect();
    for (row, &copy) in partition.copies.test.iter().enumerate() {
        assert_eq!(copy, train.contains(&(row as u64)), "x counts the rows in both files");
    }
    assert_eq!(summary.part(Part::Test).copies, partition.copies.test.iter().filter(|c| **c).count());
    let table = counted(Order::None, &mixed(2000, 5, &["scan"]));
    let test = counted(Order::None, &mixed(50, 5, &["scan"]));
    let partition = super::partition(&SplitConfig::default(), table, Some(Sealed::new(test)), 1, &NO_BUDGET).unwrap();
    assert_eq!(partition.summary.inside, Some(Strategy::Stratified));
    assert!(partition.summary.note.contains("no order in this data"));
}

#[test]
fn without_a_strategy_the_data_decides() {
    let chosen = |table: Dataset| {
        let summary = split(&SplitConfig::default(), table, 1).summary;
        (summary.strategy, summary.note)
    };
    assert_eq!(chosen(counted(Order::None, &mixed(500, 5, &["scan"]))).0, Strategy::Stratified);
    assert_eq!(chosen(counted(Order::File, &mixed(500, 5, &["scan"]))).0, Strategy::Temporal);
    // Attacks in the first half only: a cut in time has none to test on.
    let families: Vec<&str> = (0..4000).map(|i| if i < 2000 && i % 3 == 0 { "scan" } else { "normal" }).collect();
    let (strategy, note) = chosen(counted(Order::File, &families));
    assert_eq!(strategy, Strategy::Blocked);
    assert!(note.starts_with("a cut in time would leave the validation part with no attack"), "{note}");
}

#[test]
fn the_same_seed_deals_the_same_and_another_seed_another_way() {
    let table = counted(Order::File, &mixed(3000, 5, &["scan"]));
    let dealt = |seed| rows(&split(&by(Strategy::Blocked), table.clone(), seed).train);
    assert_eq!(dealt(4), dealt(4));
    assert_ne!(dealt(4), dealt(5));
}

#[test]
fn copies_of_training_rows_are_marked() {
    let mut table = counted(Order::File, &mixed(100, 2, &["scan"]));
    table.numeric[0][97] = 0.0;
    table.numeric[0][60] = 1.0;
    let config = by(Strategy::Temporal);
    let partition = split(&config, table, 1);
    assert_eq!(partition.validation.numeric[0].iter().position(|&x| x == 1.0), Some(5));
    assert_eq!(partition.copies.validation.iter().position(|&c| c), Some(5));
    assert_eq!(partition.copies.test.iter().filter(|c| **c).count(), 1);
    let test = partition.summary.part(Part::Test);
    assert_eq!((test.copies, test.copied_attacks), (1, 1));
}

#[test]
fn a_part_that_lacks_a_class_is_refused_with_counts_and_advice() {
    let families: Vec<&str> = (0..4000).map(|i| if i < 2000 && i % 3 == 0 { "scan" } else { "normal" }).collect();
    let table = counted(Order::File, &families);
    assert_eq!(
        refusal(&by(Strategy::Temporal), table.clone(), None, &NO_BUDGET),
        "`strategy: temporal` leaves the validation part with no attack; it would make train 1533 benign + 667 attacks, \
         validation 400 benign + 0 attacks, calibration 300 benign + 0 attacks, threshold 300 benign + 0 attacks, \
         test 800 benign + 0 attacks; `strategy: blocked` would do"
    );
    let message = refusal(&by(Strategy::Stratified), table, None, &NO_BUDGET);
    assert!(message.contains("these rows have an order") && message.ends_with("`strategy: blocked` would do"));
    let nobody = counted(Order::File, &["normal"; 200]);
    let message = refusal(&by(Strategy::Temporal), nobody, None, &NO_BUDGET);
    assert!(message.contains("no attack") && message.contains("200 benign and 0 attacks"), "{message}");
}

#[test]
fn too_few_benign_rows_for_the_budget_are_refused() {
    let table = counted(Order::None, &mixed(2000, 2, &["scan"]));
    let message = refusal(&by(Strategy::Stratified), table, None, &Requirements { threshold_benign_rows: 299 });
    assert!(message.contains("leaves the threshold part with too few benign rows (299 are needed"), "{message}");
    assert!(message.contains("threshold 75 benign + 75 attacks"), "{message}");
    assert!(message.contains("of all 1000 benign rows 299 are a share of 0.299; raise `threshold`"), "{message}");
}

#[test]
fn strategy_and_files_must_agree() {
    let table = || counted(Order::File, &mixed(200, 2, &["scan"]));
    let message = refusal(&by(Strategy::Provided), table(), None, &NO_BUDGET);
    assert!(message.contains("needs a test file"), "{message}");
    let message = refusal(&by(Strategy::Temporal), table(), Some(table()), &NO_BUDGET);
    assert!(message.contains("`inside: temporal`"), "{message}");
    let one_class = counted(Order::File, &["normal"; 20]);
    let message = refusal(&SplitConfig::default(), table(), Some(one_class), &NO_BUDGET);
    assert!(message.starts_with("the test file holds 20 benign rows and 0 attacks"), "{message}");
    let mut unlabelled = table();
    unlabelled.label = None;
    assert!(refusal(&SplitConfig::default(), unlabelled, None, &NO_BUDGET).contains("no labels"));
    let empty = counted(Order::File, &[]);
    assert!(refusal(&SplitConfig::default(), empty, None, &NO_BUDGET).contains("no rows"));
    let message = refusal(&by(Strategy::Temporal), counted(Order::None, &mixed(500, 2, &["s"])), None, &NO_BUDGET);
    assert!(message.contains("stand in no order") && message.contains("`strategy: stratified` would do"), "{message}");
}

#[test]
fn tiny_tables_are_refused_and_never_panic() {
    for n in 1..12 {
        for strategy in [Strategy::Temporal, Strategy::Blocked, Strategy::Grouped, Strategy::Stratified] {
            for order in [Order::File, Order::EndTime, Order::None] {
                let _ = partition(&by(strategy), counted(order, &mixed(n, 2, &["scan"])), None, 1, &NO_BUDGET);
            }
        }
    }
}
