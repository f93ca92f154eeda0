//! An entity is a host of a sensor: the same one after a rotation, another one in another sensor's file, and, for a
//! model of the old kind, the one of the file's place in the list.

use std::path::Path;
use std::sync::Arc;

use nta_data::{Quiet, Schema, SensorKey, SequenceBy, entity_hash};

use crate::{ReadOptions, Source, Truth, batches, read};

const FLOWS: &str = "src,bytes\n10.0.0.1,5\n10.0.0.2,6\n";
const KEY: [u8; 16] = [3; 16];

fn options() -> ReadOptions {
    let schema: Schema =
        serde_saphyr::from_str("{ name: t, order: file, entity: { src: src }, numeric: [{ name: bytes }] }").unwrap();
    ReadOptions {
        by: Some(SequenceBy::Src),
        entity_key: KEY,
        truth: Truth::Ignore,
        ..ReadOptions::new(Arc::new(schema))
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// The entity of the first row of each file.
fn first_entities(folder: &Path, files: &[&str], options: &ReadOptions) -> Vec<u64> {
    let names: Vec<String> = files.iter().map(|f| (*f).to_owned()).collect();
    let dataset = read(&Source::resolve(&names, folder).unwrap(), options, &Quiet).unwrap().dataset;
    dataset.entity.iter().step_by(2).copied().collect()
}

fn hash(sensor: &str) -> u64 {
    entity_hash(&KEY, &[sensor.as_bytes(), b"10.0.0.1"])
}

#[test]
fn a_rotated_packed_file_in_another_place_of_the_list_holds_the_same_entities() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "today/conn.csv", FLOWS.as_bytes());
    write(folder.path(), "old/conn.csv.zst", &zstd::encode_all(FLOWS.as_bytes(), 3).unwrap());
    write(folder.path(), "other.csv", FLOWS.as_bytes());
    assert_eq!(first_entities(folder.path(), &["today/conn.csv"], &options()), [hash("conn.csv")]);
    let moved = first_entities(folder.path(), &["other.csv", "old/conn.csv.zst"], &options());
    assert_eq!(moved, [hash("other.csv"), hash("conn.csv")]);
}

#[test]
fn files_of_one_name_are_two_sensors_unless_the_caller_names_one_for_both() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "east/conn.csv", FLOWS.as_bytes());
    write(folder.path(), "west/conn.csv", FLOWS.as_bytes());
    let files = ["east/conn.csv", "west/conn.csv"];
    assert_eq!(first_entities(folder.path(), &files, &options()), [hash("east/conn.csv"), hash("west/conn.csv")]);
    let one = ReadOptions { sensor: Some("dmz".to_owned()), ..options() };
    assert_eq!(first_entities(folder.path(), &files, &one), [hash("dmz"), hash("dmz")]);
}

#[test]
fn models_of_the_old_kind_are_given_the_hashes_that_they_were_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.csv", FLOWS.as_bytes());
    write(folder.path(), "b.csv", FLOWS.as_bytes());
    let old = ReadOptions { sensor_key: SensorKey::FileIndex, sensor: Some("dmz".to_owned()), ..options() };
    assert_eq!(first_entities(folder.path(), &["a.csv", "b.csv"], &old), [hash("0"), hash("1")]);
    let source = Source::resolve(&["*.csv".to_owned()], folder.path()).unwrap();
    let entities = |batch: Result<crate::Batch, crate::IngestError>| batch.unwrap().dataset.entity[0];
    let batched: Vec<u64> = batches(&source, &old).unwrap().map(entities).collect();
    assert_eq!(batched, [hash("0"), hash("1")]);
}
