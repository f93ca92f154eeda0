//! A density as a third member: asked for by a key, trained, judged, saved, scored and explained like the others.

use nta_data::{HYBRID, Quiet};
use nta_export::{Engine, Graphs, Proof};
use nta_model::{Member, Model};
use serde_json::Value;
use std::sync::Arc;

use crate::nta::Home;

const SMALL: [&str; 10] = [
    "split.fit=parts",
    "hybrid.combine=average",
    "forest.trees=20",
    "lstm.hidden=8",
    "lstm.epochs=1",
    "data.train={ simulate: { flows: 6000 } }",
    "split.test=0.35",
    "split.validation=0.1",
    "split.calibration=0.1",
    "hybrid.budget={ false_positive_rate: 0.1 }",
];

fn run(home: &Home, more: &[&str]) -> Value {
    let sets = SMALL.iter().chain(more).flat_map(|set| ["--set", set]);
    let arguments: Vec<&str> =
        ["run", "configs/quickstart.yaml", "--quiet", "--json"].into_iter().chain(sets).collect();
    serde_json::from_str(&home.nta(&arguments).ok().out).unwrap()
}

fn members(outcome: &Value) -> Vec<&str> {
    outcome["evaluation"]["members"].as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_key_adds_the_member_and_without_it_nothing_changes() {
    let home = Home::new();
    assert_eq!(members(&run(&home, &[])), ["forest", "lstm", HYBRID]);
    let outcome = run(&home, &["density={}"]);
    assert_eq!(members(&outcome), ["forest", "lstm", "novelty", HYBRID]);
    let novelty = &outcome["evaluation"]["members"]["novelty"];
    assert!(novelty["roc_auc"].as_f64().unwrap() > 0.6, "{novelty}");

    let folder = home.path().join("models/quickstart/2");
    let model = Arc::new(Model::load(&folder).unwrap());
    assert!(model.members.iter().any(|m| matches!(m.member, Member::Density(_))));
    assert_eq!(model.verify().unwrap(), 0.0);
    let report = std::fs::read_to_string(outcome["report"].as_str().unwrap()).unwrap();
    assert!(report.contains("novelty"));
    let run =
        std::fs::read_to_string(std::path::Path::new(outcome["folder"].as_str().unwrap()).join("run.json")).unwrap();
    assert!(run.contains("\"density\""), "{run}");

    let path = folder.join("novelty.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"half\":", "\"half\":1", 1)).unwrap();
    assert!(Model::load(&folder).unwrap_err().to_string().contains("novelty.json"));
}

#[test]
fn scores_stand_in_a_column_of_their_own_and_what_is_unusual_is_said() {
    let home = Home::new();
    run(&home, &["density={}"]);
    let (flows, out) = (home.path().join("flows.csv"), home.path().join("scored.csv"));
    home.nta(&["simulate", "--seed", "3", "--set", "flows=1500", "-o", flows.to_str().unwrap()]).ok();
    let score = ["score", "quickstart", flows.to_str().unwrap(), "-o", out.to_str().unwrap(), "--explain", "2"];
    home.nta(&score).ok();
    let scored = std::fs::read_to_string(&out).unwrap();
    assert!(scored.lines().next().unwrap().ends_with(",forest,lstm,novelty,hybrid,probability,flagged,reasons"));
    let reasons: Vec<&str> = scored.lines().filter_map(|line| Some(line.split_once(",true,")?.1)).collect();
    assert!(reasons.len() > 10);
    for said in &reasons {
        assert_eq!(said.matches(": 1 in ").count(), 2, "{said}");
        assert!(said.contains(" given "), "{said}");
    }
}

#[test]
fn every_key_of_the_density_does_something() {
    let home = Home::new();
    let of = |settings: &str| run(&home, &[settings])["evaluation"]["members"]["novelty"].to_string();
    let all = [
        "{}",
        "{ parents: 1 }",
        "{ bins: 3 }",
        "{ categories: 1 }",
        "{ structure: chow_liu }",
        "{ engine: isolation_forest }",
        "{ engine: isolation_forest, trees: 30 }",
        "{ engine: isolation_forest, sample: 32 }",
    ];
    let found: Vec<String> = all.iter().map(|settings| of(&format!("density={settings}"))).collect();
    for (i, one) in found.iter().enumerate() {
        assert!(!found[..i].contains(one), "{} changes nothing", all[i]);
    }
    let wrong = ["run", "configs/quickstart.yaml", "--set", "choice=off", "--set", "density={ bins: 1 }"];
    home.nta(&wrong).refused(2, &["`bins` is 1; it has to be from 2 to 100"]);
    let weights = ["run", "configs/quickstart.yaml", "--set", "choice=off", "--set", "density={}", "--set"];
    let weights = [&weights[..], &["hybrid.combine={ weighted: { forest: 1, lstm: 1 } }"]].concat();
    home.nta(&weights).refused(2, &["`novelty` needs a weight too"]);
}

#[test]
fn an_isolation_forest_stands_in_its_place_and_may_be_chosen() {
    let home = Home::new();
    let outcome = run(&home, &["density={ engine: isolation_forest }"]);
    assert_eq!(members(&outcome), ["forest", "lstm", "novelty", HYBRID]);
    let novelty = &outcome["evaluation"]["members"]["novelty"];
    assert!(novelty["roc_auc"].as_f64().unwrap() > 0.6, "{novelty}");
    let folder = home.path().join("models/quickstart/1");
    let model = Arc::new(Model::load(&folder).unwrap());
    assert!(model.members.iter().any(|m| matches!(m.member, Member::Isolation(_))));
    assert_eq!(model.verify().unwrap(), 0.0);
    assert!(folder.join("novelty.bin").exists());

    // Left open, both are tried, and the one taken is told.
    let outcome = run(&home, &["density={ engine: auto }"]);
    let settings = outcome["evaluation"]["leave_out"]["settings"].as_array().unwrap();
    let engines: Vec<&str> =
        settings.iter().filter_map(|s| (s["key"] == "density.engine").then(|| s["value"].as_str())?).collect();
    assert_eq!(engines, ["pairs", "isolation_forest"]);
    let chosen: Vec<&Value> = settings.iter().filter(|s| s["chosen"] == true).collect();
    assert_eq!(chosen.len(), 1, "{settings:?}");
    let model = Model::load(&home.path().join("models/quickstart/2")).unwrap();
    let is_pairs = model.members.iter().any(|m| matches!(m.member, Member::Density(_)));
    assert_eq!(is_pairs, chosen[0]["value"] == "pairs");
}

#[test]
fn its_graph_says_the_same_alone_and_with_others() {
    let home = Home::new();
    for more in [
        &["density={}", "hybrid.combine=stacking"][..],
        &["density={}", "hybrid.combine=surprise"],
        &["density={}", "hybrid.combine={ surprise_of: [forest, novelty] }", "lstm.sequence.length=1"],
        &["density={ structure: chow_liu, bins: 40, categories: 2 }", "lstm.sequence.length=1"],
        &["density={ engine: isolation_forest }", "hybrid.combine=surprise"],
    ] {
        let outcome = run(&home, more);
        let model =
            Arc::new(Model::load(&home.path().join("models").join(outcome["model"].as_str().unwrap())).unwrap());
        let graphs = Graphs::of(&model).unwrap();
        let found = Proof::of_known_rows(&model, &graphs, &Engine::Ours, &Quiet).unwrap();
        assert!(found.flagged > 100 && found.largest_difference <= 1e-5, "{more:?}: {found:?}");
    }
}
