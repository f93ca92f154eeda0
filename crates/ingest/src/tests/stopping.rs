//! Whoever waits for a pipe, or for an archive that gives nothing, is told of it and can end it.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nta_data::{Awaited, Caller, Contact, Wait};

use crate::tests::bounds::options;
use crate::{IngestError, ReadOptions, Source, batches, follow, infer_schema};

/// Ends the work when it was asked for the `after`th time, and keeps what was waited for.
struct Impatient {
    after: u64,
    asked: AtomicU64,
    waits: Mutex<Vec<String>>,
}

impl Caller for Impatient {
    fn cancelled(&self) -> bool {
        self.asked.fetch_add(1, Ordering::SeqCst) + 1 >= self.after
    }

    fn waiting(&self, wait: &Wait<'_>) {
        assert!(wait.elapsed >= Duration::from_millis(50), "{:?}", wait.elapsed);
        let Awaited::Pipe { name, bytes } = wait.what else { panic!("{wait:?}") };
        self.waits.lock().unwrap().push(format!("{name}: {bytes}"));
    }
}

fn impatient(after: u64) -> (Arc<Impatient>, ReadOptions) {
    let caller = Arc::new(Impatient { after, asked: AtomicU64::new(0), waits: Mutex::default() });
    let contact = Contact::to(Arc::clone(&caller) as Arc<dyn Caller>);
    (caller, ReadOptions { contact, ..options() })
}

#[test]
fn a_silent_pipe_is_told_of_and_can_be_given_up() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(b"bytes\n1\n").unwrap();
    let path = format!("/proc/self/fd/{}", reader.as_raw_fd());
    let source = Source::resolve(std::slice::from_ref(&path), Path::new("/")).unwrap();
    let (caller, options) = impatient(3);
    assert!(matches!(batches(&source, &options), Err(IngestError::Cancelled)));
    assert_eq!(*caller.waits.lock().unwrap(), vec![format!("{path}: 8"); 3]);
    let (_, options) = impatient(2);
    assert!(matches!(infer_schema(Path::new(&path), &options.contact), Err(IngestError::Cancelled)));
}

#[test]
fn a_fifo_that_nobody_opens_can_be_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("flows")).status().unwrap();
    assert!(made.success());
    let source = Source::resolve(&["flows".to_owned()], folder.path()).unwrap();
    assert!(matches!(batches(&source, &impatient(2).1), Err(IngestError::Cancelled)));
}

#[test]
fn a_stream_that_says_nothing_more_can_be_given_up() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(b"bytes\n1\n").unwrap();
    let (_, options) = impatient(8);
    let ended = follow(reader, "pipe", &options).and_then(|mut all| all.try_for_each(|batch| batch.map(drop)));
    assert!(matches!(ended, Err(IngestError::Cancelled)), "{ended:?}");
    drop(writer);
}

#[test]
fn an_archive_that_unpacks_to_nothing_is_asked_about_on_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let empty = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default()).finish().unwrap();
    std::fs::write(folder.path().join("flows.csv.gz"), empty.repeat((4 << 20) / empty.len())).unwrap();
    let source = Source::resolve(&["flows.csv.gz".to_owned()], folder.path()).unwrap();
    // 4 MiB are some thirty reads; nothing comes out of any.
    assert!(matches!(batches(&source, &impatient(20).1), Err(IngestError::Cancelled)));
    let (caller, options) = impatient(u64::MAX);
    assert!(matches!(batches(&source, &options), Err(IngestError::Empty { .. })));
    assert!(caller.asked.load(Ordering::SeqCst) > 20);
}
