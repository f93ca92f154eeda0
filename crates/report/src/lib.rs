//! What a person and other programs read of a run: one page, figures, tables; and runs side by side.
//!
//! Numbers come in ready; here they are put into words and places. Nothing is measured and no file is written.

mod artefact;
mod comparison;
mod comparison_page;
mod decision;
mod drift;
mod error;
mod figures;
mod names;
mod notes;
mod numbers;
mod page;
mod profile;
mod run_report;
mod spreadsheet;
mod tables;

#[cfg(test)]
mod sample;

pub use artefact::{Artefact, render};
pub use comparison::{Comparison, ComparisonTable, RunView, compare};
pub use comparison_page::{ComparedRun, ComparisonGroup, ComparisonPage, render_comparison};
pub use decision::{DecisionPage, Service, Standing, ToldCheck, render_decision, tell_check};
pub use drift::{DriftHead, render_drift};
pub use error::ReportError;
pub use names::file_name;
pub use nta_plots::{Epoch as LearnedEpoch, a_day, thousands};
pub use profile::{CategoricalProfile, NumericProfile, ProfileSection, ScoreProfile};
pub use run_report::{
    DataFile, DataSection, DroppedColumn, Epoch, Feature, Loss, LstmView, MissingCells, Note, NoteLevel, PartRow,
    Permutation, Provenance, RunReport, StageTime, TimesRow,
};
pub use spreadsheet::inert_cell;
