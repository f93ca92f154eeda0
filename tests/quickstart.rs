//! The README's first command, and what it must show: enough flows, all seven families in every part, and an LSTM that
//! gains from sequences.

use crate::nta::Home;

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

const FAMILIES: [&str; 7] =
    ["beaconing", "brute_force", "exfiltration", "fragment", "lateral_movement", "scan", "syn_flood"];

#[test]
fn every_part_of_the_quickstart_holds_all_seven_families() {
    let home = Home::new();
    let plan = json(&home.nta(&["run", "configs/quickstart.yaml", "--dry-run", "--json"]).ok().out);
    let rows = plan["rows"].as_u64().unwrap();
    assert!(rows >= 100_000, "{rows} rows");
    let parts = plan["partition"]["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 5);
    let attacks: u64 = parts.iter().map(|p| p["attacks"].as_u64().unwrap()).sum();
    let share = attacks as f64 / rows as f64;
    assert!((0.01..=0.05).contains(&share), "{share}");
    for part in parts {
        let families: Vec<&str> = part["families"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(families, FAMILIES, "{}", part["part"]);
    }
    assert!(home.files().is_empty(), "a dry run leaves nothing");
}

#[test]
fn sequences_pay_on_the_quickstart_and_the_report_says_what_happened() {
    let home = Home::new();
    let outcome = json(&home.nta(&["run", "configs/quickstart.yaml", "--set", "choice=off", "--json"]).ok().out);
    let alone = ["run", "configs/quickstart.yaml", "--set", "choice=off", "--json", "--set", "lstm.sequence.length=1"];
    let alone = json(&home.nta(&alone).ok().out);
    let precision = |outcome: &serde_json::Value, member: &str| {
        outcome["evaluation"]["members"][member]["average_precision"].as_f64().unwrap()
    };
    let (forest, lstm) = (precision(&outcome, "forest"), precision(&outcome, "lstm"));
    assert!(lstm >= forest + 0.02, "LSTM {lstm}, forest {forest}");
    assert!(precision(&alone, "lstm") <= lstm - 0.05, "length 1 {}, LSTM {lstm}", precision(&alone, "lstm"));
    let auc = outcome["evaluation"]["members"]["forest"]["roc_auc"].as_f64().unwrap();
    assert!((0.85..=0.97).contains(&auc), "forest ROC-AUC {auc}");

    let report = std::fs::read_to_string(outcome["report"].as_str().unwrap()).unwrap();
    assert!(report.contains(" alerts are raised a day"), "the report does not tell alerts a day");
    assert!(report.contains(outcome["evaluation"]["verdict"].as_str().unwrap().split(':').next().unwrap()));
    for outside in ["src=\"http", "href=\"http", "url(http", "@import", "<script"] {
        assert!(!report.contains(outside), "the page does not stand alone: {outside}");
    }
    let folder = std::path::Path::new(outcome["folder"].as_str().unwrap());
    for member in ["rf", "lstm", "hybrid"] {
        for file in [
            format!("figures/confusion_matrix_{member}.png"),
            format!("figures/roc_curve_{member}.svg"),
            format!("tables/classification_report_{member}.csv"),
        ] {
            assert!(folder.join(&file).is_file(), "{file}");
        }
    }
    let list = json(&home.nta(&["runs", "--json"]).ok().out);
    assert_eq!(list["runs"].as_array().unwrap().len(), 2);
    let id = outcome["run"].as_str().unwrap();
    let other = alone["run"].as_str().unwrap();
    let compared = home.nta(&["compare", id, other]).ok().out;
    assert!(compared.contains("lstm.sequence.length") && compared.contains("average precision"), "{compared}");
    home.nta(&["verify", "quickstart/2"]).ok();
}
