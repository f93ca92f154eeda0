//! Precision over recall: what an analyst who opens the alarms meets.

use plotters::prelude::DrawingBackend;

use crate::curve::{Curve, Join};
use crate::drawing::axis::{Axis, Frame, Scale, Unit, crisp};
use crate::drawing::canvas::Canvas;
use crate::drawing::error::PlotError;
use crate::drawing::figure::{Drawing, Figure, render};
use crate::drawing::header::{self, Entry, Mark};
use crate::drawing::missing::{MISSING_HEIGHT, missing};
use crate::drawing::number::{decimal, percent};
use crate::drawing::theme::Theme;

/// What a precision–recall figure shows.
#[derive(Debug, Clone, Copy)]
pub struct PrCurves<'a> {
    /// One curve a member; `x` recalls, `y` precisions, `area` the average precision.
    pub curves: &'a [Curve<'a>],
    /// Share of attacks among the flows, which is the precision of chance.
    pub prevalence: Option<f64>,
}

/// Draws the curves as the steps whose area the average precision is, and the prevalence.
pub fn pr_curve(data: &PrCurves<'_>, theme: Theme, title: &str) -> Result<Figure, PlotError> {
    render(&Pr { data, title }, theme)
}

struct Pr<'a> {
    data: &'a PrCurves<'a>,
    title: &'a str,
}

const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 340.0;

impl Pr<'_> {
    fn is_empty(&self) -> bool {
        self.data.curves.iter().all(Curve::is_empty)
    }

    fn legend<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Vec<Entry> {
        let palette = canvas.palette;
        let curves = self.data.curves.iter().map(|curve| {
            let at = curve.at_threshold.map_or("no alarm at its threshold".into(), |(recall, precision)| {
                format!("at its threshold: precision {}, recall {}", percent(precision), percent(recall))
            });
            let ap = curve.area.map_or("AP –".into(), |ap| format!("AP {}", decimal(ap)));
            Entry::new(Mark::Line(palette.series(curve.place)), [curve.name.to_owned(), ap, at])
        });
        let chance = self.data.prevalence.map(|prevalence| {
            let cells = ["chance".to_owned(), format!("{} of the flows are attacks", percent(prevalence))];
            Entry::new(Mark::Dashed(palette.axis), cells)
        });
        curves.chain(chance).collect()
    }
}

impl Drawing for Pr<'_> {
    fn size(&self) -> (u32, u32) {
        let entries = self.data.curves.len() + usize::from(self.data.prevalence.is_some());
        let height = if self.is_empty() { MISSING_HEIGHT } else { (header::height(entries) + HEIGHT + 68.0) as u32 };
        ((84.0 + WIDTH + 36.0) as u32, height)
    }

    fn alt(&self) -> String {
        if self.is_empty() {
            return format!("{}: nothing to draw, there is no attack.", self.title);
        }
        let members = self.data.curves.iter().map(|curve| {
            let ap = curve.area.map_or("undefined".into(), decimal);
            format!("{}: average precision {ap}", curve.name)
        });
        format!("{}. {}.", self.title, members.collect::<Vec<_>>().join("; "))
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        if self.is_empty() {
            return missing(canvas, self.title, "A precision–recall curve needs attacks; there is none.");
        }
        let top = header::draw(canvas, self.title, &self.legend(canvas))?;
        let rate = Axis { scale: Scale::Linear { from: 0.0, to: 1.0 }, unit: Unit::Percent, name: "", ticks: 5 };
        let frame = Frame {
            left: 84.0,
            top,
            width: WIDTH,
            height: HEIGHT,
            x: Axis { name: "recall", ..rate },
            y: Axis { name: "precision", ..rate },
        };
        frame.draw(canvas)?;
        if let Some(prevalence) = self.data.prevalence {
            let y = crisp(frame.at((0.0, prevalence)).1);
            canvas.dashed((frame.left, y), (frame.right(), y), canvas.palette.axis, 1.5)?;
        }
        self.data.curves.iter().try_for_each(|curve| curve.draw(canvas, &frame, Join::Steps))?;
        self.data.curves.iter().try_for_each(|curve| curve.draw_threshold(canvas, &frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::draws_in_every_case;

    #[test]
    fn it_draws_in_every_case() {
        draws_in_every_case("pr_curve", |case, theme| {
            let (recall, precision): (Vec<f64>, Vec<f64>) = case.curve().iter().map(|p| (p.1, p.2)).unzip();
            let at = case.at_half();
            let curve = Curve {
                name: case.label,
                place: 2,
                x: &recall,
                y: &precision,
                area: at.map(|_| 0.987_64),
                at_threshold: at.map(|(_, recall, precision)| (recall, precision)),
            };
            let (benign, attacks) = (case.benign.len() as f64, case.attack.len() as f64);
            let prevalence = (attacks > 0.0).then(|| attacks / (attacks + benign));
            pr_curve(&PrCurves { curves: &[curve], prevalence }, theme, &case.title("Precision and recall"))
        });
    }
}
