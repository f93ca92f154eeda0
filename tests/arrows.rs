//! ARCHITECTURE.md's table of crates against the code: arrows between crates only point up the table, and a big library
//! stays behind the crate that keeps it to itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// One row of the table.
struct Room {
    /// `nta-data`, …
    name: String,
    /// What it may use of the workspace.
    uses: BTreeSet<String>,
    /// Libraries that it keeps to itself; two crates may name the same one.
    keeps: BTreeSet<String>,
}

fn root() -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../..")
}

/// The rows of ARCHITECTURE.md's table, from the top.
fn rooms() -> Vec<Room> {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .skip_while(|line| !line.starts_with("| crate |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() >= 15, "the table of crates is not where it was: {} rows", rows.len());
    let list = |cell: &str| cell.split(',').map(str::trim).filter(|w| !w.is_empty()).map(str::to_owned).collect();
    let named = |crate_name: &str| match crate_name {
        "nta" => "nta".to_owned(),
        other => format!("nta-{other}"),
    };
    rows.iter()
        .map(|row| {
            let [name, _, _, uses, keeps] = row[..] else { panic!("five cells a row: {row:?}") };
            let uses: BTreeSet<String> = list(uses);
            Room { name: named(name), uses: uses.iter().map(|name| named(name)).collect(), keeps: list(keeps) }
        })
        .collect()
}

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml")).no_deps().other_options(vec!["--offline".into()]);
    let metadata = command.exec().expect("cargo metadata");
    let normal = |d: &&cargo_metadata::Dependency| d.kind == DependencyKind::Normal;
    let of = |p: &cargo_metadata::Package| p.dependencies.iter().filter(normal).map(|d| d.name.clone()).collect();
    metadata.packages.iter().map(|p| (p.name.to_string(), of(p))).collect()
}

/// Each library that a crate keeps to itself, and whose it is.
fn owners() -> BTreeMap<String, BTreeSet<String>> {
    let mut owners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for room in rooms() {
        for library in room.keeps {
            owners.entry(library).or_default().insert(room.name.clone());
        }
    }
    owners
}

#[test]
fn every_crate_stands_in_the_table_and_uses_what_it_says() {
    let found = dependencies();
    let rooms = rooms();
    let named: BTreeSet<&str> = rooms.iter().map(|room| room.name.as_str()).collect();
    assert_eq!(found.keys().map(String::as_str).collect::<BTreeSet<_>>(), named);
    for room in &rooms {
        let inside: BTreeSet<String> = found[&room.name].iter().filter(|d| d.starts_with("nta")).cloned().collect();
        assert_eq!(inside, room.uses, "what {} uses: the code, then the table", room.name);
    }
}

#[test]
fn arrows_only_point_up_the_table() {
    let mut above = BTreeSet::new();
    for room in rooms() {
        let below: Vec<&String> = room.uses.difference(&above).collect();
        assert!(below.is_empty(), "{} uses {below:?}, which do not stand above it", room.name);
        above.insert(room.name);
    }
}

#[test]
fn each_big_library_stays_behind_its_crate() {
    let owners = owners();
    assert!(owners.len() >= 6, "{owners:?}");
    for (from, to) in dependencies() {
        for (library, owners) in &owners {
            let uses = to.iter().any(|d| d == library || d.starts_with(&format!("{library}-")));
            assert!(!uses || owners.contains(&from), "{from} must not use {library}: that belongs to {owners:?}");
        }
    }
}

#[test]
fn no_foreign_type_stands_in_a_public_signature() {
    let crates = root().join("crates");
    for (library, owner) in owners().iter().flat_map(|(library, owners)| owners.iter().map(move |o| (library, o))) {
        if owner == "nta" {
            continue;
        }
        for file in rust_files(&crates.join(owner.trim_start_matches("nta-")).join("src")) {
            let text = std::fs::read_to_string(&file).unwrap();
            for name in imported_from(&text, library) {
                for line in text.lines().filter(|l| is_public(l)) {
                    let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
                    assert!(!words.contains(&name.as_str()), "{}: `{name}` of {library} in `{line}`", file.display());
                }
            }
            for line in text.lines().filter(|l| is_public(l)) {
                let path = [format!("{library}::"), format!("{library}_")];
                assert!(!path.iter().any(|p| line.contains(p.as_str())), "{}: {library} in `{line}`", file.display());
            }
        }
    }
}

/// Public to other crates: `pub fn`, `pub struct`, a public field, a re-export.
fn is_public(line: &str) -> bool {
    line.trim_start().starts_with("pub ")
}

/// Names that a `use` line takes from a library.
fn imported_from(text: &str, library: &str) -> Vec<String> {
    let uses = text.lines().filter(|l| {
        let l = l.trim_start();
        l.starts_with(&format!("use {library}::")) || l.starts_with(&format!("use {library}_"))
    });
    let words =
        uses.flat_map(|l| l.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned).collect::<Vec<_>>());
    words.filter(|w| w.starts_with(char::is_uppercase)).collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}
