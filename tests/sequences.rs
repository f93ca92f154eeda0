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
    let (dense, sequences) = (dense(&preprocessor, &test), sequences(&test));
    let carried = lstm.predict_proba(&dense, &sequences).unwrap();
    assert!(carried.iter().all(|p| (0.0..=1.0).contains(p)));
    // The same flows seen as training saw them: cold after every 32.
    let cut = lstm.predict_proba(&dense, &sequences.cut(LENGTH)).unwrap();
    let labels = test.labels().unwrap();
    let auc = |scores: &[f32], rows: &[u32]| {
        let scores: Vec<f32> = rows.iter().map(|&r| scores[r as usize]).collect();
        let labels: Vec<Label> = rows.iter().map(|&r| labels[r as usize]).collect();
        Ranking::new(&scores, &labels).unwrap().roc_auc().unwrap()
    };
    let border = 100 * LENGTH;
    let long: Vec<&[u32]> = (0..sequences.len()).map(|i| sequences.get(i)).filter(|s| s.len() > border).collect();
    let early: Vec<u32> = long.iter().flat_map(|rows| &rows[..border]).copied().collect();
    let late: Vec<u32> = long.iter().flat_map(|rows| &rows[border..]).copied().collect();
    assert!(long.len() >= 5 && late.len() > 10_000, "{} hosts, {} late flows", long.len(), late.len());
    let (at_first, later, later_cut) = (auc(&carried, &early), auc(&carried, &late), auc(&cut, &late));
    // A hundredth is what the attacks of one half and the other differ by.
    assert!(later > at_first - 0.01, "late {later}, early {at_first}");
    assert!(later > later_cut - 0.01, "carried {later}, cut {later_cut}");
}
