//! What the report knows of a figure: its name, its place, what it is drawn from, and what stands below it.

use nta_plots::{Figure, PlotError, Theme};

use super::judged::JudgedCurves;
use crate::names::file_name;
use crate::{ReportError, RunReport};

/// A figure of the report.
pub(super) struct FigureKind {
    /// File name without its ending; the member's name follows where it is about one member.
    name: &'static str,
    place: Place,
    pub(super) draw: Draw,
    caption: Caption,
}

/// What stands below a figure on the page.
pub(super) enum Caption {
    /// Nothing: it speaks for itself.
    Nothing,
    /// This sentence.
    Words(&'static str),
    /// What follows from the run.
    Of(fn(&RunReport) -> String),
}

/// Where on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Members,
    Ranking,
    /// Those of every member beside each other, the hybrid first, then what is about the run.
    AtThreshold,
    /// Of the hybrid; the others' fold out below.
    Scores,
    Learning,
    /// Of the hybrid; the others' fold out below their scores.
    Families,
    /// Beside the page only.
    Files,
}

/// What it is drawn from.
pub(super) enum Draw {
    Run(fn(&RunReport, Theme) -> Result<Figure, PlotError>),
    EachMember(fn(&RunReport, &JudgedCurves<'_>, Theme) -> Result<Figure, PlotError>),
}

/// A drawn figure.
pub(crate) struct DrawnFigure {
    /// Its file name without ending.
    pub(crate) name: String,
    pub(crate) figure: Figure,
    pub(crate) place: Place,
    pub(crate) caption: String,
    /// The member it is about; `None` where it is about all, or about the run.
    pub(crate) member: Option<String>,
}

impl FigureKind {
    pub(super) const fn new(name: &'static str, place: Place, draw: Draw) -> Self {
        FigureKind { name, place, draw, caption: Caption::Nothing }
    }

    pub(super) const fn captioned(self, words: &'static str) -> Self {
        FigureKind { caption: Caption::Words(words), ..self }
    }

    pub(super) const fn captioned_by(self, words: fn(&RunReport) -> String) -> Self {
        FigureKind { caption: Caption::Of(words), ..self }
    }

    pub(super) fn drawn(
        &self,
        run: &RunReport,
        member: Option<&str>,
        figure: Result<Figure, PlotError>,
    ) -> Result<DrawnFigure, ReportError> {
        let name = member.map_or_else(|| self.name.to_owned(), |member| format!("{}_{}", self.name, file_name(member)));
        let figure = figure.map_err(|source| ReportError::Figure { name: name.clone(), source })?;
        let caption = match self.caption {
            Caption::Nothing => String::new(),
            Caption::Words(words) => words.to_owned(),
            Caption::Of(words) => words(run),
        };
        Ok(DrawnFigure { name, figure, place: self.place, caption, member: member.map(str::to_owned) })
    }
}
