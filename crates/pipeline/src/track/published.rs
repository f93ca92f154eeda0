//! `models:/name@champion`: a published model, fetched from the server, checked and kept.

use std::path::{Path, PathBuf};

use nta_atomic::TEMPORARY_PREFIX;
use nta_data::hex;
use nta_model::{MANIFEST, Model, Registry, Version};
use nta_tracking::TrackingError;
use nta_tracking::mlflow::{ModelUri, Published, Store};
use sha2::{Digest, Sha256};

use super::{cache, server, sync};
use crate::error::{PipelineError, failed, refused};
use crate::event::Listener;
use crate::project::Project;

/// Bytes that a manifest has at most, and a whole model: what a server sends is not trusted to end.
const LONGEST_MANIFEST: u64 = 64 << 20;
const LARGEST_MODEL: u64 = 16 << 30;

/// A model that was asked for.
pub(crate) struct Located {
    /// Where it lies.
    pub(crate) folder: PathBuf,
    /// What to call it: `name/3`, a path, `models:/name/3`.
    pub(crate) title: String,
    /// Name and number, where it is a version of this project.
    pub(crate) registered: Option<(String, u32)>,
}

/// The model that `asked` means, here or on a server.
pub(crate) fn locate(project: &Project, asked: &str, listener: &dyn Listener) -> Result<Located, PipelineError> {
    let Some(uri) = ModelUri::parse(asked) else {
        let version = Registry::new(&project.home).resolve(asked).map_err(refused)?;
        return Ok(Located { title: version.title(), folder: version.path, registered: version.registered });
    };
    let server = server::of_project(project)?;
    let place = cache(project).join(&hex(&Sha256::digest(server.address().as_bytes()))[..12]);
    let store = Store::new(server, Box::new(|pause| sync::wait(pause, listener))).map_err(failed)?;
    let found = store.find(&uri.map_err(refused)?).map_err(answer)?;
    let folder = place.join(&found.model);
    if !folder.exists() {
        fetch(&store, &found, &place, &folder)?;
    }
    Ok(Located { folder, title: found.to_string(), registered: None })
}

/// Fetches what the manifest lists and nothing else, checks every byte, and only then gives the folder its name.
fn fetch(store: &Store<'_>, found: &Published, place: &Path, folder: &Path) -> Result<(), PipelineError> {
    std::fs::create_dir_all(place).map_err(failed)?;
    let staging = tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempdir_in(place).map_err(failed)?;
    let put = |name: &str, most: u64| -> Result<(), PipelineError> {
        store.fetch(found, name, most, &staging.path().join(name)).map_err(answer)
    };
    put(MANIFEST, LONGEST_MANIFEST)?;
    // Names in a manifest that is read are plain: none leaves the folder.
    let manifest = Version { path: staging.path().to_owned(), registered: None }.manifest().map_err(refused)?;
    let bytes = manifest.files.iter().fold(0u64, |sum, file| sum.saturating_add(file.bytes));
    if bytes > LARGEST_MODEL {
        return Err(PipelineError::refuse(format!(
            "{found} says that it has {bytes} bytes: more than a model can have"
        )));
    }
    for file in &manifest.files {
        put(&file.name, file.bytes)?;
    }
    Model::load(staging.path()).map_err(refused)?;
    match nta_atomic::rename_folder(staging.path(), folder) {
        // Another process fetched it meanwhile: the same bytes.
        Err(_) if folder.exists() => Ok(()),
        renamed => renamed.map_err(failed),
    }
}

/// A server's no is the input's fault, its silence is not.
fn answer(error: TrackingError) -> PipelineError {
    if error.is_passing() { failed(error) } else { refused(error) }
}
