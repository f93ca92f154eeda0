//! Models on their way into service and out of it, through the real binary: promoted, rolled back, told of and let go.

use std::path::Path;

use serde_json::Value;

use crate::nta::{Home, root};

/// A home in which two runs of one config made `small/1` and `small/2`.
fn two_versions() -> Home {
    let home = Home::new();
    let row = |i: usize| match i % 5 {
        0 => format!("{},attack\n", 400 + i % 337),
        _ => format!("{},benign\n", 100 + i % 501),
    };
    let rows: String = (0..1_000).map(row).collect();
    home.write("flows.csv", format!("bytes,label\n{rows}"));
    home.write(
        "schema.yaml",
        "name: small\norder: none\nlabel: { column: label, benign: [benign], attack: [attack] }\nnumeric: [{ name: bytes }]\n",
    );
    let place = home.path().display();
    let config = home.write(
        "config.yaml",
        format!(
            "name: small\nchoice: off\ndata: {{ schema: '{place}/schema.yaml', train: '{place}/flows.csv' }}\n\
             split: {{ test: 0.3, threshold: 0.2 }}\nforest: {{ trees: 5 }}\nlstm: {{ hidden: 4, epochs: 1 }}\n\
             hybrid: {{ budget: {{ false_positive_rate: 0.05 }} }}\n"
        ),
    );
    for seed in ["seed=1", "seed=2"] {
        home.nta(&["run", config.to_str().unwrap(), "--set", seed, "--quiet"]).ok();
    }
    home
}

fn json(home: &Home, arguments: &[&str]) -> Value {
    serde_json::from_str(&home.nta(&[arguments, &["--json"]].concat()).ok().out).unwrap()
}

#[test]
fn who_was_champion_when_and_what_it_promised_is_told() {
    let home = two_versions();
    let by_ann = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        crate::nta::Done::from(command.env("USER", "ann\u{1b}[2J").output().unwrap())
    };
    by_ann(&["promote", "small/1", "--why", "the first"]).ok();
    let moved = by_ann(&["promote", "small", "--why", "finds\nmore"]).ok();
    assert_eq!(moved.out, "small@champion now points at small/2, in place of small/1\n");

    let models = json(&home, &["models"]);
    let [one, two] = &models.as_array().unwrap()[..] else { panic!("{models}") };
    assert_eq!((&one["aliases"], &two["aliases"][0]), (&serde_json::json!([]), &Value::from("champion")));
    assert_eq!(one["reigns"][0]["until"], two["reigns"][0]["since"]);
    assert_eq!((&two["reigns"][0]["until"], &two["reigns"][0]["why"]), (&Value::Null, &Value::from("finds\nmore")));
    let run = json(&home, &["show", two["run"].as_str().unwrap()]);
    let promise = &run["evaluation"]["promise"];
    assert!(promise["budget"] == 0.05 && two["promise"] == *promise, "{two}");
    assert_eq!(two["metrics"]["recall"], run["evaluation"]["members"]["hybrid"]["at_budget"]["recall"]);
    let digests: Vec<&str> = two["data"].as_array().unwrap().iter().map(|d| d["sha256"].as_str().unwrap()).collect();
    assert!(!digests.is_empty() && digests.iter().all(|digest| digest.len() == 64));

    let table = home.nta(&["models"]).ok().out;
    for word in ["≤ 5 % ", "small@champion", r"ann\u{1b}[2J@", r"finds\nmore", "now"] {
        assert!(table.contains(word), "`{word}` is not in\n{table}");
    }
    let shown = home.nta(&["models", "show", "small@champion"]).ok().out;
    assert!(shown.starts_with("small/2 · champion\n") && shown.contains("FPR ≤ 5.0 %, observed"), "{shown}");

    home.nta(&["rollback", "small", "--why", "too loud"]).ok();
    let log = json(&home, &["models", "log", "small"]);
    let told: Vec<&Value> = log.as_array().unwrap().iter().map(|change| &change["act"]).collect();
    assert_eq!(told, ["promote", "promote", "rollback"]);
    let (flows, scored) = (home.path().join("flows.csv"), home.path().join("scored.csv"));
    let (flows, scored) = (flows.to_str().unwrap(), scored.to_str().unwrap());
    assert_eq!(json(&home, &["score", "small@champion", flows, "-o", scored])["model"], "small/1");
    home.nta(&["rollback", "small"]).refused(2, &["small@champion cannot go back", "small/1 is the first version"]);
}

/// `n` versions of `toy`, which are all the saved model of this repository.
fn toys(n: u32) -> Home {
    let home = Home::new();
    let saved = root().join("crates/model/tests/data/model-revision-1");
    for number in 1..=n {
        for file in std::fs::read_dir(&saved).unwrap().map(|entry| entry.unwrap().path()) {
            let name = file.file_name().unwrap().to_str().unwrap();
            home.write(&format!("models/toy/{number}/{name}"), std::fs::read(&file).unwrap());
        }
    }
    home
}

fn versions(home: &Path) -> Vec<u32> {
    let names = std::fs::read_dir(home.join("models/toy")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut numbers: Vec<u32> = names.filter_map(|name| name.to_str()?.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn old_versions_go_and_what_is_needed_stays() {
    let home = toys(7);
    home.nta(&["promote", "toy/2"]).ok();
    home.nta(&["promote", "toy/4"]).ok();
    let plan = home.nta(&["gc", "--keep", "2", "--dry-run"]).ok().out;
    assert!(plan.contains("stays: champion can go back to it") && plan.contains("3 would go ("), "{plan}");
    assert_eq!(versions(home.path()), [1, 2, 3, 4, 5, 6, 7]);
    let told = json(&home, &["gc", "--keep", "2"]);
    assert_eq!(told.as_array().unwrap().iter().filter(|one| one["kept"].is_null()).count(), 3);
    assert_eq!(versions(home.path()), [2, 4, 6, 7]);
    home.nta(&["rollback", "toy"]).ok();
    home.nta(&["verify", "toy@champion"]).ok();
    home.nta(&["gc", "--keep", "0"]).refused(2, &["--keep"]);
}

#[test]
fn a_damaged_version_is_not_promoted() {
    let home = toys(2);
    home.nta(&["promote", "toy/1"]).ok();
    home.write("models/toy/2/forest.bin", b"cut");
    home.nta(&["promote", "toy/2"]).refused(2, &["toy/2/forest.bin"]);
    home.nta(&["promote", "toy/3"]).refused(2, &["toy has the versions 1, 2"]);
    home.nta(&["promote", "toy/1", "--alias", "a/b"]).refused(2, &["a/b"]);
    assert_eq!(json(&home, &["models", "log", "toy"]).as_array().unwrap().len(), 1);
}
