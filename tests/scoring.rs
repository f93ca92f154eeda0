//! `nta score` says what the run said, whatever the file looks like: the same rows without labels, with columns in
//! another order, with CRLF, get the same scores; the run's own test rows get its predictions, flag for flag.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nta_ingest::{ColumnValues, read_columns};

use crate::nta::{Home, real};

/// Scores and flag of each row, in file order.
#[derive(Debug, Clone, PartialEq)]
struct Scored {
    scores: Vec<[f64; 3]>,
    flagged: Vec<bool>,
}

const SMALL: [&str; 10] = [
    "--set",
    "choice=off",
    "--set",
    "forest.trees=25",
    "--set",
    "lstm.hidden=16",
    "--set",
    "lstm.epochs=2",
    "--set",
    "hybrid.budget={false_positive_rate: 0.05}",
];

fn run(home: &Home, config: &str, more: &[&str]) {
    let arguments: Vec<&str> = ["run", config].into_iter().chain(SMALL).chain(more.iter().copied()).collect();
    home.nta(&arguments).ok();
}

fn score(home: &Home, model: &str, input: &Path, output: &str) -> Scored {
    let out = home.path().join(output);
    home.nta(&["score", model, input.to_str().unwrap(), "-o", out.to_str().unwrap()]).ok();
    scored(&out)
}

fn scored(path: &Path) -> Scored {
    let columns = read_columns(path).unwrap();
    let number = |name: &str| -> Vec<f64> {
        match columns.get(name).unwrap_or_else(|| panic!("{} lacks {name}", path.display())) {
            ColumnValues::Float(values) => values.clone(),
            other => panic!("{name} is {other:?}"),
        }
    };
    let [forest, lstm, hybrid] = ["forest", "lstm", "hybrid"].map(number);
    let flagged = match columns.get("flagged") {
        Some(ColumnValues::Flag(values)) => values.clone(),
        other => panic!("flagged is {other:?}"),
    };
    let scores = (0..forest.len()).map(|i| [forest[i], lstm[i], hybrid[i]]).collect();
    Scored { scores, flagged }
}

/// Equal to what CSV's printed digits allow.
fn assert_same(a: &Scored, b: &Scored) {
    assert_eq!(a.scores.len(), b.scores.len());
    for (i, (x, y)) in a.scores.iter().zip(&b.scores).enumerate() {
        assert!(x.iter().zip(y).all(|(x, y)| (x - y).abs() <= 1e-6), "row {i}: {x:?} and {y:?}");
    }
    assert_eq!(a.flagged, b.flagged);
}

fn predictions(home: &Home) -> PathBuf {
    let found = home.files().into_iter().find(|f| f.ends_with("predictions.parquet")).unwrap();
    home.path().join(found)
}

/// The table without some columns, with the rest in reverse order, or with CRLF.
fn rewritten(text: &str, keep: &dyn Fn(&str) -> bool, reverse: bool, line_end: &str) -> String {
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let mut order: Vec<usize> = (0..header.len()).filter(|&j| keep(header[j])).collect();
    if reverse {
        order.reverse();
    }
    let line = |l: &str| {
        let cells: Vec<&str> = l.split(',').collect();
        order.iter().map(|&j| cells[j]).collect::<Vec<_>>().join(",") + line_end
    };
    text.lines().map(line).collect()
}

#[test]
fn the_runs_own_test_rows_get_its_predictions_and_other_spellings_of_the_file_the_same() {
    let home = Home::new();
    let flows = home.path().join("flows.csv");
    let simulate =
        ["simulate", "--seed", "5", "--set", "flows=9000", "--set", "hosts=30", "-o", flows.to_str().unwrap()];
    home.nta(&simulate).ok();
    let train = format!("data.train={}", flows.display());
    run(&home, "configs/csv.yaml", &["--set", &train]);

    let predicted = predictions(&home);
    let rows: Vec<i64> = match read_columns(&predicted).unwrap().get("row") {
        Some(ColumnValues::Integer(rows)) => rows.clone(),
        other => panic!("row is {other:?}"),
    };
    assert!(rows.len() > 2_000 && rows.is_sorted());
    let text = std::fs::read_to_string(&flows).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let test: Vec<&str> = rows.iter().map(|&row| lines[row as usize + 1]).collect();
    let test = format!("{}\n{}\n", lines[0], test.join("\n"));
    let as_run = scored(&predicted);

    let write = |name: &str, text: &str| home.write(name, text);
    let plain = score(&home, "csv", &write("test.csv", &test), "a.csv");
    assert_same(&plain, &as_run);
    assert!(as_run.flagged.contains(&true) && as_run.flagged.contains(&false));

    let unlabelled = rewritten(&test, &|name| name != "label" && name != "family", false, "\n");
    assert_same(&score(&home, "csv", &write("unlabelled.csv", &unlabelled), "b.parquet"), &as_run);
    let shuffled = rewritten(&test, &|_| true, true, "\n");
    assert_same(&score(&home, "csv", &write("shuffled.csv", &shuffled), "c.csv"), &as_run);
    let crlf = rewritten(&test, &|_| true, false, "\r\n");
    assert_same(&score(&home, "csv", &write("crlf.csv", &crlf), "d.csv.gz"), &as_run);
    // Sorted by start, as exports often are: put in order of flow end before, written in its own order after.
    let mut by_start: Vec<(usize, &str)> = test.lines().skip(1).enumerate().collect();
    by_start.sort_by_key(|(_, line)| line.split(',').next());
    let sorted = by_start.iter().map(|(_, line)| *line).collect::<Vec<_>>().join("\n");
    let sorted = score(&home, "csv", &write("sorted.csv", &format!("{}\n{sorted}\n", lines[0])), "e.csv");
    let back: HashMap<usize, usize> = by_start.iter().enumerate().map(|(to, (from, _))| (*from, to)).collect();
    let unsorted = Scored {
        scores: (0..rows.len()).map(|i| sorted.scores[back[&i]]).collect(),
        flagged: (0..rows.len()).map(|i| sorted.flagged[back[&i]]).collect(),
    };
    assert_same(&unsorted, &as_run);
}

#[test]
fn a_scored_file_holds_its_input_and_is_measured_where_the_truth_is_there() {
    let home = Home::new();
    run(&home, "configs/csv.yaml", &[]);
    let out = home.path().join("out.csv");
    let arguments = ["score", "csv/1", "data/example.csv", "-o", out.to_str().unwrap(), "--json"];
    let done = home.nta(&arguments).ok();
    assert!(done.out.contains("\"confusion\"") && done.out.contains("\"syn_flood\""), "{}", done.out);
    let input = std::fs::read_to_string(crate::nta::root().join("data/example.csv")).unwrap();
    let output = std::fs::read_to_string(&out).unwrap();
    assert_eq!(output.lines().count(), input.lines().count());
    for (written, read) in output.lines().zip(input.lines()) {
        assert!(written.starts_with(&format!("{read},")), "{written}");
    }
    assert!(output.lines().next().unwrap().ends_with(",forest,lstm,hybrid,probability,flagged"));
    let mut by_score: Vec<(f64, f64)> = output
        .lines()
        .skip(1)
        .map(|line| {
            let tail: Vec<&str> = line.rsplit(',').take(3).collect();
            (tail[2].parse().unwrap(), tail[1].parse().unwrap())
        })
        .collect();
    by_score.sort_by(|a, b| a.partial_cmp(b).unwrap());
    let probabilities: Vec<f64> = by_score.iter().map(|row| row.1).collect();
    assert!(probabilities.is_sorted() && probabilities.first() < probabilities.last());

    let explained = home.path().join("why.csv");
    home.nta(&["score", "csv/1", "data/example.csv", "-o", explained.to_str().unwrap(), "--explain", "2"]).ok();
    let explained = std::fs::read_to_string(&explained).unwrap();
    assert!(explained.lines().next().unwrap().ends_with(",flagged,reasons"));
    let mut n_flagged = 0;
    for (with, without) in explained.lines().zip(output.lines()).skip(1) {
        let reasons = with.strip_prefix(&format!("{without},")).unwrap();
        let flagged = without.ends_with(",true");
        n_flagged += usize::from(flagged);
        assert_eq!(
            reasons.split("; ").filter(|r| r.contains(" +") || r.contains(" -")).count(),
            if flagged { 2 } else { 0 },
            "{with}"
        );
    }
    assert!(n_flagged > 10);
}

#[test]
fn an_alias_can_be_set_used_moved_and_taken_away() {
    let home = Home::new();
    run(&home, "configs/csv.yaml", &[]);
    let scored_by = |model: &str| {
        let out = home.path().join("alias.csv");
        home.nta(&["score", model, "data/example.csv", "-o", out.to_str().unwrap(), "--json"])
    };
    assert_eq!(scored_by("csv@champion").code, 2);
    assert_eq!(home.nta(&["models", "alias", "csv", "champion"]).ok().out, "csv@champion now points at csv/1\n");
    assert!(scored_by("csv@champion").ok().out.contains("\"model\": \"csv/1\""));
    assert!(home.nta(&["models"]).ok().out.contains("champion"));
    let done = home.nta(&["models", "alias", "csv/9", "champion"]);
    assert!(done.code == 2 && done.err.contains("csv has the versions 1"), "{}", done.err);
    let done = home.nta(&["models", "unalias", "csv@best"]);
    assert!(done.code == 2 && done.err.contains("csv has the aliases champion"), "{}", done.err);
    home.nta(&["models", "unalias", "csv@champion"]).ok();
    assert_eq!(scored_by("csv@champion").code, 2);
}

#[test]
fn kddtest_gets_the_runs_predictions_flag_for_flag() {
    let Some(test) = real("nsl-kdd/KDDTest+.txt.gz") else { return };
    let home = Home::new();
    run(&home, "configs/nsl-kdd.yaml", &[]);
    let as_run = scored(&predictions(&home));
    assert_eq!(as_run.flagged.len(), 22_544);
    assert_same(&score(&home, "nsl-kdd", &test, "a.parquet"), &as_run);

    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(&test).unwrap()).read_to_string(&mut text).unwrap();
    let crlf = home.write("crlf.txt", text.replace('\n', "\r\n"));
    assert_same(&score(&home, "nsl-kdd", &crlf, "b.csv"), &as_run);
}

#[test]
fn ctu13s_test_rows_get_the_runs_predictions_flag_for_flag() {
    let Some(capture) = real("ctu13/capture20110816.binetflow.gz") else { return };
    let home = Home::new();
    run(&home, "configs/ctu13.yaml", &[]);
    let predicted = predictions(&home);
    let as_run = scored(&predicted);
    let rows: Vec<i64> = match read_columns(&predicted).unwrap().get("row") {
        Some(ColumnValues::Integer(rows)) => rows.clone(),
        other => panic!("row is {other:?}"),
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(&capture).unwrap()).read_to_string(&mut text).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let test: Vec<&str> = rows.iter().map(|&row| lines[row as usize + 1]).collect();
    let test = home.write("test.binetflow", format!("{}\n{}\n", lines[0], test.join("\n")));
    assert_same(&score(&home, "ctu13", &test, "a.parquet"), &as_run);
}

/// Makes the call with `--resume`, kills it once it has kept something, `times` times, and makes it once more.
fn killed_and_resumed(home: &Home, call: &[&str], output: &Path, times: usize) -> serde_json::Value {
    let state = PathBuf::from(format!("{}.resume/state", output.display()));
    let keeping = [call, &["--resume", "--save-every", "0", "--json", "--quiet"]].concat();
    let kept = || std::fs::metadata(&state).and_then(|found| found.modified()).ok();
    for _ in 0..times {
        let before = kept();
        let mut child = home.command(&keeping).stdout(Stdio::null()).spawn().unwrap();
        while kept() == before && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(!output.exists() && state.exists(), "it was killed while at work");
    serde_json::from_str(&home.nta(&keeping).ok().out).unwrap()
}

#[test]
fn a_killed_call_goes_on_where_it_was_to_the_same_bytes_and_counts() {
    let home = Home::new();
    let flows = home.path().join("flows.csv");
    let flows = flows.to_str().unwrap();
    home.nta(&["simulate", "--seed", "6", "--set", "flows=20000", "--set", "hosts=30", "-o", flows]).ok();
    let train = format!("data.train={flows}");
    // Rows of the one are put in order of their ends first, rows of the other taken as they stand.
    run(&home, "configs/csv.yaml", &["--set", &train]);
    let schema = std::fs::read_to_string(crate::nta::root().join("crates/ingest/schemas/nta.yaml")).unwrap();
    let as_read = schema.replace("order: end_time", "order: file").replace("name: nta\n", "name: as-read\n");
    assert!(as_read.contains("order: file") && as_read.contains("name: as-read"));
    let as_read = format!("data.schema={}", home.write("as-read.yaml", as_read).display());
    run(&home, "configs/csv.yaml", &["--set", &train, "--set", "name=as-read", "--set", &as_read]);
    for (i, (name, more)) in [
        ("a.csv", &["--summary"][..]),
        ("b.jsonl", &["--only-flagged", "--explain", "1"]),
        ("c.parquet", &["--columns", "proto,label"]),
        ("d.csv.zst", &[]),
    ]
    .into_iter()
    .enumerate()
    {
        let model = if i % 2 == 0 { "csv" } else { "as-read" };
        let (whole, output) = (home.path().join(format!("whole-{name}")), home.path().join(name));
        let call = |to: &Path| -> Vec<String> {
            let call = ["score", model, flows, "-o", to.to_str().unwrap(), "--batch", "250"];
            call.into_iter().chain(more.iter().copied()).map(str::to_owned).collect()
        };
        let (undisturbed, killed) = (call(&whole), call(&output));
        let undisturbed: Vec<&str> = undisturbed.iter().map(String::as_str).chain(["--json", "--quiet"]).collect();
        let killed: Vec<&str> = killed.iter().map(String::as_str).collect();
        let mut expected: serde_json::Value = serde_json::from_str(&home.nta(&undisturbed).ok().out).unwrap();
        let mut told = killed_and_resumed(&home, &killed, &output, 3);
        let resumed = told["resumed"].as_u64().unwrap();
        assert!(resumed > 0 && resumed.is_multiple_of(250) && resumed < 20_000, "{name}: {resumed}");
        for differs in ["resumed", "seconds", "output"] {
            told[differs].take();
            expected[differs].take();
        }
        assert_eq!(told, expected, "{name}");
        assert!(std::fs::read(&output).unwrap() == std::fs::read(&whole).unwrap(), "{name} differs");
        assert!(!home.path().join(format!("{name}.resume")).exists(), "nothing is left");
    }
}

#[test]
fn only_the_same_call_on_the_same_files_goes_on() {
    let home = Home::new();
    let example = std::fs::read_to_string(crate::nta::root().join("data/example.csv")).unwrap();
    run(&home, "configs/csv.yaml", &[]);
    let (header, rows) = example.split_once('\n').unwrap();
    let flows = home.write("flows.csv", format!("{header}\n{}", rows.repeat(20)));
    let out = home.path().join("out.csv");
    let call = ["score", "csv", flows.to_str().unwrap(), "-o", out.to_str().unwrap(), "--batch", "50"];
    let keeping = [&call[..], &["--resume", "--save-every", "0"]].concat();
    let mut child = home.command(&keeping).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !home.path().join("out.csv.resume/state").exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let other = [&call[..5], &["--batch", "60", "--resume"]].concat();
    home.nta(&other).refused(2, &["was left by another call", "--batch was 50, and is 60", "remove the folder"]);
    std::fs::write(&flows, format!("{header}\n{}", rows.repeat(21))).unwrap();
    home.nta(&keeping).refused(2, &["was left by another call", "flows.csv was", "remove the folder"]);
    std::fs::remove_dir_all(home.path().join("out.csv.resume")).unwrap();
    home.nta(&keeping).ok();
    let pipe = ["score", "csv", "-", "-o", out.to_str().unwrap(), "--resume"];
    let done = home.command(&pipe).stdin(Stdio::piped()).output().unwrap();
    crate::nta::Done::from(done).refused(2, &["cannot be read a second time", "--resume"]);
    assert!(!home.path().join("out.csv.resume").exists());
}
