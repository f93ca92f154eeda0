//! The contract that both models keep, and what only a model of sequences must: order matters to it, and an interrupted
//! training ends as an uninterrupted one.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use nta_data::{Dense, Label, MemoryConfig, Purpose, Quiet, Sequences, Watch, rng};
use nta_lstm::{
    Categorical, Checkpoint, ClassWeight, DeviceChoice, EpochReport, Fitted, Loss, Lstm, LstmConfig, LstmError, Rows,
    Schedule, Scratch, Start,
};
use nta_metrics::Ranking;
use rand_core::RngCore;

/// Rows of one number and one category in sequences of 1 to 40.
#[derive(Clone)]
pub(crate) struct Traffic {
    pub(crate) dense: Dense,
    pub(crate) sequences: Sequences,
    labels: Vec<Label>,
}

impl Traffic {
    pub(crate) fn rows(&self) -> Rows<'_> {
        Rows { dense: &self.dense, sequences: &self.sequences, labels: &self.labels, weight: None }
    }

    /// `attack` decides from the row's and the previous row's (number, code), the latter absent at a sequence's start.
    fn draw(n_rows: u32, stream: u64, attack: impl Fn((f32, u32), Option<(f32, u32)>) -> bool) -> Traffic {
        let mut rng = rng(11, Purpose::Simulation, stream, 0);
        let mut bounds = vec![0u32];
        while *bounds.last().unwrap() < n_rows {
            bounds.push((bounds.last().unwrap() + 1 + rng.next_u32() % 40).min(n_rows));
        }
        let mut unit = || (rng.next_u32() >> 8) as f32 / (1 << 24) as f32;
        let rows: Vec<(f32, u32)> = (0..n_rows).map(|_| (2.0 * unit() - 1.0, (3.0 * unit()) as u32)).collect();
        let label = |i: usize| {
            let first = bounds.binary_search(&(i as u32)).is_ok();
            let before = if first { None } else { Some(rows[i - 1]) };
            if attack(rows[i], before) { Label::Attack } else { Label::Benign }
        };
        Traffic {
            dense: Dense {
                numeric_names: vec!["bytes".into()],
                numeric: rows.iter().map(|r| r.0).collect(),
                code_names: vec!["service".into()],
                codes: rows.iter().map(|r| r.1).collect(),
                cardinality: vec![3],
                n_rows: n_rows as usize,
            },
            labels: (0..n_rows as usize).map(label).collect(),
            sequences: Sequences { rows: (0..n_rows).collect(), bounds },
        }
    }

    /// Attacks are what the flow itself shows.
    pub(crate) fn separable(n_rows: u32, stream: u64) -> Traffic {
        Traffic::draw(n_rows, stream, |(x, code), _| x + 0.5 * (code as f32 - 1.0) > 0.2)
    }

    /// A flow is an attack if the one before it was large or of service 2: nothing in the flow itself tells.
    pub(crate) fn ordered(n_rows: u32, stream: u64) -> Traffic {
        Traffic::draw(n_rows, stream, |_, before| before.is_some_and(|(x, code)| x > 0.4 || code == 2))
    }
}

pub(crate) fn small() -> LstmConfig {
    LstmConfig { hidden: 16, batch: 8, epochs: 4, patience: 4, learning_rate: 0.01, ..LstmConfig::default() }
}

pub(crate) fn fit(config: &LstmConfig, train: &Traffic, validation: &Traffic) -> Fitted {
    config.fit(train.rows(), validation.rows(), 7, None, &mut |_, _| ControlFlow::Continue(()), &Quiet).unwrap()
}

pub(crate) fn error(config: &LstmConfig, train: Rows<'_>, validation: Rows<'_>) -> LstmError {
    config.fit(train, validation, 7, None, &mut |_, _| ControlFlow::Continue(()), &Quiet).unwrap_err()
}

pub(crate) fn auc(lstm: &Lstm, traffic: &Traffic) -> f64 {
    let scores = lstm.predict_proba(&traffic.dense, &traffic.sequences).unwrap();
    Ranking::new(&scores, &traffic.labels).unwrap().roc_auc().unwrap()
}

pub(crate) fn with_threads<T: Send>(n: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(work)
}

#[test]
fn a_separable_set_is_learned() {
    let (train, validation) = (Traffic::separable(8_000, 1), Traffic::separable(2_000, 2));
    let fitted = fit(&small(), &train, &validation);
    assert!(auc(&fitted.lstm, &Traffic::separable(3_000, 3)) > 0.99);
    let best = fitted.history.iter().find(|r| r.best).unwrap();
    assert!(best.validation_average_precision.unwrap() > 0.95);
}

#[test]
fn order_is_learned_with_sequences_and_cannot_be_without() {
    let (train, validation) = (Traffic::ordered(20_000, 1), Traffic::ordered(4_000, 2));
    let test = Traffic::ordered(4_000, 3);
    let found = auc(&fit(&small(), &train, &validation).lstm, &test);
    assert!(found > 0.97, "{found}");
    let mut config = small();
    config.sequence.length = 1;
    let alone = fit(&config, &train, &validation).lstm;
    let found = auc(&alone, &test);
    assert!((0.45..0.55).contains(&found), "{found}");
    // Without state the order of rows is nothing to it.
    let scattered = Sequences::by_entity(test.dense.n_rows, &[], None, &MemoryConfig::default());
    let here = alone.predict_proba(&test.dense, &test.sequences).unwrap();
    assert_eq!(here, alone.predict_proba(&test.dense, &scattered).unwrap());
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let (train, validation) = (Traffic::ordered(6_000, 1), Traffic::ordered(1_000, 2));
    let config = LstmConfig { layers: 2, batch: 100, epochs: 2, ..small() };
    let embedded =
        LstmConfig { categorical: Categorical::Embedding(3), loss: Loss::Focal(2.0), batch: 100, epochs: 2, ..small() };
    let alone = with_threads(1, || fit(&embedded, &train, &validation).lstm);
    for threads in [2, 8] {
        assert_eq!(with_threads(threads, || fit(&embedded, &train, &validation).lstm), alone);
    }
    let one = with_threads(1, || fit(&config, &train, &validation));
    for threads in [2, 8] {
        let more = with_threads(threads, || fit(&config, &train, &validation));
        assert_eq!(one.lstm.to_safetensors(), more.lstm.to_safetensors());
        let scores = |threads| {
            with_threads(threads, || one.lstm.predict_proba(&validation.dense, &validation.sequences).unwrap())
        };
        assert_eq!(scores(1), scores(threads));
    }
    let other_seed =
        config.fit(train.rows(), validation.rows(), 8, None, &mut |_, _| ControlFlow::Continue(()), &Quiet).unwrap();
    assert_ne!(one.lstm, other_seed.lstm);
}

/// History without the clock.
fn untimed(history: &[EpochReport]) -> Vec<EpochReport> {
    history.iter().map(|r| EpochReport { seconds: 0.0, ..r.clone() }).collect()
}

#[test]
fn a_training_killed_after_any_epoch_ends_as_if_it_had_not_been() {
    let (train, validation) = (Traffic::ordered(4_000, 1), Traffic::ordered(1_000, 2));
    let config =
        LstmConfig { layers: 2, batch: 70, weight_decay: 0.01, class_weight: ClassWeight::Balanced, ..small() };
    killed_and_resumed(&config, &train, &validation);
    let config = LstmConfig {
        categorical: Categorical::Embedding(4),
        loss: Loss::Focal(2.0),
        schedule: Schedule::Plateau,
        ..small()
    };
    // Validation rows that say the contrary: the better the network learns, the worse it does there.
    let mut contrary = validation.clone();
    contrary.labels.iter_mut().for_each(|l| *l = if l.is_attack() { Label::Benign } else { Label::Attack });
    let history = fit(&config, &train, &contrary).history;
    assert!(history[..3].iter().any(|report| !report.best), "the rate of the last epochs is not the first one's");
    killed_and_resumed(&config, &train, &contrary);
}

pub(crate) fn killed_and_resumed(config: &LstmConfig, train: &Traffic, validation: &Traffic) {
    let whole = with_threads(1, || fit(config, train, validation));
    for (killed_after, threads) in [(1, 2), (2, 8), (3, 1), (4, 2)] {
        let mut kept = Vec::new();
        let mut keep = |report: &EpochReport, checkpoint: &Checkpoint| {
            kept = checkpoint.to_bytes();
            if report.epoch == killed_after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        config.fit(train.rows(), validation.rows(), 7, None, &mut keep, &Quiet).unwrap();
        let checkpoint = Checkpoint::from_bytes(&kept).unwrap();
        assert_eq!(checkpoint.epoch(), killed_after);
        assert_eq!(checkpoint.to_bytes(), kept);
        let mut epochs = Vec::new();
        let mut count = |report: &EpochReport, _: &Checkpoint| {
            epochs.push(report.epoch);
            ControlFlow::Continue(())
        };
        let rest = with_threads(threads, || {
            config.fit(train.rows(), validation.rows(), 7, Some(&checkpoint), &mut count, &Quiet).unwrap()
        });
        assert!(epochs.into_iter().eq(killed_after + 1..=4));
        assert_eq!(rest.lstm.to_safetensors(), whole.lstm.to_safetensors());
        assert_eq!(untimed(&rest.history), untimed(&whole.history));
    }
}

#[test]
fn another_runs_checkpoint_is_refused() {
    let (train, validation) = (Traffic::ordered(500, 1), Traffic::ordered(500, 2));
    let config = LstmConfig { epochs: 1, ..small() };
    let mut kept = None;
    let mut keep = |_: &EpochReport, checkpoint: &Checkpoint| {
        kept = Some(checkpoint.clone());
        ControlFlow::Continue(())
    };
    config.fit(train.rows(), validation.rows(), 7, None, &mut keep, &Quiet).unwrap();
    let resume = |config: &LstmConfig, train: &Traffic, seed| {
        let mut go_on = |_: &EpochReport, _: &Checkpoint| ControlFlow::Continue(());
        match config.fit(train.rows(), validation.rows(), seed, kept.as_ref(), &mut go_on, &Quiet) {
            Err(LstmError::OtherRun { what, .. }) => what,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(resume(&config, &train, 8), "seed");
    assert_eq!(resume(&LstmConfig { dropout: 0.5, ..config.clone() }, &train, 7), "configuration");
    assert_eq!(resume(&config, &Traffic::ordered(501, 1), 7), "data");
    let mut renamed = train.clone();
    renamed.dense.numeric_names[0] = "packets".into();
    let mut other = validation.clone();
    other.dense.numeric_names[0] = "packets".into();
    let mut go_on = |_: &EpochReport, _: &Checkpoint| ControlFlow::Continue(());
    let refused = config.fit(renamed.rows(), other.rows(), 7, kept.as_ref(), &mut go_on, &Quiet);
    assert!(matches!(refused, Err(LstmError::OtherRun { what: "inputs", .. })));
}

#[test]
fn steps_with_state_and_the_whole_table_give_the_same_bits() {
    let (train, validation) = (Traffic::ordered(2_000, 1), Traffic::ordered(700, 2));
    for length in [1, 32] {
        let mut config = LstmConfig { layers: 2, epochs: 1, hidden: 9, ..small() };
        config.sequence.length = length;
        let lstm = fit(&config, &train, &validation).lstm;
        let whole = lstm.predict_proba(&validation.dense, &validation.sequences).unwrap();
        assert_eq!(whole.len(), 700);
        assert!(whole.iter().all(|p| (0.0..=1.0).contains(p)));
        let mut scratch = Scratch::default();
        for i in 0..validation.sequences.len() {
            let mut state = lstm.fresh_state();
            for &row in validation.sequences.get(i) {
                let row = row as usize;
                let (numeric, codes) = (validation.dense.numeric_row(row), validation.dense.code_row(row));
                assert_eq!(lstm.step(&mut state, numeric, codes, &mut scratch), whole[row]);
            }
        }
    }
}

#[test]
fn a_part_of_the_sequences_scores_as_within_the_whole() {
    let (train, validation) = (Traffic::ordered(2_000, 1), Traffic::ordered(900, 2));
    let lstm = fit(&LstmConfig { epochs: 1, ..small() }, &train, &validation).lstm;
    let whole = lstm.predict_proba(&validation.dense, &validation.sequences).unwrap();
    let end = validation.sequences.bounds[7];
    let n = end as usize;
    let part = Dense {
        numeric: validation.dense.numeric[..n].to_vec(),
        codes: validation.dense.codes[..n].to_vec(),
        n_rows: n,
        ..validation.dense.clone()
    };
    let sequences = Sequences { rows: (0..end).collect(), bounds: validation.sequences.bounds[..=7].to_vec() };
    assert_eq!(lstm.predict_proba(&part, &sequences).unwrap(), whole[..n]);
}

#[test]
fn saved_and_loaded_is_the_same_network_and_damage_is_refused() {
    let (train, validation) = (Traffic::ordered(1_000, 1), Traffic::ordered(500, 2));
    let mut checkpoint = Vec::new();
    let mut keep = |_: &EpochReport, now: &Checkpoint| {
        checkpoint = now.to_bytes();
        ControlFlow::Continue(())
    };
    let config = LstmConfig { epochs: 1, hidden: 4, categorical: Categorical::Embedding(2), ..small() };
    let fitted = config.fit(train.rows(), validation.rows(), 7, None, &mut keep, &Quiet).unwrap();
    let bytes = fitted.lstm.to_safetensors();
    let loaded = Lstm::from_safetensors(&bytes).unwrap();
    assert_eq!(loaded, fitted.lstm);
    assert_eq!(loaded.to_safetensors(), bytes);
    assert!(matches!(Lstm::from_safetensors(&checkpoint), Err(LstmError::Damaged { .. })));
    assert!(matches!(Checkpoint::from_bytes(&bytes), Err(LstmError::Damaged { .. })));
    let newer = String::from_utf8_lossy(&bytes[8..]).find(r#"revision\":1"#).unwrap() + 8 + 11;
    let mut from_the_future = bytes.clone();
    from_the_future[newer] = b'9';
    assert!(matches!(Lstm::from_safetensors(&from_the_future), Err(LstmError::Newer { found: 9, .. })));
    let mut noise = rng(3, Purpose::Simulation, 0, 0);
    for original in [&bytes, &checkpoint] {
        for _ in 0..400 {
            let mut hurt = original.clone();
            let at = noise.next_u32() as usize % hurt.len();
            hurt[at] ^= 1 << (noise.next_u32() % 8);
            // What is not refused is at least whole: it can be asked.
            if let Ok(lstm) = Lstm::from_safetensors(&hurt) {
                let _ = lstm.predict_proba(&validation.dense, &validation.sequences);
            }
            let _ = Checkpoint::from_bytes(&hurt);
            let cut = &original[..noise.next_u32() as usize % original.len()];
            assert!(Lstm::from_safetensors(cut).is_err() && Checkpoint::from_bytes(cut).is_err());
        }
    }
}

#[test]
fn unusable_rows_are_refused_by_name() {
    let good = Traffic::separable(300, 1);
    let validation = Traffic::separable(300, 2);
    let config = small();
    let refuse = |change: &dyn Fn(&mut Traffic)| {
        let mut bad = good.clone();
        change(&mut bad);
        let before = bad.clone();
        let found = error(&config, bad.rows(), validation.rows()).to_string();
        assert!(before.dense.codes == bad.dense.codes && before.labels == bad.labels);
        found
    };
    let message = refuse(&|t| t.dense.numeric[17] = f32::NAN);
    assert!(message.contains("training row 17") && message.contains("`bytes`") && message.contains("NaN"), "{message}");
    let message = refuse(&|t| t.dense.codes[4] = 3);
    assert!(message.contains("row 4") && message.contains("`service`") && message.contains("code 3"), "{message}");
    let message = refuse(&|t| t.labels.fill(Label::Benign));
    assert!(message.contains("all 300 training rows that count are benign"), "{message}");
    let message = refuse(&|t| t.labels.truncate(299));
    assert!(message.contains("299 labels for 300 rows"), "{message}");
    let message = refuse(&|t| t.sequences.rows[1] = 0);
    assert!(message.contains("row 0 is listed twice"), "{message}");
    let message = refuse(&|t| t.sequences.bounds[1] = 1_000);
    assert!(message.contains("bounds"), "{message}");
    let message = refuse(&|t| t.dense.numeric_names[0] = "packets".into());
    assert!(message.contains("`bytes` where the network was trained with `packets`"), "{message}");

    let empty = Traffic { labels: vec![], sequences: Sequences { rows: vec![], bounds: vec![0] }, ..good.clone() };
    let empty = Traffic { dense: Dense { numeric: vec![], codes: vec![], n_rows: 0, ..empty.dense.clone() }, ..empty };
    assert_eq!(error(&config, empty.rows(), validation.rows()), LstmError::Empty { part: "training" });
    assert_eq!(error(&config, good.rows(), empty.rows()), LstmError::Empty { part: "validation" });
    let none = vec![0.0; 300];
    let uncounted = Rows { weight: Some(&none), ..validation.rows() };
    assert_eq!(error(&config, good.rows(), uncounted), LstmError::Empty { part: "validation" });
    let negative = vec![-1.0; 300];
    let message = error(&config, Rows { weight: Some(&negative), ..good.rows() }, validation.rows()).to_string();
    assert!(message.contains("weight -1"), "{message}");

    let lstm = fit(&LstmConfig { epochs: 1, ..config.clone() }, &good, &validation).lstm;
    let mut shuffled = validation.clone();
    shuffled.dense.numeric_names[0] = "packets".into();
    let message = lstm.predict_proba(&shuffled.dense, &shuffled.sequences).unwrap_err().to_string();
    assert!(message.contains("numeric input 1 is `packets`"), "{message}");
    assert!(lstm.predict_proba(&empty.dense, &empty.sequences).unwrap().is_empty());
}

#[test]
fn a_device_that_is_not_there_is_an_error_that_says_how_and_the_reference_learns_the_same() {
    let (train, validation) = (Traffic::separable(300, 1), Traffic::separable(100, 2));
    for device in [DeviceChoice::Ndarray, DeviceChoice::Wgpu, DeviceChoice::Cuda] {
        let listed = nta_lstm::devices().into_iter().find(|d| d.name == device.name()).unwrap();
        if !listed.available {
            let message = error(&LstmConfig { device, ..small() }, train.rows(), validation.rows()).to_string();
            assert!(message.contains(device.name()) && message.contains("not available"), "{message}");
        }
    }
    let trained = |device| fit(&LstmConfig { device, epochs: 1, ..small() }, &train, &validation).lstm;
    if DeviceChoice::Auto.resolve().device == DeviceChoice::Cpu {
        assert_eq!(trained(DeviceChoice::Auto), trained(DeviceChoice::Cpu));
    }
    let reference = trained(DeviceChoice::Flex);
    let (here, there) = (auc(&trained(DeviceChoice::Cpu), &validation), auc(&reference, &validation));
    assert!((here - there).abs() < 1e-3);
}

#[test]
fn training_can_be_cancelled_and_counts_its_batches() {
    struct StopAt(u64, AtomicU64);
    impl Watch for StopAt {
        fn step(&self, done: u64, total: u64) {
            assert!(done <= total);
            self.1.store(done, Ordering::Relaxed);
        }
        fn cancelled(&self) -> bool {
            self.1.load(Ordering::Relaxed) >= self.0
        }
    }
    let (train, validation) = (Traffic::separable(2_000, 1), Traffic::separable(100, 2));
    let watch = StopAt(5, AtomicU64::new(0));
    let mut none = |_: &EpochReport, _: &Checkpoint| panic!("no epoch was finished");
    let config = LstmConfig { batch: 4, ..small() };
    let found = config.fit(train.rows(), validation.rows(), 7, None, &mut none, &watch);
    assert_eq!(found.unwrap_err(), LstmError::Cancelled);
    assert_eq!(watch.1.load(Ordering::Relaxed), 5);
}

#[test]
fn every_setting_changes_the_result() {
    let (train, validation) = (Traffic::ordered(1_500, 1), Traffic::ordered(500, 2));
    let base = LstmConfig { epochs: 2, ..small() };
    let plain = fit(&base, &train, &validation);
    let changed: Vec<(&str, LstmConfig)> = vec![
        ("hidden", LstmConfig { hidden: 8, ..base.clone() }),
        ("layers", LstmConfig { layers: 2, ..base.clone() }),
        ("epochs", LstmConfig { epochs: 1, ..base.clone() }),
        ("batch", LstmConfig { batch: 16, ..base.clone() }),
        ("learning_rate", LstmConfig { learning_rate: 0.02, ..base.clone() }),
        ("schedule", LstmConfig { schedule: Schedule::Constant, ..base.clone() }),
        ("weight_decay", LstmConfig { weight_decay: 0.1, ..base.clone() }),
        ("dropout", LstmConfig { dropout: 0.5, ..base.clone() }),
        ("clip_norm", LstmConfig { clip_norm: 0.01, ..base.clone() }),
        ("categorical", LstmConfig { categorical: Categorical::Embedding(4), ..base.clone() }),
        ("loss", LstmConfig { loss: Loss::Focal(2.0), ..base.clone() }),
        ("class_weight", LstmConfig { class_weight: ClassWeight::Balanced, ..base.clone() }),
        ("sequence.length", {
            let mut config = base.clone();
            config.sequence.length = 4;
            config
        }),
        ("sequence.start", {
            let mut config = base.clone();
            config.sequence.start = Start::Cold;
            config
        }),
    ];
    for (key, config) in changed {
        assert_ne!(fit(&config, &train, &validation).lstm, plain.lstm, "{key}");
    }
    // The dimension and the power count, not only that there is one.
    for other in [
        [Categorical::Embedding(4), Categorical::Embedding(5)]
            .map(|categorical| LstmConfig { categorical, ..base.clone() }),
        [Loss::Focal(2.0), Loss::Focal(1.0)].map(|loss| LstmConfig { loss, ..base.clone() }),
    ] {
        assert_ne!(fit(&other[0], &train, &validation).lstm, fit(&other[1], &train, &validation).lstm);
    }
    // A rate that makes things worse stops after `patience` epochs.
    let bad = LstmConfig { epochs: 30, patience: 2, learning_rate: 0.5, schedule: Schedule::Constant, ..base };
    let history = fit(&bad, &train, &validation).history;
    assert!(history.len() < 30);
    assert!(history.iter().rev().take(2).all(|r| !r.best));
}

#[test]
fn a_plateau_halves_the_rate_after_an_epoch_that_brought_nothing() {
    let (train, validation) = (Traffic::ordered(1_500, 1), Traffic::ordered(500, 2));
    let with =
        |schedule, epochs| LstmConfig { schedule, epochs, patience: 100, learning_rate: 0.1, dropout: 0.0, ..small() };
    let constant = untimed(&fit(&with(Schedule::Constant, 12), &train, &validation).history);
    let plateau = untimed(&fit(&with(Schedule::Plateau, 12), &train, &validation).history);
    let first_worse = constant.iter().position(|report| !report.best).expect("a rate this high stumbles");
    assert_eq!(constant[..=first_worse], plateau[..=first_worse]);
    assert_ne!(constant[first_worse + 1], plateau[first_worse + 1]);
}

/// Fitted again on the same rows with none held out, a network is what it was at its best epoch: slowed down where it was.
#[test]
fn a_fit_as_long_as_another_goes_the_same_way() {
    let (train, validation) = (Traffic::ordered(1_500, 1), Traffic::ordered(500, 2));
    let config = LstmConfig {
        schedule: Schedule::Plateau,
        epochs: 12,
        patience: 100,
        learning_rate: 0.1,
        dropout: 0.0,
        ..small()
    };
    let first = fit(&config, &train, &validation);
    let best = first.history.iter().rposition(|report| report.best).unwrap();
    let lowered: Vec<bool> = first.history[..=best].iter().map(|report| report.best).collect();
    assert!(lowered.contains(&false), "no epoch before the best was a bad one: {lowered:?}");
    let again = |lowered: &[bool]| {
        config.fit_as(lowered, train.rows(), 7, None, &mut |_, _| ControlFlow::Continue(()), &Quiet).unwrap().lstm
    };
    assert_eq!(again(&lowered), first.lstm);
    assert_ne!(again(&vec![true; lowered.len()]), first.lstm);
}

#[test]
fn the_focal_loss_leaves_early_stopping_on_the_plain_log_loss() {
    let (train, validation) = (Traffic::separable(4_000, 1), Traffic::separable(1_000, 2));
    let fitted = fit(&LstmConfig { loss: Loss::Focal(2.0), ..small() }, &train, &validation);
    assert!(auc(&fitted.lstm, &validation) > 0.98);
    let scores = fitted.lstm.predict_proba(&validation.dense, &validation.sequences).unwrap();
    let plain = nta_metrics::log_loss(&scores, &validation.labels).unwrap().unwrap();
    let best = fitted.history.iter().map(|r| r.validation_loss).fold(f64::INFINITY, f64::min);
    assert!((plain - best).abs() < 1e-9, "{plain} {best}");
    // The focal loss of a row is below its log loss.
    assert!(fitted.history.iter().all(|r| r.train_loss < r.validation_loss));
}

#[test]
fn rows_of_weight_nought_teach_nothing_by_themselves() {
    let mut train = Traffic::separable(4_000, 1);
    // The second half lies about its labels; left out of the loss it does no harm.
    let weight: Vec<f32> = (0..4_000).map(|i| if i < 2_000 { 1.0 } else { 0.0 }).collect();
    for label in &mut train.labels[2_000..] {
        *label = if label.is_attack() { Label::Benign } else { Label::Attack };
    }
    let validation = Traffic::separable(1_000, 2);
    let rows = Rows { weight: Some(&weight), ..train.rows() };
    let mut go_on = |_: &EpochReport, _: &Checkpoint| ControlFlow::Continue(());
    let lstm = small().fit(rows, validation.rows(), 7, None, &mut go_on, &Quiet).unwrap().lstm;
    assert!(auc(&lstm, &validation) > 0.98);
}
