//! What crosses crates, tested through the real binary or over the whole workspace. A module a topic:
//!
//! - `arrows`: who may depend on whom, and that no foreign type crosses a crate's border
//! - `quickstart`: the README's first command, and what it must show
//! - `determinism`: threads, batches and resumes change no bit
//! - `refusals`: bad input is refused with file, line and remedy, and leaves nothing
//! - `scoring`: `nta score` says what the run said
//! - `real_traffic`: the shipped configs on real data (skipped without NTA_DATA)

mod arrows;
mod determinism;
mod nta;
mod quickstart;
mod refusals;
mod scoring;
