//! The figure for data that is not there.

use plotters::prelude::DrawingBackend;

use super::canvas::{Align, Canvas, Type};
use super::error::PlotError;
use super::header;

/// Height of a figure that only says what is missing.
pub(crate) const MISSING_HEIGHT: u32 = 180;

/// The figure for data that is not there: its title, and a sentence in the middle.
pub(crate) fn missing<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, title: &str, why: &str) -> Result<(), PlotError> {
    let palette = canvas.palette;
    header::title(canvas, title)?;
    let (left, top) = (24.0, 52.0);
    let size = (canvas.width - 2.0 * left, canvas.height - top - 24.0);
    canvas.frame((left, top), size, palette.grid)?;
    let look = Type::new(14.0, palette.muted);
    let why = look.fit(why, size.0 - 32.0);
    canvas.text(&why, (canvas.width / 2.0, top + size.1 / 2.0 + 5.0), Align::Center, look)
}
