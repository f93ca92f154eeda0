//! A file of labels, of either kind.

use std::path::Path;
use std::time::Duration;

use nta_data::{Contact, Schema, hex};
use sha2::{Digest, Sha256};

use crate::error::IngestError;
use crate::input::file::Input;
use crate::input::source::FileDigest;
use crate::labelling::table::LabelTable;
use crate::labelling::windows::LabelWindows;

/// Labels from a second file: a table in any format that traffic has, or windows of time and hosts (`.yaml`, `.yml`).
/// A table's rows are read when the traffic is, and take 32 bytes of memory each.
#[derive(Debug)]
pub struct GivenLabels {
    pub(crate) kind: Kind,
    /// How far a flow's start and its label's time may be apart, microseconds.
    pub(crate) tolerance: i64,
    digest: FileDigest,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Table(Box<LabelTable>),
    Windows(LabelWindows),
}

impl GivenLabels {
    /// Opens the file. Columns of a table are found by the names that `schema` has for label, time and hosts, else by
    /// usual ones. `tolerance`: how far the start of a flow and the time of its label may be apart.
    ///
    /// # Errors
    /// A file that cannot be read, a table without a label column, windows that contradict themselves.
    pub fn open(
        path: &Path,
        schema: &Schema,
        tolerance: Duration,
        contact: &Contact,
    ) -> Result<GivenLabels, IngestError> {
        let is_yaml = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("yaml") || e.eq_ignore_ascii_case("yml"));
        let kind = match is_yaml {
            true => Kind::Windows(LabelWindows::open(path)?),
            false => Kind::Table(Box::new(LabelTable::open(path, schema, contact)?)),
        };
        let mut hasher = Sha256::new();
        let input = match &kind {
            Kind::Table(table) => table.input().clone(),
            Kind::Windows(_) => Input::new(path, false).open(contact)?,
        };
        let bytes = input.hash_rest(0, &mut hasher).map_err(|e| IngestError::read(&input.name, &e))?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let digest = FileDigest { name, bytes, sha256: hex(&hasher.finalize()) };
        Ok(GivenLabels { kind, tolerance: tolerance.as_micros().min(i64::MAX as u128) as i64, digest })
    }

    /// Name, size and digest of the file.
    pub fn digest(&self) -> &FileDigest {
        &self.digest
    }
}
