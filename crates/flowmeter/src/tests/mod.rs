//! Captures made by the tests themselves, and the cases in which flow meters differ.

mod captures;
mod community_ids;
mod directions;
mod endings;
mod lengths;
mod links;
mod odd_files;
mod packets;
mod page;
