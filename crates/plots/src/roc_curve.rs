//! Recall over false positive rate, twice: whole, and with the rates that matter in operation spread out.

use plotters::prelude::DrawingBackend;

use crate::curve::{Curve, Join};
use crate::drawing::axis::{Axis, Frame, Scale, Unit, crisp};
use crate::drawing::canvas::{Canvas, Place};
use crate::drawing::error::PlotError;
use crate::drawing::figure::{Drawing, Figure, render};
use crate::drawing::header::{self, Entry, Mark};
use crate::drawing::missing::{MISSING_HEIGHT, missing};
use crate::drawing::number::{decimal, percent, plain};
use crate::drawing::theme::Theme;

/// What a ROC figure shows.
#[derive(Debug, Clone, Copy)]
pub struct RocCurves<'a> {
    /// One curve a member; `x` false positive rates, `y` recalls.
    pub curves: &'a [Curve<'a>],
    /// The false positive rate that was promised.
    pub budget: Option<f64>,
}

/// Draws the curves with their areas, chance, the operating point of each, and the budget.
pub fn roc_curve(data: &RocCurves<'_>, theme: Theme, title: &str) -> Result<Figure, PlotError> {
    render(&Roc { data, title }, theme)
}

struct Roc<'a> {
    data: &'a RocCurves<'a>,
    title: &'a str,
}

const SIDE: f64 = 340.0;

impl Roc<'_> {
    fn is_empty(&self) -> bool {
        self.data.curves.iter().all(Curve::is_empty)
    }

    fn n_entries(&self) -> usize {
        self.data.curves.len() + 1 + usize::from(self.data.budget.is_some())
    }

    /// The decade at or below the smallest rate on any curve, so that the logarithmic panel shows all there is.
    fn smallest_decade(&self) -> f64 {
        let rates = self.data.curves.iter().flat_map(|curve| curve.x.iter().copied());
        let smallest = rates.chain(self.data.budget).filter(|rate| *rate > 0.0).fold(0.1, f64::min);
        10f64.powf(smallest.max(1e-6).log10().floor())
    }

    fn panels(&self, top: f64) -> [Frame<'static>; 2] {
        let rate = Axis { scale: Scale::Linear { from: 0.0, to: 1.0 }, unit: Unit::Percent, name: "", ticks: 5 };
        let whole = Frame {
            left: 84.0,
            top,
            width: SIDE,
            height: SIDE,
            x: Axis { name: "false positive rate", ..rate },
            y: Axis { name: "recall", ..rate },
        };
        let scale = Scale::Log { from: self.smallest_decade(), to: 1.0 };
        let low = Frame {
            left: whole.right() + 84.0,
            x: Axis { scale, name: "false positive rate, logarithmic", ticks: 6, ..rate },
            y: Axis { name: "", ..rate },
            ..whole
        };
        [whole, low]
    }

    fn legend<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Vec<Entry> {
        let palette = canvas.palette;
        let curves = self.data.curves.iter().map(|curve| {
            let at = curve.at_threshold.map_or("no threshold".into(), |(fpr, recall)| {
                format!("at its threshold: recall {}, false positives {}", percent(recall), percent(fpr))
            });
            let auc = curve.area.map_or("AUC –".into(), |auc| format!("AUC {}", decimal(auc)));
            Entry::new(Mark::Line(palette.series(curve.place)), [curve.name.to_owned(), auc, at])
        });
        let chance = Entry::new(Mark::Dashed(palette.axis), ["chance".to_owned(), "AUC 0.5000".to_owned()]);
        let budget = self.data.budget.map(|budget| {
            Entry::new(
                Mark::Dashed(palette.attack),
                ["budget".to_owned(), format!("{} % false alarms", plain(budget * 100.0, 4))],
            )
        });
        curves.chain([chance]).chain(budget).collect()
    }
}

impl Drawing for Roc<'_> {
    fn size(&self) -> (u32, u32) {
        let height =
            if self.is_empty() { MISSING_HEIGHT } else { (header::height(self.n_entries()) + SIDE + 68.0) as u32 };
        (880, height)
    }

    fn alt(&self) -> String {
        if self.is_empty() {
            return format!("{}: nothing to draw, a class is missing.", self.title);
        }
        let members: Vec<String> = self.data.curves.iter().map(describe).collect();
        format!("{}. {}.", self.title, members.join("; "))
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        if self.is_empty() {
            return missing(canvas, self.title, "A ROC curve needs benign flows and attacks; one of them is missing.");
        }
        let top = header::draw(canvas, self.title, &self.legend(canvas))?;
        for frame in self.panels(top) {
            frame.draw(canvas)?;
            chance(canvas, &frame)?;
            if let Some(budget) = self.data.budget {
                let x = crisp(frame.at((budget, 0.0)).0);
                canvas.dashed((x, frame.bottom()), (x, frame.top), canvas.palette.attack, 1.5)?;
            }
            self.data.curves.iter().try_for_each(|curve| curve.draw(canvas, &frame, Join::Straight))?;
            self.data.curves.iter().try_for_each(|curve| curve.draw_threshold(canvas, &frame))?;
        }
        Ok(())
    }
}

/// Recall equal to the false positive rate: a diagonal, or an exponential where the axis is logarithmic.
fn chance<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, frame: &Frame<'_>) -> Result<(), PlotError> {
    let rate = |place: f64| match frame.x.scale {
        Scale::Linear { from, to } => from + (to - from) * place,
        Scale::Log { from, to } => from * (to / from).powf(place),
    };
    let places: Vec<Place> = (0..=200).map(|i| rate(f64::from(i) / 200.0)).map(|rate| frame.at((rate, rate))).collect();
    canvas.dashed_path(&places, canvas.palette.axis, 1.5)
}

fn describe(curve: &Curve<'_>) -> String {
    let auc = curve.area.map_or("area undefined".into(), |auc| format!("area under the curve {}", decimal(auc)));
    match curve.at_threshold {
        Some((fpr, recall)) => {
            format!("{}: {auc}, recall {} at false positive rate {}", curve.name, percent(recall), percent(fpr))
        }
        None => format!("{}: {auc}", curve.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::{Case, draws_in_every_case};

    fn draw(case: &Case, theme: Theme, title: &str, n_curves: usize) -> Result<Figure, PlotError> {
        let (fpr, recall): (Vec<f64>, Vec<f64>) = case.curve().iter().map(|p| (p.0, p.1)).unzip();
        let at = case.at_half();
        let curve = Curve {
            name: case.label,
            place: 2,
            x: &fpr,
            y: &recall,
            area: at.map(|_| 0.987_64),
            at_threshold: at.map(|(fpr, recall, _)| (fpr, recall)),
        };
        let weaker: Vec<f64> = recall.iter().map(|r| r.powf(1.6)).collect();
        let second = Curve { name: "forest", place: 0, y: &weaker, area: at.map(|_| 0.9512), ..curve };
        let budget = Some(10f64.powi(-1 - n_curves as i32));
        roc_curve(&RocCurves { curves: &[curve, second][..n_curves], budget }, theme, title)
    }

    #[test]
    fn it_draws_in_every_case() {
        draws_in_every_case("roc_curve", |case, theme| draw(case, theme, &case.title("ROC curve"), 1));
        draws_in_every_case("roc_curves", |case, theme| draw(case, theme, "ROC curves", 2));
    }
}
