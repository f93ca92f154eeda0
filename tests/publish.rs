//! A published model says in its graph what it says here, whatever its members and fusion; what is changed afterwards is
//! found.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nta_data::Quiet;
use nta_export::{Engine, Graphs, Proof};
use nta_model::{Member, Model};
use serde_json::Value;

use crate::nta::{Home, root};

const SMALL: [&str; 10] = [
    "--set",
    "forest.trees=20",
    "--set",
    "lstm.hidden=8",
    "--set",
    "lstm.epochs=1",
    "--set",
    "data.train={ simulate: { flows: 6000 } }",
    "--set",
    "hybrid.budget={ false_positive_rate: 0.1 }",
];

/// Trains a small model and answers its folder.
fn trained(home: &Home, more: &[&str]) -> PathBuf {
    let mut arguments = vec!["run", "configs/quickstart.yaml", "--set", "choice=off", "--json"];
    arguments.extend(SMALL);
    arguments.extend(more);
    let outcome: Value = serde_json::from_str(&home.nta(&arguments).ok().out).unwrap();
    home.path().join("models").join(outcome["model"].as_str().unwrap())
}

fn prove(model: &Arc<Model>) -> nta_export::Parity {
    let graphs = Graphs::of(model).unwrap();
    Proof::of_known_rows(model, &graphs, &Engine::Ours, &Quiet).unwrap()
}

#[test]
fn every_fusion_and_preprocessing_says_the_same_in_its_graph() {
    // Two forms where hosts are followed; 64 golden rows and 10,000 made ones each.
    for (rows, more) in [
        (20_128, ["hybrid.combine={ weighted: { forest: 3, lstm: 1 } }", "preprocess.numeric.scale=robust"].to_vec()),
        (20_128, ["hybrid.combine=stacking", "lstm.layers=2", "lstm.categorical={ embedding: 3 }"].to_vec()),
        (10_064, ["lstm.sequence.length=1", "preprocess.numeric.transform=none", "forest.trees=300"].to_vec()),
    ] {
        let home = Home::new();
        let sets: Vec<&str> = more.iter().flat_map(|set| ["--set", set]).collect();
        let model = Arc::new(Model::load(&trained(&home, &sets)).unwrap());
        let found = prove(&model);
        assert_eq!(found.rows, rows, "{more:?}");
        assert!(found.flagged > 100 && found.largest_difference <= 1e-5, "{more:?}: {found:?}");
    }
}

#[test]
fn members_alone_and_models_of_before_say_the_same_in_their_graphs() {
    let folder = root().join("crates/model/tests/data/model-revision-1");
    let old = Model::load(&folder).unwrap();
    prove(&Arc::new(old.clone()));
    for kind in ["forest", "lstm"] {
        let mut model = old.clone();
        model.members.retain(|member| member.name == kind);
        model.thresholds.retain(|threshold| threshold.name == kind || threshold.name == "hybrid");
        model.hybrid = nta_hybrid::Hybrid::new(vec![kind.to_owned()], nta_hybrid::Fusion::Average).unwrap();
        let mut model = Arc::new(model);
        let rows = model.golden.to_dataset(&model.schema).unwrap();
        model.record_golden(&rows).unwrap();
        prove(&model);
    }
}

#[test]
fn a_published_folder_is_whole_and_every_flipped_byte_is_found() {
    let home = Home::new();
    trained(&home, &[]);
    let outcome = home.nta(&["publish", "quickstart", "--licence", "CC0", "--json"]).ok();
    let outcome: Value = serde_json::from_str(&outcome.out).unwrap();
    let folder = PathBuf::from(outcome["folder"].as_str().unwrap());
    assert_eq!(folder, home.path().join("artifacts/quickstart/1"));
    assert!(outcome["proved"]["rows"].as_u64().unwrap() >= 20_000);
    let at = folder.to_str().unwrap();
    home.nta(&["publish", "quickstart"]).refused(2, &["exists already"]);
    let verified: Value = serde_json::from_str(&home.nta(&["verify", at, "--json"]).ok().out).unwrap();
    assert_eq!(verified["published_files"], outcome["files"]);
    // Traffic of one's own, in whatever order it stands: each of the two graphs sees all of it.
    let flows = home.nta(&["simulate", "--set", "flows=2000"]).ok().out;
    let (header, rows) = flows.split_once('\n').unwrap();
    let newest_first: Vec<&str> = rows.lines().rev().collect();
    let flows = home.write("flows.csv", format!("{header}\n{}\n", newest_first.join("\n")));
    let proved: Value =
        serde_json::from_str(&home.nta(&["verify", at, "--rows", flows.to_str().unwrap(), "--json"]).ok().out).unwrap();
    let rows = |outcome: &Value| outcome["proved"]["rows"].as_u64().unwrap();
    assert_eq!(rows(&proved), rows(&outcome) + 2 * newest_first.len() as u64);
    let text = fs::read_to_string(folder.join("README.md")).unwrap();
    assert!(text.contains("## Promise") && text.contains("observed") && text.contains("CC0"), "{text}");

    let files: Vec<PathBuf> = home.files().into_iter().filter(|file| file.starts_with("artifacts")).collect();
    assert_eq!(files.len() as u64, outcome["files"].as_u64().unwrap() + 1, "{files:?}");
    for (i, file) in files.iter().enumerate() {
        let path = home.path().join(file);
        let bytes = fs::read(&path).unwrap();
        let mut changed = bytes.clone();
        let place = i * 7_919 % changed.len();
        changed[place] ^= 1 << (i % 8);
        fs::write(&path, changed).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(nta_export::verify_files(&folder, None).is_err(), "{name}, byte {place}");
        fs::write(&path, bytes).unwrap();
    }
    let graph = folder.join("model.onnx");
    let bytes = fs::read(&graph).unwrap();
    fs::write(&graph, &bytes[..bytes.len() - 1]).unwrap();
    home.nta(&["verify", at]).refused(2, &["model.onnx", "not those published"]);
    fs::write(&graph, bytes).unwrap();
    fs::write(folder.join("code/onnxruntime.py"), "").unwrap();
    home.nta(&["verify", at]).refused(2, &["onnxruntime.py", "none of the files published"]);
    fs::remove_file(folder.join("code/onnxruntime.py")).unwrap();

    // The graph of another model, listed as if it belonged here: no digest tells, but what it says does.
    trained(&home, &["--set", "seed=8"]);
    home.nta(&["publish", "quickstart"]).ok();
    let other = home.path().join("artifacts/quickstart/2");
    fs::copy(other.join("model.onnx"), folder.join("model.onnx")).unwrap();
    let line = |folder: &Path| {
        let sums = fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
        (sums.lines().find(|line| line.ends_with("  model.onnx")).unwrap().to_owned(), sums)
    };
    let (theirs, (ours, sums)) = (line(&other).0, line(&folder));
    fs::write(folder.join("SHA256SUMS"), sums.replace(&ours, &theirs)).unwrap();
    home.nta(&["verify", at]).refused(3, &["does not say what the model says", "row"]);
}

#[test]
fn a_signature_is_asked_for_and_held_to() {
    let home = Home::new();
    let folder = root().join("crates/model/tests/data/model-revision-1");
    let model = folder.to_str().unwrap();
    let published = |name: &str, seed: u8| {
        let key = home.write(&format!("{name}.pem"), private(seed));
        let out = home.path().join(name);
        home.nta(&["publish", model, "-o", out.to_str().unwrap(), "--sign", key.to_str().unwrap()]).ok();
        out
    };
    let (out, another) = (published("signed", 7), published("another", 9));
    let public = |folder: &Path, name: &str| {
        let key = home.path().join(name);
        fs::copy(folder.join("signing_key.pub.pem"), &key).unwrap();
        key.to_str().unwrap().to_owned()
    };
    let (ours, other) = (&public(&out, "ours.pem"), &public(&another, "other.pem"));
    let (at, nowhere) = (out.to_str().unwrap(), home.path().join("nowhere"));
    let refused = home.nta(&["publish", model, "-o", nowhere.to_str().unwrap(), "--sign", ours]);
    refused.refused(2, &["ours.pem", "openssl genpkey"]);
    assert!(!nowhere.exists(), "nothing half made");
    home.nta(&["verify", at]).ok();
    home.nta(&["verify", at, "--key", ours]).ok();
    home.nta(&["verify", at, "--key", other]).refused(3, &["signed by another key"]);
    let flows = home.write("flows.csv", "time,src,bytes,packets,proto\n1,a,3,1,tcp\n2,a,4,2,udp\n");
    let scored = home.path().join("scored.csv");
    let score = |key: &str| {
        let arguments = ["score", at, flows.to_str().unwrap(), "-o", scored.to_str().unwrap(), "--require-key", key];
        home.nta(&arguments)
    };
    score(other).refused(3, &["signed by another key"]);
    assert!(!scored.exists());
    score(ours).ok();
    home.nta(&["publish", model, "-o", home.path().join("plain").to_str().unwrap()]).ok();
    let plain = home.path().join("plain");
    home.nta(&["verify", plain.to_str().unwrap(), "--key", ours]).refused(3, &["is not signed"]);
    // A list made anew over a changed file is not what was signed.
    fs::write(out.join("README.md"), "better\n").unwrap();
    fs::copy(plain.join("SHA256SUMS"), out.join("SHA256SUMS")).unwrap();
    home.nta(&["verify", at]).refused(3, &["it does not hold"]);
}

#[test]
fn a_graph_that_says_something_else_is_refused_with_the_row() {
    let folder = root().join("crates/model/tests/data/model-revision-1");
    let model = Arc::new(Model::load(&folder).unwrap());
    // The graph of another model: its forest votes the other way round at one leaf.
    let mut other = (*model).clone();
    for member in &mut other.members {
        if let Member::Forest(forest) = &mut member.member {
            **forest = with_turned_leaf(forest);
        }
    }
    let graphs = Graphs::of(&other).unwrap();
    let error = Proof::of_known_rows(&model, &graphs, &Engine::Ours, &Quiet).unwrap_err();
    assert!(error.is_gate() && error.to_string().contains("row "), "{error}");
}

/// The same forest, the first leaf of its file saying the opposite.
fn with_turned_leaf(forest: &nta_forest::Forest) -> nta_forest::Forest {
    let mut bytes = forest.to_bytes();
    let names: usize = forest.names().iter().map(|name| 4 + name.len()).sum();
    let nodes = 24 + names + 8 * forest.n_features() + 4 * forest.n_trees();
    let leaf = (0..).map(|i| nodes + 8 * i).find(|&at| bytes[at + 4..at + 8] == [0; 4]).unwrap();
    let share = f32::from_le_bytes(bytes[leaf..leaf + 4].try_into().unwrap());
    bytes[leaf..leaf + 4].copy_from_slice(&(1.0 - share).to_le_bytes());
    nta_forest::Forest::from_bytes(&bytes).unwrap()
}

/// A private key in PEM, made of one byte.
fn private(seed: u8) -> String {
    use base64::Engine;
    let der = [&[0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20][..], &[seed; 32]].concat();
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}
