//! Drafts a schema from a file that has none. Guesses are made here, and nowhere else.

pub(crate) mod answers;
mod corrected;
pub(crate) mod duration;
pub(crate) mod give_aways;
pub(crate) mod guess;
pub(crate) mod headless;
pub(crate) mod infer;
pub(crate) mod label_names;
pub(crate) mod labels;
pub(crate) mod notes;
pub(crate) mod numbers;
pub(crate) mod recognise;
pub(crate) mod sample;
mod text;
pub(crate) mod time;
mod time_formats;
mod time_guess;
mod time_names;
mod time_parts;
mod time_yaml;
pub(crate) mod yaml;
