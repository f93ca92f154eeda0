//! Every key of a config changes what comes out: a key that does nothing is a lie. (The LSTM's own keys, which need more
//! rows than this, are tested in its crate, `data.benign` in ingest; `data.sensor` and `data.bad_rows` below.)

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
    ("split.fit", "all"),
    ("split", "{ test: 0.3, validation: 0.15, calibration: 0.1, threshold: 0.15, fit: all, folds: 3 }"),
    ("preprocess.numeric.impute", "zero"),
    ("preprocess.numeric.transform", "none"),
    ("preprocess.numeric.scale", "minmax"),
    ("preprocess.categorical.min_count", "100"),
    ("preprocess.categorical.smoothing", "500"),
    ("preprocess.categorical.rank", "frequency"),
    ("preprocess.categorical.rank", "name"),
    ("preprocess.categorical.rank", "cross_fitted"),
    ("preprocess.categorical.rank", "auto"),
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
    ("hybrid.combine", "auto"),
    ("hybrid.combine", "surprise"),
    ("evaluate.leave_out", "families"),
    ("density", "{}"),
    ("hybrid.budget.false_positive_rate", "0.1"),
    ("hybrid.budget.confidence", "0.8"),
    ("hybrid.budget", "{ alerts_per_day: 300, flows_per_day: 2000 }"),
    ("hybrid", "{ threshold: { groups: { by: host, share: 0.5 } } }"),
];

fn evaluation(home: &Home, change: Option<(&str, &str)>) -> String {
    evaluation_of(home, "flows.csv", change)
}

/// The same of other files, a pattern.
fn evaluation_of(home: &Home, files: &str, change: Option<(&str, &str)>) -> String {
    let set = change.map(|(key, value)| format!("{key}={value}"));
    let data = format!("data.train={}", home.path().join(files).display());
    let mut arguments = vec!["run", "configs/csv.yaml", "--quiet", "--json", "--set", &data];
    // smartcore knows no other bootstrap.
    // What `choice: off` means, spelt out, so that each may be changed.
    let off = ["split.fit=parts", "hybrid.combine=average"];
    for small in off.into_iter().chain(["forest.trees=8", "forest.bootstrap=rows", "lstm.epochs=1", "lstm.hidden=8"]) {
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

#[test]
fn one_sensor_for_two_files_makes_one_host_of_two() {
    let home = Home::new();
    flows(&home);
    let text = std::fs::read_to_string(home.path().join("flows.csv")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for (name, begin) in [("a-half.csv", 0), ("b-half.csv", 1)] {
        let rows: Vec<&str> = lines[1..].iter().skip(begin).step_by(2).copied().collect();
        home.write(name, format!("{}\n{}\n", lines[0], rows.join("\n")));
    }
    let two = evaluation_of(&home, "*-half.csv", None);
    assert_ne!(two, evaluation_of(&home, "*-half.csv", Some(("data.sensor", "office"))));
}

#[test]
fn bad_rows_end_a_run_or_are_set_aside_and_told_of() {
    let home = Home::new();
    flows(&home);
    let text = std::fs::read_to_string(home.path().join("flows.csv")).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.insert(40, "half a line".to_owned());
    home.write("flows.csv", lines.join("\n"));
    let data = format!("data.train={}", home.path().join("flows.csv").display());
    let run = [
        "run",
        "configs/csv.yaml",
        "--set",
        "choice=off",
        "--set",
        &data,
        "--set",
        "forest.trees=8",
        "--set",
        "lstm.epochs=1",
    ];
    home.nta(&run).refused(2, &["flows.csv, line 41: 1 values where there are"]);
    assert!(home.files().iter().all(|f| !f.ends_with("rejects.jsonl")));
    let done = home.nta(&[&run[..], &["--set", "data.bad_rows=set_aside"]].concat()).ok();
    assert!(done.err.contains("train: 1 rows cannot be read and were set aside, see rejects.jsonl"), "{}", done.err);
    let rejects = home.files().into_iter().find(|f| f.ends_with("rejects.jsonl")).unwrap();
    let rejects = std::fs::read_to_string(home.path().join(rejects)).unwrap();
    assert!(rejects.contains("\"line\":41") && rejects.contains("\"text\":\"half a line\""), "{rejects}");

    let spoilt = home.write("spoilt.csv", lines.join("\n"));
    let (input, out) = (spoilt.to_str().unwrap(), home.path().join("scored.csv"));
    let score = ["score", "csv", input, "-o", out.to_str().unwrap()];
    home.nta(&score).refused(2, &["spoilt.csv, line 41"]);
    home.nta(&[&score[..], &["--bad-rows", "set-aside"]].concat()).ok();
    let scored = std::fs::read_to_string(&out).unwrap();
    assert_eq!(scored.lines().count(), lines.len() - 1);
    assert!(!scored.contains("half a line"));
    let kept = std::fs::read_to_string(home.path().join("scored.csv.rejects.jsonl")).unwrap();
    assert_eq!((kept.lines().count(), kept.contains("half a line")), (1, true));
}
