//! A run is told to a tracking server once, whatever becomes of the server or of the run meanwhile, and waits for neither.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::fake_mlflow::{FakeMlflow, Mood, Store};
use crate::nta::{Done, Home, root};

const SMALL: [&str; 6] = ["--set", "forest.trees=10", "--set", "lstm.epochs=2", "--set", "lstm.hidden=8"];

/// `nta` told to `server`, with no patience beyond what a test has.
fn told(home: &Home, server: &FakeMlflow, arguments: &[&str]) -> Command {
    let mut command = home.command(arguments);
    command
        .env("MLFLOW_TRACKING_URI", server.uri())
        .env("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")
        .env("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0.01");
    command
}

fn run(home: &Home, server: &FakeMlflow) -> Value {
    let arguments = [&["run", "configs/csv.yaml", "--set", "choice=off", "--json"], &SMALL[..]].concat();
    let done = Done::from(told(home, server, &arguments).output().unwrap()).ok();
    serde_json::from_str(&done.out).unwrap()
}

fn sync(home: &Home, server: &FakeMlflow) -> Done {
    Done::from(told(home, server, &["sync", "--json"]).output().unwrap())
}

fn folder(home: &Home) -> PathBuf {
    let runs = std::fs::read_dir(home.path().join("experiments/csv")).unwrap();
    let mut runs: Vec<PathBuf> =
        runs.map(|entry| entry.unwrap().path()).filter(|p| p.join("run.json").exists()).collect();
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs.remove(0)
}

/// What a server holds of the one run it was told of, with its own ids left out.
fn held(store: &mut Store) -> BTreeMap<String, String> {
    let alive: Vec<_> = store.runs.iter().filter(|(_, run)| !run.deleted).collect();
    assert_eq!(alive.len(), 1, "one run is there once");
    let (id, run) = alive[0];
    let models: Vec<&String> = store.models.keys().collect();
    let plain = |text: &str| {
        models.iter().fold(text.replace(id.as_str(), "RUN"), |text, id| text.replace(id.as_str(), "MODEL"))
    };
    let mut all = BTreeMap::new();
    let mut steps = BTreeSet::new();
    for point in &run.points {
        let json: Value = serde_json::from_str(point).unwrap();
        // The machine is sampled by time: two samples may share a second.
        let machine = json["key"].as_str().unwrap().starts_with("system/");
        let first = steps.insert((json["key"].to_string(), json["step"].to_string()));
        assert!(machine || first, "{point} is there twice");
        all.insert(format!("point {}", plain(point)), String::new());
    }
    all.extend(run.params.iter().map(|(key, value)| (format!("param {key}"), value.clone())));
    all.extend(run.tags.iter().map(|(key, value)| (format!("tag {key}"), plain(value))));
    all.extend(run.inputs.iter().map(|input| (format!("input {input}"), String::new())));
    for model in store.models.values() {
        all.insert(format!("model of {}", plain(&model.run)), model.status.clone());
        all.extend(model.points.iter().map(|point| (format!("model's {}", plain(point)), String::new())));
    }
    for (name, versions) in &store.registered {
        all.insert(format!("versions of {name}"), versions.len().to_string());
    }
    all.extend(
        store.artifacts.iter().map(|(path, bytes)| (format!("artifact {}", plain(path)), bytes.len().to_string())),
    );
    all.insert("status".to_owned(), run.status.clone());
    all.insert("outputs".to_owned(), run.outputs.len().to_string());
    all
}

/// Both servers hold the same.
fn same(left: &BTreeMap<String, String>, right: &BTreeMap<String, String>, what: &str) {
    let only = |one: &BTreeMap<String, String>, other: &BTreeMap<String, String>| -> Vec<String> {
        one.iter()
            .filter(|(key, value)| other.get(*key) != Some(value))
            .map(|(key, value)| format!("{key}: {value}"))
            .collect()
    };
    let (left, right) = (only(left, right), only(right, left));
    assert!(left.is_empty() && right.is_empty(), "{what}: here alone {left:#?}, there alone {right:#?}");
}

/// The run's folder, told to a server that never was disturbed.
fn undisturbed(home: &Home) -> BTreeMap<String, String> {
    let server = FakeMlflow::start();
    let done = home.command(&["sync", "latest", "--to", &server.uri()]).output().unwrap();
    Done::from(done).ok();
    server.store(held)
}

#[test]
fn a_run_is_told_while_it_trains_and_wholly_at_its_end() {
    let (home, server) = (Home::new(), FakeMlflow::start());
    let outcome = run(&home, &server);
    let page = outcome["tracking"]["page"].as_str().unwrap();
    assert!(page.starts_with(&server.uri()) && page.contains("/#/experiments/1/runs/"), "{page}");
    assert_eq!(outcome["tracking"]["remaining"]["points"], 0, "{outcome}");
    let primary = server.store(|store| store.experiment_tags["mlflow.experiment.primaryMetric.name"].clone());
    let held = server.store(held);
    assert!(held.keys().any(|key| key.contains(&primary)), "{primary}");
    assert_eq!(held["status"], "FINISHED");
    assert_eq!(held["param forest.trees"], "10");
    assert!(held["tag mlflow.note.content"].contains("**Verdict.**"), "{}", held["tag mlflow.note.content"]);
    assert_eq!((held["model of RUN"].as_str(), held["outputs"].as_str()), ("LOGGED_MODEL_READY", "1"));
    assert_eq!(held["versions of csv"], "1");
    for file in ["RUN/artifacts/report.html", "RUN/artifacts/evaluation.json", "models/MODEL/artifacts/manifest.json"] {
        assert!(held.keys().any(|key| key.ends_with(file)), "{file}");
    }
    let points = |begin: &str| {
        held.keys().filter(|key| key.starts_with("point") && key.contains(&format!("\"key\":\"{begin}"))).count()
    };
    assert_eq!((points("train/lstm_loss"), points("validation/lstm_log_loss")), (2, 2));
    assert!(points("test/hybrid/") > 20 && points("system/process_memory") > 0 && points("stages/") == 10);
    let auc = held.keys().find(|key| key.starts_with("model's") && key.contains("test/hybrid/roc_auc\"")).unwrap();
    assert!(auc.contains("\"model_id\":\"MODEL\"") && auc.contains("\"dataset_name\":\"csv: test part\""), "{auc}");
    // Once more, and to another server: nothing new there, the same there.
    let asked = server.asked();
    assert_eq!(sync(&home, &server).ok().out.trim(), "[]");
    assert_eq!(server.asked(), asked);
    same(&held, &undisturbed(&home), "another server");
}

#[test]
fn a_run_neither_fails_nor_waits_for_a_server_that_misbehaves() {
    let moods =
        [Mood::Hangs, Mood::Status(500), Mood::Status(403), Mood::Busy, Mood::Later, Mood::Full, Mood::BreaksOff];
    std::thread::scope(|scope| {
        let running: Vec<_> = moods.into_iter().map(|mood| scope.spawn(move || survives(mood))).collect();
        running.into_iter().for_each(|done| done.join().unwrap());
    });
}

fn survives(mood: Mood) {
    let (home, server) = (Home::new(), FakeMlflow::start());
    server.be(mood);
    let begun = Instant::now();
    let outcome = run(&home, &server);
    // Half a minute is the longest that a server is waited for which brings anything further; these bring nothing.
    assert!(begun.elapsed() < Duration::from_secs(25), "{mood:?}: {:?}", begun.elapsed());
    let lacks = outcome["tracking"]["remaining"]["points"].as_u64().unwrap();
    assert_eq!(server.hasty(), 0, "{mood:?}: a pause that was asked for is kept");
    if matches!(mood, Mood::Hangs | Mood::Status(_) | Mood::Full) {
        assert!(lacks > 0 && !outcome["tracking"]["why"].is_null(), "{mood:?}: {}", outcome["tracking"]);
    }
    server.be(Mood::Well);
    sync(&home, &server).ok();
    same(&server.store(held), &undisturbed(&home), &format!("{mood:?}"));
}

#[test]
fn a_server_that_is_not_there_is_said_with_the_remedy() {
    let home = Home::new();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let uri = format!("http://me:s3cret@{gone}");
    let arguments = [&["run", "configs/csv.yaml", "--set", "choice=off"], &SMALL[..]].concat();
    let mut command = home.command(&arguments);
    command.env("MLFLOW_TRACKING_URI", &uri).env("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0");
    let done = Done::from(command.output().unwrap()).ok();
    let run = folder(&home).file_name().unwrap().to_str().unwrap().to_owned();
    assert!(
        done.err.contains("not delivered") && done.err.contains(&format!("`nta sync {run}` sends them")),
        "{}",
        done.err
    );
    let done = Done::from(home.command(&["sync"]).env("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0").output().unwrap());
    assert!(done.code == 1 && done.err.contains("not wholly on the server"), "{} {}", done.code, done.err);
    // A password that stood in the address stands nowhere in what was kept or said.
    assert!(!done.err.contains("s3cret") && !done.out.contains("s3cret"));
    for file in home.files() {
        let bytes = std::fs::read(home.path().join(&file)).unwrap();
        assert!(!bytes.windows(6).any(|w| w == b"s3cret"), "{}", file.display());
    }
}

#[test]
fn killed_at_any_moment_a_run_is_there_once_after_the_next_sync() {
    let (home, server) = (Home::new(), FakeMlflow::start());
    run(&home, &server);
    let wanted = undisturbed(&home);
    let killed = FakeMlflow::start();
    killed.be(Mood::BreaksOff);
    let mut random: u64 = 1;
    let mut ended = 0;
    for _ in 0..30 {
        let arguments = ["sync", "latest", "--to", &killed.uri()];
        let mut child = told(&home, &killed, &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(5 + (random >> 33) % 120));
        ended += usize::from(child.try_wait().unwrap().is_some());
        let _ = child.kill();
        child.wait().unwrap();
    }
    assert!(ended < 30, "no kill came before the end");
    killed.be(Mood::Well);
    Done::from(told(&home, &killed, &["sync", "latest", "--to", &killed.uri()]).output().unwrap()).ok();
    same(&killed.store(held), &wanted, "killed");
}

#[test]
fn a_run_that_is_killed_and_taken_up_again_is_one_run() {
    let (home, server) = (Home::new(), FakeMlflow::start());
    let arguments =
        [&["run", "configs/csv.yaml", "--set", "choice=off", "--quiet"], &SMALL[..4], &["--set", "lstm.hidden=64"]]
            .concat();
    let mut child = told(&home, &server, &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while server.store(|store| store.runs.is_empty()) && begun.elapsed() < Duration::from_secs(60) {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    child.wait().unwrap();
    // The killed one is told as such, or had ended in time.
    sync(&home, &server).ok();
    let status = server.store(held)["status"].clone();
    assert!(status == "KILLED" || status == "FINISHED", "{status}");
    if status == "KILLED" {
        let resumed = [&arguments[..], &["--resume"]].concat();
        Done::from(told(&home, &server, &resumed).output().unwrap()).ok();
    }
    sync(&home, &server).ok();
    let held = server.store(held);
    assert_eq!(held["status"], "FINISHED");
    same(&held, &undisturbed(&home), "killed and taken up again");
}

#[test]
fn two_that_send_the_same_run_at_once_send_it_once() {
    let (home, server) = (Home::new(), FakeMlflow::start());
    run(&home, &server);
    let wanted = undisturbed(&home);
    let fresh = FakeMlflow::start();
    let arguments = ["sync", "latest", "--to", &fresh.uri()];
    let mut both: Vec<_> =
        (0..2).map(|_| told(&home, &fresh, &arguments).stdout(Stdio::null()).spawn().unwrap()).collect();
    assert!(both.iter_mut().all(|child| child.wait().unwrap().success()));
    same(&fresh.store(held), &wanted, "two at once");
    let made = fresh.store(|store| (store.runs.len(), store.models.len(), store.registered["csv"].len()));
    assert_eq!(made, (1, 1, 1));
}

#[test]
fn a_run_made_from_another_is_shown_below_it() {
    let (home, server) = (Home::new(), FakeMlflow::start());
    let first = run(&home, &server)["run"].as_str().unwrap().to_owned();
    let second = run(&home, &server);
    let record = std::path::Path::new(second["folder"].as_str().unwrap()).join("run.json");
    let mut json: Value = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
    json["parent"] = first.as_str().into();
    std::fs::write(&record, json.to_string()).unwrap();
    sync(&home, &server).ok();
    let ids = server.store(|store| {
        let mut ids = BTreeMap::new();
        for (id, run) in &store.runs {
            ids.insert(run.tags["nta.run_id"].clone(), (id.clone(), run.tags.get("mlflow.parentRunId").cloned()));
        }
        ids
    });
    assert_eq!(ids[second["run"].as_str().unwrap()].1.as_ref(), Some(&ids[&first].0));
    assert_eq!(ids[&first].1, None);
}

#[test]
fn a_refused_run_leaves_nothing_on_the_server_either() {
    let (home, server) = (Home::new(), FakeMlflow::start());
    let arguments =
        ["run", "configs/csv.yaml", "--set", "choice=off", "--set", "hybrid.budget.false_positive_rate=0.00001"];
    let done = Done::from(told(&home, &server, &arguments).output().unwrap());
    assert_eq!(done.code, 2, "{}", done.err);
    assert!(server.store(|store| store.runs.values().all(|run| run.deleted)));
    assert!(!home.path().join("experiments/csv").exists());
}

#[test]
fn a_published_model_scores_as_the_one_here_and_a_changed_byte_is_found() {
    let (home, server) = (Home::new(), FakeMlflow::start());
    run(&home, &server);
    home.nta(&["models", "alias", "csv/1", "champion"]).ok();
    let done = sync(&home, &server).ok();
    assert!(done.out.contains("\"entries\": 1"), "{}", done.out);
    assert_eq!(
        server.store(|store| store.aliases.clone()),
        BTreeMap::from([("csv@champion".to_owned(), "1".to_owned())])
    );
    let input = root().join("data/example.csv").display().to_string();
    let score = |home: &Home, model: &str, out: &str| {
        let out = home.path().join(out).display().to_string();
        (
            Done::from(told(home, &server, &["score", model, &input, "-o", &out]).output().unwrap()),
            std::fs::read(out).ok(),
        )
    };
    let here = score(&home, "csv", "here.csv").1.unwrap();
    let elsewhere = Home::new();
    for name in ["models:/csv@champion", "models:/csv/1"] {
        let (done, there) = score(&elsewhere, name, "there.csv");
        assert!(done.ok().out.contains("models:/csv/1"));
        assert!(there.unwrap() == here, "{name}");
    }
    let out = elsewhere.path().join("published").display().to_string();
    for arguments in [&["verify", "models:/csv/1"][..], &["publish", "models:/csv@champion", "-o", &out]] {
        let done = Done::from(told(&elsewhere, &server, arguments).output().unwrap());
        assert!(done.ok().out.contains("models:/csv/1"), "{arguments:?}");
    }
    score(&elsewhere, "models:/csv/2", "no.csv").0.refused(2, &["RESOURCE_DOES_NOT_EXIST"]);
    server.store(|store| {
        let (_, bytes) = store.artifacts.iter_mut().find(|(path, _)| path.ends_with("/forest.bin")).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    });
    let third = Home::new();
    score(&third, "models:/csv/1", "no.csv").0.refused(2, &["forest.bin", "digest"]);
    assert!(third.files().iter().all(|file| !file.starts_with("cache")), "{:?}", third.files());
}

#[test]
fn the_servers_runs_are_listed_and_logins_are_sent_and_kept_nowhere() {
    let (home, server) = (Home::new(), FakeMlflow::start());
    let outcome = run(&home, &server);
    let mut command = told(&home, &server, &["runs", "--remote"]);
    let done =
        command.env("MLFLOW_TRACKING_USERNAME", "me").env("MLFLOW_TRACKING_PASSWORD", "s3cret").output().unwrap();
    let done = Done::from(done).ok();
    assert!(done.out.contains(outcome["run"].as_str().unwrap()) && done.out.contains("finished"), "{}", done.out);
    assert_eq!(server.login().as_deref(), Some("Basic bWU6czNjcmV0"));
    let mut command = told(&home, &server, &["runs", "--remote"]);
    Done::from(command.env("MLFLOW_TRACKING_TOKEN", "s3cret").output().unwrap()).ok();
    assert_eq!(server.login().as_deref(), Some("Bearer s3cret"));
}

#[test]
fn a_config_names_server_and_experiment_and_no_password() {
    let (home, server) = (Home::new(), FakeMlflow::start());
    let uri = format!("tracking.mlflow.uri={}", server.uri());
    let named = [
        &["run", "configs/csv.yaml", "--set", "choice=off", "--quiet"],
        &SMALL[..],
        &["--set", &uri, "--set", "tracking.mlflow.experiment=lab 7"],
    ];
    home.nta(&named.concat()).ok();
    assert_eq!(server.store(|store| store.experiments.keys().cloned().collect::<Vec<_>>()), ["lab 7"]);
    let refused = |set: &str, words: &[&str]| {
        let done = home.nta(&["run", "configs/csv.yaml", "--set", "choice=off", "--set", set]);
        assert!(!done.err.contains("s3cret"), "{}", done.err);
        done.refused(2, words);
    };
    refused("tracking.mlflow.uri=http://me:s3cret@host", &["tracking.mlflow.uri", "MLFLOW_TRACKING_PASSWORD"]);
    refused("tracking.mlflow.uri=sqlite:///x.db", &["`sqlite:`", "mlflow server"]);
    refused("tracking.mlflow={}", &["names no server", "MLFLOW_TRACKING_URI"]);
    refused("tracking.mlflow.url=http://host", &["unknown key", "did you mean `uri`"]);
}
