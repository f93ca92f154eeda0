//! Counts, and where asked hashes, the bytes that go by on their way from disk.

use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::input::file::OpenInput;

/// Whether the bytes read are hashed on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hashing {
    Yes,
    No,
}

/// What is known of the bytes so far, shared with the reader that they pass.
#[derive(Debug, Clone)]
pub(crate) struct Tap {
    read: Arc<AtomicU64>,
    sha256: Option<Arc<Mutex<Sha256>>>,
}

impl Tap {
    pub(crate) fn new(hashing: Hashing) -> Tap {
        let sha256 = (hashing == Hashing::Yes).then(|| Arc::new(Mutex::new(Sha256::new())));
        Tap { read: Arc::new(AtomicU64::new(0)), sha256 }
    }

    /// `input`, with every byte told here.
    pub(crate) fn on<R: Read>(&self, input: R) -> Tapped<R> {
        Tapped { input, tap: self.clone() }
    }

    /// Bytes so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Length and SHA-256 (hexadecimal) of the whole file: of the bytes that went by, then of those that no reader
    /// asked for, through the same descriptor.
    pub(crate) fn digest(&self, input: &OpenInput) -> io::Result<(u64, String)> {
        let mut hasher = match &self.sha256 {
            Some(hasher) => hasher.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            None => Sha256::new(),
        };
        let hashed = if self.sha256.is_some() { self.bytes_read() } else { 0 };
        let rest = input.hash_rest(hashed, &mut hasher)?;
        Ok((hashed + rest, nta_data::hex(&hasher.finalize())))
    }
}

/// A reader under a [`Tap`].
#[derive(Debug)]
pub(crate) struct Tapped<R> {
    input: R,
    tap: Tap,
}

impl<R: Read> Read for Tapped<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(into)?;
        self.tap.read.fetch_add(n as u64, Ordering::Relaxed);
        if let Some(hasher) = &self.tap.sha256 {
            hasher.lock().unwrap_or_else(PoisonError::into_inner).update(&into[..n]);
        }
        Ok(n)
    }
}
