//! Scores from a stream, as a watch will make them: a pipe gives each line's scores as it comes, a rotated file keeps its
//! hosts' states, and a snapshot goes on where it was taken. All of it says what the whole file says in one go.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nta_data::Scores;
use nta_ingest::{Batches, ReadOptions, Source, Tail, batches, follow};
use nta_model::{Model, Scorer};

use crate::nta::Home;

const FIELDS: [&str; 18] = [
    "ts",
    "uid",
    "id.orig_h",
    "id.orig_p",
    "id.resp_h",
    "id.resp_p",
    "proto",
    "service",
    "duration",
    "orig_bytes",
    "resp_bytes",
    "conn_state",
    "missed_bytes",
    "history",
    "orig_pkts",
    "orig_ip_bytes",
    "resp_pkts",
    "resp_ip_bytes",
];

/// Flow `i` of ten hosts, and whether it is part of an attack: every third host floods in its later flows.
fn flow(i: u64) -> ([String; 18], bool) {
    let (host, turn) = (i % 10, i / 10);
    let attack = host.is_multiple_of(3) && turn % 7 > 2;
    let (bytes, state) = if attack { (40 + turn % 3, "S0") } else { (300 + (i * 7_919) % 4_000, "SF") };
    let values = [
        format!("{}.25", 1_700_000_000 + i),
        format!("C{i}"),
        format!("10.0.0.{host}"),
        format!("{}", 1_024 + i % 5_000),
        format!("192.168.1.{}", (i * 31) % 9),
        "443".to_owned(),
        "tcp".to_owned(),
        "ssl".to_owned(),
        format!("0.{}", 1 + i % 9),
        bytes.to_string(),
        (bytes * 2).to_string(),
        state.to_owned(),
        "0".to_owned(),
        "ShAD".to_owned(),
        (1 + bytes / 100).to_string(),
        (bytes + 40).to_string(),
        (1 + bytes / 50).to_string(),
        (2 * bytes + 40).to_string(),
    ];
    (values, attack)
}

/// The lines of a Zeek log that begin one: its header.
pub(crate) fn header() -> String {
    format!("#separator \\x09\n#path\tconn\n#fields\t{}\n", FIELDS.join("\t"))
}

pub(crate) fn line(i: u64) -> String {
    flow(i).0.join("\t") + "\n"
}

/// A model trained on such flows by the program itself.
pub(crate) fn model(home: &Home) -> Arc<Model> {
    let mut csv = FIELDS.join(",") + ",label\n";
    for i in 0..6_000 {
        let (values, attack) = flow(i);
        csv.push_str(&format!("{},{}\n", values.join(","), if attack { "Malicious" } else { "Benign" }));
    }
    home.write("flows.csv", csv);
    let config = "name: live\nchoice: off\ndata: { schema: zeek-conn, train: flows.csv, accepted: [id.orig_p, orig_pkts, resp_pkts, conn_state] }\n\
                  split: { strategy: temporal, test: 0.3, validation: 0.1, calibration: 0.1, threshold: 0.1 }\n\
                  forest: { trees: 10 }\nlstm: { hidden: 8, epochs: 2, sequence: { by: src, length: 16 } }\n\
                  hybrid: { budget: { false_positive_rate: 0.1 } }\n";
    let config = home.write("configs/live.yaml", config);
    home.nta(&["run", config.to_str().unwrap(), "--quiet"]).ok();
    Arc::new(Model::load(&home.path().join("models/live/1")).unwrap())
}

/// How the model reads traffic; a batch waits for 50 ms at most.
fn options(model: &Model) -> ReadOptions {
    let state = model.state.as_ref().unwrap();
    ReadOptions {
        by: Some(state.by),
        entity_key: state.entity_key,
        sensor_key: state.sensor_key,
        sensor: Some("gate".to_owned()),
        deadline: Some(Duration::from_millis(50)),
        ..ReadOptions::new(Arc::new(model.schema.clone()))
    }
}

/// The bits of every column's scores, row by row in the order in which they came.
fn bits(scores: &Scores) -> Vec<Vec<u32>> {
    (0..scores.n_rows()).map(|i| scores.columns().map(|column| column.p_attack[i].to_bits()).collect()).collect()
}

fn next_scores(batches: &mut Batches, scorer: &mut Scorer) -> Vec<Vec<u32>> {
    bits(&scorer.score(&batches.next().unwrap().unwrap().dataset).unwrap())
}

/// What a file of flows `0..n` scores in one go.
fn in_one_go(home: &Home, model: &Arc<Model>, n: u64) -> Vec<Vec<u32>> {
    home.write("whole/conn.log", header() + &(0..n).map(line).collect::<String>());
    let source = Source::resolve(&["whole/conn.log".to_owned()], home.path()).unwrap();
    let mut scorer = Scorer::new(Arc::clone(model)).unwrap();
    let read = batches(&source, &options(model)).unwrap();
    read.flat_map(|batch| bits(&scorer.score(&batch.unwrap().dataset).unwrap())).collect()
}

#[test]
fn a_pipe_gives_each_lines_scores_within_a_second() {
    let home = Home::new();
    let model = model(&home);
    let (reader, mut writer) = std::io::pipe().unwrap();
    let writing = std::thread::spawn(move || {
        writer.write_all(header().as_bytes()).unwrap();
        let mut told = Vec::new();
        for i in 0..5 {
            std::thread::sleep(Duration::from_millis(300));
            writer.write_all(line(i).as_bytes()).unwrap();
            told.push(Instant::now());
        }
        // The pipe stays open: nothing may wait for its end.
        (writer, told)
    });
    let mut scorer = Scorer::new(Arc::clone(&model)).unwrap();
    let mut batches = follow(reader, "pipe", &options(&model)).unwrap();
    let mut found = Vec::new();
    let scored: Vec<Instant> = (0..5)
        .map(|_| {
            found.extend(next_scores(&mut batches, &mut scorer));
            Instant::now()
        })
        .collect();
    let (_open, told) = writing.join().unwrap();
    for (i, (scored, told)) in scored.iter().zip(&told).enumerate() {
        let late = scored.saturating_duration_since(*told);
        assert!(late < Duration::from_secs(1), "line {i} was scored {late:?} after it came");
    }
    assert_eq!(found, in_one_go(&home, &model, 5));
}

#[test]
fn a_rotated_file_keeps_its_states_and_a_snapshot_goes_on() {
    let home = Home::new();
    let model = model(&home);
    let log = home.write("logs/conn.log", header() + &(0..40).map(line).collect::<String>());
    let tail = Tail::open(&log).unwrap();
    let stop = tail.stopper();
    let mut batches = follow(tail, "conn.log", &options(&model)).unwrap();
    let mut scorer = Scorer::new(Arc::clone(&model)).unwrap();
    let mut found = Vec::new();
    while found.len() < 40 {
        found.extend(next_scores(&mut batches, &mut scorer));
    }

    // The process ends here and another goes on: state and position travel together.
    let snapshot = scorer.snapshot(b"conn.log, line 43").unwrap();
    let (mut scorer, position) = Scorer::restore(Arc::clone(&model), &snapshot).unwrap();
    assert_eq!(position, b"conn.log, line 43");

    rotate(&log, &(header() + &(40..90).map(line).collect::<String>()));
    while found.len() < 90 {
        found.extend(next_scores(&mut batches, &mut scorer));
    }
    stop.stop();
    assert_eq!(found, in_one_go(&home, &model, 90));

    // Without what was before the rotation the same flows score otherwise: the states were kept indeed.
    let mut cold = Scorer::new(Arc::clone(&model)).unwrap();
    let source = Source::resolve(&["logs/conn.log".to_owned()], home.path()).unwrap();
    let cold: Vec<_> = nta_ingest::batches(&source, &options(&model))
        .unwrap()
        .flat_map(|batch| bits(&cold.score(&batch.unwrap().dataset).unwrap()))
        .collect();
    assert_ne!(cold, found[40..]);
}

/// Renames the log away and begins another in its place, as logrotate does.
fn rotate(log: &Path, text: &str) {
    let old: PathBuf = log.with_extension("log.1");
    std::fs::rename(log, old).unwrap();
    std::fs::write(log, text).unwrap();
}
