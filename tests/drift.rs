//! Traffic that has moved is told from traffic that has not: by column, score and alert rate, with an exit code and a page.

use serde_json::Value;

use crate::nta::Home;

const SMALL: &[&str] = &["--set", "forest.trees=20", "--set", "lstm.hidden=16", "--set", "lstm.epochs=2", "--quiet"];

/// A home with a model of the quickstart's traffic, and fresh traffic of another seed as lines of CSV.
fn trained() -> (Home, Vec<String>) {
    let home = Home::new();
    let trained = home.nta(&[&["run", "configs/quickstart.yaml", "--set", "choice=off"], SMALL].concat());
    assert_eq!(trained.code, 0, "{}", trained.err);
    let fresh = home.nta(&["simulate", "--seed", "77", "--set", "flows=17000", "--set", "days=1"]);
    assert_eq!(fresh.code, 0, "{}", fresh.err);
    let lines = fresh.out.lines().map(str::to_owned).collect();
    (home, lines)
}

/// The lines with column `name` of all but the first quarter changed.
fn changed(lines: &[String], name: &str, change: impl Fn(&str) -> String) -> String {
    let place = lines[0].split(',').position(|column| column == name).unwrap();
    let changed = lines.iter().enumerate().map(|(i, line)| {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        if i > lines.len() / 4 {
            cells[place] = change(&cells[place]);
        }
        cells.join(",") + "\n"
    });
    changed.collect()
}

fn answer(home: &Home, fresh: &std::path::Path, more: &[&str]) -> (i32, Value, String) {
    let done = home.nta(&[&["drift", "quickstart", fresh.to_str().unwrap(), "--json", "--quiet"], more].concat());
    (done.code, serde_json::from_str(&done.out).unwrap_or(Value::Null), done.err)
}

#[test]
fn moved_traffic_ends_with_3_and_names_the_column_first() {
    let (home, lines) = trained();
    let still = home.write("still.csv", lines.join("\n") + "\n");
    let (code, told, err) = answer(&home, &still, &[]);
    assert_eq!((code, told["past_limit"].as_array().map(Vec::len)), (0, Some(0)), "{err}");
    assert_eq!(told["fresh_rows"].as_u64(), Some(lines.len() as u64 - 1));
    assert!(told["promise"]["rate"].as_f64().is_some(), "the traffic is labelled: {told}");

    let large = changed(&lines, "src_bytes", |bytes| format!("{}", 20 * bytes.parse::<u64>().unwrap()));
    let large = home.write("large.csv", large);
    let page = home.path().join("page");
    let (code, told, err) = answer(&home, &large, &["-o", page.to_str().unwrap()]);
    assert_eq!(code, 3, "{err}");
    let first = &told["columns"][0];
    assert_eq!((first["name"].as_str(), first["drifted"].as_bool()), (Some("src_bytes"), Some(true)), "{told}");
    assert!(err.contains("src_bytes"), "{err}");
    let html = std::fs::read_to_string(page.join("drift.html")).unwrap();
    assert!(html.contains("past the limits") && html.contains("src_bytes") && html.contains("<svg"));
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(page.join("drift.json")).unwrap()).unwrap();
    assert_eq!(kept["columns"], told["columns"]);
    assert!(page.join("figures/drift.png").is_file());

    // The limit is the user's: nothing is past one that is high enough, and the model's own config may set it.
    let (code, _, err) = answer(&home, &large, &["--psi", "50", "--alert-factor", "1000"]);
    assert!(code == 0 || err.contains("promise"), "{code} {err}");
}

#[test]
fn new_texts_and_missing_values_are_drift_of_their_column() {
    let (home, lines) = trained();
    for (column, to) in [("service", "quic"), ("dst_bytes", "")] {
        let path = home.write("fresh.csv", changed(&lines, column, |_| to.to_owned()));
        let (code, told, err) = answer(&home, &path, &[]);
        assert_eq!(code, 3, "{column}: {err}");
        let columns = told["columns"].as_array().unwrap();
        let found = columns.iter().find(|found| found["name"] == column && found["drifted"] == true).unwrap();
        let (before, now) = match column {
            "service" => (&found["others"][0], &found["others"][1]),
            _ => (&found["missing"][0], &found["missing"][1]),
        };
        assert!(now.as_f64().unwrap() > before.as_f64().unwrap() + 0.4, "{column}: {found}");
    }
}

#[test]
fn too_little_traffic_and_impossible_limits_are_refused() {
    let (home, lines) = trained();
    let few = home.write("few.csv", lines[..100].join("\n") + "\n");
    let (code, _, err) = answer(&home, &few, &[]);
    assert!(code == 2 && err.contains("99 rows") && err.contains("512"), "{code} {err}");
    let (code, _, err) = answer(&home, &few, &["--psi", "0"]);
    assert!(code == 2 && err.contains("psi"), "{code} {err}");
    let run = home.nta(&["config", "check", "configs/quickstart.yaml", "--set", "drift.alert_factor=1"]);
    assert!(run.code == 2 && run.err.contains("drift.alert_factor"), "{}", run.err);
}
