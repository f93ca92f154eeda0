//! Invented but plausible runs for the tests: judged by the real judge on drawn scores.

use nta_data::{Categories, Label};
use nta_metrics::{
    Budget, ChosenThreshold, Curves, JudgeInput, JudgedMember, Named, PartScores, PartSize, ThresholdRule, curves,
    judge,
};

use crate::{
    CategoricalProfile, DataFile, DataSection, DroppedColumn, Epoch, Feature, Loss, LstmView, MissingCells, Note,
    NoteLevel, NumericProfile, PartRow, Permutation, ProfileSection, Provenance, RunReport, ScoreProfile, StageTime,
};

/// Numbers in [0, 1), from a fixed sequence.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn score(&mut self, center: f64, spread: f64) -> f32 {
        let noise: f64 = (0..6).map(|_| self.roll()).sum::<f64>() - 3.0;
        let logit = (center / (1.0 - center)).ln() + spread * noise;
        (1.0 / (1.0 + (-logit).exp())) as f32
    }
}

const FAMILIES: [(&str, f64, bool); 9] = [
    ("neptune", 0.42, true),
    ("smurf", 0.16, true),
    ("mscan", 0.12, false),
    ("guess_passwd", 0.1, true),
    ("warezmaster", 0.07, true),
    ("processtable", 0.05, false),
    ("snmpguess", 0.04, false),
    ("portsweep", 0.03, true),
    ("buffer_overflow", 0.01, true),
];

struct ScoredPart {
    labels: Vec<Label>,
    families: Vec<Option<&'static str>>,
    members: Vec<Vec<f32>>,
}

fn part(rows: usize, prevalence: f64, drift: f64, seed: u64) -> ScoredPart {
    let mut dice = Dice(seed);
    let mut part = ScoredPart { labels: vec![], families: vec![], members: vec![vec![], vec![], vec![]] };
    for _ in 0..rows {
        let attack = dice.roll() < prevalence;
        let family = attack.then(|| pick(dice.roll()));
        let hard = family.is_some_and(|(_, _, seen)| !seen);
        let center = if !attack {
            0.06 + drift
        } else if hard {
            0.35
        } else {
            0.93
        };
        let (forest, lstm) = (dice.score(center, 1.7), dice.score(center, 2.6));
        part.labels.push(if attack { Label::Attack } else { Label::Benign });
        part.families.push(Some(family.map_or("normal", |(name, _, _)| name)));
        for (scores, score) in part.members.iter_mut().zip([forest, lstm, (forest + lstm) / 2.0]) {
            scores.push(score);
        }
    }
    part
}

fn pick(roll: f64) -> (&'static str, f64, bool) {
    let mut sum = 0.0;
    let found = FAMILIES.into_iter().find(|(_, share, _)| {
        sum += share;
        roll < sum
    });
    found.unwrap_or(FAMILIES[0])
}

const MEMBERS: [&str; 3] = ["forest", "lstm", "hybrid"];

fn evaluate(
    test: &ScoredPart,
    threshold: &ScoredPart,
    rule: ThresholdRule,
    parts: &Named<PartSize>,
) -> nta_metrics::Evaluation {
    let chosen: Vec<ChosenThreshold> = threshold
        .members
        .iter()
        .map(|scores| {
            let part = PartScores { scores, labels: &threshold.labels, copies: None };
            rule.choose(&part, &part).unwrap()
        })
        .collect();
    let flags: Vec<Vec<bool>> =
        test.members.iter().zip(&chosen).map(|(scores, t)| scores.iter().map(|&s| t.flags(s)).collect()).collect();
    let members: Vec<JudgedMember<'_>> = (0..3)
        .map(|i| JudgedMember { name: MEMBERS[i], scores: &test.members[i], threshold: &chosen[i], flags: &flags[i] })
        .collect();
    let families = Categories::from_texts(test.families.iter().copied());
    let entity: Vec<u64> = (0..test.labels.len() as u64).map(|i| i % 97).collect();
    let copies: Vec<bool> = (0..test.labels.len()).map(|i| i % 34 == 0).collect();
    judge(&JudgeInput {
        labels: &test.labels,
        families: Some(&families),
        seen_in_training: &|name| FAMILIES.iter().any(|(known, _, seen)| *known == name && *seen),
        members: &members,
        entity: &entity,
        host: &entity,
        copies: Some(&copies),
        parts,
        probability: Some(test.members[2].as_slice()),
        digest: "sha256:9f2c1e0b7a54d8c3e6f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7",
    })
    .unwrap()
}

fn size(part: &ScoredPart) -> PartSize {
    let rows = part.labels.len() as u64;
    let attacks = part.labels.iter().filter(|label| label.is_attack()).count() as u64;
    PartSize { rows, benign: rows - attacks, attacks }
}

/// A run like one on NSL-KDD: drift between files, a missed promise.
pub(crate) fn usual() -> RunReport {
    run(&part(22_544, 0.57, 0.02, 1), &part(9_448, 0.46, 0.0, 2), ThresholdRule::Budget(Budget::default()))
}

/// The same, small and quick to draw.
pub(crate) fn small() -> RunReport {
    let mut run = run(&part(400, 0.3, 0.0, 3), &part(900, 0.3, 0.0, 4), ThresholdRule::Budget(Budget::default()));
    run.lstm_view = LstmView::Sequences { by: "src".into(), length: 32 };
    run
}

/// No attack in the test part, no budget, nothing to draw from.
pub(crate) fn one_class() -> RunReport {
    let mut run = run(&part(120, 0.0, 0.0, 5), &part(500, 0.3, 0.0, 6), ThresholdRule::Fixed(0.5));
    run.curves = Named::new();
    run.epochs.clear();
    run.importances.iter_mut().for_each(|feature| feature.loss = None);
    run.permutation = Permutation::Skipped { why: "the validation part holds one attack".into() };
    run.notes.clear();
    run.data.files.clear();
    run.data.missing.clear();
    run.data.dropped_columns.clear();
    run.provenance.stages.clear();
    run.profile = None;
    run
}

fn run(test: &ScoredPart, threshold: &ScoredPart, rule: ThresholdRule) -> RunReport {
    let sizes = [("train", 94_480, 43_000), ("validation", 12_597, 5_900), ("calibration", 9_448, 4_400)];
    let mut parts: Named<PartSize> = sizes
        .into_iter()
        .map(|(name, rows, attacks)| (name, PartSize { rows, benign: rows - attacks, attacks }))
        .collect();
    parts.put("threshold", size(threshold));
    parts.put("test", size(test));
    let drawn: Named<Curves> = MEMBERS
        .iter()
        .zip(&test.members)
        .map(|(name, scores)| (*name, curves(scores, &test.labels).unwrap()))
        .collect();
    RunReport {
        name: "nsl-kdd".into(),
        run: "20261122-101503-k7f2".into(),
        seed: 7,
        evaluation: evaluate(test, threshold, rule, &parts),
        curves: drawn.clone(),
        epochs: (1..=6).map(epoch).collect(),
        importances: importances(),
        permutation: Permutation::Measured { flows: 12_597, attacks: 5_900, blocks: 10, average_precision: 0.999_81 },
        out_of_bag_auc: Some(0.99982),
        lstm_view: LstmView::SingleFlows,
        accepted: vec![],
        strong: vec![],
        notes: vec![
            Note {
                level: NoteLevel::Warning,
                text: "The test file differs from the training file in `dst_host_srv_count`, `service` and `flag`."
                    .into(),
            },
            Note { level: NoteLevel::Info, text: "`num_outbound_cmds` is constant and was left out.".into() },
        ],
        data: data(&parts),
        profile: Some(profile(&drawn)),
        config: include_str!("sample.yaml").into(),
        provenance: provenance(),
    }
}

fn epoch(epoch: u32) -> Epoch {
    let x = f64::from(epoch);
    Epoch {
        epoch,
        train_loss: 0.018 + 0.21 / x,
        validation_loss: Some(0.024 + 0.16 / x + 0.0022 * x * x / 4.0),
        validation_average_precision: Some(0.9991 - 0.02 / x),
        seconds: 1.62,
        flows: 94_480,
        best: epoch <= 4,
    }
}

fn importances() -> Vec<Feature> {
    let names = [
        "src_bytes",
        "dst_bytes",
        "flag",
        "same_srv_rate",
        "diff_srv_rate",
        "dst_host_srv_count",
        "dst_host_same_srv_rate",
        "logged_in",
        "service",
        "count",
        "dst_host_serror_rate",
        "serror_rate",
        "dst_host_diff_srv_rate",
        "srv_serror_rate",
        "dst_host_count",
        "protocol_type",
        "srv_count",
        "dst_host_same_src_port_rate",
        "hot",
        "rerror_rate",
        "duration",
        "dst_host_rerror_rate",
        "srv_rerror_rate",
        "num_compromised",
        "wrong_fragment",
    ];
    let weights: Vec<f64> = (0..names.len()).map(|i| 0.86f64.powi(i as i32)).collect();
    let total: f64 = weights.iter().sum();
    let feature = |(i, (name, w)): (usize, (&&str, f64))| {
        let mean = 0.012 * 0.6f64.powi(i as i32) - 0.000_2;
        let loss = Some(Loss { mean, low: mean - 0.000_9, high: mean + 0.000_9 });
        Feature { name: (*name).into(), importance: w / total, loss }
    };
    names.iter().zip(weights).enumerate().map(feature).collect()
}

fn data(parts: &Named<PartSize>) -> DataSection {
    let file = |name: &str, part: &str, rows, bytes| DataFile {
        name: name.into(),
        part: part.into(),
        rows,
        bytes: Some(bytes),
        sha256: Some("0d3a5a9f1c2b7e6d8f4a1b2c3d4e5f60718293a4b5c6d7e8f9a0b1c2d3e4f506".into()),
    };
    let families = |attacks: u64| -> Named<u64> {
        FAMILIES.iter().filter(|f| f.2).map(|f| (f.0, (attacks as f64 * f.1) as u64)).collect()
    };
    DataSection {
        schema: "nsl-kdd".into(),
        order: "none".into(),
        times: vec![],
        files: vec![
            file("${NTA_DATA:-data}/nsl-kdd/KDDTrain+.txt", "train", 125_973, 19_109_424),
            file("${NTA_DATA:-data}/nsl-kdd/KDDTest+.txt", "test", 22_544, 3_441_513),
        ],
        ignored_rows: 0,
        unlabelled_rows: 0,
        set_aside_rows: 0,
        lines_without_flow: Vec::new(),
        strategy: "provided, stratified inside".into(),
        partition_note: "The data has no order, so rows with identical features went to the same part.".into(),
        seam_rows: 0,
        parts: parts
            .iter()
            .map(|(name, part)| PartRow {
                name: name.into(),
                rows: part.rows,
                benign: part.benign,
                attacks: part.attacks,
                copies: if name == "test" { 664 } else { 0 },
                families: families(part.attacks),
            })
            .collect(),
        dropped_columns: vec![DroppedColumn { name: "num_outbound_cmds".into(), why: "constant".into() }],
        missing: vec![MissingCells { name: "duration".into(), missing: 12, rows: 125_973 }],
        absent_columns: vec![],
        unused_columns: vec!["difficulty".into()],
        earlier_test_reads: Some(2),
    }
}

fn provenance() -> Provenance {
    let stages = [
        ("read", 1.1),
        ("partition", 0.2),
        ("preprocess", 0.6),
        ("forest", 1.6),
        ("lstm", 9.8),
        ("hybrid", 0.1),
        ("evaluate", 1.3),
    ];
    Provenance {
        version: "0.1.0".into(),
        started: "2026-11-22T10:15:03.179092Z".into(),
        ended: None,
        parent: None,
        model: Some("models/nsl-kdd/3".into()),
        machine: "linux x86_64, Intel Xeon Platinum 8481C, 2 threads, 7.8 GiB".into(),
        digests: [
            ("model", "sha256:9f2c1e0b7a54d8c3e6f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7"),
            ("config", "sha256:51aa"),
            ("test rows", "sha256:e0c4"),
        ]
        .into_iter()
        .map(|(name, digest)| (name, digest.to_owned()))
        .collect(),
        stages: stages.into_iter().map(|(name, seconds)| StageTime { name: name.into(), seconds }).collect(),
    }
}

fn profile(curves: &Named<Curves>) -> ProfileSection {
    let numeric = |(i, name): (usize, &str)| {
        let scale = [1.0, 0.000_031, 1_379_963_888.0, 511.0, -2.5][i % 5];
        let quantiles = [0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0].map(|q: f64| (q, q.powi(5) * scale));
        let missing_rate = if i == 0 { 0.000_095 } else { 0.0 };
        NumericProfile { name: name.into(), rows: 94_480, missing_rate, quantiles: quantiles.into() }
    };
    let names = ["duration", "src_bytes", "dst_bytes", "count", "srv_count", "hot", "num_compromised", "same_srv_rate"];
    let rates = ["serror_rate", "rerror_rate", "dst_host_count", "dst_host_srv_count", "dst_host_same_srv_rate"];
    let categorical = |name: &str, distinct, top: &[(&str, u64)], others| CategoricalProfile {
        name: name.into(),
        missing_rate: 0.0,
        distinct,
        top: top.iter().map(|(value, rows)| ((*value).into(), *rows)).collect(),
        others,
    };
    let scores = curves.iter().map(|(name, curves)| {
        let both = curves.histogram.benign.iter().zip(&curves.histogram.attack);
        ScoreProfile { name: name.into(), bins: both.map(|(benign, attack)| benign + attack).collect() }
    });
    ProfileSection {
        numeric: names.into_iter().chain(rates).enumerate().map(numeric).collect(),
        categorical: vec![
            categorical("protocol_type", 3, &[("tcp", 77_015), ("udp", 11_245), ("icmp", 6_220)], 0),
            categorical("service", 70, &[("http", 30_255), ("private", 16_395), ("domain_u", 6_782)], 41_048),
            categorical("flag", 11, &[("SF", 56_203), ("S0", 26_141), ("REJ", 8_425), ("<b>RSTR</b>", 1_815)], 1_896),
        ],
        scores: scores.collect(),
    }
}
