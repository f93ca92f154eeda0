//! A model's folder with one of its files changed, sealed again: readers behind the digests see it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

const MANIFEST: &str = "manifest.json";

/// Every file of the model in `folder` but its manifest, and that, by name.
pub(super) fn model_parts(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.map(|path| (name(&path), fs::read(&path).unwrap())).collect()
}

/// Writes the model into `folder` with `bytes` as its file `name`, and digests and a seal that hold.
pub(super) fn resealed(parts: &BTreeMap<String, Vec<u8>>, name: &str, bytes: &[u8], folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for (part, whole) in parts {
        fs::write(folder.join(part), if part == name { bytes } else { whole }).unwrap();
    }
    if name == MANIFEST {
        return;
    }
    let mut text = String::from_utf8(parts[MANIFEST].clone()).unwrap();
    let manifest: Value = serde_json::from_str(&text).unwrap();
    let of = |entry: &Value, key: &str| entry[key].as_str().unwrap().to_owned();
    let mut lines = Vec::new();
    for entry in manifest["files"].as_array().unwrap() {
        let is_changed = entry["name"] == name;
        let sha256 = if is_changed { sha256_hex(bytes) } else { of(entry, "sha256") };
        if is_changed {
            let block = format!("\"name\": \"{name}\"");
            let at = text.find(&block).unwrap();
            let end = at + text[at..].find('}').unwrap();
            let changed = text[at..end]
                .replace(&of(entry, "sha256"), &sha256)
                .replace(&format!("\"bytes\": {}", entry["bytes"]), &format!("\"bytes\": {}", bytes.len()));
            text.replace_range(at..end, &changed);
        }
        if entry["learned"] == true {
            lines.push(format!("{sha256}  {}\n", of(entry, "name")));
        }
    }
    lines.sort();
    text = text.replace(&of(&manifest, "digest"), &sha256_hex(lines.concat().as_bytes()));
    let blank = text.replace(&of(&manifest, "manifest_sha256"), &"0".repeat(64));
    let sealed = blank.replace(&"0".repeat(64), &sha256_hex(blank.as_bytes()));
    fs::write(folder.join(MANIFEST), sealed).unwrap();
}

fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
