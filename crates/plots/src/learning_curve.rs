//! Loss and average precision over epochs, with the epoch whose weights were kept.

use plotters::prelude::DrawingBackend;
use plotters::style::RGBColor;

use crate::drawing::axis::{Axis, Frame, Scale, Unit, crisp};
use crate::drawing::canvas::{Canvas, Place};
use crate::drawing::error::PlotError;
use crate::drawing::figure::{Drawing, Figure, render};
use crate::drawing::header::{self, Entry, Mark};
use crate::drawing::missing::{MISSING_HEIGHT, missing};
use crate::drawing::number::decimal;
use crate::drawing::theme::Theme;

/// One epoch of training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epoch {
    /// From 1.
    pub epoch: u32,
    /// Mean loss on the training part.
    pub train_loss: f64,
    /// Log loss on the validation part.
    pub validation_loss: Option<f64>,
    /// Average precision on the validation part.
    pub average_precision: Option<f64>,
}

/// What a learning curve shows.
#[derive(Debug, Clone, Copy)]
pub struct LearningCurve<'a> {
    /// In order.
    pub epochs: &'a [Epoch],
    /// The epoch whose weights were kept.
    pub best: Option<u32>,
}

/// Draws the losses beside the average precision.
pub fn learning_curve(data: &LearningCurve<'_>, theme: Theme, title: &str) -> Result<Figure, PlotError> {
    render(&Learning { data, title }, theme)
}

struct Learning<'a> {
    data: &'a LearningCurve<'a>,
    title: &'a str,
}

const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 280.0;

impl Learning<'_> {
    fn epoch_axis(&self) -> Axis<'static> {
        let epochs = self.data.epochs.iter().map(|e| f64::from(e.epoch));
        let (first, last) = epochs.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), e| (a.min(e), b.max(e)));
        let room = if last > first { (last - first) * 0.03 } else { 0.5 };
        let scale = Scale::Linear { from: first - room, to: last + room };
        Axis { scale, unit: Unit::Plain, name: "epoch", ticks: ((last - first) as usize).clamp(1, 8) }
    }

    fn series(&self, value: impl Fn(&Epoch) -> Option<f64>) -> Vec<(f64, f64)> {
        let points = self.data.epochs.iter().filter_map(|e| Some((f64::from(e.epoch), value(e)?)));
        points.filter(|(_, value)| value.is_finite()).collect()
    }

    fn best(&self) -> Option<&Epoch> {
        self.data.epochs.iter().find(|e| Some(e.epoch) == self.data.best)
    }

    fn best_words(&self) -> Option<[String; 2]> {
        let best = self.best()?;
        let loss = best.validation_loss.map(|loss| format!("validation loss {}", decimal(loss)));
        let precision = best.average_precision.map(|ap| format!("average precision {}", decimal(ap)));
        let words: Vec<String> = loss.into_iter().chain(precision).collect();
        Some([format!("epoch {}, kept", best.epoch), words.join(", ")])
    }
}

impl Drawing for Learning<'_> {
    fn size(&self) -> (u32, u32) {
        let height =
            if self.data.epochs.is_empty() { MISSING_HEIGHT } else { (header::height(3) + HEIGHT + 68.0) as u32 };
        (880, height)
    }

    fn alt(&self) -> String {
        let best = self.best_words().map_or(String::new(), |[epoch, words]| format!(" {epoch}: {words}."));
        format!("{}. {} epochs.{best}", self.title, self.data.epochs.len())
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        if self.data.epochs.is_empty() {
            return missing(canvas, self.title, "No epoch was trained.");
        }
        let palette = canvas.palette;
        let (blue, amber) = (palette.benign, palette.series(1));
        let mut legend = vec![
            Entry::new(Mark::Line(blue), ["training".to_owned()]),
            Entry::new(Mark::Line(amber), ["validation".to_owned()]),
        ];
        legend.extend(self.best_words().map(|cells| Entry::new(Mark::Dashed(palette.mark), cells)));
        header::draw(canvas, self.title, &legend)?;
        let (train, validation) = (self.series(|e| Some(e.train_loss)), self.series(|e| e.validation_loss));
        let precision = self.series(|e| e.average_precision);
        let highest = train.iter().chain(&validation).map(|p| p.1).fold(0.0, f64::max);
        let losses = Frame {
            left: 84.0,
            top: header::height(3),
            width: WIDTH,
            height: HEIGHT,
            x: self.epoch_axis(),
            y: Axis { scale: Scale::up_to(0.0, highest, 5), unit: Unit::Plain, name: "loss", ticks: 5 },
        };
        let areas = Frame {
            left: losses.right() + 94.0,
            width: WIDTH - 10.0,
            y: Axis { scale: near_one(&precision), unit: Unit::Plain, name: "average precision", ticks: 5 },
            ..losses
        };
        for (frame, lines) in [(losses, vec![(train, blue), (validation, amber)]), (areas, vec![(precision, amber)])] {
            frame.draw(canvas)?;
            if let Some(best) = self.best() {
                let x = crisp(frame.at((f64::from(best.epoch), 0.0)).0);
                canvas.dashed((x, frame.bottom()), (x, frame.top), palette.mark, 1.25)?;
            }
            lines.iter().try_for_each(|(points, color)| draw_line(canvas, &frame, points, *color))?;
        }
        Ok(())
    }
}

/// From a round number below the lowest value up to 1, where average precision ends.
pub(crate) fn near_one(points: &[(f64, f64)]) -> Scale {
    let lowest = points.iter().map(|p| p.1).fold(1.0, f64::min);
    let distance = (1.0 - lowest).max(0.001);
    let step = 10f64.powf(distance.log10().ceil()) / 5.0;
    Scale::Linear { from: (1.0 - (distance / step).ceil() * step).max(0.0), to: 1.0 }
}

/// A line with a dot an epoch, while the dots have room.
fn draw_line<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    frame: &Frame<'_>,
    points: &[(f64, f64)],
    color: RGBColor,
) -> Result<(), PlotError> {
    let places: Vec<Place> = points.iter().map(|&point| frame.at(point)).collect();
    canvas.line(&places, color, 2.0)?;
    if places.len() <= 30 {
        places.iter().try_for_each(|&place| canvas.dot(place, 3.0, color))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::draws_in_every_case;

    fn epoch(epoch: u32) -> Epoch {
        let x = f64::from(epoch);
        Epoch {
            epoch,
            train_loss: 0.05 + 0.4 / x,
            validation_loss: Some(0.09 + 0.35 / x + 0.004 * x),
            average_precision: Some(0.985 - 0.12 / x),
        }
    }

    #[test]
    fn it_draws_in_every_case() {
        draws_in_every_case("learning_curve", |case, theme| {
            let epochs: Vec<Epoch> = (1..=case.n_names as u32).map(epoch).collect();
            learning_curve(&LearningCurve { epochs: &epochs, best: Some(4) }, theme, "Learning curve · lstm")
        });
    }
}
