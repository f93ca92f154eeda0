//! Every change that somebody asked for, one line of JSON each in `web/audit.jsonl`: lines are added, and none is changed.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

use serde::Serialize;

use crate::held::held;

/// The file.
pub(crate) struct Audit(Mutex<File>);

/// What was done, for a handler to put on its answer: `quickstart/2 is champion, in place of quickstart/1`.
#[derive(Debug, Clone)]
pub(crate) struct Done(pub(crate) String);

/// One line.
#[derive(Debug, Serialize)]
pub(crate) struct Entry<'a> {
    /// RFC 3339 in UTC.
    pub(crate) time: String,
    /// As in `x-request-id`.
    pub(crate) request: &'a str,
    /// `token`, `session 0a1b2c3d` or `this machine`.
    pub(crate) who: &'a str,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) done: Option<String>,
}

impl Audit {
    /// Adds to the file at `path`, which is made where it is not there.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().create(true).append(true).open(path).map(|file| Audit(Mutex::new(file)))
    }

    /// Adds a line, in one piece, and has it on the disk.
    pub(crate) fn add(&self, entry: &Entry<'_>) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry).map_err(io::Error::other)?;
        line.push(b'\n');
        let mut file = held(&self.0);
        file.write_all(&line)?;
        file.sync_data()
    }
}
