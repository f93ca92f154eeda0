//! What `nta score` reads is one thing from its first byte to its last: a pipe gives its file's scores, a file that
//! changes meanwhile gives none.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::nta::Home;

/// A home with a small model of flows that must be put in order of their ends, and some flows.
fn home_with_model() -> (Home, PathBuf) {
    let home = Home::new();
    let small = ["--set", "forest.trees=5", "--set", "lstm.epochs=1", "--set", "lstm.hidden=8", "--quiet"];
    home.nta(&[&["run", "configs/csv.yaml", "--set", "choice=off"], &small[..]].concat()).ok();
    let flows = home.path().join("flows.csv");
    home.nta(&["simulate", "--set", "flows=20000", "-o", flows.to_str().unwrap(), "--quiet"]).ok();
    (home, flows)
}

fn score(home: &Home, input: &str, output: &Path) -> std::process::Command {
    home.command(&["score", &model(home), input, "-o", output.to_str().unwrap(), "--quiet"])
}

/// The only model of the home, as commands name it.
fn model(home: &Home) -> String {
    let name = fs::read_dir(home.path().join("models")).unwrap().next().unwrap().unwrap().file_name();
    format!("{}/1", name.to_str().unwrap())
}

#[test]
fn a_pipe_gives_the_files_own_scores() {
    let (home, flows) = home_with_model();
    let of_file = home.path().join("of_file.csv");
    assert!(score(&home, flows.to_str().unwrap(), &of_file).status().unwrap().success());
    let expected = fs::read(&of_file).unwrap();
    for name in ["-", "/dev/stdin"] {
        let output = home.path().join("of_pipe.csv");
        let mut scoring = score(&home, name, &output).stdin(Stdio::piped()).spawn().unwrap();
        scoring.stdin.take().unwrap().write_all(&fs::read(&flows).unwrap()).unwrap();
        assert!(scoring.wait().unwrap().success(), "{name}");
        assert!(fs::read(&output).unwrap() == expected, "{name} scored otherwise");
    }
}

#[test]
fn a_file_that_changes_while_it_is_scored_is_refused_and_nothing_is_written() {
    let (home, flows) = home_with_model();
    let text = fs::read(&flows).unwrap();
    let of_file = home.path().join("of_file.csv");
    assert!(score(&home, flows.to_str().unwrap(), &of_file).status().unwrap().success());
    let expected = fs::read(&of_file).unwrap();
    let mut refused = 0;
    for trial in 0..24u64 {
        fs::write(&flows, &text).unwrap();
        let output = home.path().join(format!("out-{trial}.csv"));
        let scoring = score(&home, flows.to_str().unwrap(), &output).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(trial * 37 % 400));
        change(&flows, trial, &text);
        let done = scoring.wait_with_output().unwrap();
        if done.status.success() {
            // It was over before the change, or began after it.
            let again = home.path().join("again.csv");
            let found = fs::read(&output).unwrap();
            let of_changed = || {
                let done = score(&home, flows.to_str().unwrap(), &again).status().unwrap();
                done.success() && fs::read(&again).unwrap() == found
            };
            assert!(found == expected || of_changed(), "trial {trial}: scores of neither file, and nobody said so");
        } else {
            refused += 1;
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            assert!(said.contains("flows.csv") && !said.contains("panicked"), "trial {trial}: {said}");
            assert_eq!(done.status.code(), Some(2), "trial {trial}: {said}");
            assert!(!output.exists(), "trial {trial}");
        }
    }
    assert!(refused > 0, "no change came in time: the test tests nothing");
    let left: Vec<PathBuf> = home.files().into_iter().filter(|f| f.to_string_lossy().contains(".nta-tmp")).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Replaces the file, appends to it, sound rows too, or cuts it, in turns.
fn change(flows: &Path, trial: u64, text: &[u8]) {
    match trial % 4 {
        0 => {
            let other = flows.with_extension("other");
            fs::write(&other, &text[..text.len() / 2]).unwrap();
            fs::rename(other, flows).unwrap();
        }
        1 => File::options().append(true).open(flows).unwrap().write_all(b"half a line").unwrap(),
        2 => {
            let rows = text.iter().position(|b| *b == b'\n').unwrap() + 1;
            File::options().append(true).open(flows).unwrap().write_all(&text[rows..]).unwrap();
        }
        _ => File::options().write(true).open(flows).unwrap().set_len(text.len() as u64 / 2).unwrap(),
    }
}
