//! Files of one log: the one that grows, and those that were rotated away from it.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::input::log_place::{HEAD, LogPlace};
use crate::input::tail::is_same;
use crate::input::unpack::Unpacked;

/// Most bytes of a header.
const LONGEST_HEADER: u64 = 1 << 20;

/// The file that begins as the place says, and the rotated files that are newer, the oldest first.
pub(crate) fn find(
    path: &Path,
    place: &LogPlace,
    growing: Option<&File>,
) -> io::Result<Option<(PathBuf, Vec<PathBuf>)>> {
    let begins_so = |head: &[u8]| place.is_in(head);
    if let Some(mut file) = growing {
        // The file that is held, whatever it is called by now.
        let mut head = Vec::new();
        file.rewind()?;
        file.take(HEAD as u64).read_to_end(&mut head)?;
        file.rewind()?;
        if begins_so(&head) && file.metadata()?.len() >= place.offset {
            return Ok(Some((path.to_owned(), Vec::new())));
        }
    }
    let mut rotated = rotated(path, growing)?;
    rotated.sort();
    let Some(at) = rotated.iter().rposition(|(_, file)| head_of(file).is_ok_and(|head| begins_so(&head))) else {
        return Ok(None);
    };
    let newer = rotated.split_off(at + 1).into_iter().map(|(_, file)| file).collect();
    Ok(rotated.pop().map(|(_, file)| (file, newer)))
}

/// The rotated files that are newer than `held`, which was read to its end and renamed away, the oldest first; its place, where
/// it was packed since.
pub(crate) fn newer_than(
    held: &File,
    path: &Path,
    place: &LogPlace,
    growing: Option<&File>,
) -> io::Result<Vec<PathBuf>> {
    let held = held.metadata()?;
    let mut files = rotated(path, growing)?;
    files.sort();
    let same = |file: &Path| file.metadata().is_ok_and(|there| is_same(&there, &held));
    if let Some(at) = files.iter().position(|(_, file)| same(file)) {
        return Ok(files.split_off(at + 1).into_iter().map(|(_, file)| file).collect());
    }
    let found = find(path, place, growing)?;
    Ok(found.filter(|(file, _)| file != path).map(|(_, newer)| newer).unwrap_or_default())
}

/// The rotated file, or what packing made of it since it was listed.
pub(crate) fn open_rotated(file: &Path) -> io::Result<File> {
    let packed = |ending: &str| File::open(format!("{}{ending}", file.display()));
    File::open(file).or_else(|error| packed(".gz").or_else(|_| packed(".zst")).map_err(|_| error))
}

/// Files beside the log whose names begin like its own (`conn.log.1`, `conn.log-20261128.gz`), and when each was last
/// written to. One that is being packed is listed once, as it was.
fn rotated(path: &Path, growing: Option<&File>) -> io::Result<Vec<(SystemTime, PathBuf)>> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut files = Vec::new();
    for entry in folder.read_dir()? {
        let entry = entry?;
        let theirs = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        let is_packing = theirs.ends_with(".gz") || theirs.ends_with(".zst");
        if theirs == name || !theirs.starts_with(&name) || is_packing && path.with_extension("").exists() {
            continue;
        }
        if let Ok(found) = entry.metadata()
            && found.is_file()
            && !growing.is_some_and(|growing| growing.metadata().is_ok_and(|there| is_same(&there, &found)))
        {
            files.push((found.modified()?, path));
        }
    }
    Ok(files)
}

pub(crate) fn head_of(file: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    Unpacked::new(File::open(file)?)?.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// The first bytes of a file, by its path or as it is held, none of them behind `offset`.
pub(crate) fn front_of(path: &Path, held: Option<&File>, offset: u64) -> io::Result<Vec<u8>> {
    let mut front = Vec::new();
    let most = LONGEST_HEADER.min(offset);
    match held {
        Some(mut file) => {
            file.rewind()?;
            file.take(most).read_to_end(&mut front)?
        }
        None => Unpacked::new(File::open(path)?)?.take(most).read_to_end(&mut front)?,
    };
    Ok(front)
}

/// The lines of `front` before the first flow: comments, and where those name no columns and the flows do not name their
/// own, the line after them.
pub(crate) fn header_of(mut front: Vec<u8>) -> Vec<u8> {
    let (mut end, mut names_columns) = (0, false);
    for line in front.split_inclusive(|byte| *byte == b'\n') {
        let is_comment = line.starts_with(b"#");
        if !is_comment && (names_columns || line.starts_with(b"{")) {
            break;
        }
        names_columns |= line.starts_with(b"#fields");
        end += line.len();
        if !is_comment && !line.trim_ascii().is_empty() {
            break;
        }
    }
    front.truncate(end);
    front
}
