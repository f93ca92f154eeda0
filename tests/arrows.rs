//! Arrows between crates only point down, polars stays behind ingest and burn behind lstm.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// What each crate may use of the workspace. A line added here is an arrow added to ARCHITECTURE.md.
const ALLOWED: [(&str, &[&str]); 15] = [
    ("nta-atomic", &[]),
    ("nta-data", &[]),
    ("nta-ingest", &["nta-atomic", "nta-data"]),
    ("nta-simulate", &["nta-data"]),
    ("nta-preprocess", &["nta-data"]),
    ("nta-metrics", &["nta-data"]),
    ("nta-forest", &["nta-data"]),
    ("nta-lstm", &["nta-data", "nta-metrics"]),
    ("nta-hybrid", &["nta-data", "nta-metrics"]),
    ("nta-model", &["nta-atomic", "nta-data", "nta-forest", "nta-hybrid", "nta-lstm", "nta-metrics", "nta-preprocess"]),
    ("nta-plots", &[]),
    ("nta-report", &["nta-metrics", "nta-plots"]),
    ("nta-tracking", &["nta-atomic"]),
    (
        "nta-pipeline",
        &[
            "nta-atomic",
            "nta-data",
            "nta-forest",
            "nta-hybrid",
            "nta-ingest",
            "nta-lstm",
            "nta-metrics",
            "nta-model",
            "nta-preprocess",
            "nta-report",
            "nta-simulate",
            "nta-tracking",
        ],
    ),
    ("nta", &["nta-pipeline"]),
];

/// Libraries that belong to few crates.
const BEHIND: [(&str, &[&str]); 6] = [
    ("polars", &["nta-ingest"]),
    ("burn", &["nta-lstm"]),
    ("gemm", &["nta-lstm"]),
    ("plotters", &["nta-plots"]),
    ("smartcore", &["nta-hybrid", "nta-forest"]),
    ("clap", &["nta"]),
];

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let manifest = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../Cargo.toml");
    let mut command = MetadataCommand::new();
    command.manifest_path(manifest).no_deps().other_options(vec!["--offline".into()]);
    let metadata = command.exec().expect("cargo metadata");
    let normal = |d: &&cargo_metadata::Dependency| d.kind == DependencyKind::Normal;
    let of = |p: &cargo_metadata::Package| p.dependencies.iter().filter(normal).map(|d| d.name.clone()).collect();
    metadata.packages.iter().map(|p| (p.name.to_string(), of(p))).collect()
}

#[test]
fn arrows_only_point_down() {
    let found = dependencies();
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        ALLOWED.iter().map(|(name, to)| (*name, to.iter().copied().collect())).collect();
    assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), allowed.keys().copied().collect::<Vec<_>>());
    for (from, to) in &found {
        let inside: BTreeSet<&str> = to.iter().map(String::as_str).filter(|d| d.starts_with("nta")).collect();
        let extra: Vec<_> = inside.difference(&allowed[from.as_str()]).collect();
        assert!(extra.is_empty(), "{from} must not depend on {extra:?}");
    }
}

#[test]
fn each_big_library_stays_behind_its_crate() {
    for (from, to) in dependencies() {
        for (library, owners) in BEHIND {
            let uses = to.iter().any(|d| d == library || d.starts_with(&format!("{library}-")));
            assert!(
                !uses || owners.contains(&from.as_str()),
                "{from} must not use {library}: that belongs to {owners:?}"
            );
        }
    }
}

#[test]
fn no_foreign_type_stands_in_a_public_signature() {
    let crates = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("..");
    let owned = BEHIND.iter().flat_map(|(library, owners)| owners.iter().map(move |owner| (*library, *owner)));
    for (library, owner) in owned {
        let source = crates.join(owner.trim_start_matches("nta-")).join("src");
        if owner == "nta" {
            continue;
        }
        for file in rust_files(&source) {
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

fn rust_files(folder: &Path) -> Vec<std::path::PathBuf> {
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
