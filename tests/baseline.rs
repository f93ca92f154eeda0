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
    trained_with(home, &[])
}

fn trained_with(home: &Home, more: &[&'static str]) -> Value {
    let sets = TRAIN.iter().chain(more).flat_map(|set| ["--set", set]);
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

/// The members have learned every attack of the training: trees judge those that they have not drawn, novelty learned none.
#[test]
fn verified_flows_join_the_forest_and_choose_the_fusion_where_members_were_fitted_on_all_rows() {
    let home = Home::new();
    let run = trained(&home);
    assert!(run["evaluation"]["cross_fitted"]["rows"].as_u64().unwrap() > 3_000, "{run}");
    let flows = site(&home, "first.csv", "0", 0..1_000);
    let asked = ["baseline", "quickstart/1", flows.to_str().unwrap(), "--verified", "--accept"];
    let made = json(&home, &[&asked[..], &["--json", "--quiet"]].concat());
    assert_eq!(made["site"]["joined"], serde_json::json!(["forest", "novelty"]), "{made}");
    let file = |version: u32, name: &str| home.path().join(format!("models/quickstart/{version}/{name}"));
    let bytes = |version: u32, name: &str| std::fs::read(file(version, name)).unwrap();
    assert!(bytes(1, "forest.bin") != bytes(2, "forest.bin"));
    let choice = &made["site"]["choice"];
    assert_eq!((&choice["out_of_bag"], &choice["unjudged"]), (&true.into(), &serde_json::json!(["lstm"])), "{made}");
    let candidates = choice["candidates"].as_array().unwrap();
    let named = |name: &str| candidates.iter().find(|one| one["name"] == name);
    assert!(named("lstm").is_none() && named("surprise").is_none() && named("average").is_none(), "{choice}");
    let chosen = named(choice["chosen"].as_str().unwrap()).unwrap();
    assert!(choice["attacks"].as_u64().unwrap() > 100 && chosen["recall"].as_f64().unwrap() > 0.2, "{choice}");
    assert!(named("forest").is_some() && named("surprise of forest and novelty").is_some(), "{choice}");
    let shown = home.nta(&["models", "show", "quickstart/2"]).ok().out;
    let said = ["attacks by trees that have not drawn them", "no fusion with lstm was judged"];
    assert!(said.iter().all(|said| shown.contains(said)), "{shown}");
}

#[test]
fn unverified_flows_set_thresholds_alone_and_the_promise_says_so() {
    let home = Home::new();
    trained(&home);
    let flows = site(&home, "first.csv", "0", 0..600);
    let made = home.nta(&["baseline", "quickstart", flows.to_str().unwrap(), "--accept"]).ok();
    assert!(made.out.contains("FPR ≤ ") && made.out.contains("which may be attacks"), "{}", made.out);
    // More than the budget of .1 and the share that was trimmed, for both are estimates.
    let told = json(&home, &["baseline", "quickstart/1", flows.to_str().unwrap(), "--accept", "--json", "--quiet"]);
    let promised = told["site"]["budget"].as_f64().unwrap();
    assert!((0.11..0.2).contains(&promised), "{promised}");
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

#[test]
fn a_budget_in_alerts_a_day_is_a_share_of_the_flows_of_a_day() {
    let home = Home::new();
    trained(&home);
    let flows = site(&home, "first.csv", "0", 0..1_000);
    let path = flows.to_str().unwrap();
    let asked = ["baseline", "quickstart", path, "--verified", "--accept", "--all-hosts", "--json", "--quiet"];
    let stated = json(&home, &[&asked[..], &["--alerts-per-day", "50", "--flows-per-day", "1000"]].concat());
    assert_eq!(stated["site"]["budget"], 0.05, "{stated}");
    assert_eq!(stated["site"]["per_day"], serde_json::json!({ "flows": 1000.0, "stated": true }));
    let told = json(&home, &[&asked[..], &["--alerts-per-day", "50"]].concat());
    let flows_a_day = told["site"]["per_day"]["flows"].as_f64().unwrap();
    assert!((told["site"]["budget"].as_f64().unwrap() - 50.0 / flows_a_day).abs() < 1e-9, "{told}");
    let shown = home.nta(&["models", "show", "quickstart/2"]).ok().out;
    assert!(shown.contains("up to 50 false ones a day of 1,000 flows (stated)"), "{shown}");
    home.nta(&["baseline", "quickstart", path, "--alerts-per-day", "50", "--flows-per-day", "20"])
        .refused(2, &["50 alerts a day", "--flows-per-day"]);
}

#[test]
fn thresholds_by_groups_say_so_and_flows_of_few_hosts_promise_less() {
    let home = Home::new();
    trained(&home);
    let flows = site(&home, "first.csv", "0", 0..3_000);
    let asked = ["baseline", "quickstart", flows.to_str().unwrap(), "--verified", "--accept", "--quiet"];
    let by_service = home.nta(&[&asked[..], &["--groups", "service"]].concat()).ok().out;
    assert!(by_service.contains("chosen as ≤ 10.00 % in 90 % of the services"), "{by_service}");
    // The flows of three hosts alone.
    let text = std::fs::read_to_string(&flows).unwrap();
    let place = text.lines().next().unwrap().split(',').position(|name| name == "src").unwrap();
    let host = |line: &str| line.split(',').nth(place).unwrap_or_default().to_owned();
    let mut counts: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    text.lines().skip(1).for_each(|line| *counts.entry(host(line)).or_default() += 1);
    let mut loudest: Vec<(usize, String)> = counts.into_iter().map(|(host, n)| (n, host)).collect();
    loudest.sort();
    let few: Vec<String> = loudest.iter().rev().take(3).map(|(_, host)| host.clone()).collect();
    let kept = text.lines().enumerate().filter(|(i, line)| *i == 0 || few.contains(&host(line)));
    let kept: String = kept.map(|(_, line)| line.to_owned() + "\n").collect();
    let few = home.write("few.csv", kept);
    let asked = ["baseline", "quickstart/1", few.to_str().unwrap(), "--verified", "--accept", "--json", "--quiet"];
    let made = json(&home, &asked);
    let units = &made["site"]["units"];
    assert_eq!((&units["by"], &units["n"], &units["hosts"]), (&"hosts".into(), &3.into(), &3.into()), "{made}");
    assert!(made["site"]["budget"].as_f64().unwrap() > 0.1, "{made}");
    // The same flows in two files are of the same three hosts; and what later traffic shows is held against what they could promise.
    let text = std::fs::read_to_string(&few).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let (first, second) = rows.split_at(rows[..rows.len() / 2].rfind('\n').unwrap() + 1);
    let halves =
        [("one.csv", first), ("two.csv", second)].map(|(name, half)| home.write(name, format!("{header}\n{half}")));
    let [one, two] = halves.each_ref().map(|path| path.to_str().unwrap());
    let halves = ["baseline", "quickstart/1", one, two, "--verified", "--accept", "--json", "--quiet"];
    let in_two = json(&home, &halves);
    assert_eq!(in_two["site"]["units"]["hosts"], 3, "{in_two}");
    let version = in_two["model"].as_str().unwrap();
    let drift = home.nta(&["drift", version, flows.to_str().unwrap(), "--json", "--quiet"]);
    let drift: Value = serde_json::from_str(&drift.out).unwrap();
    assert_eq!(drift["promise"]["budget"], in_two["site"]["budget"], "the promise made, not the budget asked for");
    let all = json(&home, &[&asked[..], &["--all-hosts"]].concat());
    assert_eq!((&all["site"]["units"]["by"], &all["site"]["units"]["all_hosts"]), (&"stretches".into(), &true.into()));
}

#[test]
fn verdicts_on_alerts_raise_the_threshold_until_the_budget_is_kept() {
    let home = Home::new();
    trained_with(&home, &["choice=off"]);
    let shown = home.nta(&["models", "show", "quickstart", "--json"]).ok().out;
    assert!(!shown.contains("verdicts"), "{shown}");
    let alert = |i: u32| format!("{},{}\n", 0.9 + f64::from(i) / 10_000.0, i.is_multiple_of(10));
    let table = |n: u32| -> String { std::iter::once("score,verdict\n".to_owned()).chain((0..n).map(alert)).collect() };
    let many = home.write("alerts.csv", table(500));
    let asked = ["verdicts", "quickstart", many.to_str().unwrap(), "--flows", "2000"];
    let made = json(&home, &[&asked[..], &["--json"]].concat());
    let told = &made["verdicts"];
    assert_eq!((&made["model"], &made["parent"]), (&"quickstart/2".into(), &"quickstart/1".into()));
    assert_eq!((&told["alerts"], &told["false_alarms"], &told["without"]), (&500.into(), &450.into(), &0.into()));
    assert!(told["above"].as_u64().unwrap() < 450 && told["promised"].as_f64().unwrap() <= 0.1, "{made}");
    let shown = home.nta(&["models", "show", "quickstart/2"]).ok().out;
    assert!(shown.contains("500 alerts of 2,000 flows, 450 of them false"), "{shown}");
    // The same verdicts of ten times as many flows ask for nothing.
    let stays = json(&home, &["verdicts", "quickstart/1", asked[2], "--flows", "20000", "--json"]);
    assert_eq!((&stays["model"], &stays["value"]), (&Value::Null, &stays["verdicts"]["before"]));
    // Of one host they show less, so the threshold rises; what they show of the version that raised them is kept.
    let of_host = table(500).replace('\n', ",10.0.0.7\n").replace("verdict,10.0.0.7", "verdict,src");
    let of_host = home.write("of-host.csv", of_host);
    let shown = home.nta(&["verdicts", "quickstart/1", of_host.to_str().unwrap(), "--flows", "20000"]).ok().out;
    assert!(shown.contains("false alarms of one host, as much as") && shown.contains("lie above it now"), "{shown}");
    let log = std::fs::read_to_string(home.path().join("models/quickstart/promises.jsonl")).unwrap();
    let looks: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let first = &looks[0];
    assert_eq!((&first["by"], &first["version"], &first["false_alarms"]), (&"verdicts".into(), &1.into(), &450.into()));
    assert!(first["interval"][0].as_f64().unwrap() > 0.1 && looks.last().unwrap()["interval"].is_null(), "{log}");
    let wrong = home.write("wrong.csv", "score,verdict\n0.99,perhaps\n");
    home.nta(&["verdicts", "quickstart/1", wrong.to_str().unwrap(), "--flows", "2000"])
        .refused(2, &["wrong.csv, row 1, column `verdict`", "perhaps"]);
}
