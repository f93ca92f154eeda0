//! What reading makes of files and streams, tested through the crate's own door. A module a topic:
//!
//! - `changing`: an input is read once, or is provably the same in every pass
//! - `known_files`: rows and labels of the published data sets
//! - `reading`: good files read the same whatever their form
//! - `refusals`: every mistake is answered with file, place and remedy
//! - `rejects`: bad rows are set aside, up to a share
//! - `sensors`: an entity is the same one after a rotation
//! - `streams`: pipes and files that grow are read as they come
//! - `text_formats`: the same flows read the same in every text format

mod changing;
mod known_files;
mod reading;
mod refusals;
mod rejects;
mod sensors;
mod streams;
mod text_formats;
