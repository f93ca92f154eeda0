//! How much the server's own folder may hold.

use std::fs;
use std::path::{Path, PathBuf};

use axum::http::StatusCode;
use nta_pipeline::thousands;

use crate::error::Problem;

/// The folder `web/` of a home, and the most that it may hold.
pub(crate) struct Disk {
    folder: PathBuf,
    most: u64,
}

impl Disk {
    pub(crate) fn new(folder: PathBuf, most: u64) -> Self {
        Disk { folder, most }
    }

    /// Refuses what would need `bytes` more than there may be. `promised` bytes are announced and not here yet.
    pub(crate) fn require(&self, bytes: u64, promised: u64) -> Result<(), Problem> {
        let used = held_in(&self.folder) + promised;
        if used.saturating_add(bytes) <= self.most {
            return Ok(());
        }
        let megabytes = |bytes: u64| thousands(bytes.div_ceil(1_000_000));
        let why = format!(
            "the files and results of this server take {} of the {} MB that it may hold, and this would need {} more: remove \
             some of them",
            megabytes(used),
            megabytes(self.most),
            megabytes(bytes)
        );
        Err(Problem::new(StatusCode::INSUFFICIENT_STORAGE, why))
    }
}

/// Bytes of the files below `folder`; what cannot be looked at counts nothing.
fn held_in(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let of = |entry: fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => held_in(&entry.path()),
        Ok(data) if data.is_file() => data.len(),
        _ => 0,
    };
    entries.map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_and_what_is_announced_count() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("uploads")).unwrap();
        fs::write(folder.path().join("uploads/data"), [0; 600]).unwrap();
        let disk = Disk::new(folder.path().to_owned(), 1_000);
        assert!(disk.require(400, 0).is_ok());
        assert_eq!(disk.require(401, 0).unwrap_err().status, StatusCode::INSUFFICIENT_STORAGE);
        assert!(disk.require(200, 300).is_err() && disk.require(u64::MAX, 0).is_err());
    }
}
