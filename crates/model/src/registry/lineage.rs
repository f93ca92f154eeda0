//! What a version was made from, back to the first.

use super::{Registry, Version, folder_names};
use crate::ModelError;
use crate::manifest::{Manifest, is_plain};

impl Registry {
    /// The versions that `version` was made from, its parent first. It ends where a parent is gone or was no version.
    ///
    /// # Errors
    /// A folder that cannot be read. A version whose manifest cannot be read ends the line.
    pub fn ancestors(&self, version: &Version) -> Result<Vec<Version>, ModelError> {
        let mut line: Vec<Version> = Vec::new();
        let mut at = version.clone();
        while let Ok(manifest) = at.manifest()
            && let Some(parent) = self.parent(&manifest)?
            && parent != *version
            && !line.contains(&parent)
        {
            line.push(parent.clone());
            at = parent;
        }
        Ok(line)
    }

    /// The version that a manifest names as parent: as `name/3`, or by the run that made it. Aliases are not asked, so
    /// it may be asked under any lock.
    fn parent(&self, manifest: &Manifest) -> Result<Option<Version>, ModelError> {
        let Some(asked) = manifest.provenance.parent.as_deref() else { return Ok(None) };
        let asked = asked.strip_prefix("models/").unwrap_or(asked);
        let (name, last) = asked.rsplit_once('/').unwrap_or(("", asked));
        if let Ok(number) = last.parse() {
            let is_there = is_plain(name) && self.numbers(name)?.contains(&number);
            return Ok(is_there.then(|| self.version(name, number)));
        }
        for name in folder_names(&self.home.join("models"))? {
            for number in self.numbers(&name)? {
                let version = self.version(&name, number);
                if version.manifest().is_ok_and(|m| m.provenance.run == last) {
                    return Ok(Some(version));
                }
            }
        }
        Ok(None)
    }
}
