//! What every figure is drawn with: a page, axes, a head, one palette in two lights, and SVG and PNG of one drawing.

pub(crate) mod axis;
pub(crate) mod canvas;
pub(crate) mod error;
pub(crate) mod figure;
pub(crate) mod font;
pub(crate) mod header;
pub(crate) mod missing;
pub(crate) mod number;
pub(crate) mod raster;
pub(crate) mod theme;
