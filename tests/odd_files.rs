//! Files as people have them, from the draft to the score: every line is read, set aside, or left out and counted, and
//! the same words say so wherever rows are told of.

use std::fs;

use serde_json::Value;

use crate::nta::{Home, root};

/// The example with its header again in the middle, rows of nothing at the end, a comment before it and a column twice.
fn odd_example() -> String {
    let text = fs::read_to_string(root().join("data/example.csv")).unwrap();
    let doubled = |line: &str| format!("{line},{}\n", line.split(',').nth(9).unwrap());
    let mut lines: Vec<String> = text.lines().map(doubled).collect();
    let (header, n_columns) = (lines[0].clone(), lines[0].split(',').count());
    lines.insert(1_000, header.clone());
    lines.insert(2_000, header);
    format!("# exported by a tool\n{}{}", lines.concat(), format!("{}\n", ",".repeat(n_columns - 1)).repeat(500))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The kinds of lines that there are any of.
fn found(left_out: &Value) -> Value {
    let counts = left_out.as_object().unwrap().iter().filter(|(_, n)| **n != 0);
    counts.map(|(kind, n)| (kind.clone(), n.clone())).collect::<serde_json::Map<_, _>>().into()
}

#[test]
fn lines_without_a_flow_are_told_of_by_the_dry_run_the_run_the_report_and_the_score() {
    let home = Home::new();
    let odd = odd_example();
    let n_rows = fs::read_to_string(root().join("data/example.csv")).unwrap().lines().count() - 1;
    let flows = home.write("flows.csv", &odd);
    let train = format!("data.train={}", flows.display());
    let small = ["--set", &train, "--set", "forest.trees=5", "--set", "lstm.epochs=1", "--set", "lstm.hidden=8"];
    let plan = home.nta(&[&["run", "configs/csv.yaml", "--dry-run", "--json", "--quiet"], &small[..]].concat()).ok();
    let plan = json(&plan.out);
    assert_eq!(plan["rows"], n_rows);
    let left_out = serde_json::json!({ "repeated_headers": 2, "empty_rows": 500, "comments": 1 });
    assert_eq!(found(&plan["remarks"][0]["left_out"]), left_out);
    assert_eq!(plan["remarks"][1]["column"]["read_as"], "src_bytes_2");
    let run = home.nta(&[&["run", "configs/csv.yaml", "--set", "choice=off"], &small[..]].concat()).ok();
    let said = "train: left out, for they hold no flow: 2 lines equal to the header, 500 rows without any value, 1 comment line";
    assert!(run.err.contains(said), "{}", run.err);
    assert!(run.err.contains("column `src_bytes` stands twice in the header, with equal cells"), "{}", run.err);
    let report = home.files().into_iter().find(|file| file.ends_with("report.html")).unwrap();
    let page = fs::read_to_string(home.path().join(report)).unwrap();
    assert!(page.contains("2 lines equal to the header") && page.contains("500 rows without any value"));
    let out = home.path().join("scored.csv");
    let score = ["score", "csv/1", flows.to_str().unwrap(), "-o", out.to_str().unwrap()];
    let told = json(&home.nta(&[&score[..], &["--json", "--quiet"]].concat()).ok().out);
    assert_eq!((&told["rows"], found(&told["left_out"])), (&Value::from(n_rows), left_out));
    assert_eq!(fs::read_to_string(&out).unwrap().lines().count(), n_rows + 1);
    let shown = home.nta(&[&score[..], &["--quiet"]].concat()).ok().out;
    assert!(shown.contains("left out    2 lines equal to the header"), "{shown}");
}

#[test]
fn a_draft_says_on_the_screen_what_it_found() {
    let home = Home::new();
    let rows: String = (0..300)
        .map(|i| {
            format!(
                "{};{},5;{}\n",
                if i == 7 { "many".to_owned() } else { i.to_string() },
                i * 3,
                ["benign", "scan"][i % 2]
            )
        })
        .collect();
    let flows = home.write("flows.csv", format!("sep=;\nbytes;rate;label\n{rows}"));
    let done = home.nta(&["schema", "infer", flows.to_str().unwrap()]).ok();
    assert!(done.err.contains("`bytes`: 1 of 300 cells are no numbers: `many` (line 10)"), "{}", done.err);
    assert!(done.err.contains("`rate`: numbers: decimal_comma, `0,5` is read as 0.5"), "{}", done.err);
    assert!(done.out.contains("    numbers: decimal_comma  # `0,5` is read as 0.5"), "{}", done.out);
}
