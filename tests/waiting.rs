//! Who waits for a pipe or for a lock that another process holds is told of it, and the first signal ends the waiting and
//! leaves nothing.
#![cfg(unix)]

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::interrupts::{MODEL, hears_signals, send};
use crate::nta::{Home, root};

/// Runs the command until it says that it waits, and sends the signal; what it said from then on, and its exit code.
fn stopped_while_waiting(mut command: Command, signal: i32) -> (String, Option<i32>) {
    let mut child =
        hears_signals(&mut command).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let told = lines.by_ref().map(Result::unwrap).find(|line| line.contains("waiting"));
    send(&child, signal);
    let said: Vec<String> = told.into_iter().chain(lines.map(Result::unwrap)).collect();
    (said.join("\n"), child.wait().unwrap().code())
}

fn fifo(home: &Home, name: &str) -> PathBuf {
    let path = home.path().join(name);
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

#[test]
fn a_pipe_without_end_is_told_of_and_given_up_at_the_first_signal() {
    let home = Home::new();
    let input = fifo(&home, "flows");
    let output = home.path().join("out/scored.csv");
    // Both ends: nothing comes, and it does not end.
    let _open = File::options().read(true).write(true).open(&input).unwrap();
    for (signal, code) in [(libc::SIGINT, 130), (libc::SIGTERM, 143)] {
        let scoring = home.command(&["score", MODEL, input.to_str().unwrap(), "-o", output.to_str().unwrap()]);
        let (said, ended) = stopped_while_waiting(scoring, signal);
        assert_eq!(ended, Some(code), "{said}");
        assert!(
            said.contains("waiting     for the end of the pipe") && said.contains("flows, 0 bytes so far"),
            "{said}"
        );
        let left: Vec<_> = fs::read_dir(home.path().join("out")).into_iter().flatten().collect();
        assert!(left.is_empty(), "{left:?}");
        let drafting = home.command(&["schema", "infer", input.to_str().unwrap()]);
        assert_eq!(stopped_while_waiting(drafting, signal).1, Some(code));
    }
}

#[test]
fn a_lock_is_told_of_with_its_holder_and_given_up_at_the_first_signal() {
    let home = Home::new();
    let version = home.path().join("models/toy/1");
    fs::create_dir_all(&version).unwrap();
    for part in fs::read_dir(root().join(MODEL)).unwrap() {
        let part = part.unwrap();
        fs::copy(part.path(), version.join(part.file_name())).unwrap();
    }
    let experiment = home.path().join("experiments/quickstart");
    fs::create_dir_all(&experiment).unwrap();
    let locked = |folder: &Path| {
        let file = File::open(folder).unwrap();
        file.lock().unwrap();
        file
    };
    let _locks = [locked(version.parent().unwrap()), locked(&experiment)];
    let before = home.files();
    for (signal, code) in [(libc::SIGINT, 130), (libc::SIGTERM, 143)] {
        for command in
            [&["models", "alias", "toy/1", "champion"][..], &["run", "configs/quickstart.yaml", "--set", "choice=off"]]
        {
            let (said, ended) = stopped_while_waiting(home.command(command), signal);
            assert_eq!(ended, Some(code), "{command:?}: {said}");
            let holder = format!("process {} is writing to", std::process::id());
            assert!(said.contains(&holder) || said.contains("another process is writing to"), "{said}");
            assert!(said.contains("stopped: while waiting for another process"), "{said}");
            assert_eq!(home.files(), before);
        }
    }
}

#[test]
fn a_pipe_among_the_files_of_a_run_or_a_model_is_refused_and_not_waited_for() {
    let home = Home::new();
    let run = |id: &str| home.path().join("experiments/toy").join(id);
    for id in ["20261101-000000-aaaa", "20261101-000001-bbbb"] {
        let record = format!(
            r#"{{"id":"{id}","name":"toy","status":"finished","started":"2026-11-01T00:00:00Z","seed":7,
                "config_digest":"c0","version":"0.1.0","host":{{"os":"linux","arch":"x86_64","threads":1,"pid":1}}}}"#
        );
        home.write(&format!("experiments/toy/{id}/run.json"), record);
        assert!(Command::new("mkfifo").arg(run(id).join("evaluation.json")).status().unwrap().success());
        assert!(Command::new("mkfifo").arg(run(id).join("config.yaml")).status().unwrap().success());
    }
    home.nta(&["runs"]).ok();
    home.nta(&["show", "toy"]).ok();
    home.nta(&["compare", "20261101-000000-aaaa", "20261101-000001-bbbb"]).refused(2, &["config.yaml", "regular file"]);
}
