//! Lines that cannot be read: refused, or set aside with the reason, up to a share.

pub(crate) mod file;
pub(crate) mod ledger;
pub(crate) mod reject;
