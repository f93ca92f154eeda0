//! Uploaded files on disk: a folder a file, under an id of ours. What the user calls it is kept as text and takes part in no
//! path.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use axum::http::StatusCode;
use nta_pipeline::Moment;
use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::held::held;
use crate::random;

/// Files on their way at most.
const MOST_UNDER_WAY: usize = 64;

/// A file of which nothing came for so long is dropped at the next start.
const GIVEN_UP: Duration = Duration::from_secs(3 * 86_400);

/// A file, or a part of one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) id: String,
    /// What the user calls it.
    pub(crate) name: String,
    /// Bytes that it has in all.
    pub(crate) size: u64,
    /// When it was begun.
    pub(crate) begun: Moment,
}

/// All of them.
pub(crate) struct Uploads {
    folder: PathBuf,
    most: u64,
    /// Those that something is written to now.
    busy: Mutex<HashSet<String>>,
    /// Bytes that each has in all, here or on their way.
    sizes: Mutex<HashMap<String, u64>>,
}

/// The right to write to a file, given back when it is dropped.
pub(crate) struct Alone<'a>(&'a Uploads, String);

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        held(&self.0.busy).remove(&self.1);
    }
}

impl Uploads {
    pub(crate) fn open(folder: PathBuf, most: u64) -> Self {
        let uploads = Uploads { folder, most, busy: Mutex::default(), sizes: Mutex::default() };
        held(&uploads.sizes).extend(uploads.all().into_iter().map(|upload| (upload.id, upload.size)));
        for upload in uploads.under_way() {
            let last = fs::metadata(uploads.data(&upload)).and_then(|data| data.modified());
            let age = last.ok().and_then(|last| SystemTime::now().duration_since(last).ok());
            if age.is_some_and(|age| age > GIVEN_UP) {
                let _ = uploads.remove(&upload);
            }
        }
        uploads
    }

    /// Refuses a size that no file may have.
    pub(crate) fn require(&self, size: u64) -> Result<(), Problem> {
        if size > self.most {
            let why = format!("{size} bytes are more than the {} that this server takes", self.most);
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, why));
        }
        if size == 0 {
            return Err(Problem::refuse("the file is empty"));
        }
        Ok(())
    }

    /// Bytes that are here or were announced.
    pub(crate) fn promised(&self) -> u64 {
        held(&self.sizes).values().fold(0, |sum, size| sum.saturating_add(*size))
    }

    /// A file that may be sent from now on.
    pub(crate) fn begin(&self, name: &str, size: u64) -> Result<Upload, Problem> {
        if self.under_way().len() >= MOST_UNDER_WAY {
            return Err(Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too many files are under way; finish or remove some",
            )
            .after(60));
        }
        let upload = Upload { id: random::id()?, name: spoken(name), size, begun: Moment::now() };
        fs::create_dir(self.folder.join(&upload.id))?;
        fs::File::create(self.data(&upload.id))?;
        let text = serde_json::to_vec(&upload).map_err(io::Error::other)?;
        nta_atomic::write(&self.record(&upload.id), &text).map_err(|error| Problem::from(error.source))?;
        held(&self.sizes).insert(upload.id.clone(), size);
        Ok(upload)
    }

    pub(crate) fn find(&self, id: &str) -> Result<Upload, Problem> {
        let read = || serde_json::from_slice(&fs::read(self.record(id)).ok()?).ok();
        random::is_id(id).then(read).flatten().ok_or_else(|| Problem::not_found("upload"))
    }

    /// The file, if all of it is here.
    pub(crate) fn whole(&self, id: &str) -> Result<Upload, Problem> {
        let upload = self.find(id)?;
        match self.held(&upload)? {
            held if held == upload.size => Ok(upload),
            held => Err(Problem::new(
                StatusCode::CONFLICT,
                format!("{held} of {} bytes are here; send the rest first", upload.size),
            )),
        }
    }

    /// Bytes that are here.
    pub(crate) fn held(&self, upload: &Upload) -> io::Result<u64> {
        fs::metadata(self.data(&upload.id)).map(|data| data.len())
    }

    /// The right to write to it, for one at a time.
    pub(crate) fn alone(&self, id: &str) -> Result<Alone<'_>, Problem> {
        match held(&self.busy).insert(id.to_owned()) {
            true => Ok(Alone(self, id.to_owned())),
            false => Err(Problem::new(StatusCode::LOCKED, "another request is at work on this")),
        }
    }

    /// Where the bytes of an id are.
    pub(crate) fn data(&self, id: &str) -> PathBuf {
        self.folder.join(id).join("data")
    }

    pub(crate) fn remove(&self, id: &str) -> io::Result<()> {
        fs::remove_dir_all(self.folder.join(id))?;
        held(&self.sizes).remove(id);
        Ok(())
    }

    fn record(&self, id: &str) -> PathBuf {
        self.folder.join(id).join("upload.json")
    }

    /// All that can be read, the newest first.
    pub(crate) fn all(&self) -> Vec<Upload> {
        let mut all: Vec<Upload> = self.ids().into_iter().filter_map(|id| self.find(&id).ok()).collect();
        all.sort_by_key(|upload| std::cmp::Reverse(upload.begun));
        all
    }

    fn ids(&self) -> Vec<String> {
        let folders = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = folders.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|id| random::is_id(id)).collect()
    }

    fn under_way(&self) -> Vec<String> {
        self.ids().into_iter().filter(|id| self.whole(id).is_err()).collect()
    }
}

/// The last part of what a client calls its file, on one line and not too long.
fn spoken(name: &str) -> String {
    let last = Path::new(name).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let last = last.rsplit('\\').next().unwrap_or_default();
    let shown: String = last.chars().filter(|c| !c.is_control()).take(120).collect();
    if shown.trim().is_empty() { "flows".to_owned() } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_text_on_one_line() {
        assert_eq!(spoken("../../etc/passwd"), "passwd");
        assert_eq!(spoken("C:\\flows\\today.csv"), "today.csv");
        assert_eq!(spoken("a\nb\u{0}.csv"), "ab.csv");
        assert_eq!([spoken(""), spoken(".."), spoken("/")], ["flows"; 3]);
        assert_eq!(spoken(&"x".repeat(500)).len(), 120);
    }
}
