//! Writes the folder beside its place and renames it there, when everything has been proved.

use std::fs;
use std::io::Write;
use std::path::Path;

use nta_atomic::WriteError;
use nta_model::{MANIFEST, Manifest, Model};
use serde::Serialize;

use super::card::{self, Card};
use super::contract::contract;
use super::signature::{PUBLIC_KEY, PrivateKey, SIGNATURE, SUMS};
use super::sums::sums_of;
use super::{mlflow, verify_files};
use crate::ExportError;
use crate::graphs::{Graphs, file_of};

/// The Python side of the folder.
const CODE: [(&str, &str); 3] = [
    ("code/nta_loader.py", include_str!("../../python/nta_loader.py")),
    ("code/nta_memory.py", include_str!("../../python/nta_memory.py")),
    ("code/nta_forest.py", include_str!("../../python/nta_forest.py")),
];

/// What is published, and how it is known.
pub struct Publication<'a> {
    /// The model's own folder, which was loaded.
    pub source: &'a Path,
    /// What was loaded from it.
    pub model: &'a Model,
    /// Its graphs, proved.
    pub graphs: &'a Graphs,
    /// `name/3`, or the folder.
    pub title: &'a str,
    /// What the card tells beside.
    pub card: &'a Card,
    /// Signs the folder.
    pub signer: Option<&'a PrivateKey>,
}

/// Puts the publication at `folder`, which must not exist, whole or not at all. How many files it has.
///
/// # Errors
/// A folder that exists already, a model that changed since it was loaded, whatever the system refuses.
pub fn write(publication: &Publication<'_>, folder: &Path) -> Result<usize, ExportError> {
    if folder.symlink_metadata().is_ok() {
        return Err(ExportError::Exists { path: folder.to_owned() });
    }
    let parent = folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(ExportError::io("create", parent))?;
    let staging = nta_atomic::staging_in(parent).map_err(ExportError::io("create", folder))?;
    let files = fill(publication, staging.path(), folder)?;
    nta_atomic::rename_folder(staging.path(), folder)?;
    // Renamed away: there is nothing left for the guard to remove.
    let _ = staging.keep();
    Ok(files)
}

/// Writes every file into `at`; errors name its place in `folder`.
fn fill(publication: &Publication<'_>, at: &Path, folder: &Path) -> Result<usize, ExportError> {
    let Publication { source, model, graphs, title, card, signer } = publication;
    let put = |name: &str, bytes: &[u8]| put(at, folder, name, bytes);
    copy_model(source, model, put)?;
    for (form, bytes) in graphs.iter() {
        put(file_of(model, form), bytes)?;
    }
    put("preprocessing.json", &pretty(&contract(model, title)?)?)?;
    for file in mlflow::files(model, title)? {
        put(file.name, file.text.as_bytes())?;
    }
    for (name, text) in CODE {
        put(name, text.as_bytes())?;
    }
    put("README.md", card::text(model, title, card)?.as_bytes())?;
    if let Some(signer) = signer {
        put(PUBLIC_KEY, signer.public_pem().as_bytes())?;
    }
    let sums = sums_of(at)?;
    if let Some(signer) = signer {
        put(SIGNATURE, &signer.sign(sums.as_bytes()))?;
    }
    put(SUMS, sums.as_bytes())?;
    verify_files(at, None)
}

/// The model's own files, byte by byte: they are what `nta score` loads.
fn copy_model(
    source: &Path,
    model: &Model,
    put: impl Fn(&str, &[u8]) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let path = source.join(MANIFEST);
    let bytes = fs::read(&path).map_err(ExportError::io("read", &path))?;
    let manifest: Manifest = serde_json::from_slice::<serde_json::Value>(&bytes)
        .and_then(|mut value| {
            // The seal stands beside what it seals.
            value.as_object_mut().map(|object| object.remove("manifest_sha256"));
            serde_json::from_value(value)
        })
        .map_err(|e| ExportError::damaged(&path, e))?;
    if manifest.digest != model.digest()? {
        return Err(ExportError::damaged(&path, "the model changed while it was published"));
    }
    put(MANIFEST, &bytes)?;
    for file in &manifest.files {
        let path = source.join(&file.name);
        put(&file.name, &fs::read(&path).map_err(ExportError::io("read", &path))?)?;
    }
    Ok(())
}

fn pretty(value: &impl Serialize) -> Result<Vec<u8>, ExportError> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(ExportError::unsayable)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn put(at: &Path, folder: &Path, name: &str, bytes: &[u8]) -> Result<(), ExportError> {
    let path = at.join(name);
    let write = || -> std::io::Result<()> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut file = fs::File::create_new(&path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|source| WriteError { path: folder.join(name), source }.into())
}
