//! A model's folder as named files: written whole or not at all, read only if every byte is what was written.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use nta_atomic::WriteError;

use crate::ModelError;
use crate::digest::sha256_hex;
use crate::manifest::{FORMAT_REVISION, FileEntry, MANIFEST, Manifest, MemberEntry, Provenance};

/// One file's name and contents.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ModelFile {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    /// Whether the model's digest covers it.
    pub(crate) learned: bool,
}

/// The manifest of these files.
pub(crate) fn describe(files: &[ModelFile], members: Vec<MemberEntry>, provenance: Provenance) -> Manifest {
    let entry = |file: &ModelFile| FileEntry {
        name: file.name.clone(),
        bytes: file.bytes.len() as u64,
        sha256: sha256_hex(&file.bytes),
        learned: file.learned,
    };
    let files: Vec<FileEntry> = files.iter().map(entry).collect();
    Manifest { format_revision: FORMAT_REVISION, digest: Manifest::digest_of(&files), provenance, members, files }
}

/// Writes the files and the manifest to a temporary folder beside `folder`, the manifest last, and renames it. On any
/// failure nothing stays, and the error names the file that did not fit.
pub(crate) fn write(folder: &Path, files: &[ModelFile], manifest: &Manifest) -> Result<(), ModelError> {
    if folder.symlink_metadata().is_ok() {
        return Err(ModelError::Exists { path: folder.to_owned() });
    }
    let parent = folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(ModelError::io("create", parent))?;
    let staging = nta_atomic::staging_in(parent).map_err(ModelError::io("create", folder))?;
    let text = manifest.to_sealed_text()?;
    let last = (MANIFEST, text.as_bytes());
    for (name, bytes) in files.iter().map(|f| (f.name.as_str(), f.bytes.as_slice())).chain([last]) {
        let write = || -> std::io::Result<()> {
            let mut file = File::create_new(staging.path().join(name))?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(|source| WriteError { path: folder.join(name), source })?;
    }
    nta_atomic::rename_folder(staging.path(), folder)?;
    // Renamed away: there is nothing left for the guard to remove.
    let _ = staging.keep();
    Ok(())
}

/// Reads and checks the manifest in `folder`, and nothing else.
pub(crate) fn read_manifest(folder: &Path) -> Result<Manifest, ModelError> {
    let path = folder.join(MANIFEST);
    // Configs and file lists are small; a manifest beyond this is none, and is not read into memory.
    const MOST_BYTES: u64 = 64 << 20;
    let bytes = read_at_most(&path, MOST_BYTES)?;
    Manifest::from_sealed_text(&bytes, &path)
}

/// Reads the file that `entry` describes and holds it against its size and digest.
pub(crate) fn read_file(folder: &Path, entry: &FileEntry) -> Result<Vec<u8>, ModelError> {
    let path = folder.join(&entry.name);
    let bytes = read_at_most(&path, entry.bytes)?;
    if (bytes.len() as u64) < entry.bytes {
        let why = format!("cut short: {} of {} bytes are there", bytes.len(), entry.bytes);
        return Err(ModelError::damaged(&path, why));
    }
    if sha256_hex(&bytes) != entry.sha256 {
        return Err(ModelError::damaged(&path, "the contents do not match the manifest's digest"));
    }
    Ok(bytes)
}

/// The bytes of a regular file.
pub(crate) fn read_at_most(path: &Path, most_bytes: u64) -> Result<Vec<u8>, ModelError> {
    // Looked at before it is opened: opening a pipe waits for its other end.
    match path.metadata() {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Err(ModelError::damaged(path, "this is no regular file")),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(ModelError::Missing { path: path.to_owned() });
        }
        Err(e) => return Err(ModelError::io("read", path)(e)),
    }
    let file = File::open(path).map_err(ModelError::io("read", path))?;
    let mut bytes = Vec::new();
    file.take(most_bytes + 1).read_to_end(&mut bytes).map_err(ModelError::io("read", path))?;
    if bytes.len() as u64 > most_bytes {
        return Err(ModelError::damaged(path, format!("longer than the {most_bytes} bytes it should have")));
    }
    Ok(bytes)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;
    use std::sync::Arc;

    use nta_data::Order;

    use super::*;
    use crate::Registry;
    use crate::fixture::model;

    /// Not a test of its own: the process that the next test lets run into a limit.
    #[test]
    #[ignore = "run by a_full_disk_is_said_and_leaves_nothing"]
    fn child_that_runs_out_of_room() {
        let Ok(home) = std::env::var("NTA_TEST_HOME") else { return };
        let mut model = Arc::unwrap_or_clone(model(Order::File));
        model.provenance.config = "# long\n".repeat(20_000);
        let error = Registry::new(Path::new(&home)).add("toy", &model).unwrap_err().to_string();
        fs::write(Path::new(&home).join("said"), error).unwrap();
    }

    #[test]
    fn a_pipe_as_a_part_is_refused_and_not_waited_for() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("m");
        model(Order::File).save(&folder).unwrap();
        for part in ["forest.bin", MANIFEST] {
            fs::remove_file(folder.join(part)).unwrap();
            assert!(Command::new("mkfifo").arg(folder.join(part)).status().unwrap().success());
            let said = crate::Model::load(&folder).unwrap_err().to_string();
            assert!(said.contains(part) && said.contains("no regular file"), "{said}");
        }
    }

    #[test]
    fn a_full_disk_is_said_and_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        // A limit on file size stands in for the full disk: 64 blocks of 512 or 1,024 bytes, the manifest has more.
        let script =
            "trap '' XFSZ; ulimit -f 64; exec \"$0\" --exact store::tests::child_that_runs_out_of_room --ignored";
        let status = Command::new("sh")
            .args(["-c", script])
            .arg(std::env::current_exe().unwrap())
            .env("NTA_TEST_HOME", home.path())
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "{status}, signal {:?}", status.signal());
        let said = fs::read_to_string(home.path().join("said")).unwrap();
        assert!(said.contains("models/toy/1/manifest.json") && said.contains("cannot write"), "{said}");
        assert!(!home.path().join("models/toy").exists());
    }
}
