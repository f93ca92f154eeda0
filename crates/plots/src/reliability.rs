//! Whether a score of 0.7 means that seven in ten such flows are attacks.

use plotters::prelude::DrawingBackend;

use crate::drawing::axis::{Axis, Frame, Scale, Unit};
use crate::drawing::canvas::{Align, Canvas, Place, Type};
use crate::drawing::error::PlotError;
use crate::drawing::figure::{Drawing, Figure, render};
use crate::drawing::header::{self, Entry, Mark};
use crate::drawing::missing::{MISSING_HEIGHT, missing};
use crate::drawing::number::{compact, decimal, percent};
use crate::drawing::theme::Theme;

/// The flows whose score lies in one bin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReliabilityBin {
    /// Mean of their scores.
    pub mean_score: f64,
    /// Share of attacks among them.
    pub attack_rate: f64,
    /// Where the true share may lie.
    pub interval: Option<(f64, f64)>,
    /// How many they are.
    pub rows: u64,
}

/// One member's bins.
#[derive(Debug, Clone, Copy)]
pub struct ReliabilityCurve<'a> {
    /// The member's name.
    pub name: &'a str,
    /// The member's place in the run, which is its colour in every figure.
    pub place: usize,
    /// Bins with flows, by rising score.
    pub bins: &'a [ReliabilityBin],
    /// Mean squared distance of score and truth.
    pub brier: Option<f64>,
}

/// Draws the share of attacks over the score, with intervals, above how many flows each bin holds.
pub fn reliability(data: &ReliabilityCurve<'_>, theme: Theme, title: &str) -> Result<Figure, PlotError> {
    render(&Diagram { data, title }, theme)
}

struct Diagram<'a> {
    data: &'a ReliabilityCurve<'a>,
    title: &'a str,
}

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 340.0;
const STRIP: f64 = 64.0;
const STRIP_GAP: f64 = 66.0;

impl Drawing for Diagram<'_> {
    fn size(&self) -> (u32, u32) {
        let height = if self.data.bins.is_empty() {
            MISSING_HEIGHT
        } else {
            (header::height(2) + HEIGHT + STRIP_GAP + STRIP + 24.0) as u32
        };
        ((84.0 + WIDTH + 36.0) as u32, height)
    }

    fn alt(&self) -> String {
        let brier = self.data.brier.map_or(String::new(), |brier| format!(" Brier score {}.", decimal(brier)));
        let bins = self.data.bins.iter().map(|bin| format!("{:.2} to {}", bin.mean_score, percent(bin.attack_rate)));
        let bins = bins.collect::<Vec<_>>().join(", ");
        format!("{}.{brier} Mean score to share of attacks: {bins}.", self.title)
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        if self.data.bins.is_empty() {
            return missing(canvas, self.title, "There is no score to compare.");
        }
        let palette = canvas.palette;
        let color = palette.series(self.data.place);
        let brier = self.data.brier.map_or(String::new(), |brier| format!("Brier score {}", decimal(brier)));
        let legend = [
            Entry::new(Mark::Line(color), [self.data.name.to_owned(), brier]),
            Entry::new(Mark::Dashed(palette.axis), ["ideal".to_owned(), "score = share of attacks".to_owned()]),
        ];
        let top = header::draw(canvas, self.title, &legend)?;
        let scale = Scale::Linear { from: 0.0, to: 1.0 };
        let frame = Frame {
            left: 84.0,
            top,
            width: WIDTH,
            height: HEIGHT,
            x: Axis { scale, unit: Unit::Plain, name: "mean score", ticks: 5 },
            y: Axis { scale, unit: Unit::Percent, name: "share of attacks", ticks: 5 },
        };
        frame.draw(canvas)?;
        canvas.dashed(frame.at((0.0, 0.0)), frame.at((1.0, 1.0)), palette.axis, 1.5)?;
        for bin in self.data.bins {
            let Some((low, high)) = bin.interval else { continue };
            canvas.line(&[frame.at((bin.mean_score, low)), frame.at((bin.mean_score, high))], color, 1.25)?;
        }
        let places: Vec<Place> = self.data.bins.iter().map(|bin| frame.at((bin.mean_score, bin.attack_rate))).collect();
        canvas.line(&places, color, 2.0)?;
        places.iter().try_for_each(|&place| canvas.dot(place, 4.0, color))?;
        self.strip(canvas, &frame)
    }
}

impl Diagram<'_> {
    /// How many flows stand behind each dot, on a logarithmic scale.
    fn strip<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>, frame: &Frame<'_>) -> Result<(), PlotError> {
        let palette = canvas.palette;
        let bottom = frame.bottom() + STRIP_GAP + STRIP;
        let most = self.data.bins.iter().map(|bin| bin.rows).max().unwrap_or(1).max(2) as f64;
        let scale = Scale::Log { from: 0.5, to: most };
        let small = Type::new(11.0, palette.muted);
        for bin in self.data.bins {
            let x = frame.at((bin.mean_score, 0.0)).0;
            let height = (STRIP - 16.0) * scale.position(bin.rows as f64);
            canvas.rect((x - 5.0, bottom - height), (10.0, height), palette.benign, 0.6)?;
            canvas.text(&compact(bin.rows as f64), (x, bottom - height - 4.0), Align::Center, small)?;
        }
        canvas.line(&[(frame.left, bottom + 0.5), (frame.right(), bottom + 0.5)], palette.axis, 1.0)?;
        canvas.text("flows", (frame.left - 8.0, bottom), Align::Right, Type::new(12.0, palette.muted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::draws_in_every_case;

    fn reliability_bins(benign: &[u64], attack: &[u64]) -> Vec<ReliabilityBin> {
        let tens = benign.chunks(5).zip(attack.chunks(5)).enumerate();
        tens.filter_map(|(i, (benign, attack))| {
            let (benign, attack) = (benign.iter().sum::<u64>(), attack.iter().sum::<u64>());
            let rows = benign + attack;
            let rate = (rows > 0).then(|| attack as f64 / rows as f64)?;
            let half = (rate * (1.0 - rate) / rows as f64).sqrt() * 1.96;
            let interval = Some(((rate - half).max(0.0), (rate + half).min(1.0)));
            Some(ReliabilityBin { mean_score: (i as f64 + 0.5) / 10.0, attack_rate: rate, interval, rows })
        })
        .collect()
    }

    #[test]
    fn it_draws_in_every_case() {
        draws_in_every_case("reliability", |case, theme| {
            let bins = reliability_bins(&case.histogram(&case.benign), &case.histogram(&case.attack));
            let data = ReliabilityCurve { name: case.label, place: 2, bins: &bins, brier: Some(0.0412) };
            reliability(&data, theme, &case.title("Reliability"))
        });
    }
}
