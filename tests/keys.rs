//! Every key of a config changes what comes out: a key that does nothing is a lie. (The LSTM's own keys, which need more
//! rows than this, are tested in its crate, `data.benign` in ingest.)

use crate::nta::Home;

/// Key, and a value other than the base's.
const CHANGES: &[(&str, &str)] = &[
    ("seed", "8"),
    ("split.test", "0.35"),
    ("split.validation", "0.2"),
    ("split.calibration", "0.15"),
    ("split.threshold", "0.2"),
    ("split.strategy", "blocked"),
    ("split", "{ strategy: blocked, test: 0.3, validation: 0.15, calibration: 0.1, threshold: 0.15, block_rows: 60 }"),
    ("split", "{ strategy: blocked, test: 0.3, validation: 0.15, calibration: 0.1, threshold: 0.15, gap_rows: 0 }"),
    ("preprocess.numeric.impute", "zero"),
    ("preprocess.numeric.transform", "none"),
    ("preprocess.numeric.scale", "minmax"),
    ("preprocess.categorical.min_count", "100"),
    ("preprocess.categorical.smoothing", "500"),
    ("forest.trees", "9"),
    ("forest.criterion", "entropy"),
    ("forest.max_features", "all"),
    ("forest.max_depth", "3"),
    ("forest.min_leaf", "20"),
    ("forest.min_split", "50"),
    ("forest.class_weight", "balanced"),
    ("forest.bootstrap", "none"),
    ("forest.splits", "random"),
    ("forest.engine", "smartcore"),
    ("forest.bins", "8"),
    ("lstm.hidden", "12"),
    ("lstm.layers", "2"),
    ("lstm.categorical", "{ embedding: 4 }"),
    ("lstm.sequence.by", "dst"),
    ("lstm.sequence.length", "4"),
    ("lstm.sequence.start", "cold"),
    ("lstm.memory.idle_seconds", "60"),
    ("lstm.memory.entities", "64"),
    ("lstm.epochs", "2"),
    ("lstm.batch", "64"),
    ("lstm.schedule", "plateau"),
    ("lstm.loss", "{ focal: 2 }"),
    ("lstm.class_weight", "balanced"),
    ("hybrid.combine", "{ weighted: { forest: 3, lstm: 1 } }"),
    ("hybrid.combine", "tuned_weights"),
    ("hybrid.budget.false_positive_rate", "0.1"),
    ("hybrid.budget.confidence", "0.8"),
];

fn evaluation(home: &Home, change: Option<(&str, &str)>) -> String {
    let set = change.map(|(key, value)| format!("{key}={value}"));
    let data = format!("data.train={}", home.path().join("flows.csv").display());
    let mut arguments = vec!["run", "configs/csv.yaml", "--quiet", "--json", "--set", &data];
    // smartcore knows no other bootstrap.
    for small in ["forest.trees=8", "forest.bootstrap=rows", "lstm.epochs=1", "lstm.hidden=8"] {
        arguments.extend(["--set", small]);
    }
    if let Some(set) = &set {
        arguments.extend(["--set", set]);
    }
    let out = home.nta(&arguments).ok().out;
    let outcome: serde_json::Value = serde_json::from_str(&out).unwrap();
    let mut evaluation = outcome["evaluation"].clone();
    // The digest alone would also tell of values that no row can feel.
    evaluation.as_object_mut().unwrap().remove("digest");
    evaluation.to_string()
}

/// The example with some cells missing, so that filling them in matters.
fn flows(home: &Home) {
    let text = std::fs::read_to_string(crate::nta::root().join("data/example.csv")).unwrap();
    let spoilt = text.lines().enumerate().map(|(i, line)| {
        let mut cells: Vec<&str> = line.split(',').collect();
        if i > 0 && i.is_multiple_of(7) {
            cells[9] = "";
        }
        cells.join(",") + "\n"
    });
    home.write("flows.csv", spoilt.collect::<String>());
}

#[test]
fn every_key_changes_the_evaluation() {
    let home = Home::new();
    flows(&home);
    let base = evaluation(&home, None);
    assert_eq!(base, evaluation(&home, None));
    let idle: Vec<_> = CHANGES.iter().filter(|change| evaluation(&home, Some(**change)) == base).collect();
    assert!(idle.is_empty(), "these change nothing: {idle:?}");
}
