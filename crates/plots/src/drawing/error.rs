//! What can go wrong while a figure is made.

use plotters::drawing::DrawingAreaErrorKind;

/// Why a figure could not be made. Missing data is not an error: it makes a figure that says so.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// The backend refused a shape.
    #[error("a figure could not be drawn: {0}")]
    Draw(String),
    /// The image could not be encoded.
    #[error("a figure could not be written as PNG: {0}")]
    Encode(#[from] png::EncodingError),
}

impl PlotError {
    pub(crate) fn from_area<E: std::error::Error + Send + Sync>(error: DrawingAreaErrorKind<E>) -> Self {
        PlotError::Draw(error.to_string())
    }
}
