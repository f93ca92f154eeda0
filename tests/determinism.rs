//! Threads and batches change no bit; a seed does. (Kills and resumes: scripts/check/kill_resume.sh.)

use std::path::Path;

use crate::nta::Home;

const SMALL: [&str; 10] = [
    "--set",
    "data.train={simulate: {flows: 12000, hosts: 30}}",
    "--set",
    "forest.trees=20",
    "--set",
    "lstm.hidden=16",
    "--set",
    "lstm.epochs=2",
    "--set",
    "hybrid.budget={false_positive_rate: 0.05}",
];

fn run(home: &Home, extra: &[&str]) {
    let arguments: Vec<&str> = ["run", "configs/quickstart.yaml"].iter().chain(&SMALL).chain(extra).copied().collect();
    home.nta(&arguments).ok();
}

fn file(home: &Home, name: &str) -> Vec<u8> {
    let found = home.files().into_iter().find(|f| f.ends_with(name)).unwrap_or_else(|| panic!("no {name}"));
    std::fs::read(home.path().join(found)).unwrap()
}

#[test]
fn one_thread_or_two_give_the_same_evaluation_and_the_same_model() {
    for (choice, members) in
        [("off", &["forest", "lstm", "hybrid"][..]), ("auto", &["forest", "lstm", "novelty", "hybrid"])]
    {
        same_with_one_thread_or_two(&format!("choice={choice}"), members);
    }
}

fn same_with_one_thread_or_two(choice: &str, members: &[&str]) {
    let (one, two) = (Home::new(), Home::new());
    run(&one, &["--set", choice, "--threads", "1"]);
    run(&two, &["--set", choice, "--threads", "2"]);
    assert_eq!(file(&one, "evaluation.json"), file(&two, "evaluation.json"));
    for part in ["forest.bin", "lstm.safetensors", "preprocessor.json", "hybrid.json", "scoring.json", "profile.json"] {
        assert!(file(&one, part) == file(&two, part), "{part} differs");
    }
    let profile: serde_json::Value = serde_json::from_slice(&file(&one, "profile.json")).unwrap();
    let scores: Vec<&str> = profile["scores"].as_array().unwrap().iter().filter_map(|s| s["name"].as_str()).collect();
    assert_eq!(scores, members);
    assert!(profile["rows"].as_u64().unwrap() > 4_000 && !profile["numeric"].as_array().unwrap().is_empty());
    assert!(String::from_utf8(file(&one, "report.html")).unwrap().contains("Training profile"));
}

#[test]
fn another_seed_gives_other_members_on_the_same_file() {
    let (one, two) = (Home::new(), Home::new());
    let example =
        ["run", "configs/csv.yaml", "--set", "choice=off", "--set", "forest.trees=5", "--set", "lstm.epochs=1"];
    one.nta(&example).ok();
    two.nta(&[&example[..], &["--set", "seed=8"]].concat()).ok();
    for part in ["forest.bin", "lstm.safetensors"] {
        assert!(file(&one, part) != file(&two, part), "{part} is the same");
    }
}

#[test]
fn a_file_scored_in_batches_of_1_7_and_all_gives_the_same_bytes() {
    let home = Home::new();
    run(&home, &["--set", "choice=off"]);
    let flows = home.path().join("flows.csv");
    let flows = flows.to_str().unwrap();
    home.nta(&["simulate", "--seed", "11", "--set", "flows=1500", "-o", flows]).ok();
    let score = |batch: &str| {
        let out = home.path().join(format!("scored-{batch}.csv"));
        home.nta(&["score", "quickstart", flows, "-o", out.to_str().unwrap(), "--batch", batch]).ok();
        std::fs::read_to_string(Path::new(&out)).unwrap()
    };
    let all = score("100000");
    assert!(all.lines().count() > 1_000);
    assert!(all.lines().next().unwrap().ends_with("forest,lstm,hybrid,probability,flagged"));
    assert!(score("7") == all, "batches of 7 differ");
    assert!(score("1") == all, "batches of 1 differ");
}
