//! Families left out of training choose what a run ships, and no test row plays a part.

use serde_json::Value;

use crate::nta::Home;

const SMALL: [&str; 7] = [
    "forest.trees=20",
    "lstm.hidden=8",
    "lstm.epochs=1",
    "data.train={ simulate: { flows: 6000 } }",
    "split={ strategy: temporal, test: 0.3, validation: 0.1, calibration: 0.1, threshold: 0.1 }",
    "hybrid.budget={ false_positive_rate: 0.1 }",
    "hybrid.combine=auto",
];

fn call(home: &Home, more: &[&str]) -> String {
    let sets = SMALL.iter().flat_map(|set| ["--set", set]);
    let arguments: Vec<&str> =
        ["run", "configs/quickstart.yaml"].into_iter().chain(sets).chain(more.to_vec()).collect();
    home.nta(&arguments).ok().out
}

fn json(home: &Home, more: &[&str]) -> Value {
    serde_json::from_str(&call(home, &[&["--json", "--quiet"], more].concat())).unwrap()
}

#[test]
fn a_run_ships_what_families_left_out_of_training_chose_and_shows_the_plain_average_beside_it() {
    let home = Home::new();
    let outcome = json(&home, &[]);
    let evaluation = &outcome["evaluation"];
    let found = &evaluation["leave_out"];
    let candidates = found["candidates"].as_object().unwrap();
    let names: Vec<&str> = candidates.keys().map(String::as_str).collect();
    assert_eq!(names[..4], ["forest", "lstm", "novelty", "average"]);
    assert!(names.contains(&"surprise of forest and novelty") && names.contains(&"stacking"), "{names:?}");
    let sets = found["left_out"].as_array().unwrap();
    for candidate in candidates.values() {
        assert_eq!(candidate["by_left_out"].as_array().unwrap().len(), sets.len());
        assert!((0.0..=1.0).contains(&candidate["unseen"].as_f64().unwrap()), "{candidate}");
    }
    let mut families: Vec<&str> =
        sets.iter().flat_map(|set| set["families"].as_array().unwrap()).map(|f| f.as_str().unwrap()).collect();
    let n = families.len();
    families.sort_unstable();
    families.dedup();
    assert!(n >= 2 && families.len() == n, "each family is left out once: {families:?}");
    assert!(sets.iter().all(|set| set["benign_group"].is_string()), "{found}");

    let chosen = found["chosen"].as_str().unwrap();
    let folder = std::path::Path::new(outcome["folder"].as_str().unwrap());
    let record = std::fs::read_to_string(folder.join("run.json")).unwrap();
    assert!(record.contains(&format!("\"hybrid.combine\": \"{chosen}\"")), "{record}");
    // Whether the network looks back goes by what it finds by itself.
    let settings = found["settings"].as_array().unwrap();
    let lengths: Vec<&Value> = settings.iter().filter(|s| s["key"] == "lstm.sequence.length").collect();
    assert_eq!(lengths.iter().map(|s| s["value"].as_str().unwrap()).collect::<Vec<_>>(), ["32", "1"]);
    let worth = |setting: &Value| {
        let rate = |key: &str| setting["found"][key].as_f64().unwrap();
        (rate("unseen") + rate("known")) / 2.0
    };
    let taken = usize::from(worth(lengths[1]) > worth(lengths[0]) + 0.01);
    assert!(lengths[taken]["chosen"] == true && lengths[1 - taken]["chosen"] == false, "{lengths:?}");
    let length = lengths[taken]["value"].as_str().unwrap();
    assert!(record.contains(&format!("\"lstm.sequence.length\": \"{length}\"")), "{record}");
    let beside = &evaluation["beside"]["average"];
    assert_eq!(beside["roc_auc"].is_number(), chosen != "average", "{chosen}: {beside}");
    let report = std::fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(report.contains("Families left out of training") && report.contains("(chosen)"));

    // The command that reads no test row finds the same.
    let alone = json(&home, &["--leave-out"]);
    assert_eq!((&alone["candidates"], &alone["left_out"]), (&found["candidates"], &found["left_out"]));
    let shown = call(&home, &["--leave-out", "--quiet"]);
    assert!(shown.contains("best") && shown.contains(chosen), "{shown}");
    assert!(evaluation["verdict"].as_str().unwrap().contains(": it flags"), "{}", evaluation["verdict"]);
}

#[test]
fn families_are_left_out_in_the_groups_that_a_config_names() {
    let home = Home::new();
    let all = json(&home, &["--leave-out"]);
    let family = all["left_out"][0]["families"][0].as_str().unwrap().to_owned();
    let groups = format!("evaluate.groups={{ mine: ['{family}', nobody] }}");
    let one = json(&home, &["--leave-out", "--set", &groups]);
    let sets = one["left_out"].as_array().unwrap();
    assert_eq!(sets.len(), 1);
    assert_eq!((sets[0]["name"].as_str(), sets[0]["families"].clone()), (Some("mine"), serde_json::json!([family])));
}
