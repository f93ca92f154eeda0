//! `nta init`: a file becomes a config that runs as it is, and configs/csv.yaml takes any file.

use std::fmt::Write;

use crate::nta::Home;

/// Settings that train in a moment.
const SMALL: [&str; 6] = ["--set", "forest.trees=8", "--set", "lstm.epochs=1", "--set", "lstm.hidden=8"];

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

fn example() -> String {
    std::fs::read_to_string(crate::nta::root().join("data/example.csv")).unwrap()
}

/// The five columns of the original demo.
fn five_columns() -> String {
    let keep = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        [1, 9, 10, 13, 14].map(|i| cells[i]).join(",") + "\n"
    };
    example().lines().map(keep).collect()
}

/// Flows of eight hosts, 20 s apart, a fifth of them attacks with more bytes; `header` names the columns that `row` gives.
fn made(header: &str, row: impl Fn(usize, bool) -> String) -> String {
    let mut text = format!("{header}\n");
    for i in 0..600usize {
        let _ = writeln!(text, "{}", row(i, i * 7_919 % 5 == 0));
    }
    text
}

fn time(i: usize) -> String {
    format!("2024-05-01 {:02}:{:02}:{:02}", 9 + i * 20 / 3600, i * 20 / 60 % 60, i * 20 % 60)
}

/// A layout that is built in nowhere.
fn drafted() -> String {
    made("Timestamp,Src IP,Bytes,Proto,Label", |i, attack| {
        let bytes = if attack { 9_000 + i } else { 100 + i * 37 % 800 };
        let (host, label) = (i % 8, if attack { "DDoS" } else { "Benign" });
        format!("{},192.0.2.{host},{bytes},{},{label}", time(i), ["tcp", "udp"][i % 2])
    })
}

/// The config that `nta init` makes of `text`, and its answer.
fn init(home: &Home, text: &str) -> (String, serde_json::Value) {
    let flows = home.write("my-flows.csv", text);
    let config = home.path().join("made.yaml").display().to_string();
    let answer = home.nta(&["init", flows.to_str().unwrap(), "-o", &config, "--json"]).ok();
    (config, json(&answer.out))
}

fn guess<'a>(answer: &'a serde_json::Value, key: &str) -> &'a serde_json::Value {
    answer["guesses"].as_array().unwrap().iter().find(|g| g["key"] == key).unwrap_or_else(|| panic!("{key}: {answer}"))
}

#[test]
fn a_built_in_schema_is_recognised_and_the_config_runs_as_it_is() {
    for (text, by, strategy) in [(example(), "src", "temporal"), (five_columns(), "none", "stratified")] {
        let home = Home::new();
        let (config, answer) = init(&home, &text);
        assert_eq!((&answer["builtin"], &answer["schema"]), (&"nta".into(), &serde_json::Value::Null));
        assert_eq!(answer["plan"]["rows"], 4_004);
        assert_eq!(guess(&answer, "lstm.sequence.by")["becomes"], by);
        assert_eq!(guess(&answer, "split.strategy")["becomes"], strategy);
        let run = json(&home.nta(&[&["run", &config, "--json", "--quiet"], &SMALL[..]].concat()).ok().out);
        let record = std::fs::read_to_string(std::path::Path::new(run["folder"].as_str().unwrap()).join("run.json"));
        let settled = &json(&record.unwrap())["settled"];
        assert_eq!((&settled["lstm.sequence.by"], &settled["split.strategy"]), (&by.into(), &strategy.into()));
        assert!(settled["hybrid.budget.false_positive_rate"].is_string(), "{settled}");
    }
}

#[test]
fn a_drafted_schema_stands_beside_the_config_and_each_guess_names_its_line() {
    let home = Home::new();
    let (config, answer) = init(&home, &drafted());
    assert_eq!(answer["builtin"], serde_json::Value::Null);
    let schema = std::fs::read_to_string(answer["schema"].as_str().unwrap()).unwrap();
    for (key, holds) in [("label.benign", "Benign"), ("time.column", "Timestamp"), ("numeric", "numeric:")] {
        let line = guess(&answer, key)["line"].as_u64().unwrap() as usize;
        assert!(schema.lines().nth(line - 1).unwrap().contains(holds), "{key} at {line} of\n{schema}");
    }
    let said = home.nta(&[&["run", &config][..], &SMALL[..]].concat()).ok();
    assert!(said.err.contains("chosen by the data: `lstm.sequence.by: src`"), "{}", said.err);
    assert!(said.err.contains("benign rows of the threshold part support"), "{}", said.err);
}

#[test]
fn what_is_there_is_not_overwritten_unless_that_is_asked_for() {
    let home = Home::new();
    let (config, _) = init(&home, &drafted());
    let flows = home.path().join("my-flows.csv").display().to_string();
    home.nta(&["init", &flows, "-o", &config]).refused(2, &["made.yaml is there already", "--force"]);
    std::fs::remove_file(&config).unwrap();
    home.nta(&["init", &flows, "-o", &config]).refused(2, &["made.schema.yaml is there already"]);
    home.nta(&["init", &flows, "-o", &config, "--force"]).ok();
}

#[test]
fn from_a_file_to_a_judged_model_takes_one_command() {
    let home = Home::new();
    let text: String = drafted().lines().take(301).map(|line| format!("{line}\n")).collect();
    let flows = home.write("my-flows.csv", text);
    let folder = home.path().display().to_string();
    let done = home.nta(&["init", flows.to_str().unwrap(), "-o", &folder, "--run", "--json"]).ok();
    assert!(json(&done.out)["evaluation"]["members"]["hybrid"].is_object());
    assert!(done.err.contains("to change it"), "the guesses are told beside the run:\n{}", done.err);
    assert!(home.path().join("my-flows.yaml").is_file());
}

#[test]
fn a_file_without_labels_gets_its_config_and_is_told_what_it_lacks() {
    let home = Home::new();
    let text = made("Timestamp,Src IP,Bytes", |i, _| format!("{},192.0.2.{},{i}", time(i), i % 8));
    let flows = home.write("my-flows.csv", text);
    let config = home.path().join("made.yaml").display().to_string();
    let done = home.nta(&["init", flows.to_str().unwrap(), "-o", &config]);
    assert!(done.out.contains("none found"), "{}", done.out);
    done.refused(2, &["does not run yet", "label"]);
}

#[test]
fn files_of_one_kind_each_are_labelled_by_their_names() {
    let home = Home::new();
    let [benign, mirai] = [("benign.csv", 100), ("mirai.csv", 9_000)].map(|(name, bytes)| {
        let text = made("bytes,packets", |i, _| format!("{},{}", bytes + i * 37 % 800, i % 9));
        home.write(name, text).display().to_string()
    });
    let config = home.path().join("made.yaml").display().to_string();
    let answer = json(&home.nta(&["init", &benign, &mirai, "-o", &config, "--json"]).ok().out);
    assert_eq!(guess(&answer, "data.train")["values"], serde_json::json!(["benign.csv benign", "mirai.csv mirai"]));
    home.nta(&[&["run", &config, "--quiet"][..], &SMALL[..]].concat()).ok();
}

#[test]
fn the_config_to_copy_takes_any_file_and_keeps_the_schema_that_it_drafts() {
    let home = Home::new();
    for text in [five_columns(), drafted()] {
        let flows = format!("data.train={}", home.write("my-flows.csv", &text).display());
        let arguments = ["run", "configs/csv.yaml", "--set", "choice=off", "--json", "--set", &flows];
        let done = home.nta(&[&arguments[..], &SMALL[..]].concat()).ok();
        let folder = json(&done.out)["folder"].as_str().unwrap().to_owned();
        let kept = std::path::Path::new(&folder).join("schema.yaml").is_file();
        assert_eq!(kept, text.starts_with("Timestamp"), "{}", done.err);
        assert!(done.err.contains("chosen by the data: `data.schema: "), "{}", done.err);
        let report = std::fs::read_to_string(std::path::Path::new(&folder).join("report.html")).unwrap();
        assert!(report.contains("Left to the data by the config"));
    }
}
