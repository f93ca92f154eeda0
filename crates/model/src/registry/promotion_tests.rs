//! The registry under many hands: promotions at once, kills in between, and what may go.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nta_data::Order;

use super::promotion::By;
use super::{Act, AliasChange, Registry, Removal};
use crate::fixture::model;

fn by(who: &str) -> By {
    By { who: who.into(), why: Some("on trial".into()) }
}

/// `n` versions of `toy`; each was made from the one that `parent` says of its number.
fn toys(home: &Path, n: u32, parent: impl Fn(u32) -> Option<String>) -> Registry {
    let registry = Registry::new(home);
    for number in 1..=n {
        let mut model = Arc::unwrap_or_clone(model(Order::None));
        model.provenance.run = format!("run{number}");
        model.provenance.parent = parent(number);
        registry.add("toy", &model).unwrap();
    }
    registry
}

fn promote(registry: &Registry, number: u32) -> AliasChange {
    registry.promote("toy", "champion", number, &by("ann@box")).unwrap()
}

/// What the log tells, after checking that it and the aliases agree and that no line is missing between two others.
fn checked_log(registry: &Registry) -> Vec<AliasChange> {
    let log = registry.log("toy").unwrap();
    let mut now: BTreeMap<String, u32> = BTreeMap::new();
    for change in &log {
        assert_eq!(
            change.from,
            now.get(&change.alias).copied(),
            "{change:?} does not go on where the line before ended"
        );
        super::log::apply(&mut now, change);
    }
    assert_eq!(registry.versions("toy").unwrap().aliases, now, "the aliases are not the end of the log");
    assert!(log.windows(2).all(|two| two[0].time <= two[1].time));
    log
}

/// Not a test of its own: a process that promotes, and is killed by some tests.
#[test]
#[ignore = "run by other tests"]
fn child_that_promotes() {
    let Ok(home) = std::env::var("NTA_TEST_HOME") else { return };
    let (who, n) = (std::env::var("NTA_TEST_WHO").unwrap(), std::env::var("NTA_TEST_TIMES").unwrap());
    let registry = Registry::new(Path::new(&home));
    for i in 0..n.parse().unwrap() {
        registry.promote("toy", "champion", 1 + i % 3, &by(&who)).unwrap();
    }
}

fn child(home: &Path, who: &str, times: u32) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "registry::promotion_tests::child_that_promotes", "--ignored"])
        .envs([("NTA_TEST_WHO", who), ("NTA_TEST_TIMES", &times.to_string())])
        .env("NTA_TEST_HOME", home)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn two_processes_that_promote_at_once_leave_every_promotion_in_the_log() {
    const TIMES: u32 = 500;
    let home = tempfile::tempdir().unwrap();
    let registry = toys(home.path(), 3, |_| None);
    let mut children = [child(home.path(), "ann@box", TIMES), child(home.path(), "bob@box", TIMES)];
    // Read all the while: no reader ever meets half a line or half a list.
    while children.iter_mut().any(|child| child.try_wait().unwrap().is_none()) {
        registry.log("toy").unwrap();
        registry.versions("toy").unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(children.iter_mut().all(|child| child.wait().unwrap().success()));
    let log = checked_log(&registry);
    assert_eq!(log.len(), 2 * TIMES as usize);
    for who in ["ann@box", "bob@box"] {
        let theirs = log.iter().filter(|change| change.who == who);
        let to: Vec<Option<u32>> = theirs.map(|change| change.to).collect();
        assert_eq!(to, (0..TIMES).map(|i| Some(1 + i % 3)).collect::<Vec<_>>(), "{who}");
    }
    let bytes = fs::read(home.path().join("models/toy/log.jsonl")).unwrap();
    assert_eq!(bytes.iter().filter(|&&b| b == b'\n').count(), log.len());
}

#[test]
fn after_a_kill_at_any_moment_the_next_call_finds_log_and_aliases_in_agreement() {
    let home = tempfile::tempdir().unwrap();
    let registry = toys(home.path(), 3, |_| None);
    let mut n_before = 0;
    for round in 0..20 {
        let mut child = child(home.path(), "ann@box", 100_000);
        // Past the process's start, then anywhere in a promotion.
        while registry.log("toy").unwrap().len() <= n_before {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(1_700 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        n_before = checked_log(&registry).len();
        promote(&registry, 2);
        assert_eq!(checked_log(&registry).len(), n_before + 1);
        n_before += 1;
    }
}

#[test]
fn a_move_that_was_logged_and_not_made_is_made_by_the_next_call() {
    let home = tempfile::tempdir().unwrap();
    let registry = toys(home.path(), 3, |_| None);
    let aliases = home.path().join("models/toy/aliases.yaml");
    promote(&registry, 1);
    let before = fs::read(&aliases).unwrap();
    promote(&registry, 2);
    fs::write(&aliases, before).unwrap();
    assert_eq!(registry.resolve("toy@champion").unwrap().title(), "toy/2");
    assert!(fs::read_to_string(&aliases).unwrap().contains("after line 2 of log.jsonl"));
    fs::remove_file(&aliases).unwrap();
    promote(&registry, 3);
    assert_eq!(checked_log(&registry).len(), 3);
}

#[test]
fn aliases_that_were_edited_by_hand_count_and_are_told() {
    let home = tempfile::tempdir().unwrap();
    let registry = toys(home.path(), 3, |_| None);
    let aliases = home.path().join("models/toy/aliases.yaml");
    // As a version of before the log left it.
    fs::write(&aliases, "# Which version each alias points at; change it with `nta models`.\n\"champion\": 2\n")
        .unwrap();
    assert_eq!(registry.resolve("toy@champion").unwrap().title(), "toy/2");
    promote(&registry, 3);
    let text = fs::read_to_string(&aliases).unwrap();
    fs::write(&aliases, text.replace("\"champion\": 3", "\"champion\": 1\n\"old\": 2")).unwrap();
    registry.remove_alias("toy", "old", &by("ann@box")).unwrap();
    let told: Vec<_> = checked_log(&registry).into_iter().map(|c| (c.act, c.alias, c.from, c.to)).collect();
    let champion = || "champion".to_owned();
    assert_eq!(
        told,
        [
            (Act::Found, champion(), None, Some(2)),
            (Act::Promote, champion(), Some(2), Some(3)),
            (Act::Found, champion(), Some(3), Some(1)),
            (Act::Found, "old".into(), None, Some(2)),
            (Act::Remove, "old".into(), Some(2), None),
        ]
    );
}

#[test]
fn a_rollback_goes_to_the_version_before_that_is_still_there() {
    let home = tempfile::tempdir().unwrap();
    let registry = toys(home.path(), 4, |_| None);
    let back = || registry.rollback("toy", "champion", &by("ann@box"));
    assert!(back().unwrap_err().to_string().contains("there is no such alias"));
    for number in 1..=4 {
        promote(&registry, number);
    }
    fs::remove_dir_all(home.path().join("models/toy/3")).unwrap();
    assert_eq!(back().unwrap().to, Some(2));
    assert_eq!(back().unwrap().to, Some(1));
    let error = back().unwrap_err().to_string();
    assert!(error.contains("toy/1 is the first version that it points at"), "{error}");
    promote(&registry, 4);
    fs::remove_dir_all(home.path().join("models/toy/1")).unwrap();
    let error = back().unwrap_err().to_string();
    assert!(error.contains("the versions before, 1, are gone"), "{error}");
    checked_log(&registry);
}

#[test]
fn what_an_alias_a_rollback_or_a_lineage_needs_stays() {
    let home = tempfile::tempdir().unwrap();
    // 5 was made from 2, and 2 by way of its run from 1.
    let registry = toys(home.path(), 9, |number| match number {
        5 => Some("toy/2".into()),
        2 => Some("run1".into()),
        _ => None,
    });
    promote(&registry, 4);
    promote(&registry, 5);
    registry.promote("toy", "old", 3, &by("ann@box")).unwrap();
    fs::write(home.path().join("models/toy/7/manifest.json"), "{}").unwrap();
    let told = registry.gc(1, Removal::OnlySay).unwrap();
    assert_eq!(registry.versions("toy").unwrap().numbers.len(), 9);
    assert_eq!(registry.gc(1, Removal::Do).unwrap(), told);
    assert_eq!(registry.versions("toy").unwrap().numbers, [1, 2, 3, 4, 5, 7, 9]);
    let why: Vec<&str> = told.iter().map(|told| told.kept.as_deref().unwrap_or("goes")).collect();
    assert_eq!(
        [&why[..6], &why[7..]].concat(),
        [
            "toy/5 was made from it",
            "toy/5 was made from it",
            "old points at it",
            "champion can go back to it",
            "champion points at it",
            "goes",
            "goes",
            "among the newest"
        ]
    );
    assert!(why[6].contains("manifest.json"), "{}", why[6]);
    assert!(told.iter().all(|told| told.bytes > 0));
    assert_eq!(registry.rollback("toy", "champion", &by("ann@box")).unwrap().to, Some(4));
    let names = fs::read_dir(home.path().join("models/toy")).unwrap().map(|e| e.unwrap().file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().starts_with('.')));
}

#[test]
fn nothing_goes_where_the_aliases_cannot_be_read() {
    let home = tempfile::tempdir().unwrap();
    let registry = toys(home.path(), 3, |_| None);
    promote(&registry, 1);
    fs::write(home.path().join("models/toy/aliases.yaml"), "champion: [1").unwrap();
    let told = registry.gc(1, Removal::Do).unwrap();
    assert!(told.iter().all(|told| told.kept.as_deref().is_some_and(|why| why.contains("aliases.yaml"))), "{told:?}");
    assert_eq!(fs::read_dir(home.path().join("models/toy")).unwrap().count(), 5);
}

#[test]
fn ancestors_end_where_the_line_does() {
    let home = tempfile::tempdir().unwrap();
    let registry = toys(home.path(), 4, |number| match number {
        1 => Some("toy/3".into()),
        2 => Some("toy/1".into()),
        3 => Some("models/toy/2".into()),
        _ => Some("../../etc/1".into()),
    });
    let line = |number: u32| -> Vec<String> {
        let found = registry.ancestors(&registry.version("toy", number)).unwrap();
        found.iter().map(super::Version::title).collect()
    };
    assert_eq!(line(3), ["toy/2", "toy/1"]);
    assert_eq!(line(4), [""; 0]);
}

#[test]
fn a_reason_has_an_end() {
    let home = tempfile::tempdir().unwrap();
    let registry = toys(home.path(), 1, |_| None);
    let long = By { who: "ann@box".into(), why: Some("ß".repeat(1_001)) };
    let error = registry.promote("toy", "champion", 1, &long).unwrap_err().to_string();
    assert!(error.contains("1000 characters"), "{error}");
    assert!(!home.path().join("models/toy/log.jsonl").exists());
}
