//! What reading makes of files and streams, tested through the crate's own door. A module a topic:
//!
//! - `bounds`: what asks for too much memory or time is refused by name
//! - `captures`: packets read like the log of their flows
//! - `changing`: an input is read once, or is provably the same in every pass
//! - `hostile_parquet`: damaged Parquet is refused in words
//! - `hostile_pages`: Parquet that keeps to the format and asks for too much is refused
//! - `known_files`: rows and labels of the published data sets
//! - `labels`: labels are where the schema, the caller or a second file says, and nowhere else
//! - `mutations`: mutated datagrams and events do not grow out of proportion
//! - `odd_files`: lines without a flow are counted, doubled columns named, preambles passed over
//! - `parquet_kinds`: decimals and half-precision numbers are read, other kinds named
//! - `reading`: good files read the same whatever their form
//! - `refusals`: every mistake is answered with file, place and remedy
//! - `rejects`: bad rows are set aside, up to a share
//! - `sensors`: an entity is the same one after a rotation
//! - `stopping`: whoever waits for a pipe or an archive that gives nothing is told, and can end it
//! - `streams`: pipes and files that grow are read as they come
//! - `samples`: what is read of large files, and what is said of it
//! - `text_formats`: the same flows read the same in every text format
//! - `time_formats`: every common way to write a time is read rightly or named

mod bounds;
mod captures;
mod changing;
mod hostile_pages;
mod hostile_parquet;
mod known_files;
mod labels;
mod mutations;
mod odd_files;
mod parquet_kinds;
mod reading;
mod refusals;
mod rejects;
mod samples;
mod sensors;
mod stopping;
mod streams;
mod text_formats;
mod time_formats;
