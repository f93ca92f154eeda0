//! An input is read once, or is provably the same in every pass.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::Arc;

use nta_data::{Quiet, Schema};

use crate::{Batches, IngestError, ReadOptions, Source, batches, read};

const ROWS: usize = 3_000;

fn text(rows: usize) -> String {
    "bytes,proto\n".to_owned() + &(0..rows).map(|i| format!("{i},tcp\n")).collect::<String>()
}

fn options() -> ReadOptions {
    let schema =
        r#"{ "name": "toy", "order": "file", "numeric": [{ "name": "bytes" }], "categorical": [{ "name": "proto" }] }"#;
    let schema: Schema = serde_json::from_str(schema).unwrap();
    ReadOptions { batch_rows: 500, ..ReadOptions::new(Arc::new(schema)) }
}

fn numbers(batches: Batches) -> Result<Vec<f32>, IngestError> {
    let mut all = Vec::new();
    for batch in batches {
        all.extend(&batch?.dataset.numeric[0]);
    }
    Ok(all)
}

#[test]
fn a_pipe_gives_every_row_in_every_pass_and_its_own_digest() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("flows.csv"), text(ROWS)).unwrap();
    let of_file = Source::resolve(&["flows.csv".to_owned()], folder.path()).unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let writing = std::thread::spawn(move || writer.write_all(text(ROWS).as_bytes()).unwrap());
    let path = format!("/proc/self/fd/{}", reader.as_raw_fd());
    let of_pipe = Source::resolve(&[path], folder.path()).unwrap();
    let expected: Vec<f32> = (0..ROWS).map(|i| i as f32).collect();
    for _ in 0..2 {
        assert_eq!(numbers(batches(&of_pipe, &options()).unwrap()).unwrap(), expected);
    }
    let [pipe, file] = [&of_pipe, &of_file].map(|source| read(source, &options(), &Quiet).unwrap().digests.remove(0));
    assert_eq!((pipe.bytes, pipe.sha256), (file.bytes, file.sha256));
    writing.join().unwrap();
}

#[test]
fn a_device_is_refused_for_it_has_no_end() {
    let source = Source::resolve(&["/dev/zero".to_owned()], Path::new("/")).unwrap();
    let Err(error) = batches(&source, &options()) else { panic!("it was read") };
    assert_eq!(error.to_string(), "/dev/zero is a device; name a file, or give what is to be read through a pipe");
}

#[test]
fn a_file_that_changes_under_a_pass_is_refused_at_its_end() {
    let append = |path: &Path| File::options().append(true).open(path).unwrap().write_all(b"7,udp\n").unwrap();
    let replace = |path: &Path| {
        let other = path.with_extension("new");
        fs::write(&other, text(ROWS)).unwrap();
        fs::rename(other, path).unwrap();
    };
    let cut = |path: &Path| File::options().write(true).open(path).unwrap().set_len(9_000).unwrap();
    let vanish = |path: &Path| fs::remove_file(path).unwrap();
    type Change<'a> = (&'a str, &'a dyn Fn(&Path));
    let changes: [Change<'_>; 4] = [("append", &append), ("replace", &replace), ("cut", &cut), ("vanish", &vanish)];
    for (name, change) in changes {
        for after in 0..3 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("flows.csv");
            fs::write(&path, text(ROWS)).unwrap();
            let source = Source::resolve(&["flows.csv".to_owned()], folder.path()).unwrap();
            // The first pass is whole; the file changes during the second.
            numbers(batches(&source, &options()).unwrap()).unwrap();
            let mut second = batches(&source, &options()).unwrap();
            for _ in 0..after {
                second.next().unwrap().unwrap();
            }
            change(&path);
            let error = numbers(second).expect_err(name).to_string();
            let refused = error.contains("was changed or replaced while it was read") || error.contains("line ");
            assert!(refused && error.contains("flows.csv"), "{name} after {after}: {error}");
        }
    }
}
