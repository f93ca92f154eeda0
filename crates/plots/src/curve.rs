//! One member's curve, as the ROC and the precision–recall figure take it.

use plotters::prelude::DrawingBackend;

use crate::drawing::axis::Frame;
use crate::drawing::canvas::{Canvas, Place};
use crate::drawing::error::PlotError;

/// A curve of one member, ready to be drawn.
#[derive(Debug, Clone, Copy)]
pub struct Curve<'a> {
    /// The member's name.
    pub name: &'a str,
    /// The member's place in the run, which is its colour in every figure.
    pub place: usize,
    /// Ascending, `(n_points)`: false positive rates of a ROC curve, recalls of a precision–recall curve.
    pub x: &'a [f64],
    /// `(n_points)`: recalls of a ROC curve, precisions of a precision–recall curve.
    pub y: &'a [f64],
    /// The area under the whole curve.
    pub area: Option<f64>,
    /// Where the member's threshold lies on it.
    pub at_threshold: Option<(f64, f64)>,
}

/// How neighbouring points are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    Straight,
    /// First up or down, then along: the area under such steps is the average precision.
    Steps,
}

impl Curve<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.points().next().is_none()
    }

    fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        let pairs = self.x.iter().copied().zip(self.y.iter().copied());
        pairs.filter(|(x, y)| x.is_finite() && y.is_finite())
    }

    pub(crate) fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        frame: &Frame<'_>,
        join: Join,
    ) -> Result<(), PlotError> {
        let mut path: Vec<Place> = Vec::new();
        for point in self.points().map(|point| frame.at(point)) {
            match (join, path.last()) {
                (Join::Steps, Some(&(x, _))) => path.push((x, point.1)),
                (Join::Steps, None) => path.push((frame.left, point.1)),
                (Join::Straight, _) => {}
            }
            path.push(point);
        }
        canvas.line(&path, canvas.palette.series(self.place), 2.0)
    }

    pub(crate) fn draw_threshold<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        frame: &Frame<'_>,
    ) -> Result<(), PlotError> {
        match self.at_threshold.filter(|(x, y)| x.is_finite() && y.is_finite()) {
            Some(point) => canvas.dot(frame.at(point), 5.0, canvas.palette.series(self.place)),
            None => Ok(()),
        }
    }
}
