//! Who asks.

use nta_data::hex;
use sha2::{Digest, Sha256};

use crate::users::Role;

/// The header that a page's script sends with what changes something: a page of another site cannot.
pub(super) const CSRF: &str = "x-csrf-token";

/// Who asks; handlers find it among a request's extensions.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// Id of the session, where the request brings one or a page begins one.
    pub(super) session: String,
    /// Whether the request brought it.
    pub(super) has_session: bool,
    /// What must come back in [`CSRF`].
    pub(crate) csrf: String,
    /// Whether one must log in at all.
    pub(crate) guarded: bool,
    pub(super) who: Who,
}

/// Who a request comes from, as far as it proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Who {
    /// A user who logged in.
    User(String, Role),
    /// A program that sends the token.
    Program(Role),
    /// A browser that has given the token.
    Browser(Role),
    /// Whoever reaches a server that asks for nothing.
    Machine,
    Nobody,
}

impl Visitor {
    /// What may be done; nothing by who is not let in.
    pub(crate) fn role(&self) -> Option<Role> {
        match self.who {
            Who::User(_, role) | Who::Program(role) | Who::Browser(role) => Some(role),
            Who::Machine => Some(Role::Administer),
            Who::Nobody => None,
        }
    }

    pub(crate) fn may(&self, role: Role) -> bool {
        self.role().is_some_and(|own| own >= role)
    }

    /// The name of a user who logged in.
    pub(crate) fn user(&self) -> Option<&str> {
        match &self.who {
            Who::User(name, _) => Some(name),
            _ => None,
        }
    }

    /// In words: sessions by the beginning of a digest, which lets nobody in.
    pub(crate) fn told(&self) -> String {
        match &self.who {
            Who::User(name, _) => name.clone(),
            Who::Program(_) => "token".to_owned(),
            _ if self.has_session => format!("session {}", &hex(&Sha256::digest(&self.session))[..8]),
            _ => "this machine".to_owned(),
        }
    }
}
