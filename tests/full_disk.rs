//! Where there is no room for a file, the file and the remedy are named, the exit code is 1, and nothing half-written is
//! left. A limit on file sizes stands in for a full disk, `/dev/full` for a full standard output.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::process::Command;

use crate::interrupts::MODEL;
use crate::nta::{Done, Home, root};

/// The same command, in whose process no file grows beyond so many blocks of 512 or 1,024 bytes.
fn within(home: &Home, blocks: u32, arguments: &[&str]) -> Done {
    let nta = home.command(arguments);
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("ulimit -f {blocks}; exec \"$0\" \"$@\"")).arg(nta.get_program()).args(nta.get_args());
    Done::from(shell.current_dir(root()).output().unwrap())
}

const REMEDY: &str = "write elsewhere, and call again";

#[test]
fn outputs_that_find_no_room_are_named_and_leave_nothing() {
    let home = Home::new();
    let rows: String = (0..20_000).map(|i| format!("{},h{},{}.5,1,tcp\n", 1_700_000_000 + i, i % 17, i % 11)).collect();
    let input = home.write("flows.csv", format!("time,src,bytes,packets,proto\n{rows}"));
    let input = input.to_str().unwrap();
    let before = home.files();
    for name in ["out.csv", "out.csv.gz", "out.parquet"] {
        let output = home.path().join(name);
        let output = output.to_str().unwrap();
        within(&home, 16, &["score", MODEL, input, "-o", output]).refused(1, &[name, "cannot write", REMEDY]);
        assert_eq!(home.files(), before);
    }
    let output = home.path().join("flows-2.csv");
    let simulate = ["simulate", "--set", "flows=5000", "-o", output.to_str().unwrap()];
    within(&home, 16, &simulate).refused(1, &["flows-2.csv", "cannot write", REMEDY]);
    assert_eq!(home.files(), before);
}

#[test]
fn a_run_that_finds_no_room_says_so_and_can_be_resumed() {
    let home = Home::new();
    let small = ["--set", "data.train={simulate: {flows: 4000}}", "--set", "forest.trees=20", "--set", "lstm.epochs=1"];
    let more = ["--set", "lstm.hidden=8", "--set", "hybrid.budget={false_positive_rate: 0.1}", "--quiet"];
    let run = [&["run", "configs/quickstart.yaml", "--set", "choice=off"][..], &small, &more].concat();
    within(&home, 40, &run).refused(1, &["cannot write", "checkpoints/", REMEDY]);
    let left = home.files();
    assert!(left.iter().all(|file| !file.to_string_lossy().contains(".nta-tmp-")), "{left:?}");
    assert!(home.nta(&["runs"]).ok().out.contains("failed"));
    home.nta(&[&run[..], &["--resume"]].concat()).ok();
    assert!(home.nta(&["runs"]).ok().out.contains("finished"));
}

#[test]
fn a_full_standard_output_is_named() {
    let home = Home::new();
    for arguments in [&["simulate", "--set", "flows=1000"][..], &["schema", "list"], &["runs"], &["config", "schema"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let done = Done::from(home.command(arguments).stdout(full).output().unwrap());
        done.refused(1, &["cannot write standard output", "the disk is full", "call again"]);
    }
}
