//! A process that ends at once leaves none of its unfinished files. A binary of its own: a process begun beside other tests
//! would hold their locks for a moment.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use nta_atomic::{AtomicFile, remove_unfinished, write};

/// Not a test of its own: the process that the next test starts.
#[test]
#[ignore = "run by a_process_that_ends_at_once_takes_its_files_with_it"]
fn child_that_ends_at_once() {
    let Ok(folder) = std::env::var("NTA_TEST_FOLDER") else { return };
    let path = |name: &str| Path::new(&folder).join(name);
    write(&path("finished"), b"whole").unwrap();
    let _unfinished = [AtomicFile::create(&path("a")).unwrap(), AtomicFile::create(&path("b")).unwrap()];
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
    remove_unfinished();
    std::process::exit(7);
}

#[test]
fn a_process_that_ends_at_once_takes_its_files_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_ends_at_once", "--ignored"])
        .env("NTA_TEST_FOLDER", folder.path())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(ended.code(), Some(7));
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["finished"]);
}
