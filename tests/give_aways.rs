//! A column that gives the label away, or says which row it is, stands first and stops the run unless it is accepted by
//! name; honest measurements that are strong do not; a draft takes the former out of the features.

use std::fmt::Write;
use std::path::Path;

use crate::nta::{Home, real};

const CONFIG: &str = "\
name: flows
choice: off
data: { schema: schema.yaml, train: flows.csv }
split: { test: 0.3, threshold: 0.2 }
forest: { trees: 10 }
lstm: { hidden: 4, epochs: 1, sequence: { by: auto } }
hybrid: { budget: { false_positive_rate: 0.05 } }
";

/// Numbers from 0 up to below `n`, as good as drawn.
fn draw(i: usize, salt: usize, n: usize) -> usize {
    let x = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add((salt as u64) << 32);
    let x = (x ^ (x >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((x ^ (x >> 29)) % n as u64) as usize
}

const TYPES: [&str; 3] = ["dos", "portScan", "bruteForce"];

fn attack_of(i: usize) -> Option<&'static str> {
    (draw(i, 1, 10) < 3).then(|| TYPES[draw(i, 2, 3)])
}

/// 1,500 flows of two weak features and one more, by its row and attack type.
fn flows(extra: impl Fn(usize, Option<&str>) -> String) -> String {
    let mut text = "bytes,packets,extra,label\n".to_owned();
    for i in 0..1_500 {
        let attack = attack_of(i);
        let bytes = 40 + draw(i, 3, 3_000) + if attack.is_some() { 500 } else { 0 };
        let label = if attack.is_some() { "attack" } else { "benign" };
        let _ = writeln!(text, "{bytes},{},{},{label}", 1 + draw(i, 4, 30), extra(i, attack));
    }
    text
}

/// A project of one file, `extra` read as `numeric` or `categorical`.
fn project(kind: &str, extra: impl Fn(usize, Option<&str>) -> String) -> Home {
    let home = Home::new();
    home.write("flows.csv", flows(extra));
    let (numbers, texts) = if kind == "numeric" { (", { name: extra }", "") } else { ("", "{ name: extra }") };
    let schema = format!(
        "name: flows\norder: none\nlabel: {{ column: label, benign: [benign], attack: [attack] }}\n\
         numeric: [{{ name: bytes }}, {{ name: packets }}{numbers}]\ncategorical: [{texts}]\n"
    );
    home.write("schema.yaml", schema);
    home.write("configs/flows.yaml", CONFIG);
    home
}

fn config(home: &Home) -> String {
    home.path().join("configs/flows.yaml").to_str().unwrap().to_owned()
}

/// The run is stopped before anything is learned, for the reason that `words` give, and leaves nothing.
fn stopped(home: &Home, words: &[&str]) {
    let config = config(home);
    let all = [&["`extra`", "nothing was trained", "--set 'data.accepted=[extra]'"], words].concat();
    home.nta(&["run", &config]).refused(3, &all);
    let left: Vec<_> = home.files().into_iter().filter(|f| f.starts_with("experiments/flows")).collect();
    assert!(left.iter().all(|f| !f.to_string_lossy().contains("run.json")), "{left:?}");
    let plan = home.nta(&["run", &config, "--dry-run"]);
    assert!(plan.out.starts_with("  give-away   column `extra`: "), "{}", plan.out);
    plan.refused(3, &["`extra`"]);
    home.nta(&["run", &config, "--leave-out"]).refused(3, &["`extra`"]);
    home.nta(&["run", &config, "--set", "data.accepted=[extra]", "--dry-run"]).ok();
}

#[test]
fn a_second_truth_column_stops_the_run_whatever_it_is_called_and_however_it_is_coded() {
    let twin = |_: usize, attack: Option<&str>| attack.unwrap_or("---").to_owned();
    stopped(&project("categorical", twin), &["tells attacks from benign", "a few values, each of one class"]);
    let coded = |_: usize, attack: Option<&str>| attack.map_or(0, |a| 7 + a.len()).to_string();
    stopped(&project("numeric", coded), &["a few values, each of one class"]);
    let ticket = |i: usize, attack: Option<&str>| attack.map_or(String::new(), |_| (1_000 + i).to_string());
    stopped(&project("numeric", ticket), &["one class has one value throughout"]);
    let risk = |i: usize, attack: Option<&str>| {
        format!("{:.4}", if attack.is_some() { 0.9 } else { 0.1 } + draw(i, 5, 900) as f64 / 10_000.0)
    };
    stopped(&project("numeric", risk), &["two clumps"]);
}

#[test]
fn a_column_that_is_never_wrong_on_thousands_of_rows_stops_the_run_unless_it_names_a_measurement() {
    // Neither a code nor clumps: two bands of numbers, each wider than the gap between them.
    let mut text = "bytes,packets,extra,size,label\n".to_owned();
    for i in 0..60_000 {
        let attack = draw(i, 1, 2) == 0;
        let band = |salt: usize| if attack { 1_000_000 + draw(i, salt, 900_000) } else { draw(i, salt, 900_000) };
        let label = if attack { "attack" } else { "benign" };
        let _ = writeln!(text, "{},{},{},{},{label}", 40 + draw(i, 3, 3_000), draw(i, 6, 30), band(4), band(5));
    }
    let home = project("numeric", |_, _| "0".to_owned());
    home.write("flows.csv", text);
    stopped(&home, &["wrong on 0 of ", "its name speaks of none"]);
    let schema = std::fs::read_to_string(home.path().join("schema.yaml")).unwrap();
    home.write("schema.yaml", schema.replace("{ name: extra }", "{ name: size }"));
    let plan = home.nta(&["run", &config(&home), "--dry-run"]).ok().out;
    assert!(plan.contains("(balanced accuracy): size 100.0 %"), "{plan}");
}

#[test]
fn a_column_that_says_which_row_it_is_stops_the_run() {
    stopped(&project("numeric", |i, _| (i + 1).to_string()), &["a counter"]);
    stopped(&project("numeric", |i, _| (i * 617 % 1_511).to_string()), &["an identifier"]);
    stopped(
        &project("numeric", |i, _| format!("{}", 1_700_000_000_000u64 + 500 * draw(i, 6, 9_000) as u64)),
        &["milliseconds"],
    );
    stopped(&project("categorical", |i, _| format!("C{}x", i * 31)), &["an identifier"]);
    let joined = |i: usize, _: Option<&str>| format!("192.0.2.{}-203.0.113.{}-443-6", draw(i, 7, 9), draw(i, 8, 5));
    stopped(&project("categorical", joined), &["holds addresses", "192.0.2."]);
}

#[test]
fn strong_measurements_are_noted_with_their_number_and_stop_nothing() {
    let flood = |i: usize, attack: Option<&str>| match attack {
        Some(_) => (2_000 + draw(i, 9, 40_000)).to_string(),
        None => (1 + draw(i, 9, 2_000)).to_string(),
    };
    let home = project("numeric", flood);
    let done = home.nta(&["run", &config(&home), "--json"]).ok();
    assert!(done.err.contains("note        alone, held out, columns tell attacks"), "{}", done.err);
    assert!(done.err.contains("(balanced accuracy): extra "), "{}", done.err);
    let run: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(run["columns"]["strong"][0]["column"], "extra", "{}", run["columns"]);
    let page = std::fs::read_to_string(run["report"].as_str().unwrap()).unwrap();
    assert!(page.contains("Alone these columns tell attacks from benign flows"), "the report says it");
}

#[test]
fn what_was_accepted_is_said_by_run_report_model_and_card() {
    let home = project("categorical", |_, attack| attack.unwrap_or("none").to_owned());
    let done = home.nta(&["run", &config(&home), "--set", "data.accepted=[extra]"]).ok();
    let first = done.out.lines().find(|line| !line.trim().is_empty()).unwrap();
    assert!(first.starts_with("  give-away   column `extra`, accepted: alone tells attacks"), "{first}");
    let show = home.nta(&["show", "latest"]).ok();
    assert!(show.out.contains("give-away   column `extra`, accepted"), "{}", show.out);
    assert!(home.nta(&["runs"]).ok().out.contains("learned from extra, accepted by name"));
    assert!(home.nta(&["models", "show", "flows"]).ok().out.contains("give-away   column `extra`, accepted"));
    let page = home.files().into_iter().find(|f| f.ends_with("report.html")).unwrap();
    let page = std::fs::read_to_string(home.path().join(page)).unwrap();
    let at = |words: &str| page.find(words).unwrap_or_else(|| panic!("the page lacks {words}"));
    assert!(at("give-away accepted") < at("Promised"), "it stands before the promise");
    let card = home.path().join("card");
    home.nta(&["publish", "flows", "-o", card.to_str().unwrap()]).ok();
    let card = std::fs::read_to_string(card.join("README.md")).unwrap();
    assert!(card.contains("Accepted by name") && card.contains("`extra`, alone tells attacks"), "{card}");
}

#[test]
fn what_is_accepted_must_be_a_feature() {
    let home = project("numeric", |i, _| draw(i, 6, 50).to_string());
    let refused = |set: &str, words: &[&str]| home.nta(&["run", &config(&home), "--set", set]).refused(2, words);
    refused("data.accepted=[extro]", &["data.accepted", "extro"]);
}

/// Drafts a schema for `text` and runs by it; answers the draft.
fn drafted(text: &str) -> String {
    let home = Home::new();
    let flows = home.write("flows.csv", text);
    let draft = home.nta(&["schema", "infer", flows.to_str().unwrap()]).ok().out;
    home.write("schema.yaml", &draft);
    let config = home.write("configs/flows.yaml", CONFIG);
    let plan = home.nta(&["run", config.to_str().unwrap(), "--dry-run"]);
    assert_eq!(plan.code, 0, "{}\n{draft}", plan.err);
    draft
}

fn table(header: &str, row: impl Fn(usize, Option<&str>) -> String) -> String {
    let rows: Vec<String> = (0..1_500).map(|i| row(i, attack_of(i))).collect();
    format!("{header}\n{}\n", rows.join("\n"))
}

#[test]
fn a_draft_takes_second_truths_counters_and_clocks_out_of_the_features() {
    // CIDDS-001, Bot-IoT and 5G-NIDD keep these; all values are drawn.
    let cidds = table("Duration,Proto,Bytes,class,attackType,attackID", |i, attack| {
        let (class, kind) = attack.map_or(("normal", "---"), |a| ("attacker", a));
        let id = attack.map_or("---".to_owned(), |_| (1 + draw(i, 5, 60)).to_string());
        format!("{}.5,{},{},{class},{kind},{id}", draw(i, 3, 9), ["TCP", "UDP"][draw(i, 4, 2)], draw(i, 6, 3_000))
    });
    let draft = drafted(&cidds);
    assert!(draft.contains("family:\n  column: attackType\n"), "{draft}");
    assert!(draft.contains("  - attackID  # alone tells attacks from benign rows"), "{draft}");

    let botiot = table("pkSeqID,ltime,pkts,attack,category,subcategory", |i, attack| {
        let (bit, kind) = attack.map_or((0, "Normal"), |a| (1, a));
        let last = 1_526_344_121.0 + i as f64 * 0.7 + draw(i, 3, 50) as f64;
        format!("{},{last:.3},{},{bit},{kind},{}", i + 1, 1 + draw(i, 4, 20), kind.to_uppercase())
    });
    let draft = drafted(&botiot);
    assert!(draft.contains("  - pkSeqID  # an identifier"), "{draft}");
    assert!(draft.contains("  - subcategory  # alone tells attacks"), "{draft}");
    assert!(!draft.contains("  - name: ltime"), "{draft}");

    let coded = table("port,proto,bytes,label,detailed-label", |i, attack| {
        let (label, code) = attack.map_or((0, 0), |_| (1, 9));
        format!("{},{},{},{label},{code}", [22, 80, 123][draw(i, 3, 3)], draw(i, 4, 2), draw(i, 5, 3_000))
    });
    let draft = drafted(&coded);
    assert!(draft.contains("  - detailed-label  # alone tells attacks") && draft.contains("- name: port"), "{draft}");
}

#[test]
fn a_draft_ignores_joined_addresses_and_identifiers_however_few_they_are() {
    let text = table("Flow ID,Src IP,session_id,bytes,Label", |i, attack| {
        let src = format!("192.0.2.{}", draw(i, 3, 9));
        let label = attack.unwrap_or("BENIGN");
        format!("{src}-203.0.113.{}-443-6,{src},s{},{},{label}", draw(i, 4, 5), draw(i, 5, 20), draw(i, 6, 4_000))
    });
    let draft = drafted(&text);
    let features = draft.split("ignored:").next().unwrap();
    for name in ["Flow ID", "session_id"] {
        assert!(
            !features.contains(&format!("- name: \"{name}")) && !features.contains(&format!("- name: {name}")),
            "{draft}"
        );
    }
}

/// The rows of a table by the names of its columns, a cell by its class and a number in [0, 1).
fn layout(columns: &[&str], cell: impl Fn(&str, bool, f64, usize) -> String) -> String {
    let mut text = format!("{},label\n", columns.join(","));
    for i in 0..6_000 {
        let attack = draw(i, 1, 100) < 40;
        let cells: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(j, name)| cell(name, attack, draw(i, 10 + j, 1_000_000) as f64 / 1e6, i))
            .collect();
        let _ = writeln!(text, "{},{}", cells.join(","), u8::from(attack));
    }
    text
}

/// The features of a built-in schema.
fn columns_of(schema: &str) -> Vec<String> {
    let schema = nta_ingest::builtin_schema(schema).unwrap();
    let mut all: Vec<String> = schema.numeric.into_iter().map(|c| c.name).collect();
    let texts: Vec<String> = schema.categorical.into_iter().map(|c| c.name).filter(|n| !all.contains(n)).collect();
    all.extend(texts);
    all
}

fn passes(home: &Home, schema: &str, strong: &str) {
    let text = CONFIG.replace("schema.yaml", schema);
    let config = home.write("configs/flows.yaml", text);
    let plan = home.nta(&["run", config.to_str().unwrap(), "--dry-run", "--json"]).ok();
    let plan: serde_json::Value = serde_json::from_str(&plan.out).unwrap();
    let columns = &plan["columns"];
    let named = columns["strong"].as_array().unwrap().iter().any(|s| s["column"] == strong);
    assert!(named, "{strong} is strong: {columns}");
}

/// UNSW-NB15 as it is known: time to live nearly separates (ROC-AUC about .95), states and loads help.
#[test]
fn the_layout_of_unsw_nb15_without_its_truth_columns_is_not_stopped() {
    let home = Home::new();
    let columns = columns_of("unsw-nb15");
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let pick = |u: f64, of: &[(&str, f64)]| {
        let mut sum = 0.0;
        let found = of.iter().find(|(_, share)| {
            sum += share;
            u < sum
        });
        found.unwrap_or(&of[0]).0.to_owned()
    };
    let cell = |name: &str, attack: bool, u: f64, _: usize| match (name, attack) {
        ("sttl", true) => pick(u, &[("254", 0.9), ("62", 0.085), ("31", 0.01), ("255", 0.005)]),
        ("sttl", false) => pick(u, &[("31", 0.94), ("254", 0.04), ("62", 0.02)]),
        ("ct_state_ttl", true) => pick(u, &[("2", 0.7), ("1", 0.27), ("0", 0.01), ("3", 0.02)]),
        ("ct_state_ttl", false) => pick(u, &[("0", 0.9), ("1", 0.08), ("3", 0.02)]),
        ("proto", _) => pick(u, &[("tcp", 0.6), ("udp", 0.35), ("unas", 0.05)]),
        ("service", _) => pick(u, &[("-", 0.57), ("dns", 0.25), ("http", 0.18)]),
        ("state", _) => pick(u, &[("FIN", 0.5), ("INT", 0.4), ("CON", 0.1)]),
        ("dur" | "rate" | "sload" | "dload", _) => format!("{:.6}", u * u * if attack { 9.0 } else { 40.0 }),
        (_, true) => ((u * u * 400.0) as u64).to_string(),
        (_, false) => ((u * 300.0) as u64).to_string(),
    };
    home.write("flows.csv", layout(&columns, cell));
    passes(&home, "unsw-nb15", "sttl");
}

/// CIC-IDS2017 as it is known: one attack calls one port with one window and one size of packets, as some benign flows do.
#[test]
fn the_layout_of_cic_ids2017_without_its_truth_columns_is_not_stopped() {
    let home = Home::new();
    let columns = columns_of("cic-ids2017");
    let mut columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    columns.extend(["Src IP", "Dst IP", "Timestamp"]);
    let cell = |name: &str, attack: bool, u: f64, i: usize| match (name, attack) {
        ("Src IP" | "Dst IP", _) => format!("192.0.2.{}", 1 + (u * 20.0) as u32),
        ("Timestamp", _) => format!("2017-07-07 {:02}:{:02}:{:02}.5", 9 + i / 3600, i / 60 % 60, i % 60),
        ("Dst Port", true) => {
            if u < 0.995 {
                "80".to_owned()
            } else {
                ((u * 9e6) as u64 % 60_000).to_string()
            }
        }
        ("Dst Port", false) => {
            if u < 0.03 {
                "80".to_owned()
            } else {
                (20 + (u * 5e3) as u64).to_string()
            }
        }
        ("FWD Init Win Bytes", true) => {
            if u < 0.99 {
                "8192".to_owned()
            } else {
                "-1".to_owned()
            }
        }
        ("FWD Init Win Bytes", false) => {
            if u < 0.02 {
                "8192".to_owned()
            } else {
                ((u * 65_535.0) as u64).to_string()
            }
        }
        ("Bwd Packet Length Std", true) => format!("{:.3}", 2_000.0 + 3_000.0 * u),
        ("Bwd Packet Length Std", false) => format!("{:.3}", 2_050.0 * u),
        ("Flow Duration", _) => ((u * u * 1.2e8) as u64).to_string(),
        ("Protocol", _) => {
            if u < 0.7 {
                "6".to_owned()
            } else {
                "17".to_owned()
            }
        }
        ("Src Port", _) => (1_024 + (u * 64_000.0) as u64).to_string(),
        (_, true) => ((u * u * 900.0) as u64).to_string(),
        (_, false) => ((u * 600.0) as u64).to_string(),
    };
    let text = layout(&columns, cell).replacen(",label\n", ",Label\n", 1);
    let text = text.lines().enumerate().map(|(n, line)| match (n, line.rsplit_once(',').unwrap()) {
        (0, _) => format!("{line}\n"),
        (_, (cells, label)) => format!("{cells},{}\n", if label == "1" { "DDoS" } else { "BENIGN" }),
    });
    home.write("flows.csv", text.collect::<String>());
    passes(&home, "cic-ids2017", "Dst Port");
}

#[test]
fn no_shipped_config_is_stopped() {
    let needs = [
        ("quickstart", None),
        ("csv", None),
        ("nsl-kdd", Some("nsl-kdd/KDDTrain+.txt.gz")),
        ("iot-23", Some("iot-23/CTU-Malware-Capture-34-1-labeled.csv")),
        ("ctu13", Some("ctu13/capture20110816.binetflow.gz")),
        ("kdd99", Some("kddcup99/kddcup.data_10_percent.gz")),
    ];
    let home = Home::new();
    for (name, file) in needs {
        if file.is_some_and(|file| real(file).is_none()) {
            continue;
        }
        let config = format!("configs/{name}.yaml");
        assert!(Path::new(&crate::nta::root()).join(&config).exists());
        let done = home.nta(&["run", &config, "--dry-run", "--json"]).ok();
        let plan: serde_json::Value = serde_json::from_str(&done.out).unwrap();
        assert_eq!(plan["columns"]["refused"].as_array().map(Vec::len), Some(0), "{name}: {}", plan["columns"]);
    }
}
