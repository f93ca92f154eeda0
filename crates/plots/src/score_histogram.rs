//! How many flows of either class got which score, on a logarithmic axis, for the rare flows decide.

use plotters::prelude::DrawingBackend;
use plotters::style::RGBColor;

use crate::drawing::axis::{Axis, Frame, Scale, Unit, crisp};
use crate::drawing::canvas::{Canvas, Place};
use crate::drawing::error::PlotError;
use crate::drawing::figure::{Drawing, Figure, render};
use crate::drawing::header::{self, Entry, Mark};
use crate::drawing::missing::{MISSING_HEIGHT, missing};
use crate::drawing::number::{self, flows, thousands};
use crate::drawing::theme::Theme;

/// What a score histogram shows.
#[derive(Debug, Clone, Copy)]
pub struct ScoreHistogram<'a> {
    /// Benign flows in bins of equal width over [0, 1].
    pub benign: &'a [u64],
    /// Attacks in the same bins.
    pub attack: &'a [u64],
    /// Flows with a higher score are flagged.
    pub threshold: Option<f64>,
}

/// Draws both classes over each other and the threshold.
pub fn score_histogram(data: &ScoreHistogram<'_>, theme: Theme, title: &str) -> Result<Figure, PlotError> {
    render(&Histogram { data, title }, theme)
}

struct Histogram<'a> {
    data: &'a ScoreHistogram<'a>,
    title: &'a str,
}

const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 320.0;
/// A bin of one flow shall still be seen.
const FLOOR: f64 = 0.5;

fn total(bins: &[u64]) -> u64 {
    bins.iter().fold(0, |sum, &count| sum.saturating_add(count))
}

impl Histogram<'_> {
    fn is_empty(&self) -> bool {
        total(self.data.benign) == 0 && total(self.data.attack) == 0
    }

    fn frame(&self, top: f64) -> Frame<'static> {
        let highest = self.data.benign.iter().chain(self.data.attack).copied().max().unwrap_or(0).max(10) as f64;
        let scale = Scale::Linear { from: 0.0, to: 1.0 };
        Frame {
            left: 84.0,
            top,
            width: WIDTH,
            height: HEIGHT,
            x: Axis { scale, unit: Unit::Plain, name: "score", ticks: 5 },
            y: Axis {
                scale: Scale::Log { from: FLOOR, to: highest * 1.6 },
                unit: Unit::Count,
                name: "flows",
                ticks: 7,
            },
        }
    }
}

impl Drawing for Histogram<'_> {
    fn size(&self) -> (u32, u32) {
        let height = if self.is_empty() { MISSING_HEIGHT } else { (header::height(3) + HEIGHT + 68.0) as u32 };
        ((84.0 + WIDTH + 36.0) as u32, height)
    }

    fn alt(&self) -> String {
        let (benign, attacks) = (thousands(total(self.data.benign)), thousands(total(self.data.attack)));
        let threshold =
            self.data.threshold.map_or(String::new(), |at| format!(", threshold {}", number::threshold(at)));
        format!("{}. Scores of {benign} benign flows and {attacks} attacks{threshold}.", self.title)
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        let (benign, attacks) = (total(self.data.benign), total(self.data.attack));
        if self.is_empty() {
            return missing(canvas, self.title, "There is no score to count.");
        }
        let palette = canvas.palette;
        let threshold = self.data.threshold.map(|at| {
            let meaning =
                if at >= 1.0 { "no score lies above it: nothing is flagged" } else { "scores above it are flagged" };
            vec![format!("threshold {}", number::threshold(at)), meaning.to_owned()]
        });
        let mut legend = vec![
            Entry::new(Mark::Hollow(palette.benign), ["benign".to_owned(), flows(benign)]),
            Entry::new(Mark::Hollow(palette.attack), ["attack".to_owned(), flows(attacks)]),
        ];
        legend.extend(threshold.map(|cells| Entry::new(Mark::Dashed(palette.mark), cells)));
        header::draw(canvas, self.title, &legend)?;
        let frame = self.frame(header::height(3));
        frame.draw(canvas)?;
        draw_class(canvas, &frame, self.data.benign, palette.benign)?;
        draw_class(canvas, &frame, self.data.attack, palette.attack)?;
        if let Some(at) = self.data.threshold {
            let x = crisp(frame.at((at, 0.0)).0);
            canvas.dashed((x, frame.bottom()), (x, frame.top), palette.mark, 1.5)?;
        }
        Ok(())
    }
}

fn draw_class<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    frame: &Frame<'_>,
    bins: &[u64],
    color: RGBColor,
) -> Result<(), PlotError> {
    if total(bins) == 0 {
        return Ok(());
    }
    let edge = |i: usize| i as f64 / bins.len() as f64;
    let mut outline: Vec<Place> = vec![(frame.left, frame.bottom())];
    for (i, &count) in bins.iter().enumerate() {
        let height = (count as f64).max(FLOOR);
        outline.push(frame.at((edge(i), height)));
        outline.push(frame.at((edge(i + 1), height)));
    }
    outline.push((frame.right(), frame.bottom()));
    canvas.polygon(&outline, color, 0.18)?;
    canvas.line(&outline, color, 1.75)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::draws_in_every_case;

    #[test]
    fn it_draws_in_every_case() {
        draws_in_every_case("score_histogram", |case, theme| {
            let (benign, attack) = (case.histogram(&case.benign), case.histogram(&case.attack));
            let data = ScoreHistogram { benign: &benign, attack: &attack, threshold: Some(0.431) };
            score_histogram(&data, theme, &case.title("Scores"))
        });
    }
}
