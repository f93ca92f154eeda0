//! A place in a log that outlives the process: it names a file by its first bytes, so that the file is found again after a
//! rename, a copy, or packing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// First bytes by which a file is known.
pub(crate) const HEAD: usize = 1 << 14;
/// Files gone by of which places are still known.
const MOST_PARTS: usize = 64;

/// A place in a log: behind this many bytes of the file that begins so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPlace {
    /// Bytes that `sha256` is of.
    pub head: u64,
    /// SHA-256 of the file's first bytes, in hexadecimal.
    pub sha256: String,
    /// Bytes before the place.
    pub offset: u64,
    /// Of a folder: what other files that were read, and are there still, are known by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<String>,
}

/// What a file that begins so is known by: SHA-256, in hexadecimal.
pub(crate) fn known_by(head: &[u8]) -> String {
    nta_data::hex(&Sha256::digest(head))
}

impl LogPlace {
    /// Whether a file that begins so is the one of the place.
    pub(crate) fn is_in(&self, head: &[u8]) -> bool {
        head.get(..self.head as usize).is_some_and(|head| known_by(head) == self.sha256)
    }
}

/// One file of a stream of files.
#[derive(Debug)]
pub(crate) struct Part {
    /// Bytes of the stream before the byte `from` of the file.
    pub(crate) stream: u64,
    pub(crate) from: u64,
    pub(crate) head: Vec<u8>,
    /// Of a folder: the files read before.
    pub(crate) read: Arc<Vec<String>>,
}

impl Part {
    fn see(&mut self, bytes: &[u8]) {
        let room = HEAD.saturating_sub(self.head.len());
        self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// Tells for bytes of the stream where in the log they stood.
#[derive(Debug, Clone, Default)]
pub struct LogPlaces(Arc<Mutex<VecDeque<Part>>>);

impl LogPlaces {
    /// The place behind `offset` bytes of the stream; `None` before anything was read.
    pub fn behind(&self, offset: u64) -> Option<LogPlace> {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Where one file ends and the next begins, the end: what came between the two while nobody looked is read then.
        let part = parts.iter().rev().find(|part| part.stream < offset).or(parts.front())?;
        let offset = part.from + offset.saturating_sub(part.stream);
        let head = &part.head[..part.head.len().min(offset as usize)];
        Some(LogPlace { head: head.len() as u64, sha256: known_by(head), offset, read: part.read.to_vec() })
    }

    fn with<T>(&self, change: impl FnOnce(&mut VecDeque<Part>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn begin(&self, part: Part) {
        self.with(|parts| {
            parts.push_back(part);
            if parts.len() > MOST_PARTS {
                parts.pop_front();
            }
        });
    }

    pub(crate) fn see(&self, bytes: &[u8]) {
        self.with(|parts| parts.back_mut().map(|part| part.see(bytes)));
    }
}
