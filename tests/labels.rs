//! Labels in all their forms, through the real binary: placeholders, a label for each file, a second file of labels,
//! windows of time and hosts, verdicts of analysts, and files written otherwise than a model's own.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use crate::nta::Home;

/// A home in which `small/1` was trained on flows with hosts and times; `flows.csv` holds them.
fn trained() -> Home {
    let home = Home::new();
    home.write("flows.csv", flows(&|i| if is_attack(i) { "DDoS" } else { "BENIGN" }));
    home.write("schema.yaml", SCHEMA);
    let config = config(&home, "train: 'HERE/flows.csv'");
    home.nta(&["run", &config, "--quiet"]).ok();
    home
}

const SCHEMA: &str = "name: small\norder: end_time\nlabel: { column: Label, benign: [BENIGN] }\n\
                      time: { column: Timestamp, format: '%Y-%m-%d %H:%M:%S' }\nduration: Flow Duration\n\
                      duration_unit: microseconds\nentity: { src: Src IP, dst: Dst IP }\n\
                      numeric: [{ name: Flow Duration }, { name: Bytes }]\n";

const HEAD: &str = "Timestamp,Src IP,Src Port,Dst IP,Dst Port,Protocol,Flow Duration,Bytes";

fn is_attack(i: usize) -> bool {
    i % 4 == 3
}

/// The cells of a flow but for its label.
fn flow(i: usize) -> String {
    let (seconds, attack) = (i % 60, is_attack(i));
    let (src, bytes) = if attack { (9, 900 + i % 337) } else { (i % 7, 100 + i % 501) };
    let time = format!("2024-05-01 {:02}:{:02}:{seconds:02}", 9 + i / 3600, (i / 60) % 60);
    format!("{time},10.0.0.{src},{},192.0.2.1,443,6,{},{bytes}", 1024 + i, 1_000 * (i % 977))
}

fn flows(label: &dyn Fn(usize) -> &'static str) -> String {
    let mut text = format!("{HEAD},Label\n");
    (0..1_200).for_each(|i| writeln!(text, "{},{}", flow(i), label(i)).unwrap());
    text
}

/// A config with this `data`, in which `HERE` is the home.
fn config(home: &Home, data: &str) -> String {
    let here = home.path().display().to_string();
    let data = format!("schema: 'HERE/schema.yaml', {data}").replace("HERE", &here);
    let text = format!(
        "name: small\nchoice: off\ndata: {{ {data} }}\nsplit: {{ test: 0.3, threshold: 0.2 }}\nforest: {{ trees: 5 }}\n\
         lstm: {{ hidden: 4, epochs: 1 }}\nhybrid: {{ budget: {{ false_positive_rate: 0.05 }} }}\n"
    );
    home.write("config.yaml", text).display().to_string()
}

fn at(home: &Home, name: &str) -> String {
    home.path().join(name).display().to_string()
}

fn json(home: &Home, arguments: &[&str]) -> Value {
    serde_json::from_str(&home.nta(&[arguments, &["--json", "--quiet"]].concat()).ok().out).unwrap()
}

#[test]
fn placeholders_judge_nothing_and_labels_that_are_there_do() {
    let home = trained();
    let score = |name: &str, label: &dyn Fn(usize) -> &'static str| {
        let (fresh, out) = (home.write(name, flows(label)), at(&home, "scored.csv"));
        home.nta(&["score", "small", fresh.to_str().unwrap(), "-o", &out]).ok().out
    };
    let said = score("placeholder.csv", &|_| "NeedManualLabel");
    assert!(!said.contains("accuracy") && said.contains("none of 1200 flows carries one"), "{said}");
    assert!(said.contains("`NeedManualLabel` × 1,200"), "{said}");
    let said = score("partly.csv", &|i| {
        if i.is_multiple_of(2) {
            ""
        } else if is_attack(i) {
            "DDoS"
        } else {
            "BENIGN"
        }
    });
    assert!(said.contains("accuracy") && said.contains("judged on 600 of 1200 flows"), "{said}");
    let said = score("all.csv", &|i| if is_attack(i) { "DDoS" } else { "BENIGN" });
    assert!(said.contains("accuracy") && !said.contains("  labels "), "{said}");
}

#[test]
fn a_few_rows_without_a_label_are_left_out_of_training_and_told() {
    let home = Home::new();
    home.write("schema.yaml", SCHEMA);
    home.write(
        "flows.csv",
        flows(&|i| {
            if i == 5 {
                ""
            } else if is_attack(i) {
                "DDoS"
            } else {
                "BENIGN"
            }
        }),
    );
    let plan = home.nta(&["run", &config(&home, "train: 'HERE/flows.csv'"), "--dry-run"]).ok().out;
    assert!(
        plan.contains("rows        1199") && plan.contains("1 row without a label left out (an empty cell × 1)"),
        "{plan}"
    );
}

#[test]
fn each_file_may_be_given_its_label_in_the_config() {
    let home = Home::new();
    home.write("schema.yaml", "name: small\norder: none\nnumeric: [{ name: Bytes }]\n");
    let only = |attack: bool, n: usize| {
        let rows = (0..n * 4).filter(|i| is_attack(*i) == attack).take(n);
        rows.fold(format!("{HEAD}\n"), |text, i| text + &flow(i) + "\n")
    };
    home.write("benign.csv", only(false, 600));
    home.write("mirai/1.csv", only(true, 100));
    home.write("mirai/2.csv", only(true, 110));
    let data = "train: [{ path: 'HERE/benign.csv', label: benign }, { path: 'HERE/mirai/*.csv', label: mirai }]";
    let config_path = config(&home, data);
    let plan = home.nta(&["run", &config_path, "--dry-run"]).ok().out;
    assert!(
        plan.contains("train: labels by file: benign: 600 flows of 1 file · mirai (attack): 210 flows of 2 files"),
        "{plan}"
    );
    let outcome = json(&home, &["run", &config_path]);
    let families = &outcome["evaluation"]["members"]["hybrid"]["families"];
    assert!(families.get("mirai").is_some(), "{families}");
    let alone = data.replace(", label: mirai", "");
    home.nta(&["run", &config(&home, &alone)])
        .refused(2, &["mirai/1.csv lacks the column `label`", "{ path: …, label: … }"]);
    home.write("mirai/1.csv", only(true, 100).replace('\n', ",scan\n").replacen(",scan", ",label", 1));
    home.nta(&["run", &config(&home, data)])
        .refused(2, &["mirai/1.csv, line 2, column `label`: `scan` is a label", "mirai"]);
}

/// Every flow and its label, as another tool would write them.
fn table_of_labels() -> String {
    let mut labels = "time;source ip;source port;destination ip;destination port;class\n".to_owned();
    for i in 0..1_100 {
        let cells = flow(i);
        let cells: Vec<&str> = cells.split(',').collect();
        let class = if is_attack(i) { "DDoS" } else { "normal" };
        writeln!(labels, "{};{};{};{};{};{class}", cells[0], cells[3], cells[4], cells[1], cells[2]).unwrap();
    }
    labels
}

#[test]
fn a_second_file_tells_the_labels_in_training_and_in_judging() {
    let home = trained();
    let bare = (0..1_200).fold(format!("{HEAD}\n"), |text, i| text + &flow(i) + "\n");
    home.write("bare.csv", bare);
    let labels = home.write("labels.csv", table_of_labels());
    let config_path = config(&home, "train: 'HERE/bare.csv', labels: 'HERE/labels.csv'");
    let plan = home.nta(&["run", &config_path, "--dry-run"]).ok().out;
    assert!(
        plan.contains("rows        1100") && plan.contains("1,100 of 1,200 flows have a label in labels.csv"),
        "{plan}"
    );
    assert!(plan.contains("100 not found there"), "{plan}");
    json(&home, &["run", &config_path]);
    let (bare, out) = (at(&home, "bare.csv"), at(&home, "scored.csv"));
    let scored = json(&home, &["score", "small/1", &bare, "-o", &out, "--labels", labels.to_str().unwrap()]);
    assert_eq!((scored["rows"].as_u64(), scored["joined"]["labelled"].as_u64()), (Some(1_200), Some(1_100)));
    assert!(scored["truth"]["forest"]["accuracy"].as_f64().unwrap() > 0.9, "{scored}");

    let windows = "time_zone: UTC\ndefault: benign\nwindows:\n  \
                   - { label: DDoS, from: '2024-05-01 09:00', until: '2024-05-01 10:00', hosts: 10.0.0.9 }\n";
    let windows = home.write("attacks.yaml", windows);
    let by_windows = json(&home, &["score", "small/1", &bare, "-o", &out, "--labels", windows.to_str().unwrap()]);
    assert_eq!(by_windows["joined"]["windows"][0]["rows"].as_u64(), Some(300));
    assert_eq!(by_windows["families"]["DDoS"]["flows"].as_u64(), Some(300));
}

#[test]
fn a_run_is_not_resumed_with_other_labels() {
    let home = Home::new();
    home.write("schema.yaml", SCHEMA);
    home.write("bare.csv", (0..1_200).fold(format!("{HEAD}\n"), |text, i| text + &flow(i) + "\n"));
    home.write("labels.csv", table_of_labels());
    let config_path = config(&home, "train: 'HERE/bare.csv', labels: 'HERE/labels.csv'");
    let run = json(&home, &["run", &config_path]);
    let record = std::fs::read_to_string(Path::new(run["folder"].as_str().unwrap()).join("run.json")).unwrap();
    let record: Value = serde_json::from_str(&record).unwrap();
    assert!(record["digests"].get("labels/labels.csv").is_some(), "{}", record["digests"]);
}

#[test]
fn verdicts_are_kept_once_and_the_last_one_counts() {
    let home = trained();
    let scored = at(&home, "scored.csv");
    home.nta(&["score", "small", &at(&home, "flows.csv"), "-o", &scored, "--quiet"]).ok();
    let text = std::fs::read_to_string(&scored).unwrap();
    let looked_at = |verdict: &dyn Fn(usize) -> &'static str| -> String {
        let rows = text.lines().enumerate().take(41);
        rows.map(|(i, line)| format!("{line},{}\n", if i == 0 { "verdict" } else { verdict(i - 1) })).collect()
    };
    let first = home.write(
        "first.csv",
        looked_at(&|i| if i < 30 { if is_attack(i) { "attack:DDoS" } else { "false_alarm" } } else { "" }),
    );
    let kept = json(&home, &["feedback", "small", first.to_str().unwrap(), "--why", "the first shift"]);
    let count = |kept: &Value| ["kept", "known", "revised", "without"].map(|key| kept[key].as_u64().unwrap());
    assert_eq!(count(&kept), [30, 0, 0, 10]);
    assert_eq!(kept["verdicts"]["false_alarm"].as_u64(), Some(23));
    let again = json(&home, &["feedback", "small", first.to_str().unwrap()]);
    assert_eq!((count(&again), again["file"].is_null()), ([0, 30, 0, 10], true));
    let second = home.write("second.csv", looked_at(&|i| if i < 30 { "benign" } else { "attack" }));
    let kept = json(&home, &["feedback", "small/1", second.to_str().unwrap()]);
    assert_eq!(count(&kept), [40, 0, 30, 0]);
    let listed = json(&home, &["feedback", "small", "--list"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    assert_eq!((listed[0]["rows"].as_u64(), listed[0]["why"].as_str()), (Some(30), Some("the first shift")));
    let third = home.write("third.csv", looked_at(&|i| if i == 12 { "fp?" } else { "" }));
    home.nta(&["feedback", "small", third.to_str().unwrap()])
        .refused(2, &["third.csv, row 13, column `verdict`", "`fp?`"]);
    let all = json(&home, &["feedback", "small", &scored, "--verdict", "benign"]);
    assert_eq!(count(&all), [1_170, 30, 10, 0]);
    assert!(home.nta(&["models"]).ok().out.contains("small/1") && home.nta(&["gc", "--keep", "1"]).code == 0);
    assert_eq!(json(&home, &["feedback", "small", "--list"]).as_array().map(Vec::len), Some(3), "gc leaves it");

    let model = nta_model::Model::load(&home.path().join("models/small/1")).unwrap();
    let schema = std::sync::Arc::new(model.schema.clone());
    let by = model.state.as_ref().map(|state| state.by);
    let contact = nta_pipeline::Contact::default();
    let kept = nta_pipeline::feedback_traffic(home.path(), "small", &schema, by, [7; 16], &contact).unwrap().unwrap();
    assert_eq!((kept.dataset.n_rows(), kept.dataset.n_attacks(), kept.superseded), (1_200, 0, 40));
    assert_eq!((kept.dataset.schema.as_ref(), kept.dataset.entity.len()), (schema.as_ref(), 1_200));
}

#[test]
fn many_processes_keep_each_verdict_once() {
    let home = trained();
    let flows_path = at(&home, "flows.csv");
    let children: Vec<_> = (0..4)
        .map(|_| home.command(&["feedback", "small", &flows_path, "--verdict", "benign", "--json", "--quiet"]))
        .map(|mut command| command.stdout(std::process::Stdio::piped()).spawn().unwrap())
        .collect();
    let kept: u64 = children
        .into_iter()
        .map(|child| {
            let out = child.wait_with_output().unwrap();
            serde_json::from_slice::<Value>(&out.stdout).unwrap()["kept"].as_u64().unwrap()
        })
        .sum();
    assert_eq!(kept, 1_200);
}

#[test]
fn a_file_of_another_tool_is_scored_by_saying_how_it_is_written() {
    let home = trained();
    let mut other = "src_ip;dst_ip;timestamp;flow_duration;octets\n".to_owned();
    for i in 0..1_200 {
        let cells = flow(i);
        let c: Vec<&str> = cells.split(',').collect();
        let seconds = c[6].parse::<f64>().unwrap() / 1e6;
        let time = format!("01/05/2024 {}", &c[0][11..]);
        writeln!(other, "{};{};{time};{seconds};{}", c[1], c[3], c[7]).unwrap();
    }
    let other = home.write("flows2.csv", other).display().to_string();
    let (out, ours) = (at(&home, "other.csv"), at(&home, "ours.csv"));
    home.nta(&["score", "small", &at(&home, "flows.csv"), "-o", &ours, "--sensor", "s"]).ok();
    let plain = ["score", "small", &other, "-o", &out, "--sensor", "s", "--delimiter", ";"];
    home.nta(&plain)
        .refused(2, &["lacks the columns", "--alias 'src_ip=Src IP'", "--alias 'flow_duration=Flow Duration'"]);
    let said = ["--alias", "src_ip=Src IP", "--alias", "dst_ip=Dst IP", "--alias", "flow_duration=Flow Duration"];
    let more = ["--alias", "octets=Bytes", "--time-format", "%d/%m/%Y %H:%M:%S", "--duration-unit", "s"];
    let done = home.nta(&[&plain[..], &said, &more].concat()).ok();
    assert!(!done.out.contains("accuracy"), "{}", done.out);
    let scores = |path: &str| -> Vec<String> {
        let text = std::fs::read_to_string(path).unwrap();
        let head: Vec<&str> = text.lines().next().unwrap().split(',').collect();
        let hybrid = head.iter().position(|h| *h == "hybrid").unwrap();
        text.lines().skip(1).map(|l| l.split(',').nth(hybrid).unwrap().to_owned()).collect()
    };
    assert_eq!(scores(&out), scores(&ours));
}
