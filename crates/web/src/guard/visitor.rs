//! Who asks.

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
}
