//! What a command writes takes the place of a regular file or of nothing: folders, pipes and devices are refused before
//! any work, and what is replaced keeps its mode.
#![cfg(unix)]

use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::nta::{Done, Home, root};

/// A pipe that nobody reads.
fn pipe(home: &Home, name: &str) -> PathBuf {
    let path = home.path().join(name);
    let text = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: a path that ends in a zero byte, which the call only reads.
    assert_eq!(unsafe { libc::mkfifo(text.as_ptr(), 0o600) }, 0);
    path
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

/// Both commands that write a file of one's choice. The model is asked for after the output.
fn refused_by_both(home: &Home, output: &Path, words: &[&str]) {
    let output = output.to_str().unwrap();
    home.nta(&["simulate", "--set", "flows=1000", "-o", output]).refused(2, words);
    home.nta(&["score", "nobody", "nothing.csv", "-o", output]).refused(2, words);
}

#[test]
fn a_pipe_a_folder_and_a_device_as_output_are_refused_with_a_remedy() {
    let home = Home::new();
    let pipe = pipe(&home, "pipe.csv");
    refused_by_both(&home, &pipe, &["pipe.csv", "it is a pipe", "write a file"]);
    assert!(pipe.metadata().unwrap().file_type().is_fifo());
    let folder = home.path().join("folder.csv");
    std::fs::create_dir(&folder).unwrap();
    refused_by_both(&home, &folder, &["folder.csv", "it is a folder", "name a file in it"]);
    refused_by_both(&home, Path::new("/dev/null"), &["/dev/null", "it is a device", "name a file"]);
    assert!(Path::new("/dev/null").metadata().unwrap().file_type().is_char_device());
    let link = home.path().join("link.csv");
    std::os::unix::fs::symlink("/dev/null", &link).unwrap();
    refused_by_both(&home, &link, &["link.csv", "it is a device"]);
}

#[test]
fn the_umask_holds_for_a_new_file_and_a_replaced_one_keeps_its_mode() {
    let home = Home::new();
    let output = home.path().join("out.csv");
    let nta = home.command(&["simulate", "--set", "flows=1000", "-o", output.to_str().unwrap()]);
    let under = |umask: &str| {
        let mut limited = Command::new("sh");
        limited.arg("-c").arg(format!("umask {umask}; exec \"$0\" \"$@\"")).arg(nta.get_program()).args(nta.get_args());
        Done::from(limited.current_dir(root()).output().unwrap()).ok();
        mode(&output)
    };
    assert_eq!(under("077"), 0o600);
    assert_eq!(under("022"), 0o600, "what stood there was its owner's alone");
    std::fs::remove_file(&output).unwrap();
    assert_eq!(under("022"), 0o644);
}
