//! What we take from others: every crate in Cargo.lock against deny.toml (licences, sources, versions, advisories that were
//! looked at), and what the binary links against THIRD-PARTY-NOTICES. None of it needs a network; crates of other
//! platforms and features are seen where cargo has fetched them (`cargo fetch`, as `.ci/run` does).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use cargo_metadata::MetadataCommand;
use toml::{Table, Value};

use crate::nta::{root, skipped};

mod licence;

/// Libraries that the binary links in two versions, because libraries that we use disagree. Each costs build time and
/// size: one more needs a reason, one fewer is a line to strike.
const IN_TWO_VERSIONS: [&str; 7] =
    ["base64", "cpufeatures", "foldhash", "getrandom", "hashbrown", "miniz_oxide", "rand_core"];

fn read_toml(file: &str) -> Table {
    std::fs::read_to_string(root().join(file)).unwrap().parse().unwrap_or_else(|e| panic!("{file}: {e}"))
}

static RULES: LazyLock<Table> = LazyLock::new(|| read_toml("deny.toml"));

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect()
}

/// A crate that others made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Foreign {
    name: String,
    version: String,
    /// As its manifest states it.
    licence: String,
}

/// Foreign crates of a build, as cargo resolves it with the manifests that it has; `None` where it lacks one.
fn tree(options: &[&str]) -> Option<BTreeSet<Foreign>> {
    let mut cargo = Command::new("cargo");
    cargo.args(["tree", "--locked", "--offline", "--quiet", "--prefix", "none", "--format", "{p}\t{l}"]);
    let told = cargo.args(options).current_dir(root()).output().unwrap();
    let text = String::from_utf8(told.stdout).unwrap();
    let foreign = |line: &str| {
        let (package, licence) = line.trim_end_matches(" (*)").split_once('\t')?;
        let (name, version) = package.split_once(" v")?;
        let version = version.split(' ').next()?.to_owned();
        let ours = name == "nta" || name.starts_with("nta-");
        (!ours).then(|| Foreign { name: name.to_owned(), version, licence: licence.to_owned() })
    };
    told.status.success().then(|| text.lines().filter_map(foreign).collect())
}

/// Every crate that any build of ours takes part of, on any platform; of this platform's default build alone where cargo
/// has no more.
fn known() -> BTreeSet<Foreign> {
    let all = ["--workspace", "--all-features", "--target", "all", "--edges", "normal,build,dev"];
    tree(&all).unwrap_or_else(|| {
        skipped("crates of other platforms and features, which `cargo fetch` would bring");
        tree(&["--workspace"]).expect("cargo tree of what was just built")
    })
}

/// What ends in the binary of this platform: no macros, nothing that only runs while building.
fn linked() -> BTreeSet<Foreign> {
    tree(&["-p", "nta", "--edges", "normal,no-proc-macro"]).expect("cargo tree of what was just built")
}

/// Name and version of every crate in Cargo.lock.
fn locked() -> BTreeSet<(String, String)> {
    let lock = read_toml("Cargo.lock");
    let field = |p: &Value, key: &str| p[key].as_str().unwrap().to_owned();
    lock["package"].as_array().unwrap().iter().map(|p| (field(p, "name"), field(p, "version"))).collect()
}

#[test]
fn every_licence_is_one_that_we_allow() {
    let licences = &RULES["licenses"];
    let allowed = texts(&licences["allow"]);
    let mut exceptions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for exception in licences["exceptions"].as_array().unwrap() {
        exceptions.insert(exception["crate"].as_str().unwrap(), texts(&exception["allow"]));
    }
    let refused = known().into_iter().filter(|foreign| {
        let mine = exceptions.get(foreign.name.as_str()).cloned().unwrap_or_default();
        licence::holds(&foreign.licence, |id| allowed.contains(&id) || mine.contains(&id)) != Some(true)
    });
    let refused: Vec<Foreign> = refused.collect();
    assert!(refused.is_empty(), "deny.toml does not allow the licence of {refused:#?}");
}

#[test]
fn every_crate_comes_from_the_one_registry_in_a_stated_version() {
    for package in read_toml("Cargo.lock")["package"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        match package.get("source").and_then(Value::as_str) {
            None => assert!(name.starts_with("nta"), "{name} comes from a folder"),
            Some(source) => {
                assert!(source.starts_with("registry+") && source.ends_with("/crates.io-index"), "{name}: {source}");
                assert!(package.get("checksum").is_some(), "{name} has no checksum");
            }
        }
    }
    let mut ours = MetadataCommand::new();
    ours.manifest_path(root().join("Cargo.toml")).no_deps().other_options(vec!["--offline".into()]);
    for package in ours.exec().unwrap().packages {
        for taken in package.dependencies.iter().filter(|d| d.path.is_none()) {
            assert_ne!(taken.req.to_string(), "*", "{} takes any version of {}", package.name, taken.name);
        }
    }
}

#[test]
fn what_is_denied_is_absent_and_what_is_accepted_is_still_here() {
    let locked = locked();
    let names: BTreeSet<&str> = locked.iter().map(|(name, _)| name.as_str()).collect();
    for denied in RULES["bans"]["deny"].as_array().unwrap() {
        let name = denied["crate"].as_str().unwrap();
        assert!(!names.contains(name), "{name} is in Cargo.lock, but {}", denied["reason"]);
    }
    let mut ids = BTreeSet::new();
    for accepted in RULES["advisories"]["ignore"].as_array().unwrap() {
        let (id, reason) = (accepted["id"].as_str().unwrap(), accepted["reason"].as_str().unwrap());
        assert!(id.starts_with("RUSTSEC-") && id.len() == 17 && ids.insert(id), "{id}");
        let name = reason.split('`').nth(1).unwrap_or_else(|| panic!("{id}: the reason does not begin with `crate`"));
        assert!(names.contains(name), "{id}: {name} is gone from Cargo.lock, so strike it from deny.toml");
    }
    for exception in RULES["licenses"]["exceptions"].as_array().unwrap() {
        let name = exception["crate"].as_str().unwrap();
        assert!(names.contains(name), "{name} is gone from Cargo.lock, so strike its exception from deny.toml");
    }
}

#[test]
fn no_version_was_yanked_when_cargo_last_asked() {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))).unwrap();
    let Ok(indices) = std::fs::read_dir(home.join("registry/index")) else {
        return skipped("yanked versions: cargo keeps no index here");
    };
    let folders: Vec<PathBuf> = indices.map(|entry| entry.unwrap().path().join(".cache")).collect();
    let mut n_looked_up = 0;
    let locked = locked();
    for (name, number) in locked.iter().filter(|(name, _)| !name.starts_with("nta")) {
        let (name, version) = (name.to_lowercase(), format!(r#""vers":"{number}""#));
        let file = match name.len() {
            n @ 1..=2 => format!("{n}/{name}"),
            3 => format!("3/{}/{name}", &name[..1]),
            _ => format!("{}/{}/{name}", &name[..2], &name[2..4]),
        };
        let Some(bytes) = folders.iter().find_map(|folder| std::fs::read(folder.join(&file)).ok()) else { continue };
        // A version a record, of JSON, with and without blanks, between zero bytes.
        let records = bytes.split(|&b| b == 0).map(|r| String::from_utf8_lossy(r).replace(": ", ":"));
        let Some(record) = records.into_iter().find(|r| r.contains(&version)) else { continue };
        assert!(!record.contains(r#""yanked":true"#), "{name} {number} was yanked");
        n_looked_up += usize::from(record.contains(r#""yanked":false"#));
    }
    assert!(n_looked_up > 100 || folders.is_empty(), "the index is written otherwise than this test reads it");
}

#[test]
fn no_more_libraries_than_known_are_linked_in_two_versions() {
    let mut versions: BTreeMap<String, usize> = BTreeMap::new();
    for foreign in linked() {
        *versions.entry(foreign.name).or_default() += 1;
    }
    let several: Vec<String> = versions.into_iter().filter(|(_, n)| *n > 1).map(|(name, _)| name).collect();
    let unknown: Vec<&String> = several.iter().filter(|name| !IN_TWO_VERSIONS.contains(&name.as_str())).collect();
    assert!(unknown.is_empty(), "linked in several versions: {unknown:?}; `cargo tree -d` says who asks for them");
}

#[test]
fn the_notices_name_what_the_binary_links() {
    let page = std::fs::read_to_string(root().join("THIRD-PARTY-NOTICES")).unwrap();
    let row = |line: &str| {
        let mut words = line.strip_prefix("  ")?.split_whitespace().map(str::to_owned);
        let (name, version) = (words.next()?, words.next()?);
        Some(Foreign { name, version, licence: words.collect::<Vec<_>>().join(" ") })
    };
    let named: BTreeSet<_> = page.lines().take_while(|line| !line.starts_with("===")).filter_map(row).collect();
    let linked = linked();
    let missing: Vec<&Foreign> = linked.difference(&named).collect();
    assert!(missing.is_empty(), "THIRD-PARTY-NOTICES is not what Cargo.lock gives: call scripts/notices. {missing:#?}");
    let locked = locked();
    for Foreign { name, version, .. } in named {
        assert!(locked.contains(&(name.clone(), version.clone())), "{name} {version} is gone: call scripts/notices");
    }
}
