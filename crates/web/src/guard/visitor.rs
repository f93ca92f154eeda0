//! Who asks.

use nta_data::hex;
use sha2::{Digest, Sha256};

/// The header that a page's script sends with what changes something: a page of another site cannot.
pub(super) const CSRF: &str = "x-csrf-token";

/// Who asks; handlers find it among a request's extensions.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// Id of the session.
    pub(super) session: String,
    /// What must come back in [`CSRF`].
    pub(crate) csrf: String,
    /// Whether a token is asked for at all.
    pub(crate) guarded: bool,
    /// What the request brings with it.
    pub(super) by: By,
}

/// What a request brings with it.
#[derive(Debug, Clone, Copy)]
pub(super) enum By {
    Token,
    Session,
    Nobody,
}

impl Visitor {
    /// In words: sessions by the beginning of a digest, which lets nobody in.
    pub(super) fn told(&self) -> String {
        match self.by {
            By::Token => "token".to_owned(),
            By::Session => format!("session {}", &hex(&Sha256::digest(&self.session))[..8]),
            By::Nobody => "this machine".to_owned(),
        }
    }
}
