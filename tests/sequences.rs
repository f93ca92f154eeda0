//! Hosts far longer than a training sequence: state is carried through all their flows, and must stay sound.

use std::ops::ControlFlow;
use std::sync::Arc;

use nta_data::{Dataset, Dense, Label, MemoryConfig, Quiet, SequenceBy, Sequences};
use nta_lstm::{Lstm, LstmConfig, Rows, SequenceConfig};
use nta_metrics::Ranking;
use nta_preprocess::{PreprocessConfig, Preprocessor, Sequencing};
use nta_simulate::SimulateConfig;

const LENGTH: usize = 32;

/// Two weeks of a small site, so that its busy hosts have thousands of flows.
fn traffic(seed: u64) -> Dataset {
    let config = SimulateConfig { flows: 150_000, days: 14, hosts: 24, ..Default::default() };
    let schema = Arc::new(nta_ingest::builtin_schema("nta").unwrap());
    config.dataset(schema, SequenceBy::Src, [3; 16], seed, &Quiet).unwrap()
}

/// No silence ends a sequence: the state is as old as the host.
fn memory() -> MemoryConfig {
    MemoryConfig { idle_seconds: 1e9, ..Default::default() }
}

fn sequences(rows: &Dataset) -> Sequences {
    Sequences::by_entity(rows.n_rows(), &rows.entity, rows.end_time.as_deref(), &memory())
}

fn dense(preprocessor: &Preprocessor, rows: &Dataset) -> Dense {
    preprocessor.transform(rows).unwrap().dense
}

fn train() -> (Preprocessor, Lstm) {
    let (train, validation) = (traffic(1), traffic(2));
    let preprocessor = PreprocessConfig::default().fit(&train, Sequencing::Gap(memory())).unwrap();
    let config = LstmConfig {
        hidden: 32,
        epochs: 4,
        sequence: SequenceConfig { length: LENGTH, ..Default::default() },
        memory: memory(),
        ..Default::default()
    };
    let (dense_train, dense_validation) = (dense(&preprocessor, &train), dense(&preprocessor, &validation));
    let fitted = config.fit(
        Rows { dense: &dense_train, sequences: &sequences(&train), labels: train.labels().unwrap(), weight: None },
        Rows {
            dense: &dense_validation,
            sequences: &sequences(&validation),
            labels: validation.labels().unwrap(),
            weight: None,
        },
        7,
        None,
        &mut |_, _| ControlFlow::Continue(()),
        &Quiet,
    );
    (preprocessor, fitted.unwrap().lstm)
}

#[test]
fn a_host_of_a_hundred_training_lengths_is_judged_as_well_late_as_early() {
    let (preprocessor, lstm) = train();
    let test = traffic(3);
    let (dense, whole) = (dense(&preprocessor, &test), sequences(&test));
    let border = 100 * LENGTH;
    let long: Vec<&[u32]> = (0..whole.len()).map(|i| whole.get(i)).filter(|s| s.len() > border).collect();
    let late: Vec<u32> = long.iter().flat_map(|rows| &rows[border..]).copied().collect();
    assert!(long.len() >= 5 && late.len() > 10_000, "{} hosts, {} late flows", long.len(), late.len());
    let labels: Vec<Label> = late.iter().map(|&r| test.labels().unwrap()[r as usize]).collect();
    // The late flows alone, for two halves of a fortnight differ in more than their place: as what they are, as the
    // first flows of their hosts, and cold after every 32.
    let auc = |sequences: &Sequences| {
        let scores = lstm.predict_proba(&dense, sequences).unwrap();
        assert!(scores.iter().all(|p| (0.0..=1.0).contains(p)));
        let scores: Vec<f32> = late.iter().map(|&r| scores[r as usize]).collect();
        Ranking::new(&scores, &labels).unwrap().roc_auc().unwrap()
    };
    let (as_late, as_early, as_cold) = (auc(&whole), auc(&whole.cut(border)), auc(&whole.cut(LENGTH)));
    assert!(as_late > 0.9 && as_late > as_early - 0.001, "late {as_late}, as if early {as_early}");
    assert!(as_late > as_cold, "carried {as_late}, cold after every {LENGTH} {as_cold}");
}
