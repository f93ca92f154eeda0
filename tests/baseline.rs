//! Benign flows of a site make a promise for that site: kept on its fresh flows, refused where attacks are among them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::nta::Home;

const TRAIN: [&str; 9] = [
    "forest.trees=20",
    "lstm.hidden=8",
    "lstm.epochs=1",
    "data.train={ simulate: { flows: 6000 } }",
    "split.test=0.35",
    "split.validation=0.1",
    "split.calibration=0.1",
    "density={}",
    "hybrid.budget={ false_positive_rate: 0.1 }",
];

fn trained(home: &Home) -> Value {
    let sets = TRAIN.iter().flat_map(|set| ["--set", set]);
    let arguments: Vec<&str> =
        ["run", "configs/quickstart.yaml", "--quiet", "--json"].into_iter().chain(sets).collect();
    json(home, &arguments)
}

fn json(home: &Home, arguments: &[&str]) -> Value {
    serde_json::from_str(&home.nta(arguments).ok().out).unwrap()
}

/// Flows of another site than that of the training; `attacks` of 20 are some.
fn site(home: &Home, name: &str, attacks: &str, lines: std::ops::Range<usize>) -> PathBuf {
    let all = home.path().join(format!("all-{name}"));
    let share = format!("attack_share={attacks}");
    let sets = ["--set", "flows=4000", "--set", "hosts=24", "--set", &share];
    let simulate = ["simulate", "--seed", "11", "-o", all.to_str().unwrap()];
    home.nta(&[&simulate[..], &sets[..]].concat()).ok();
    let text = std::fs::read_to_string(all).unwrap();
    let mut kept = text.lines().skip(1).skip(lines.start).take(lines.len()).collect::<Vec<_>>();
    kept.insert(0, text.lines().next().unwrap());
    home.write(name, kept.join("\n") + "\n")
}

fn scored(home: &Home, model: &str, flows: &Path) -> Value {
    let out = home.path().join("scored.csv");
    json(home, &["score", model, flows.to_str().unwrap(), "-o", out.to_str().unwrap(), "--json", "--quiet"])
}

#[test]
fn a_sites_promise_is_kept_on_its_fresh_flows_and_goes_with_the_version() {
    let home = Home::new();
    let run = trained(&home);
    let found = &run["evaluation"]["moved"];
    assert!(found["auc"].as_f64().unwrap() < 0.7 && found["moved"] == false, "{found}");
    let (first, fresh) = (site(&home, "first.csv", "0", 0..1_000), site(&home, "fresh.csv", "0", 1_000..4_000));
    let asked = ["baseline", "quickstart", first.to_str().unwrap(), "--verified", "--accept", "--json", "--quiet"];
    let made = json(&home, &asked);
    assert_eq!((&made["model"], &made["parent"]), (&"quickstart/2".into(), &"quickstart/1".into()));
    assert_eq!((&made["site"]["rows"], &made["site"]["weight"]), (&1_000.into(), &5.0.into()));
    assert!(
        made["thresholds"].as_array().unwrap().iter().all(|told| told["flagged"].as_f64().unwrap() <= 0.1),
        "{made}"
    );
    // The same flows again make no further version.
    assert_eq!(
        json(&home, &["baseline", "quickstart/1", asked[2], "--verified", "--accept", "--json"])["model"],
        "quickstart/2"
    );

    let before = scored(&home, "quickstart/1", &fresh);
    let after = scored(&home, "quickstart/2", &fresh);
    let rate = |outcome: &Value| outcome["truth"]["hybrid"]["fpr"].as_f64().unwrap();
    assert!(rate(&after) <= 0.1, "{} before, {} after", rate(&before), rate(&after));
    assert_eq!(after["promise"]["of_site"], true);
    assert_eq!(before["promise"]["of_site"], false);

    let shown = home.nta(&["models", "show", "quickstart/2"]).ok().out;
    assert!(shown.contains("made from   quickstart/1") && shown.contains("1,000 verified flows"), "{shown}");
    assert!(shown.contains("FPR ≤ 10.00 % at 95 % confidence, for traffic like this site's"), "{shown}");
    home.nta(&["promote", "quickstart/2"]).ok();
    home.nta(&["publish", "quickstart/2", "-o", home.path().join("published").to_str().unwrap()]).ok();
}

#[test]
fn unverified_flows_set_thresholds_alone_and_the_promise_says_so() {
    let home = Home::new();
    trained(&home);
    let flows = site(&home, "first.csv", "0", 0..600);
    let made = home.nta(&["baseline", "quickstart", flows.to_str().unwrap(), "--accept"]).ok();
    assert!(made.out.contains("FPR ≤ 11.00 %") && made.out.contains("which may be attacks"), "{}", made.out);
    assert!(made.out.contains("not verified and set thresholds alone"), "{}", made.out);
    let folder = |number: u32| home.path().join(format!("models/quickstart/{number}/novelty.json"));
    assert_eq!(std::fs::read(folder(1)).unwrap(), std::fs::read(folder(2)).unwrap());
}

#[test]
fn what_is_no_baseline_is_refused_with_its_row_and_leaves_no_version() {
    let home = Home::new();
    trained(&home);
    let attacks = site(&home, "attacks.csv", "0.2", 0..3_000);
    let path = attacks.to_str().unwrap();
    home.nta(&["baseline", "quickstart", path, "--verified"])
        .refused(2, &["attacks.csv, row ", "labelled as an attack"]);
    let unlabelled: String = std::fs::read_to_string(&attacks)
        .unwrap()
        .lines()
        .map(|line| line.rsplitn(3, ',').last().unwrap().to_owned() + "\n")
        .collect();
    let hidden = home.write("hidden.csv", unlabelled);
    let said = ["score like known attacks", "hidden.csv, row ", "--accept"];
    home.nta(&["baseline", "quickstart", hidden.to_str().unwrap(), "--verified"]).refused(2, &said);
    let few = site(&home, "few.csv", "0", 0..20);
    let said = ["20 benign flows", "needs 29", "--budget 0.1392"];
    home.nta(&["baseline", "quickstart", few.to_str().unwrap(), "--verified", "--accept"]).refused(2, &said);
    assert!(!home.path().join("models/quickstart/2").exists());
}
