//! How much the server's own folder may hold.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use axum::http::StatusCode;
use nta_pipeline::thousands;

use crate::error::Problem;
use crate::held::held;

/// What is sent: it counts by what was announced, from its records.
const UPLOADS: &str = "uploads";

/// The folder `web/` of a home, and the most that it may hold.
pub(crate) struct Disk {
    folder: PathBuf,
    most: u64,
    /// Bytes of what is not uploads; `None` where something was made or removed since they were counted.
    counted: Mutex<Option<u64>>,
}

impl Disk {
    pub(crate) fn new(folder: PathBuf, most: u64) -> Self {
        Disk { folder, most, counted: Mutex::default() }
    }

    /// Does `take` where there may be `bytes` more than there are: beside what is counted, `promised` says how many uploads
    /// and jobs under way may take, and what `take` begins is among them from then on. One at a time, so that no two take
    /// the same room.
    ///
    /// # Errors
    /// No room, and what `take` gives.
    pub(crate) fn with_room<T>(
        &self,
        bytes: u64,
        promised: impl FnOnce() -> u64,
        take: impl FnOnce() -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let mut counted = held(&self.counted);
        let here = *counted.get_or_insert_with(|| held_beside_uploads(&self.folder));
        let used = here.saturating_add(promised());
        if used.saturating_add(bytes) <= self.most {
            return take();
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

    /// Something was made or removed: it is counted anew when room is next asked for.
    pub(crate) fn changed(&self) {
        *held(&self.counted) = None;
    }
}

fn held_beside_uploads(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_name() != UPLOADS).map(|entry| held_by(&entry)).sum()
}

/// Bytes of a file, or of the files below a folder; what cannot be looked at counts nothing.
fn held_by(entry: &fs::DirEntry) -> u64 {
    match entry.metadata() {
        Ok(data) if data.is_dir() => {
            let entries = fs::read_dir(entry.path()).into_iter().flatten().flatten();
            entries.map(|entry| held_by(&entry)).sum()
        }
        Ok(data) if data.is_file() => data.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn what_is_there_and_what_is_promised_count() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["results/a", "uploads/b"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join("data"), [0; 600]).unwrap();
        }
        let disk = Disk::new(folder.path().to_owned(), 1_000);
        let asked = |bytes, promised| disk.with_room(bytes, || promised, || Ok(()));
        assert!(asked(400, 0).is_ok(), "uploads count by what is promised");
        assert_eq!(asked(401, 0).unwrap_err().status, StatusCode::INSUFFICIENT_STORAGE);
        assert!(asked(200, 300).is_err() && asked(u64::MAX, 0).is_err());
        fs::remove_dir_all(folder.path().join("results/a")).unwrap();
        assert!(asked(401, 0).is_err(), "kept until something is said to have changed");
        disk.changed();
        assert!(asked(1_000, 0).is_ok());
    }

    #[test]
    fn no_two_take_the_same_room() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, promised) = (Disk::new(folder.path().to_owned(), 1_000), AtomicU64::new(0));
        let take = || {
            let taken = || Ok(promised.fetch_add(300, Ordering::SeqCst));
            u64::from(disk.with_room(300, || promised.load(Ordering::SeqCst), taken).is_ok())
        };
        let n: u64 = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..16).map(|_| scope.spawn(take)).collect();
            tries.into_iter().map(|one| one.join().unwrap()).sum()
        });
        assert_eq!((n, promised.load(Ordering::SeqCst)), (3, 900));
    }
}
