//! The head of every figure: a title, then a legend whose columns line up.

use plotters::prelude::DrawingBackend;
use plotters::style::RGBColor;

use super::canvas::{Align, Canvas, Type};
use super::error::PlotError;

/// Left and right margin of titles and legends, in page pixels.
pub(crate) const MARGIN: f64 = 24.0;
const TITLE_BASELINE: f64 = 33.0;
const FIRST_ROW: f64 = 58.0;
const ROW: f64 = 20.0;
const GAP: f64 = 22.0;

/// What stands before a legend's words.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mark {
    Line(RGBColor),
    Dashed(RGBColor),
    Area(RGBColor),
    Hollow(RGBColor),
}

/// One line of the legend: a mark, a name, and more columns.
pub(crate) struct Entry {
    pub(crate) mark: Mark,
    pub(crate) cells: Vec<String>,
}

impl Entry {
    pub(crate) fn new(mark: Mark, cells: impl IntoIterator<Item = String>) -> Self {
        Entry { mark, cells: cells.into_iter().collect() }
    }
}

/// Height that a title and `rows` of legend take.
pub(crate) fn height(rows: usize) -> f64 {
    if rows == 0 { TITLE_BASELINE + 19.0 } else { FIRST_ROW + ROW * rows as f64 + 6.0 }
}

pub(crate) fn title<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, title: &str) -> Result<(), PlotError> {
    let look = Type::new(16.0, canvas.palette.text).bold();
    canvas.text(&look.fit(title, canvas.width - 2.0 * MARGIN), (MARGIN, TITLE_BASELINE), Align::Left, look)
}

/// Draws both; returns the height they took.
pub(crate) fn draw<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    text: &str,
    legend: &[Entry],
) -> Result<f64, PlotError> {
    title(canvas, text)?;
    let look = Type::new(13.0, canvas.palette.text);
    let left = columns(legend, &look, canvas.width - MARGIN);
    for (row, entry) in legend.iter().enumerate() {
        let baseline = FIRST_ROW + ROW * row as f64;
        mark(canvas, entry.mark, baseline - 4.5)?;
        for (column, cell) in entry.cells.iter().enumerate() {
            let last = column + 1 == entry.cells.len();
            let room = if last { canvas.width - MARGIN - left[column] } else { left[column + 1] - left[column] - GAP };
            canvas.text(&look.fit(cell, room + 0.5), (left[column], baseline), Align::Left, look)?;
        }
    }
    Ok(height(legend.len()))
}

/// Where each column starts. A row's last cell reaches as far as it likes; if that is too far, the names give way.
fn columns(legend: &[Entry], look: &Type, right: f64) -> Vec<f64> {
    let n_columns = legend.iter().map(|entry| entry.cells.len()).max().unwrap_or(0);
    let mut left = vec![MARGIN + 32.0];
    for column in 0..n_columns {
        let cells = legend.iter().filter(|entry| column + 1 < entry.cells.len()).map(|entry| &entry.cells[column]);
        left.push(left[column] + cells.map(|cell| look.width(cell)).fold(0.0, f64::max) + GAP);
    }
    let ends = legend.iter().filter(|entry| entry.cells.len() > 1);
    let ends = ends.map(|entry| left[entry.cells.len() - 1] + look.width(&entry.cells[entry.cells.len() - 1]));
    let excess =
        (ends.fold(0.0, f64::max) - right).max(0.0).min((left.get(1).unwrap_or(&0.0) - left[0] - 90.0).max(0.0));
    left.iter_mut().skip(1).for_each(|x| *x -= excess);
    left
}

fn mark<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, mark: Mark, y: f64) -> Result<(), PlotError> {
    let (left, right) = (MARGIN, MARGIN + 22.0);
    match mark {
        Mark::Line(color) => canvas.line(&[(left, y), (right, y)], color, 2.5),
        Mark::Dashed(color) => canvas.dashed((left, y), (right, y), color, 1.5),
        Mark::Area(color) => canvas.rect((left + 4.0, y - 6.0), (14.0, 12.0), color, 1.0),
        Mark::Hollow(color) => {
            canvas.rect((left + 4.0, y - 6.0), (14.0, 12.0), color, 0.18)?;
            canvas.frame((left + 4.0, y - 6.0), (14.0, 12.0), color)
        }
    }
}
