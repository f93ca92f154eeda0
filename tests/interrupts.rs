//! A command that is told to stop says so by its exit code and leaves nothing; a signal that was ignored stays ignored.
#![cfg(unix)]

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::nta::{Home, root};

pub(crate) const MODEL: &str = "crates/model/tests/data/model-revision-1";

/// A command that scores `n_rows` flows of a few hosts into this home, as its shell's words.
fn scoring(home: &Home, n_rows: usize, before: &str) -> Child {
    let row = |i: usize| format!("{},10.0.0.{},{}.5,1,tcp\n", 1_700_000_000 + i, i % 17, i % 11);
    let rows: String = (0..n_rows).map(row).collect();
    let input = home.write("flows.csv", format!("time,src,bytes,packets,proto\n{rows}"));
    let output = home.path().join("out/scored.csv");
    let nta =
        home.command(&["score", MODEL, input.to_str().unwrap(), "-o", output.to_str().unwrap(), "--batch", "100"]);
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{before} exec \"$0\" \"$@\"")).arg(nta.get_program()).args(nta.get_args());
    hears_signals(&mut shell).current_dir(root()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Whoever runs the tests may ignore signals itself, as a shell's background jobs do; the command begins without that.
pub(crate) fn hears_signals(command: &mut Command) -> &mut Command {
    // SAFETY: `signal` may be called between fork and exec, and SIG_DFL is a valid disposition.
    unsafe {
        command.pre_exec(|| {
            for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
                libc::signal(signal, libc::SIG_DFL);
            }
            Ok(())
        })
    }
}

fn left(home: &Home) -> Vec<std::ffi::OsString> {
    let entries = std::fs::read_dir(home.path().join("out")).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name()).collect()
}

/// Waits until the command writes.
fn wait_for_output(home: &Home) {
    for _ in 0..3_000 {
        if !left(home).is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("nothing is written");
}

pub(crate) fn send(child: &Child, signal: i32) {
    // SAFETY: signals a child that has not been waited for.
    assert_eq!(unsafe { libc::kill(child.id() as i32, signal) }, 0);
}

#[test]
fn an_interrupt_has_an_exit_code_of_its_own_and_leaves_nothing() {
    for (signal, code) in [(libc::SIGINT, 130), (libc::SIGTERM, 143), (libc::SIGHUP, 129)] {
        let home = Home::new();
        let mut child = scoring(&home, 300_000, "");
        wait_for_output(&home);
        send(&child, signal);
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert!(left(&home).is_empty(), "{:?}", left(&home));
    }
}

#[test]
fn a_second_interrupt_ends_at_once_and_leaves_nothing() {
    let home = Home::new();
    let mut child = scoring(&home, 300_000, "");
    wait_for_output(&home);
    send(&child, libc::SIGINT);
    std::thread::sleep(Duration::from_millis(1));
    send(&child, libc::SIGINT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(left(&home).is_empty(), "{:?}", left(&home));
}

#[test]
fn what_was_ignored_at_the_start_stays_ignored() {
    let home = Home::new();
    let mut child = scoring(&home, 20_000, "trap '' HUP INT;");
    wait_for_output(&home);
    send(&child, libc::SIGHUP);
    send(&child, libc::SIGINT);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(left(&home), ["scored.csv"]);
    assert!(Path::new(&home.path().join("out/scored.csv")).metadata().unwrap().len() > 100_000);
}
