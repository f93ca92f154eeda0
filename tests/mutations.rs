//! Whatever stands in a file that nta reads, it is read or refused: no mutation of it makes a reader panic. A target a kind of
//! file. Some hundreds of mutations each in the suite, always the same; `scripts/check/fuzz.sh SECONDS` for as long as one likes,
//! with bounded memory.

mod campaign;
mod files;
mod seeds;

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use nta_data::{Contact, SequenceBy};
use nta_ingest::{
    BadRows, FlowWriter, MeterConfig, ReadOptions, Source, batches, builtin_schema, draft_schema, follow, meter_stream,
    read_columns,
};
use nta_model::Model;
use nta_pipeline::{LoadedModel, MostAlerts, Project, RaiseRequest, Silence, USUAL_WINDOW, WatchRequest, raise, watch};

use crate::live;
use crate::nta::Home;
use campaign::campaign;
use files::{model_parts, resealed};

/// How a stream and a file of the built-in schema `name` are read, whatever is wrong with their lines.
fn options(name: &str) -> ReadOptions {
    ReadOptions {
        by: Some(SequenceBy::Src),
        bad_rows: BadRows::SetAside { share: 1.0 },
        ..ReadOptions::new(Arc::new(builtin_schema(name).unwrap()))
    }
}

/// Rows that come out of the bytes as a stream.
fn streamed(bytes: &[u8], options: &ReadOptions) -> usize {
    let Ok(read) = follow(Cursor::new(bytes.to_vec()), "mutated", options) else { return 0 };
    read.map_while(Result::ok).map(|batch| batch.dataset.n_rows()).sum()
}

/// A text in the layout of `schema`, as a stream, as a file, and as a file without a schema.
fn text(target: &str, schema: &str, seeds: Vec<Vec<u8>>) {
    let home = Home::new();
    let options = options(schema);
    campaign(target, seeds, |bytes| {
        let rows = streamed(bytes, &options);
        let file = home.write("mutated", bytes);
        let source = Source::resolve(&["mutated".to_owned()], home.path()).unwrap();
        if let Ok(read) = batches(&source, &options) {
            let of_file: usize = read.map_while(Result::ok).map(|batch| batch.dataset.n_rows()).sum();
            assert!(of_file <= bytes.len(), "{of_file} rows of {} bytes", bytes.len());
        }
        let _ = draft_schema(&file, &Contact::default());
        let _ = read_columns(&file);
        rows
    });
}

#[test]
fn csv() {
    text("csv", "nta", seeds::csv());
}

#[test]
fn json_lines() {
    text("json_lines", "zeek-conn", seeds::zeek_json());
}

#[test]
fn eve() {
    text("eve", "suricata", seeds::eve());
}

#[test]
fn zeek() {
    text("zeek", "zeek-conn", seeds::zeek());
}

#[test]
fn argus() {
    text("argus", "ctu13", seeds::argus());
}

fn datagrams(target: &str, seeds: Vec<Vec<u8>>) {
    let options = options("netflow");
    campaign(target, seeds, |bytes| streamed(bytes, &options));
}

#[test]
fn netflow_v5() {
    datagrams("netflow_v5", seeds::netflow_v5());
}

#[test]
fn netflow_v9() {
    datagrams("netflow_v9", seeds::netflow_v9());
}

#[test]
fn ipfix() {
    datagrams("ipfix", seeds::ipfix());
}

fn capture(target: &str, seeds: Vec<Vec<u8>>) {
    campaign(target, seeds, |bytes| {
        let stream = Cursor::new(bytes.to_vec());
        let writer = FlowWriter::log(Box::new(std::io::sink())).unwrap();
        let metered = meter_stream(stream, "mutated", MeterConfig::default(), writer, &Contact::default());
        metered.map_or(0, |summary| summary.counts.flows as usize)
    });
}

#[test]
fn pcap() {
    capture("pcap", seeds::pcap());
}

#[test]
fn pcapng() {
    capture("pcapng", seeds::pcapng());
}

#[test]
fn model_files() {
    let home = Home::new();
    let _ = live::model(&home);
    let parts = model_parts(&home.path().join("models/live/1"));
    let seeds = parts.keys().map(|name| [name.as_bytes(), b"\n", &parts[name]].concat()).collect();
    let folder = home.path().join("mutated");
    campaign("model_files", seeds, |bytes| {
        // The name of the part stands before it, and may be mutated too.
        let name = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let Some(name) = std::str::from_utf8(name).ok().filter(|name| parts.contains_key(*name)) else { return 0 };
        resealed(&parts, name, &bytes[name.len() + 1..], &folder);
        usize::from(Model::load(&folder).is_ok())
    });
}

fn project(home: &Home) -> Project {
    Project { root: home.path().to_owned(), home: home.path().to_owned() }
}

#[test]
fn suppression_list() {
    let home = Home::new();
    let _ = live::model(&home);
    home.write("conn.log", live::header());
    let at = |name: &str| home.path().join(name);
    campaign("suppression_list", seeds::suppressions(), |bytes| {
        let list = home.write("list.yaml", bytes);
        let request = WatchRequest {
            model: "live/1".to_owned(),
            sources: vec![at("conn.log").display().to_string()],
            reorder: Some(USUAL_WINDOW),
            reorder_rows: 10,
            group: Duration::ZERO,
            alerts: Some(at("alerts.json")),
            flows: None,
            rotate_bytes: 0,
            state: at("state"),
            save_every: Duration::from_secs(60),
            deadline: Duration::from_millis(1),
            batch_rows: 10,
            reasons: 0,
            once: true,
            forward: Vec::new(),
            spool_bytes: 0,
            suppress: Some(list),
            most_alerts: MostAlerts::Any,
            status_every: Duration::from_secs(60),
            metrics: None,
            project: project(&home),
        };
        usize::from(watch(&request, &Silence, &|_| ()).is_ok())
    });
}

#[test]
fn verdicts() {
    let home = Home::new();
    let _ = live::model(&home);
    campaign("verdicts", seeds::verdicts(), |bytes| {
        let input = home.write("verdicts.csv", bytes);
        // So few flows let no threshold rise, so that no version comes of it; what was said of the file is refused before.
        let (model, flows, budget) = ("live/1".to_owned(), 10, None);
        let refused = raise(&RaiseRequest { model, input, flows, budget, project: project(&home) }, &Silence);
        usize::from(refused.is_err_and(|error| error.to_string().contains("benign rows")))
    });
}

#[test]
fn posted() {
    let home = Home::new();
    let _ = live::model(&home);
    let model = LoadedModel::load(&project(&home), "live/1", &Silence).unwrap();
    campaign("posted", [seeds::zeek(), seeds::zeek_json()].concat(), |bytes| {
        model.score(bytes.to_vec()).map_or(0, |scored| {
            assert!(scored.scores.iter().all(|score| (0.0..=1.0).contains(score)));
            scored.scores.len()
        })
    });
}

/// Every target is one that the script knows, and the other way round.
#[test]
fn the_script_knows_every_target() {
    let script = std::fs::read_to_string(crate::nta::root().join("scripts/check/fuzz.sh")).unwrap();
    let known = script.lines().find_map(|line| line.strip_prefix("targets=\"")).unwrap().trim_end_matches('"');
    let here = include_str!("mutations.rs");
    let mut tests: Vec<&str> = here.lines().filter_map(|line| line.strip_prefix("fn ")?.strip_suffix("() {")).collect();
    tests.retain(|name| !name.starts_with("the_script"));
    assert_eq!(known.split(' ').collect::<Vec<_>>(), tests);
}
