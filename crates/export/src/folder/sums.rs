//! `SHA256SUMS`: every other file of the folder, so that `sha256sum -c SHA256SUMS` checks it anywhere; and what `nta
//! verify` makes of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use nta_data::hex;
use sha2::{Digest, Sha256};

use super::signature::{self, PublicKey, SIGNATURE, SUMS};
use crate::ExportError;

/// A list beyond this is none of ours.
const MOST_BYTES: u64 = 1 << 20;

/// Whether a model was published in `folder`.
pub fn is_published(folder: &Path) -> bool {
    folder.join(SUMS).is_file()
}

/// The text of the list for the files in `folder`.
pub(super) fn sums_of(folder: &Path) -> Result<String, ExportError> {
    let files = digests(folder, Strictness::Whole)?;
    Ok(files.iter().map(|(name, sha256)| format!("{sha256}  {name}\n")).collect())
}

/// Holds every file of `folder` against its digest, and the list against its signature, where there is one. With
/// `required`, that key must have signed it, and not even Python's cache may lie beside. How many files there are.
///
/// # Errors
/// A file that is missing, changed or not listed, a list that is none, a signature that does not hold or is not by the key
/// required.
pub fn verify_files(folder: &Path, required: Option<&PublicKey>) -> Result<usize, ExportError> {
    let path = folder.join(SUMS);
    let length = path.metadata().map_err(ExportError::io("read", &path))?.len();
    if length > MOST_BYTES {
        return Err(ExportError::damaged(&path, "it is no list of digests"));
    }
    let bytes = fs::read(&path).map_err(ExportError::io("read", &path))?;
    signature::verify(folder, &bytes, required)?;
    let text = std::str::from_utf8(&bytes).map_err(|e| ExportError::damaged(&path, e))?;
    let listed = parse(text).ok_or_else(|| ExportError::damaged(&path, "a line is no digest and name"))?;
    let strictness = if required.is_some() { Strictness::Whole } else { Strictness::WithPythonsCache };
    let found = digests(folder, strictness)?;
    for (name, sha256) in &listed {
        match found.get(name) {
            Some(found) if found == sha256 => {}
            Some(_) => return Err(ExportError::damaged(&folder.join(name), "the contents are not those published")),
            None => return Err(ExportError::damaged(&folder.join(name), "it is missing")),
        }
    }
    match found.keys().find(|name| !listed.contains_key(*name)) {
        Some(other) => Err(ExportError::damaged(&folder.join(other), "it is none of the files published")),
        None => Ok(listed.len()),
    }
}

/// Names and digests, if every byte is where it belongs: ascending names, lower-case digests, two blanks.
fn parse(text: &str) -> Option<BTreeMap<String, String>> {
    let mut listed = BTreeMap::new();
    for line in text.strip_suffix('\n')?.split('\n') {
        let (sha256, name) = line.split_once("  ")?;
        let is_digest = sha256.len() == 64 && sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let is_next = listed.last_key_value().is_none_or(|(last, _): (&String, _)| last.as_str() < name);
        if !is_digest || !is_next {
            return None;
        }
        listed.insert(name.to_owned(), sha256.to_owned());
    }
    Some(listed)
}

/// Every file below `folder` by its relative name, but for the list and its signature.
fn digests(folder: &Path, strictness: Strictness) -> Result<BTreeMap<String, String>, ExportError> {
    let mut found = BTreeMap::new();
    collect(folder, "", strictness, &mut found)?;
    Ok(found)
}

/// What may lie in a folder that was not published.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strictness {
    /// Nothing: Python would run what lies in its cache.
    Whole,
    /// What Python compiles where it imports the loader.
    WithPythonsCache,
}

fn collect(
    folder: &Path,
    prefix: &str,
    strictness: Strictness,
    found: &mut BTreeMap<String, String>,
) -> Result<(), ExportError> {
    for entry in fs::read_dir(folder).map_err(ExportError::io("list", folder))? {
        let entry = entry.map_err(ExportError::io("list", folder))?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(ExportError::io("list", folder))?);
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if name == "code/__pycache__" && strictness == Strictness::WithPythonsCache {
            continue;
        }
        if kind.is_dir() {
            collect(&path, &format!("{name}/"), strictness, found)?;
        } else if !kind.is_file() {
            return Err(ExportError::damaged(&path, "it is no regular file"));
        } else if name != SUMS && name != SIGNATURE {
            found.insert(name, sha256_of(&path)?);
        }
    }
    Ok(())
}

/// Digest of a file, read in pieces.
fn sha256_of(path: &Path) -> Result<String, ExportError> {
    let mut file = fs::File::open(path).map_err(ExportError::io("read", path))?;
    let mut digest = Sha256::new();
    std::io::copy(&mut file, &mut digest).map_err(ExportError::io("read", path))?;
    Ok(hex(&digest.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_only_as_it_is_written() {
        let digest = "ab".repeat(32);
        let good = format!("{digest}  a\n{digest}  b/c\n");
        assert_eq!(parse(&good).map(|listed| listed.len()), Some(2));
        for i in 0..good.len() {
            let mut changed = good.clone().into_bytes();
            changed[i] ^= 0x20;
            let same = std::str::from_utf8(&changed).ok().and_then(parse) == parse(&good);
            assert!(!same, "byte {i} is read as it was");
        }
    }
}
