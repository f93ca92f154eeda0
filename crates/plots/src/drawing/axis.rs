//! Scales, round ticks, and the frame that curves are drawn in.

use plotters::prelude::DrawingBackend;

use super::canvas::{Align, Canvas, Place, Type};
use super::error::PlotError;
use super::number::{compact, plain};

/// How values become lengths.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scale {
    Linear { from: f64, to: f64 },
    Log { from: f64, to: f64 },
}

/// How ticks are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Plain,
    Count,
    Percent,
}

impl Scale {
    /// A linear scale from `from` to at least `to`, ending on a round tick.
    pub(crate) fn up_to(from: f64, to: f64, ticks: usize) -> Scale {
        let to = if to.is_finite() && to > from { to } else { from + 1.0 };
        let step = round_step((to - from) / ticks as f64);
        Scale::Linear { from, to: from + ((to - from) / step - 1e-9).ceil() * step }
    }

    /// Where a value lies, 0 at the start and 1 at the end, held inside; NaN lies at the start.
    pub(crate) fn position(self, value: f64) -> f64 {
        let place = match self {
            Scale::Linear { from, to } => (value - from) / (to - from),
            Scale::Log { from, to } => (value.max(from) / from).ln() / (to / from).ln(),
        };
        if place.is_nan() { 0.0 } else { place.clamp(0.0, 1.0) }
    }

    /// Round values inside the scale, about `wanted` of them.
    pub(crate) fn ticks(self, wanted: usize) -> Vec<f64> {
        match self {
            Scale::Linear { from, to } => {
                let step = round_step((to - from) / wanted.max(1) as f64);
                let first = (from / step - 1e-9).ceil() as i64;
                let last = (to / step + 1e-9).floor() as i64;
                (first..=last).map(|i| i as f64 * step).collect()
            }
            Scale::Log { from, to } => {
                let first = (from.log10() - 1e-9).ceil() as i32;
                let last = (to.log10() + 1e-9).floor() as i32;
                let stride = ((last - first) as usize / wanted.max(1) + 1) as i32;
                (first..=last).filter(|power| (last - power) % stride == 0).map(|power| 10f64.powi(power)).collect()
            }
        }
    }
}

/// 1, 2 or 5 times a power of ten, nearest above.
fn round_step(raw: f64) -> f64 {
    let power = 10f64.powf(raw.abs().max(1e-12).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| step * power >= raw * (1.0 - 1e-9));
    step.unwrap_or(10.0) * power
}

fn label(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Plain => plain(value, 4),
        Unit::Count => compact(value),
        Unit::Percent => format!("{} %", plain(value * 100.0, 4)),
    }
}

/// One axis: its scale, how its ticks read, and its name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis<'a> {
    pub(crate) scale: Scale,
    pub(crate) unit: Unit,
    pub(crate) name: &'a str,
    pub(crate) ticks: usize,
}

/// The rectangle that curves live in, in page pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) x: Axis<'a>,
    pub(crate) y: Axis<'a>,
}

impl Frame<'_> {
    pub(crate) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(crate) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// Where a point of the data lies on the page.
    pub(crate) fn at(&self, (x, y): (f64, f64)) -> Place {
        let x = self.left + self.width * self.x.scale.position(x);
        (x, self.bottom() - self.height * self.y.scale.position(y))
    }

    /// Grid, ticks and names, to be drawn before the data.
    pub(crate) fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        let palette = canvas.palette;
        let small = Type::new(12.0, palette.muted);
        let mut widest = 32.0_f64;
        for tick in self.y.scale.ticks(self.y.ticks) {
            let y = crisp(self.at((0.0, tick)).1);
            canvas.line(&[(self.left, y), (self.right(), y)], palette.grid, 1.0)?;
            let words = label(tick, self.y.unit);
            widest = widest.max(small.width(&words));
            canvas.text(&words, (self.left - 8.0, y + 4.0), Align::Right, small)?;
        }
        for tick in self.x.scale.ticks(self.x.ticks) {
            let x = crisp(self.left + self.width * self.x.scale.position(tick));
            canvas.line(&[(x, self.top), (x, self.bottom())], palette.grid, 1.0)?;
            canvas.text(&label(tick, self.x.unit), (x, self.bottom() + 18.0), Align::Center, small)?;
        }
        let base = crisp(self.bottom());
        canvas.line(&[(self.left, base), (self.right(), base)], palette.axis, 1.0)?;
        let name = Type::new(13.0, palette.text);
        canvas.text(self.x.name, (self.left + self.width / 2.0, self.bottom() + 40.0), Align::Center, name)?;
        if !self.y.name.is_empty() {
            canvas.text_up(self.y.name, (self.left - 16.0 - widest, self.top + self.height / 2.0), name)?;
        }
        Ok(())
    }
}

/// The middle of the nearest page pixel, where a line one pixel wide is sharp.
pub(crate) fn crisp(value: f64) -> f64 {
    value.floor() + 0.5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(Scale::Linear { from: 0.0, to: 1.0 }.ticks(5).len(), 6);
        assert_eq!(Scale::Linear { from: 1.0, to: 6.0 }.ticks(5), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(Scale::Log { from: 1e-4, to: 1.0 }.ticks(8), [1e-4, 1e-3, 1e-2, 1e-1, 1.0]);
        assert_eq!(Scale::Log { from: 0.5, to: 2e6 }.ticks(4), [1.0, 100.0, 1e4, 1e6]);
    }

    #[test]
    fn positions_stay_inside_whatever_the_value() {
        let log = Scale::Log { from: 0.001, to: 1.0 };
        assert!((log.position(0.1) - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(log.position(0.0), 0.0);
        let linear = Scale::Linear { from: 0.0, to: 2.0 };
        assert_eq!(linear.position(f64::NAN), 0.0);
        assert_eq!(linear.position(f64::INFINITY), 1.0);
    }

    #[test]
    fn a_scale_ends_on_a_round_number_and_never_has_no_length() {
        assert_eq!(Scale::up_to(0.0, 0.37, 4), Scale::Linear { from: 0.0, to: 0.4 });
        assert_eq!(Scale::up_to(0.0, 0.0, 4), Scale::Linear { from: 0.0, to: 1.0 });
        assert_eq!(Scale::up_to(0.0, f64::NAN, 4), Scale::Linear { from: 0.0, to: 1.0 });
    }
}
