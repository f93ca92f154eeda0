//! Precision by the share of attacks in the traffic: the same detector where attacks are rarer than on the test part
//! (Axelsson 2000, "The base-rate fallacy and the difficulty of intrusion detection").

use plotters::prelude::DrawingBackend;

use crate::curve::{Curve, Join};
use crate::drawing::axis::{Axis, Frame, Scale, Unit};
use crate::drawing::canvas::Canvas;
use crate::drawing::error::PlotError;
use crate::drawing::figure::{Drawing, Figure, render};
use crate::drawing::header::{self, Entry, Mark};
use crate::drawing::missing::{MISSING_HEIGHT, missing};
use crate::drawing::number::percent;
use crate::drawing::theme::Theme;

/// Draws the curves: `x` shares of attacks, ascending and above 0, `y` precisions at the member's threshold; the dot is
/// the test part.
pub fn base_rate(curves: &[Curve<'_>], theme: Theme, title: &str) -> Result<Figure, PlotError> {
    render(&BaseRate { curves, title }, theme)
}

struct BaseRate<'a> {
    curves: &'a [Curve<'a>],
    title: &'a str,
}

const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 300.0;
/// The share that the words tell of, beside that of the test part.
const RARE: f64 = 0.001;

impl BaseRate<'_> {
    fn is_empty(&self) -> bool {
        self.curves.iter().all(Curve::is_empty)
    }

    fn smallest(&self) -> f64 {
        let shares = self.curves.iter().flat_map(|curve| curve.x.iter().copied());
        shares.filter(|share| *share > 0.0).fold(0.1, f64::min)
    }
}

/// What a curve says of the test part, and of traffic with few attacks.
fn in_words(curve: &Curve<'_>) -> [String; 2] {
    let test = curve.at_threshold.map_or("no alarm on the test part".into(), |(share, precision)| {
        format!("test part, {} attacks: precision {}", percent(share), percent(precision))
    });
    let rare = curve.x.iter().zip(curve.y).find(|(share, _)| **share >= RARE * (1.0 - 1e-9));
    let rare =
        rare.map_or(String::new(), |(_, precision)| format!("at {} attacks: {}", percent(RARE), percent(*precision)));
    [test, rare]
}

impl Drawing for BaseRate<'_> {
    fn size(&self) -> (u32, u32) {
        let height = header::height(self.curves.len()) + HEIGHT + 68.0;
        ((84.0 + WIDTH + 36.0) as u32, if self.is_empty() { MISSING_HEIGHT } else { height as u32 })
    }

    fn alt(&self) -> String {
        if self.is_empty() {
            return format!("{}: nothing to draw, a class is missing or nothing was flagged.", self.title);
        }
        let members = self.curves.iter().map(|curve| format!("{}: {}", curve.name, in_words(curve).join(", ")));
        format!("{}. {}.", self.title, members.collect::<Vec<_>>().join("; "))
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        if self.is_empty() {
            return missing(
                canvas,
                self.title,
                "Precision needs alarms, benign flows and attacks; one of them is missing.",
            );
        }
        let entry = |curve: &Curve<'_>| {
            let [test, rare] = in_words(curve);
            Entry::new(Mark::Line(canvas.palette.series(curve.place)), [curve.name.to_owned(), test, rare])
        };
        let top = header::draw(canvas, self.title, &self.curves.iter().map(entry).collect::<Vec<_>>())?;
        let percent =
            Axis { scale: Scale::Linear { from: 0.0, to: 1.0 }, unit: Unit::Percent, name: "precision", ticks: 5 };
        let share = Scale::Log { from: self.smallest(), to: 1.0 };
        let frame = Frame {
            left: 84.0,
            top,
            width: WIDTH,
            height: HEIGHT,
            x: Axis { scale: share, name: "share of attacks in the traffic, logarithmic", ticks: 8, ..percent },
            y: percent,
        };
        frame.draw(canvas)?;
        self.curves.iter().try_for_each(|curve| curve.draw(canvas, &frame, Join::Straight))?;
        self.curves.iter().try_for_each(|curve| curve.draw_threshold(canvas, &frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::draws_in_every_case;

    #[test]
    fn it_draws_in_every_case() {
        draws_in_every_case("base_rate", |case, theme| {
            let shares: Vec<f64> = (0..=100).map(|i| 10f64.powf(f64::from(i) / 20.0 - 5.0)).collect();
            let point = case.at_half().filter(|(fpr, recall, _)| fpr + recall > 0.0);
            let precision = |(fpr, recall, _)| {
                shares.iter().map(|share| recall * share / (recall * share + fpr * (1.0 - share))).collect::<Vec<f64>>()
            };
            let precisions = point.map(precision).unwrap_or_default();
            let (benign, attacks) = (case.benign.len() as f64, case.attack.len() as f64);
            let curve = Curve {
                name: case.label,
                place: 2,
                x: &shares[..precisions.len()],
                y: &precisions,
                area: None,
                at_threshold: point.map(|(_, _, precision)| (attacks / (attacks + benign), precision)),
            };
            base_rate(&[curve], theme, "Precision where attacks are rarer")
        });
    }
}
