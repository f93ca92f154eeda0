//! What we take from others: every crate in Cargo.lock against deny.toml (licences, sources, versions, advisories that were
//! looked at), and what the binary links against THIRD-PARTY-NOTICES. None of it needs a network; crates of other
//! platforms and features are seen where cargo has fetched them (`cargo fetch`, as `.ci/run` does).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, Package, PackageId, TargetKind};
use toml::{Table, Value};

mod licence;

/// Libraries that the binary links in two versions, because libraries that we use disagree. Each costs build time and
/// size: one more needs a reason, one fewer is a line to strike.
const IN_TWO_VERSIONS: [&str; 6] = ["base64", "cpufeatures", "foldhash", "hashbrown", "miniz_oxide", "rand_core"];

fn root() -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../..")
}

fn read_toml(file: &str) -> Table {
    std::fs::read_to_string(root().join(file)).unwrap().parse().unwrap_or_else(|e| panic!("{file}: {e}"))
}

static RULES: LazyLock<Table> = LazyLock::new(|| read_toml("deny.toml"));

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect()
}

fn host() -> String {
    let told = Command::new("rustc").arg("-vV").output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    told.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

fn metadata(options: &[&str], features: Option<CargoOpt>) -> Result<Metadata, cargo_metadata::Error> {
    let mut command = MetadataCommand::new();
    let options = ["--offline", "--locked"].iter().chain(options).map(|o| (*o).to_owned()).collect::<Vec<_>>();
    command.manifest_path(root().join("Cargo.toml")).other_options(options);
    if let Some(features) = features {
        command.features(features);
    }
    command.exec()
}

/// The default build on this platform.
static BUILT: LazyLock<Metadata> =
    LazyLock::new(|| metadata(&["--filter-platform", &host()], None).expect("cargo metadata of what was just built"));

/// As much of Cargo.lock as cargo has the manifests of: all of it, or the default build.
static KNOWN: LazyLock<Metadata> = LazyLock::new(|| {
    metadata(&[], Some(CargoOpt::AllFeatures)).unwrap_or_else(|_| {
        println!("skipped: crates of other platforms and features, which `cargo fetch` would bring");
        BUILT.clone()
    })
});

/// Name and version of every crate in Cargo.lock.
fn locked() -> BTreeSet<(String, String)> {
    let lock = read_toml("Cargo.lock");
    let field = |p: &Value, key: &str| p[key].as_str().unwrap().to_owned();
    lock["package"].as_array().unwrap().iter().map(|p| (field(p, "name"), field(p, "version"))).collect()
}

/// What ends in the binary: crates reached from `nta` by normal dependencies, without macros and our own.
fn linked() -> Vec<&'static Package> {
    let nodes: HashMap<&PackageId, _> = BUILT.resolve.as_ref().unwrap().nodes.iter().map(|n| (&n.id, n)).collect();
    let packages: HashMap<&PackageId, &Package> = BUILT.packages.iter().map(|p| (&p.id, p)).collect();
    let is_macro = |p: &Package| p.targets.iter().any(|t| t.kind.contains(&TargetKind::ProcMacro));
    let mut waiting: Vec<&PackageId> = BUILT.packages.iter().filter(|p| *p.name == "nta").map(|p| &p.id).collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if !is_macro(packages[id]) && seen.insert(id) {
            let normal = nodes[id].deps.iter().filter(|d| d.dep_kinds.iter().any(|k| k.kind == DependencyKind::Normal));
            waiting.extend(normal.map(|d| &d.pkg));
        }
    }
    seen.into_iter().map(|id| packages[id]).filter(|p| p.source.is_some()).collect()
}

#[test]
fn every_licence_is_one_that_we_allow() {
    let licences = &RULES["licenses"];
    let allowed = texts(&licences["allow"]);
    let mut exceptions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for exception in licences["exceptions"].as_array().unwrap() {
        exceptions.insert(exception["crate"].as_str().unwrap(), texts(&exception["allow"]));
    }
    let others = KNOWN.packages.iter().filter(|p| p.source.is_some());
    let refused = others.filter_map(|p| {
        let mine = exceptions.get(p.name.as_str()).cloned().unwrap_or_default();
        let stated = p.license.as_deref().unwrap_or("");
        let holds = licence::holds(stated, |id| allowed.contains(&id) || mine.contains(&id));
        (holds != Some(true)).then(|| format!("{} {}: `{stated}`", p.name, p.version))
    });
    let refused: Vec<String> = refused.collect();
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
    for ours in BUILT.packages.iter().filter(|p| p.source.is_none()) {
        for taken in ours.dependencies.iter().filter(|d| d.path.is_none()) {
            assert_ne!(taken.req.to_string(), "*", "{} takes any version of {}", ours.name, taken.name);
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
        return println!("skipped: cargo keeps no index here");
    };
    let folders: Vec<PathBuf> = indices.map(|entry| entry.unwrap().path().join(".cache")).collect();
    let mut n_looked_up = 0;
    for package in KNOWN.packages.iter().filter(|p| p.source.is_some()) {
        let (name, version) = (package.name.to_lowercase(), format!(r#""vers":"{}""#, package.version));
        let file = match name.len() {
            n @ 1..=2 => format!("{n}/{name}"),
            3 => format!("3/{}/{name}", &name[..1]),
            _ => format!("{}/{}/{name}", &name[..2], &name[2..4]),
        };
        let Some(bytes) = folders.iter().find_map(|folder| std::fs::read(folder.join(&file)).ok()) else { continue };
        // A version a record, of JSON, with and without blanks, between zero bytes.
        let records = bytes.split(|&b| b == 0).map(|r| String::from_utf8_lossy(r).replace(": ", ":"));
        let Some(record) = records.into_iter().find(|r| r.contains(&version)) else { continue };
        assert!(!record.contains(r#""yanked":true"#), "{name} {} was yanked", package.version);
        n_looked_up += usize::from(record.contains(r#""yanked":false"#));
    }
    println!("looked up {n_looked_up} of {}", KNOWN.packages.len());
    assert!(n_looked_up > 100 || folders.is_empty(), "the index is written otherwise than this test reads it");
}

#[test]
fn no_more_libraries_than_known_are_linked_in_two_versions() {
    let mut versions: BTreeMap<&str, usize> = BTreeMap::new();
    for package in linked() {
        *versions.entry(package.name.as_str()).or_default() += 1;
    }
    let several: Vec<&str> = versions.into_iter().filter(|(_, n)| *n > 1).map(|(name, _)| name).collect();
    let unknown: Vec<&&str> = several.iter().filter(|name| !IN_TWO_VERSIONS.contains(name)).collect();
    assert!(unknown.is_empty(), "linked in several versions: {unknown:?}; `cargo tree -d` says who asks for them");
}

#[test]
fn the_notices_name_what_the_binary_links() {
    let page = std::fs::read_to_string(root().join("THIRD-PARTY-NOTICES")).unwrap();
    let row = |line: &str| {
        let mut words = line.strip_prefix("  ")?.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.to_owned(), words.collect::<Vec<_>>().join(" ")))
    };
    let tables = page.lines().take_while(|line| !line.starts_with("==="));
    let named: BTreeSet<_> = tables.filter_map(row).collect();
    let has = |p: &&&Package| {
        let licence = p.license.clone().unwrap_or_default();
        named.contains(&(p.name.to_string(), p.version.to_string(), licence))
    };
    let linked = linked();
    let missing: Vec<String> = linked.iter().filter(|p| !has(p)).map(|p| format!("{} {}", p.name, p.version)).collect();
    assert!(missing.is_empty(), "THIRD-PARTY-NOTICES is not what Cargo.lock gives: call scripts/notices. {missing:?}");
    let locked = locked();
    for (name, version, _) in &named {
        assert!(locked.contains(&(name.clone(), version.clone())), "{name} {version} is gone: call scripts/notices");
    }
}
