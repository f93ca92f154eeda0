//! Schemas by name, and which column of a file stands for which name of a schema.

pub(crate) mod any;
pub(crate) mod builtin;
pub(crate) mod header;
pub(crate) mod hints;
pub(crate) mod layout;
