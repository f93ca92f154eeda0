//! Members fitted on all rows that are not test: thresholds from what had not seen them, the same for any resume, and what
//! was fitted on stands in evaluation, report and run.json.

use serde_json::Value;

use crate::nta::Home;

const SMALL: [&str; 6] = [
    "forest.trees=20",
    "lstm.hidden=8",
    "lstm.epochs=2",
    "density={}",
    "data.train={ simulate: { flows: 6000 } }",
    "hybrid={ combine: surprise, budget: { false_positive_rate: 0.1 } }",
];

fn json(home: &Home, split: &str) -> Value {
    let split = format!("split={split}");
    let sets = SMALL.into_iter().chain([split.as_str()]).flat_map(|set| ["--set", set]);
    let arguments: Vec<&str> =
        ["run", "configs/quickstart.yaml", "--json", "--quiet"].into_iter().chain(sets).collect();
    serde_json::from_str(&home.nta(&arguments).ok().out).unwrap()
}

fn split(strategy: &str, more: &str) -> String {
    format!("{{ strategy: {strategy}, test: 0.3, validation: 0.1, calibration: 0.1, threshold: 0.1{more} }}")
}

#[test]
fn every_row_that_is_not_test_trains_and_thresholds_come_from_folds() {
    let home = Home::new();
    for (strategy, folds) in [("temporal", 2), ("blocked", 3), ("grouped", 2)] {
        let outcome = json(&home, &split(strategy, &format!(", fit: all, folds: {folds}")));
        let fitted = &outcome["evaluation"]["cross_fitted"];
        let (rows, of) = (fitted["rows"].as_u64().unwrap(), fitted["of"].as_u64().unwrap());
        // Short blocks have many seams: 5 % of the blocks behind one is lost.
        assert!(rows as f64 >= 0.94 * of as f64, "{strategy}: {rows} of {of}");
        assert_eq!(
            (fitted["folds"].as_u64(), fitted["in_time"].as_bool()),
            (Some(folds), Some(strategy == "temporal"))
        );
        let parts = &outcome["evaluation"]["parts"];
        assert!(fitted["scored"].as_u64() > parts["threshold"]["rows"].as_u64(), "{fitted}");
        // The threshold keeps the budget in every stretch's fold, and in all of them.
        let stretches = fitted["stretches"].as_array().unwrap();
        let sum = |key: &str| stretches.iter().map(|stretch| stretch[key].as_u64().unwrap()).sum::<u64>();
        assert!(sum("false_alarms") as f64 <= 0.1 * sum("benign") as f64, "{strategy}: {fitted}");
        let folder = std::path::Path::new(outcome["folder"].as_str().unwrap());
        let report = std::fs::read_to_string(folder.join("report.html")).unwrap();
        assert!(report.contains("rows that are not test") && report.contains("Barber et al. 2021"));
        let record = std::fs::read_to_string(folder.join("run.json")).unwrap();
        assert!(record.contains("cross_fit") && record.contains("refit"), "{record}");
    }
}

#[test]
fn flows_without_order_are_judged_out_of_bag() {
    let home = Home::new();
    let flows = home.path().join("flows.csv");
    let path = flows.to_str().unwrap();
    home.nta(&["simulate", "--set", "flows=4000", "-o", path]).ok();
    // Without times there is no order.
    let text = std::fs::read_to_string(&flows).unwrap().replacen("time,", "when,", 1);
    let n_flows = text.lines().count() as u64 - 1;
    std::fs::write(&flows, text).unwrap();
    let data = format!("data.train={path}");
    let run = |more: &[&str]| -> Value {
        let sets =
            ["forest.trees=30", "lstm.hidden=8", "lstm.epochs=1", "hybrid.budget.false_positive_rate=0.1", &data];
        let sets = sets.into_iter().chain(["data.schema=nta", "split={ fit: all }"]).chain(more.iter().copied());
        let arguments: Vec<&str> = ["run", "configs/quickstart.yaml", "--json", "--quiet"]
            .into_iter()
            .chain(sets.flat_map(|set| ["--set", set]))
            .collect();
        serde_json::from_str(&home.nta(&arguments).ok().out).unwrap()
    };
    let outcome = run(&[]);
    let fitted = &outcome["evaluation"]["cross_fitted"];
    assert_eq!(fitted["rows"], fitted["of"]);
    let test = &outcome["evaluation"]["parts"]["test"]["rows"];
    assert_eq!(test.as_u64().unwrap() + fitted["rows"].as_u64().unwrap(), n_flows);
    // Without a bag the folds' own forests judge, and say something else.
    let by_folds = run(&["forest.bootstrap=none"]);
    assert_eq!(by_folds["evaluation"]["cross_fitted"]["folds"], fitted["folds"]);
    // Many a row is in the bag of both of two trees, and has no vote; folds score every row. Votes on cross-fitted ranks are not
    // asked for.
    let judged = |more: &str| -> u64 {
        let outcome = run(&["forest.trees=2", "hybrid.combine=average", more]);
        let stretches = outcome["evaluation"]["cross_fitted"]["stretches"].as_array().unwrap().clone();
        stretches.iter().map(|stretch| stretch["benign"].as_u64().unwrap()).sum()
    };
    let by_votes = judged("preprocess.categorical.rank=attack_rate");
    let by_folds = judged("forest.bootstrap=none");
    assert!(by_votes < by_folds, "{by_votes} of {by_folds}");
    assert_eq!(judged("preprocess.categorical.rank=cross_fitted"), by_folds);
}

#[test]
fn folds_without_a_refit_are_refused() {
    let home = Home::new();
    let run = home.nta(&["run", "configs/quickstart.yaml", "--set", "split.fit=parts", "--set", "split.folds=3"]);
    run.refused(2, &["split.folds", "left out without `fit: all`"]);
}

#[test]
fn one_key_turns_choices_and_folds_off_and_refuses_what_asks_for_them() {
    let home = Home::new();
    let run = |sets: &[&str]| {
        let small = SMALL[..3].iter().chain(["data.train={ simulate: { flows: 6000 } }"].iter());
        let sets =
            small.chain(["hybrid.budget.false_positive_rate=0.1"].iter()).chain(sets).flat_map(|set| ["--set", set]);
        let words: Vec<&str> =
            ["run", "configs/quickstart.yaml", "--json", "--quiet"].into_iter().chain(sets).collect();
        home.nta(&words)
    };
    let off: Value = serde_json::from_str(&run(&["choice=off"]).ok().out).unwrap();
    let evaluation = &off["evaluation"];
    assert!(evaluation["cross_fitted"].is_null() && evaluation["leave_out"].is_null(), "{evaluation}");
    let members: Vec<&str> = evaluation["members"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["forest", "lstm", "hybrid"]);
    let config = std::fs::read_to_string(std::path::Path::new(off["folder"].as_str().unwrap()).join("config.yaml"));
    let config = config.unwrap();
    assert!(config.contains("combine: average") && config.contains("fit: parts"), "{config}");
    for (key, value) in [
        ("split.fit", "all"),
        ("hybrid.combine", "auto"),
        ("preprocess.categorical.rank", "auto"),
        ("density.engine", "auto"),
    ] {
        let asked = format!("{key}={value}");
        let said = [&*format!("--set {key}: `{key}` is `{value}`"), "`choice: off` chooses and cross-fits nothing"];
        run(&["choice=off", &asked]).refused(2, &said);
    }
    // Stated is stated: what `choice: auto` decides is what nothing is said of.
    let stated = run(&["split.fit=parts", "hybrid.combine=average"]);
    let stated: Value = serde_json::from_str(&stated.ok().out).unwrap();
    assert_eq!(stated["evaluation"]["members"], evaluation["members"]);
}
