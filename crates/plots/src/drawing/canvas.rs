//! Drawing in pixels of the page, on any plotters backend.

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, FontTransform, RGBColor, ShapeStyle, TextStyle};

use super::error::PlotError;
use super::font::{FAMILY, Face, Weight};
use super::theme::Palette;

/// Drawing units a page pixel. plotters knows whole units only; four keep curves smooth in the SVG and in a PNG of
/// twice the size.
pub(crate) const UNITS: f64 = 4.0;

/// A position in page pixels, y downwards.
pub(crate) type Place = (f64, f64);

/// The page that a figure draws on.
pub(crate) struct Canvas<'a, DB: DrawingBackend> {
    pub(crate) area: &'a DrawingArea<DB, Shift>,
    pub(crate) palette: &'static Palette,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Type {
    pub(crate) size: f64,
    pub(crate) weight: Weight,
    pub(crate) color: RGBColor,
}

/// Which end of a text stands at its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Center,
    Right,
}

impl Type {
    pub(crate) fn new(size: f64, color: RGBColor) -> Self {
        Type { size, weight: Weight::Regular, color }
    }

    pub(crate) fn bold(self) -> Self {
        Type { weight: Weight::Bold, ..self }
    }

    pub(crate) fn width(&self, text: &str) -> f64 {
        Face::of(self.weight).width(text, self.size)
    }

    /// The text, shortened in its middle until it is at most `width` wide.
    pub(crate) fn fit(&self, text: &str, width: f64) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let letters: Vec<char> = text.chars().collect();
        for kept in (1..letters.len()).rev() {
            let tail = kept / 3;
            let head = kept - tail;
            let short: String =
                letters[..head].iter().chain(['…'].iter()).chain(&letters[letters.len() - tail..]).collect();
            if self.width(&short) <= width {
                return short;
            }
        }
        "…".into()
    }
}

fn unit(value: f64) -> i32 {
    (value * UNITS).round().clamp(-1e8, 1e8) as i32
}

fn units((x, y): Place) -> (i32, i32) {
    (unit(x), unit(y))
}

fn filled(color: RGBColor, alpha: f64) -> ShapeStyle {
    ShapeStyle { color: color.mix(alpha), filled: true, stroke_width: 0 }
}

fn outlined(color: RGBColor, width: f64) -> ShapeStyle {
    ShapeStyle { color: color.mix(1.0), filled: false, stroke_width: unit(width).max(1) as u32 }
}

impl<DB: DrawingBackend> Canvas<'_, DB> {
    /// A line through the places.
    pub(crate) fn line(&self, places: &[Place], color: RGBColor, width: f64) -> Result<(), PlotError> {
        let mut points: Vec<(i32, i32)> = places.iter().copied().map(units).collect();
        points.dedup();
        if points.len() < 2 {
            return Ok(());
        }
        self.area.draw(&PathElement::new(points, outlined(color, width))).map_err(PlotError::from_area)
    }

    /// A straight dashed line.
    pub(crate) fn dashed(&self, from: Place, to: Place, color: RGBColor, width: f64) -> Result<(), PlotError> {
        self.dashed_path(&[from, to], color, width)
    }

    /// A dashed line through the places, its dashes even along the way.
    pub(crate) fn dashed_path(&self, places: &[Place], color: RGBColor, width: f64) -> Result<(), PlotError> {
        dashes(places, 5.0, 4.0).iter().try_for_each(|dash| self.line(dash, color, width))
    }

    /// A filled rectangle.
    pub(crate) fn rect(
        &self,
        (x, y): Place,
        (width, height): Place,
        color: RGBColor,
        alpha: f64,
    ) -> Result<(), PlotError> {
        let corners = [units((x, y)), units((x + width, y + height))];
        if corners[0].0 >= corners[1].0 || corners[0].1 >= corners[1].1 {
            return Ok(());
        }
        self.area.draw(&Rectangle::new(corners, filled(color, alpha))).map_err(PlotError::from_area)
    }

    /// The outline of a rectangle, drawn inside it.
    pub(crate) fn frame(&self, (x, y): Place, (width, height): Place, color: RGBColor) -> Result<(), PlotError> {
        let (left, top, right, bottom) = (x + 0.5, y + 0.5, x + width - 0.5, y + height - 0.5);
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
        self.line(&corners, color, 1.0)
    }

    /// A filled polygon.
    pub(crate) fn polygon(&self, places: &[Place], color: RGBColor, alpha: f64) -> Result<(), PlotError> {
        let points: Vec<(i32, i32)> = places.iter().copied().map(units).collect();
        self.area.draw(&Polygon::new(points, filled(color, alpha))).map_err(PlotError::from_area)
    }

    /// A dot with a rim in the background's colour, so that it stands out on any line.
    pub(crate) fn dot(&self, place: Place, radius: f64, color: RGBColor) -> Result<(), PlotError> {
        for (radius, color) in [(radius + 1.5, self.palette.background), (radius, color)] {
            let circle = Circle::new(units(place), unit(radius), filled(color, 1.0));
            self.area.draw(&circle).map_err(PlotError::from_area)?;
        }
        Ok(())
    }

    /// Text with its baseline through `place`.
    pub(crate) fn text(&self, text: &str, place: Place, align: Align, look: Type) -> Result<(), PlotError> {
        let place = (place.0, place.1 - 0.76 * look.size);
        self.write(text, place, align, look, FontTransform::None)
    }

    /// Text that reads upwards, centred on `place`, its baseline to the right.
    pub(crate) fn text_up(&self, text: &str, place: Place, look: Type) -> Result<(), PlotError> {
        let place = (place.0 - 0.76 * look.size, place.1);
        self.write(text, place, Align::Center, look, FontTransform::Rotate270)
    }

    fn write(&self, text: &str, place: Place, align: Align, look: Type, turn: FontTransform) -> Result<(), PlotError> {
        let text = printable(text);
        if text.trim().is_empty() {
            return Ok(());
        }
        let style = match look.weight {
            Weight::Regular => FontStyle::Normal,
            Weight::Bold => FontStyle::Bold,
        };
        // plotters divides a font's size by 1.24 before it becomes an em.
        let font = FontDesc::new(FontFamily::Name(FAMILY), look.size * UNITS * 1.24, style).transform(turn);
        let h_pos = match align {
            Align::Left => HPos::Left,
            Align::Center => HPos::Center,
            Align::Right => HPos::Right,
        };
        let style = TextStyle::from(font).color(&look.color).pos(Pos::new(h_pos, VPos::Top));
        self.area.draw(&Text::new(text, units(place), style)).map_err(PlotError::from_area)
    }
}

/// Cuts a path into pieces of length `on`, `off` apart.
fn dashes(places: &[Place], on: f64, off: f64) -> Vec<Vec<Place>> {
    let mut pieces: Vec<Vec<Place>> = Vec::new();
    let (mut drawing, mut left) = (false, 0.0);
    for pair in places.windows(2) {
        let (dx, dy) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
        let length = dx.hypot(dy);
        let mut done = 0.0;
        while done < length {
            let at = (pair[0].0 + dx * done / length, pair[0].1 + dy * done / length);
            if left <= 0.0 {
                drawing = !drawing;
                left = if drawing { on } else { off };
                if drawing {
                    pieces.push(vec![at]);
                }
            }
            let step = left.min(length - done);
            (done, left) = (done + step, left - step);
            let end = (pair[0].0 + dx * done / length, pair[0].1 + dy * done / length);
            pieces.last_mut().filter(|_| drawing).into_iter().for_each(|piece| piece.push(end));
        }
    }
    pieces
}

/// Names come from data: what XML cannot hold, or what would turn the line, is shown as a blank.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || ('\u{fffe}'..='\u{ffff}').contains(&c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_its_head_and_its_tail() {
        let look = Type::new(12.0, RGBColor(0, 0, 0));
        let name = "dst_host_srv_diff_host_rate_over_the_last_hour";
        let short = look.fit(name, 120.0);
        assert!(look.width(&short) <= 120.0, "{short}");
        assert!(short.starts_with("dst_host") && short.ends_with("hour") && short.contains('…'), "{short}");
        assert_eq!(look.fit("src_bytes", 120.0), "src_bytes");
        assert_eq!(look.fit(name, 0.0), "…");
    }

    #[test]
    fn dashes_run_on_around_a_bend() {
        let pieces = dashes(&[(0.0, 0.0), (7.0, 0.0), (7.0, 6.0)], 5.0, 4.0);
        assert_eq!(pieces, [vec![(0.0, 0.0), (5.0, 0.0)], vec![(7.0, 2.0), (7.0, 6.0)]]);
        assert!(dashes(&[(1.0, 1.0), (1.0, 1.0)], 5.0, 4.0).is_empty());
    }

    #[test]
    fn control_characters_never_reach_the_svg() {
        assert_eq!(printable("a\u{0}b\nc\u{ffff}"), "a b c ");
    }
}
