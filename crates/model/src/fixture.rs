//! Small models and traffic for this crate's tests.

use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};

use nta_data::{
    CategoricalColumn, Categories, Dataset, EntityRole, HYBRID, Label, MemoryConfig, NumericColumn, Order, Purpose,
    Quiet, RowId, Schema, ScoreColumn, SensorKey, SequenceBy, Sequences, TimeRole, rng,
};
use nta_forest::{Forest, ForestConfig};
use nta_hybrid::{Combine, HybridConfig};
use nta_lstm::{Lstm, LstmConfig};
use nta_metrics::{Budget, Isotonic, PartScores};
use nta_preprocess::{PreprocessConfig, Preprocessor, Profile, Sequencing};
use rand_core::RngCore;

use crate::Provenance;
use crate::golden::Golden;
use crate::member::{Member, NamedMember};
use crate::model::{Model, NamedThreshold, StateRule};

/// 256 entities, a minute.
pub(crate) fn memory() -> MemoryConfig {
    MemoryConfig { entities: 256, idle_seconds: 60.0 }
}

pub(crate) fn schema(order: Order) -> Schema {
    let time = TimeRole { column: "time".into(), ..TimeRole::default() };
    Schema {
        name: "toy".into(),
        description: String::new(),
        header: Vec::new(),
        optional: Vec::new(),
        delimiter: None,
        aliases: Default::default(),
        label: None,
        family: None,
        capture: None,
        time: Some(time),
        duration: None,
        duration_unit: Default::default(),
        entity: EntityRole { src: Some("src".into()), dst: None },
        order,
        categorical: vec![CategoricalColumn { name: "proto".into() }],
        numeric: ["bytes", "packets"].map(NumericColumn::plain).to_vec(),
        ignored: Vec::new(),
        accepted: Vec::new(),
    }
}

/// Labelled traffic of `n_hosts` hosts, now and then silent for more than a minute, in arrival order.
pub(crate) fn traffic(n_rows: usize, n_hosts: u64, order: Order) -> Dataset {
    let mut rng = rng(5, Purpose::Simulation, n_hosts, 0);
    let mut rows = Dataset::empty(Arc::new(schema(order)));
    let mut clock = 1_700_000_000_000_000i64;
    let (mut end, mut protocols, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..n_rows as u64 {
        let draw = rng.next_u64();
        clock += if draw.is_multiple_of(50) { 90_000_000 } else { (draw % 1_000) as i64 * 1_000 };
        end.push(clock);
        let bytes = (draw >> 40) as f32 / 1e6;
        rows.numeric[0].push(if draw.is_multiple_of(11) { f32::NAN } else { bytes });
        rows.numeric[1].push((draw >> 20 & 15) as f32 / 8.0);
        labels.push(if bytes > 12.0 || draw.is_multiple_of(7) { Label::Attack } else { Label::Benign });
        protocols.push(["tcp", "udp", "icmp"].get((draw >> 8 & 3) as usize).copied());
        if order != Order::None {
            let host = (draw >> 30 & 0xffff) % n_hosts;
            rows.entity.push(nta_data::entity_hash(&[1; 16], &[&host.to_le_bytes()]));
        }
        rows.row.push(RowId { file: 0, row });
    }
    rows.categorical[0] = Categories::from_texts(protocols);
    rows.label = Some(labels);
    rows.end_time = Some(end);
    rows.files = vec!["toy.csv".into()];
    rows
}

/// The sequences of `rows` as training forms them.
pub(crate) fn sequences(rows: &Dataset) -> Sequences {
    Sequences::by_entity(rows.n_rows(), &rows.entity, rows.end_time.as_deref(), &memory())
}

/// A model fitted on such traffic, that remembers 256 entities.
pub(crate) fn model(order: Order) -> Arc<Model> {
    static FITTED: [OnceLock<Arc<Model>>; 2] = [const { OnceLock::new() }; 2];
    FITTED[usize::from(order == Order::None)].get_or_init(|| fit(order, memory())).clone()
}

/// The same with another memory.
pub(crate) fn fit(order: Order, memory: MemoryConfig) -> Arc<Model> {
    let train = traffic(600, 20, order);
    let state = (order != Order::None).then(|| StateRule {
        by: SequenceBy::Src,
        entity_key: [7; 16],
        sensor_key: SensorKey::Name,
        memory: memory.clone(),
    });
    let sequencing = if state.is_some() { Sequencing::Gap(memory) } else { Sequencing::None };
    let preprocessor = PreprocessConfig::default().fit(&train, sequencing).unwrap();
    let (forest, lstm) = (fit_forest(&preprocessor, &train), fit_lstm(&preprocessor, &train));
    let features = preprocessor.transform(&train).unwrap();
    let scores = [
        ("forest", forest.predict_proba(&features.tabular).unwrap()),
        ("lstm", lstm.predict_proba(&features.dense, &sequences(&train)).unwrap()),
    ]
    .map(|(name, p_attack)| ScoreColumn::new(name, p_attack, |_| false));
    let labels = train.labels().unwrap();
    let budget = Budget { false_positive_rate: 0.1, ..Default::default() };
    let rule = HybridConfig { combine: Combine::Average, budget: Some(budget.into()), ..Default::default() };
    let hybrid = rule.fit(&scores, labels).unwrap();
    let fused = ScoreColumn::new(HYBRID, hybrid.combine(&scores).unwrap(), |_| false);
    let thresholds = scores.iter().chain([&fused]).map(|member| {
        let part = PartScores { scores: &member.p_attack, labels, copies: None };
        NamedThreshold { name: member.name.clone(), chosen: rule.choose_threshold(&part, &part).unwrap() }
    });
    let mut model = Arc::new(Model {
        schema: schema(order),
        state,
        preprocessor,
        thresholds: thresholds.collect(),
        calibration: Isotonic::fit(&fused.p_attack, labels).unwrap(),
        members: vec![
            NamedMember { name: "forest".into(), member: Member::Forest(Box::new(forest)) },
            NamedMember { name: "lstm".into(), member: Member::Lstm(Box::new(lstm)) },
        ],
        hybrid,
        profile: Some(Profile::fit(&train)),
        golden: Golden::default(),
        provenance: Provenance { name: "toy".into(), run: "20261122-101503-k7f2".into(), ..Default::default() },
    });
    model.record_golden(&train).unwrap();
    model
}

fn fit_forest(preprocessor: &Preprocessor, train: &Dataset) -> Forest {
    let config = ForestConfig { trees: 4, ..Default::default() };
    config.fit(preprocessor.tabular(train).unwrap(), train.labels().unwrap(), 1, &Quiet).unwrap().forest
}

fn fit_lstm(preprocessor: &Preprocessor, train: &Dataset) -> Lstm {
    let dense = preprocessor.transform(train).unwrap().dense;
    let sequences = sequences(train);
    let rows = nta_lstm::Rows { dense: &dense, sequences: &sequences, labels: train.labels().unwrap(), weight: None };
    let config = LstmConfig { hidden: 8, epochs: 1, batch: 16, ..Default::default() };
    config.fit(rows, rows, 1, None, &mut |_, _| ControlFlow::Continue(()), &Quiet).unwrap().lstm
}
