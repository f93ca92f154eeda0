//! Runs the real binary in a home of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A project home that goes with the test.
pub(crate) struct Home {
    folder: tempfile::TempDir,
}

/// What a command did.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Home { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the home and answers its path.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Runs `nta` with these arguments from the repository's root, writing into this home.
    pub(crate) fn nta(&self, arguments: &[&str]) -> Done {
        Done::from(self.command(arguments).output().unwrap())
    }

    /// The same, not yet started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nta"));
        command.args(arguments).arg("--home").arg(self.path()).current_dir(root());
        // A server of whoever runs the tests is not told of them.
        command.env_remove("MLFLOW_TRACKING_URI");
        command
    }

    /// Every file and folder below the home that is not there for good, relative and sorted.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        walk(self.path(), self.path(), &mut found);
        found.sort();
        found
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Done {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Done {
    /// The command ended with 0, or the test shows what it said.
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "standard error:\n{}", self.err);
        self
    }

    /// The command was refused with `code`, in one clear message that holds each of `words`, without a panic.
    pub(crate) fn refused(self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "standard error:\n{}", self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        for word in words {
            assert!(self.err.contains(word), "`{word}` is not said in:\n{}", self.err);
        }
    }
}

/// The repository's root: that of the runner, for clones may share what one of them built.
pub(crate) fn root() -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../..").canonicalize().unwrap()
}

/// A file of real traffic below `NTA_DATA`, or a line that says the test is skipped.
pub(crate) fn real(relative: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("NTA_DATA").map(PathBuf::from).unwrap_or_default();
    let folder = if folder.is_relative() { root().join(folder) } else { folder };
    let path = folder.join(relative);
    if std::env::var_os("NTA_DATA").is_some() && path.exists() {
        return Some(path);
    }
    skipped(&format!("NTA_DATA lacks {relative}"));
    None
}

/// Says what a test leaves out.
pub(crate) fn skipped(what: &str) {
    use std::io::Write;
    // Straight to the stream: what tests print through macros is swallowed when they pass.
    std::io::stderr().write_all(format!("skipped: {what}\n").as_bytes()).unwrap();
}

fn walk(top: &Path, folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            walk(top, &entry.path(), found);
        } else {
            found.push(entry.path().strip_prefix(top).unwrap().to_owned());
        }
    }
}
