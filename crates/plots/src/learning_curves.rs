//! Validation loss and average precision over epochs, several runs over each other.

use plotters::prelude::DrawingBackend;

use crate::drawing::axis::{Axis, Frame, Scale, Unit};
use crate::drawing::canvas::{Canvas, Place};
use crate::drawing::error::PlotError;
use crate::drawing::figure::{Drawing, Figure, render};
use crate::drawing::header::{self, Entry, Mark};
use crate::drawing::missing::{MISSING_HEIGHT, missing};
use crate::drawing::number::decimal;
use crate::drawing::theme::Theme;
use crate::learning_curve::{Epoch, near_one};

/// Runs that share a name and a colour: the seeds of one config.
#[derive(Debug, Clone, Copy)]
pub struct LearningRuns<'a> {
    /// What they are called.
    pub name: &'a str,
    /// Which colour they have.
    pub place: usize,
    /// The epochs of each.
    pub runs: &'a [Vec<Epoch>],
}

/// Draws the validation losses beside the validation average precisions.
pub fn learning_curves(groups: &[LearningRuns<'_>], theme: Theme, title: &str) -> Result<Figure, PlotError> {
    render(&Overlay { groups, title }, theme)
}

struct Overlay<'a> {
    groups: &'a [LearningRuns<'a>],
    title: &'a str,
}

const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 280.0;

type Value = fn(&Epoch) -> Option<f64>;

impl Overlay<'_> {
    /// Every curve of one quantity with its colour's place.
    fn lines(&self, value: Value) -> Vec<(usize, Vec<(f64, f64)>)> {
        let points = |epochs: &Vec<Epoch>| -> Vec<(f64, f64)> {
            let all = epochs.iter().filter_map(|epoch| Some((f64::from(epoch.epoch), value(epoch)?)));
            all.filter(|(_, value)| value.is_finite()).collect()
        };
        let of = |group: &LearningRuns<'_>| {
            let place = group.place;
            group.runs.iter().map(points).map(move |points| (place, points)).collect::<Vec<_>>()
        };
        self.groups.iter().flat_map(of).filter(|(_, points)| !points.is_empty()).collect()
    }

    fn last_epoch(&self) -> u32 {
        let epochs = self.groups.iter().flat_map(|group| group.runs.iter().flatten());
        epochs.map(|epoch| epoch.epoch).max().unwrap_or(0)
    }

    fn is_empty(&self) -> bool {
        self.last_epoch() == 0
    }

    fn legend<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Vec<Entry> {
        let lowest = |group: &LearningRuns<'_>| {
            let losses = group.runs.iter().flatten().filter_map(|epoch| epoch.validation_loss);
            losses.filter(|loss| loss.is_finite()).reduce(f64::min)
        };
        let entry = |group: &LearningRuns<'_>| {
            let lowest = lowest(group).map_or("no epoch".into(), |loss| format!("lowest loss {}", decimal(loss)));
            Entry::new(Mark::Line(canvas.palette.series(group.place)), [group.name.to_owned(), lowest])
        };
        self.groups.iter().map(entry).collect()
    }

    fn frames(
        &self,
        top: f64,
        losses: &[(usize, Vec<(f64, f64)>)],
        areas: &[(usize, Vec<(f64, f64)>)],
    ) -> [Frame<'static>; 2] {
        let last = f64::from(self.last_epoch());
        let room = if last > 1.0 { (last - 1.0) * 0.03 } else { 0.5 };
        let scale = Scale::Linear { from: 1.0 - room, to: last + room };
        let epochs =
            Axis { scale, unit: Unit::Plain, name: "epoch", ticks: (last as usize).saturating_sub(1).clamp(1, 8) };
        let values =
            |lines: &[(usize, Vec<(f64, f64)>)]| lines.iter().flat_map(|line| line.1.clone()).collect::<Vec<_>>();
        let highest = values(losses).iter().map(|point| point.1).fold(0.0, f64::max);
        let left = Frame {
            left: 84.0,
            top,
            width: WIDTH,
            height: HEIGHT,
            x: epochs,
            y: Axis { scale: Scale::up_to(0.0, highest, 5), unit: Unit::Plain, name: "validation loss", ticks: 5 },
        };
        let scale = near_one(&values(areas));
        let y = Axis { scale, unit: Unit::Plain, name: "validation average precision", ticks: 5 };
        [left, Frame { left: left.right() + 94.0, width: WIDTH - 10.0, y, ..left }]
    }
}

impl Drawing for Overlay<'_> {
    fn size(&self) -> (u32, u32) {
        let height =
            if self.is_empty() { MISSING_HEIGHT } else { (header::height(self.groups.len()) + HEIGHT + 68.0) as u32 };
        (880, height)
    }

    fn alt(&self) -> String {
        let names: Vec<&str> = self.groups.iter().map(|group| group.name).collect();
        format!("{}. {} over {} epochs.", self.title, names.join(", "), self.last_epoch())
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        if self.is_empty() {
            return missing(canvas, self.title, "No epoch was trained.");
        }
        let top = header::draw(canvas, self.title, &self.legend(canvas))?;
        let (losses, areas) = (self.lines(|e| e.validation_loss), self.lines(|e| e.average_precision));
        let frames = self.frames(top, &losses, &areas);
        for (frame, lines) in frames.iter().zip([losses, areas]) {
            frame.draw(canvas)?;
            for (place, points) in &lines {
                let color = canvas.palette.series(*place);
                let places: Vec<Place> = points.iter().map(|&point| frame.at(point)).collect();
                match places[..] {
                    [only] => canvas.dot(only, 3.0, color)?,
                    _ => canvas.line(&places, color, 2.0)?,
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::draws_in_every_case;

    #[test]
    fn it_draws_in_every_case() {
        draws_in_every_case("learning_curves", |case, theme| {
            let run = |shift: f64| -> Vec<Epoch> {
                let epoch = |epoch: u32| {
                    let x = f64::from(epoch) + shift;
                    let (loss, area) = (0.09 + 0.35 / x + 0.004 * x, 0.985 - 0.12 / x);
                    Epoch { epoch, train_loss: loss, validation_loss: Some(loss), average_precision: Some(area) }
                };
                (1..=case.n_names as u32).map(epoch).collect()
            };
            let (seeds, other) = ([run(0.0), run(0.3)], [run(2.0)]);
            let groups = [
                LearningRuns { name: case.label, place: 0, runs: &seeds },
                LearningRuns { name: "other", place: 1, runs: &other },
            ];
            learning_curves(&groups, theme, "Learning curves · LSTM")
        });
    }
}
