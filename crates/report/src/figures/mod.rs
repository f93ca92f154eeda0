//! Which figures a run has, where each stands on the page, and what stands below it.

mod judged;
mod kind;
mod of_member;
mod of_run;

use nta_plots::Theme;

use crate::{ReportError, RunReport};
use judged::JudgedCurves;
use kind::Draw;

pub(crate) use kind::{DrawnFigure, Place};

/// Draws them all, those about the run first, then member by member.
pub(crate) fn draw(run: &RunReport) -> Result<Vec<DrawnFigure>, ReportError> {
    let kinds = || of_run::FIGURES.iter().chain(of_member::FIGURES);
    let mut drawn = Vec::new();
    for kind in kinds() {
        if let Draw::Run(draw) = kind.draw {
            drawn.push(kind.drawn(run, None, draw(run, Theme::Light))?);
        }
    }
    for (place, (name, member)) in run.evaluation.members.iter().enumerate() {
        let judged = JudgedCurves::of(run, place, name, member);
        for kind in kinds() {
            if let Draw::EachMember(draw) = kind.draw {
                drawn.push(kind.drawn(run, Some(name), draw(run, &judged, Theme::Light))?);
            }
        }
    }
    Ok(drawn)
}
