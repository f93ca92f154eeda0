//! What killed writers leave, and the writers' sign of life: an advisory lock of the system on the unfinished file, which
//! goes with its process however that ended.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::TEMPORARY_PREFIX;

/// A file that came into being so recently may be about to be locked.
const NEWBORN: Duration = Duration::from_secs(2);

/// Bytes of the target's name that its temporary files carry.
const NAME: usize = 96;

/// How the names of temporary files for `path` begin.
pub(crate) fn prefix_for(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let end = (0..=NAME.min(name.len())).rev().find(|&end| name.is_char_boundary(end)).unwrap_or(0);
    format!("{TEMPORARY_PREFIX}{}-", &name[..end])
}

/// Marks `file` as being written. Where the file system knows no locks, it stays unmarked.
pub(crate) fn hold(file: &File) {
    let _ = file.try_lock();
}

/// Removes files in `folder` whose names begin so and that no living process writes. Returns how many went.
pub(crate) fn sweep_abandoned(folder: &Path, prefix: &str) -> io::Result<usize> {
    let mut swept = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(prefix) && is_abandoned(&entry.path()) {
            // Another process may sweep here too.
            swept += usize::from(fs::remove_file(entry.path()).is_ok());
        }
    }
    Ok(swept)
}

/// Removes unfinished files in `folder` and below it that no living process writes. Returns how many went.
///
/// # Errors
/// A folder that cannot be listed.
pub fn sweep_dead(folder: &Path) -> io::Result<usize> {
    let mut swept = sweep_abandoned(folder, TEMPORARY_PREFIX)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            swept += sweep_dead(&entry.path())?;
        }
    }
    Ok(swept)
}

/// Where the file system knows no locks, nothing is taken for abandoned; nor is what is no file, which opening might wait
/// for.
fn is_abandoned(path: &Path) -> bool {
    let file = path.symlink_metadata().ok().filter(|found| found.is_file());
    let age = file.and_then(|found| found.modified().ok()).and_then(|modified| modified.elapsed().ok());
    age.is_some_and(|age| age > NEWBORN) && File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn only_abandoned_files_of_the_same_target_go() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str, age: u64| {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
            file
        };
        let living = make(".nta-tmp-out.csv-living", 60);
        hold(&living);
        make(".nta-tmp-out.csv-dead", 60);
        make(".nta-tmp-out.csv-born", 0);
        make(".nta-tmp-other.csv-dead", 60);
        make("out.csv", 60);
        assert_eq!(sweep_abandoned(folder.path(), &prefix_for(&folder.path().join("out.csv"))).unwrap(), 1);
        assert!(!folder.path().join(".nta-tmp-out.csv-dead").exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
        drop(living);
        assert_eq!(sweep_abandoned(folder.path(), ".nta-tmp-out.csv-").unwrap(), 1);
    }

    #[test]
    fn a_long_name_is_cut_between_letters() {
        let prefix = prefix_for(Path::new(&format!("{}.csv", "ß".repeat(120))));
        assert_eq!(prefix, format!(".nta-tmp-{}-", "ß".repeat(48)));
    }
}
