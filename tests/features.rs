//! A build for use takes its libraries with the features that a build for tests takes them with, so that what one has
//! built serves the other: polars and burn take minutes.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Each library below these packages with its features, as `cargo tree` tells them.
fn libraries(arguments: &[&str]) -> BTreeSet<String> {
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../..");
    let mut command = Command::new(std::env::var("CARGO").unwrap());
    command
        .args(["tree", "--offline", "--locked", "--prefix", "none", "-f", "{p} {f}"])
        .args(arguments)
        .current_dir(root);
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let lines = String::from_utf8(done.stdout).unwrap();
    lines.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).filter(|line| !line.starts_with("nta")).collect()
}

#[test]
fn a_build_for_use_shares_its_libraries_with_the_tests() {
    let for_use = libraries(&["-p", "nta", "-e", "normal"]);
    let for_tests = libraries(&["--workspace", "-e", "normal,dev"]);
    assert!(for_use.iter().any(|library| library.starts_with("polars-core ")), "{for_use:?}");
    let apart: Vec<&String> = for_use.difference(&for_tests).collect();
    assert!(apart.is_empty(), "give crates/nta these with the features that the tests' libraries ask for: {apart:?}");
}
