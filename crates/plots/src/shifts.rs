//! How far each column has moved, with its interval, against a limit.

use plotters::prelude::DrawingBackend;

use crate::drawing::axis::crisp;
use crate::drawing::canvas::{Align, Canvas, Type};
use crate::drawing::error::PlotError;
use crate::drawing::figure::{Drawing, Figure, render};
use crate::drawing::header;
use crate::drawing::missing::missing;
use crate::drawing::number::significant;
use crate::drawing::theme::Theme;

/// A column's distance.
#[derive(Debug, Clone, PartialEq)]
pub struct Shift {
    /// The column's name.
    pub name: String,
    /// As measured, at least 0.
    pub value: f64,
    /// Where it may lie.
    pub interval: (f64, f64),
    /// Whether it counts as moved.
    pub moved: bool,
}

/// Columns in one figure.
const SHOWN: usize = 20;
const ROW: f64 = 22.0;
const LEFT: f64 = 220.0;
const WIDTH: f64 = 400.0;

/// Draws the first twenty in the order given; `measure` names the distance.
pub fn shifts(data: &[Shift], limit: f64, measure: &str, theme: Theme, title: &str) -> Result<Figure, PlotError> {
    let shown: Vec<&Shift> = data.iter().filter(|shift| shift.value.is_finite()).take(SHOWN).collect();
    let furthest = shown.iter().map(|shift| shift.interval.1.max(shift.value)).fold(limit * 1.25, f64::max);
    render(&Shifts { rest: data.len() - shown.len(), shown, limit, furthest, measure, title }, theme)
}

struct Shifts<'a> {
    shown: Vec<&'a Shift>,
    rest: usize,
    limit: f64,
    furthest: f64,
    measure: &'a str,
    title: &'a str,
}

impl Shifts<'_> {
    /// Square roots: the small ones that decide are seen beside a column that has gone altogether.
    fn place(&self, value: f64) -> f64 {
        LEFT + WIDTH * (value.max(0.0) / self.furthest).sqrt().min(1.0)
    }

    fn row<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>, shift: &Shift, middle: f64) -> Result<(), PlotError> {
        let palette = canvas.palette;
        let name = Type::new(13.0, palette.text);
        let colour = if shift.moved { palette.attack } else { palette.muted };
        canvas.text(
            &name.fit(&shift.name, LEFT - header::MARGIN - 12.0),
            (LEFT - 12.0, middle + 4.5),
            Align::Right,
            name,
        )?;
        let (low, high) = (self.place(shift.interval.0), self.place(shift.interval.1));
        canvas.rect((low, middle - 4.0), ((high - low).max(1.0), 8.0), colour, 0.35)?;
        canvas.rect((self.place(shift.value) - 1.0, middle - 7.0), (2.0, 14.0), colour, 1.0)?;
        let value = Type::new(12.0, colour);
        canvas.text(&significant(shift.value), (canvas.width - header::MARGIN, middle + 4.5), Align::Right, value)
    }
}

impl Drawing for Shifts<'_> {
    fn size(&self) -> (u32, u32) {
        let rows = self.shown.len().max(3) + usize::from(self.rest > 0);
        (720, (header::height(0) + ROW * (rows as f64 + 1.0) + 28.0) as u32)
    }

    fn alt(&self) -> String {
        let first = self.shown.iter().take(5).map(|shift| format!("{} {}", shift.name, significant(shift.value)));
        let limit = significant(self.limit);
        format!("{}. {}, limit {limit}. Furthest: {}.", self.title, self.measure, first.collect::<Vec<_>>().join(", "))
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        if self.shown.is_empty() {
            return missing(canvas, self.title, "There is no column to compare.");
        }
        header::title(canvas, self.title)?;
        let palette = canvas.palette;
        let muted = Type::new(12.0, palette.muted);
        let top = header::height(0) + 4.0 + ROW;
        let bottom = top + ROW * self.shown.len() as f64;
        let limit = crisp(self.place(self.limit));
        canvas.text(&format!("limit {}", significant(self.limit)), (limit, top - 8.0), Align::Center, muted)?;
        canvas.line(&[(limit, top - 3.0), (limit, bottom)], palette.axis, 1.0)?;
        canvas.text(self.measure, (canvas.width - header::MARGIN, top - 8.0), Align::Right, muted)?;
        for (row, shift) in self.shown.iter().enumerate() {
            self.row(canvas, shift, top + ROW * (row as f64 + 0.5))?;
        }
        canvas.line(&[(crisp(LEFT) - 1.0, top), (crisp(LEFT) - 1.0, bottom)], palette.axis, 1.0)?;
        if self.rest > 0 {
            canvas.text(&format!("{} more moved less", self.rest), (LEFT, bottom + ROW * 0.8), Align::Left, muted)?;
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
        draws_in_every_case("shifts", |case, theme| {
            let shift = |(i, name): (usize, String)| {
                let value = 3.0 * 0.6f64.powi(i as i32);
                Shift { name, value, interval: (value * 0.8, value * 1.3), moved: value > 0.2 }
            };
            let data: Vec<Shift> = case.names().enumerate().map(shift).collect();
            shifts(&data, 0.2, "stability index", theme, "Drift by column")
        });
    }
}
