//! Which features the forest leans on.

use plotters::prelude::DrawingBackend;

use crate::axis::crisp;
use crate::canvas::{Align, Canvas, Type};
use crate::figure::{Drawing, Figure, PlotError, missing, render};
use crate::header;
use crate::number::{percent, percent_in_column};
use crate::theme::Theme;

/// A feature and its share of all impurity that the trees removed.
#[derive(Debug, Clone, PartialEq)]
pub struct Importance {
    /// The feature's name.
    pub name: String,
    /// Share, at least 0; all shares sum to 1.
    pub share: f64,
}

/// Draws the twenty strongest, strongest first, and says how much the others hold.
pub fn importances(data: &[Importance], theme: Theme, title: &str) -> Result<Figure, PlotError> {
    let mut sorted: Vec<&Importance> = data.iter().filter(|i| i.share.is_finite()).collect();
    sorted.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.name.cmp(&b.name)));
    let rest = sorted.split_off(sorted.len().min(SHOWN));
    render(&Bars { shown: sorted, rest, title }, theme)
}

/// Bars in one figure.
const SHOWN: usize = 20;
const ROW: f64 = 22.0;
const LEFT: f64 = 240.0;
const WIDTH: f64 = 360.0;

struct Bars<'a> {
    shown: Vec<&'a Importance>,
    rest: Vec<&'a Importance>,
    title: &'a str,
}

impl Drawing for Bars<'_> {
    fn size(&self) -> (u32, u32) {
        let rows = self.shown.len().max(3) + usize::from(!self.rest.is_empty());
        (720, (header::height(0) + ROW * rows as f64 + 28.0) as u32)
    }

    fn alt(&self) -> String {
        let strongest = self.shown.iter().take(5).map(|i| format!("{} {}", i.name, percent(i.share)));
        format!("{}. Strongest: {}.", self.title, strongest.collect::<Vec<_>>().join(", "))
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        if self.shown.is_empty() {
            return missing(canvas, self.title, "There is no feature to weigh.");
        }
        header::title(canvas, self.title)?;
        let palette = canvas.palette;
        let name = Type::new(13.0, palette.text);
        let value = Type::new(12.0, palette.muted);
        let longest = self.shown.first().map_or(0.0, |i| i.share).max(f64::MIN_POSITIVE);
        let top = header::height(0) + 4.0;
        for (row, feature) in self.shown.iter().enumerate() {
            let middle = top + ROW * (row as f64 + 0.5);
            let label = name.fit(&feature.name, LEFT - header::MARGIN - 12.0);
            canvas.text(&label, (LEFT - 12.0, middle + 4.5), Align::Right, name)?;
            let length = WIDTH * (feature.share / longest).clamp(0.0, 1.0);
            canvas.rect((LEFT, middle - 7.5), (length, 15.0), palette.series(0), 1.0)?;
            canvas.text(&percent_in_column(feature.share), (LEFT + length + 8.0, middle + 4.5), Align::Left, value)?;
        }
        let bottom = top + ROW * self.shown.len() as f64;
        canvas.line(&[(crisp(LEFT) - 1.0, top), (crisp(LEFT) - 1.0, bottom)], palette.axis, 1.0)?;
        if self.rest.is_empty() {
            return Ok(());
        }
        let held = percent(self.rest.iter().map(|i| i.share).sum());
        let words = format!("{} more features hold {held}", self.rest.len());
        canvas.text(&words, (LEFT, bottom + ROW * 0.8), Align::Left, value)
    }
}
