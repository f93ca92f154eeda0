//! The plotters backend behind the PNG: every shape is filled by exact area coverage, so edges are smooth and letters
//! sit where the font says. (The stock bitmap backend steps thick lines and drops the letters' side bearings.)

use std::convert::Infallible;

use ab_glyph::{OutlineCurve, Point};
use ab_glyph_rasterizer::{Point as Vertex, Rasterizer, point as vertex};
use plotters_backend::text_anchor::HPos;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
    FontTransform,
};

use super::font::{Face, Weight};

/// Steps between uncovered and covered. More would not be seen, and would not fit a palette of 256 colours.
const SHADES: f32 = 16.0;

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// An RGB image that plotters can draw on.
pub(crate) struct Raster<'a> {
    pixels: &'a mut [u8],
    width: usize,
    height: usize,
    /// Drawing units a pixel.
    units: f32,
}

impl<'a> Raster<'a> {
    /// `pixels` is `(height, width, 3)`.
    pub(crate) fn new(pixels: &'a mut [u8], (width, height): (u32, u32), units: f32) -> Self {
        Raster { pixels, width: width as usize, height: height as usize, units }
    }

    fn place(&self, (x, y): BackendCoord) -> Vertex {
        vertex(x as f32 / self.units, y as f32 / self.units)
    }

    /// Fills the union of closed outlines that all turn the same way.
    fn fill(&mut self, outlines: &[Vec<Vertex>], color: BackendColor) {
        let Some((low, high)) = bounds(outlines.iter().flatten(), self.width, self.height) else { return };
        let mut cover = Rasterizer::new(high.0 - low.0, high.1 - low.1);
        // The rasterizer takes any y, but an x beyond its grid would spill into the next row.
        let shift = |p: Vertex| vertex((p.x - low.0 as f32).clamp(0.0, (high.0 - low.0) as f32), p.y - low.1 as f32);
        for outline in outlines {
            for (i, &p) in outline.iter().enumerate() {
                cover.draw_line(shift(p), shift(outline[(i + 1) % outline.len()]));
            }
        }
        self.blend(&cover, low, color);
    }

    /// Fills a rectangle whose edges lie between pixels, as the page's own do; says whether it was one.
    fn fill_pixels(&mut self, from: Vertex, to: Vertex, rgb: (u8, u8, u8)) -> bool {
        let inside = from.x >= 0.0 && from.y >= 0.0 && to.x <= self.width as f32 && to.y <= self.height as f32;
        if !inside || [from.x, from.y, to.x, to.y].iter().any(|edge| edge.fract() != 0.0) {
            return false;
        }
        for y in from.y as usize..to.y as usize {
            let row = &mut self.pixels[(y * self.width + from.x as usize) * 3..(y * self.width + to.x as usize) * 3];
            row.chunks_exact_mut(3).for_each(|pixel| pixel.copy_from_slice(&[rgb.0, rgb.1, rgb.2]));
        }
        true
    }

    fn blend(&mut self, cover: &Rasterizer, (left, top): (usize, usize), color: BackendColor) {
        let (width, height) = (self.width, self.height);
        let ink = [color.rgb.0, color.rgb.1, color.rgb.2];
        cover.for_each_pixel_2d(|x, y, coverage| {
            let (x, y) = (x as usize + left, y as usize + top);
            if coverage < 0.5 / SHADES || x >= width || y >= height {
                return;
            }
            // Half up; a cast cuts.
            let coverage = (coverage.min(1.0) * SHADES + 0.5) as u8 as f32 / SHADES;
            let alpha = coverage * color.alpha as f32;
            let pixel = &mut self.pixels[(y * width + x) * 3..][..3];
            for (below, ink) in pixel.iter_mut().zip(ink) {
                *below = (f32::from(*below) * (1.0 - alpha) + f32::from(ink) * alpha + 0.5) as u8;
            }
        });
    }

    fn stroke(&mut self, points: &[Vertex], width: f32, color: BackendColor) {
        let half = (width / self.units / 2.0).max(0.35);
        let mut outlines = Vec::with_capacity(points.len() * 2);
        for pair in points.windows(2) {
            let (dx, dy) = (pair[1].x - pair[0].x, pair[1].y - pair[0].y);
            let length = dx.hypot(dy);
            if length > 0.0 {
                let (nx, ny) = (-dy / length * half, dx / length * half);
                let corner = |p: Vertex, sign: f32| vertex(p.x + sign * nx, p.y + sign * ny);
                outlines.push(vec![
                    corner(pair[0], 1.0),
                    corner(pair[1], 1.0),
                    corner(pair[1], -1.0),
                    corner(pair[0], -1.0),
                ]);
            }
        }
        if half > 0.6 {
            for &joint in points.iter().skip(1).take(points.len().saturating_sub(2)) {
                outlines.push(disc(joint, half, Turn::AsStroke));
            }
        }
        self.fill(&outlines, color);
    }
}

#[derive(Clone, Copy)]
enum Turn {
    AsStroke,
    Against,
}

fn disc(center: Vertex, radius: f32, turn: Turn) -> Vec<Vertex> {
    let steps = ((radius * 8.0) as usize).clamp(12, 96);
    let sign = match turn {
        Turn::AsStroke => -1.0,
        Turn::Against => 1.0,
    };
    (0..steps)
        .map(|i| {
            let (sin, cos) = (sign * std::f32::consts::TAU * i as f32 / steps as f32).sin_cos();
            vertex(center.x + radius * cos, center.y + radius * sin)
        })
        .collect()
}

/// The pixels that the points reach, `None` when that is nothing. Points outside the image do not widen it.
fn bounds<'p>(
    points: impl Iterator<Item = &'p Vertex>,
    width: usize,
    height: usize,
) -> Option<((usize, usize), (usize, usize))> {
    let (mut low, mut high) = ((f32::INFINITY, f32::INFINITY), (f32::NEG_INFINITY, f32::NEG_INFINITY));
    for p in points {
        low = (low.0.min(p.x), low.1.min(p.y));
        high = (high.0.max(p.x), high.1.max(p.y));
    }
    let clip = |value: f32, end: usize| value.clamp(0.0, end as f32) as usize;
    // One more pixel each way: the rasterizer writes beside the edge it fills.
    let low = (clip(low.0.floor(), width), clip(low.1.floor(), height));
    let high = (clip(high.0.ceil() + 1.0, width), clip(high.1.ceil() + 1.0, height));
    (high.0 > low.0 && high.1 > low.1).then_some((low, high))
}

impl DrawingBackend for Raster<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        ((self.width as f32 * self.units) as u32, (self.height as f32 * self.units) as u32)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawn {
        self.draw_rect((x, y), (x + 1, y + 1), &color, true)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S, fill: bool) -> Drawn {
        if fill && style.color().alpha == 1.0 && self.fill_pixels(self.place(from), self.place(to), style.color().rgb) {
            return Ok(());
        }
        let corners = [from, (to.0, from.1), to, (from.0, to.1)];
        if fill { self.fill_polygon(corners, style) } else { self.draw_path(corners.into_iter().chain([from]), style) }
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        let points: Vec<Vertex> = path.into_iter().map(|p| self.place(p)).collect();
        self.stroke(&points, style.stroke_width() as f32, style.color());
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, center: BackendCoord, radius: u32, style: &S, fill: bool) -> Drawn {
        let (center, radius) = (self.place(center), radius as f32 / self.units);
        let outlines = if fill {
            vec![disc(center, radius, Turn::AsStroke)]
        } else {
            let half = style.stroke_width() as f32 / self.units / 2.0;
            vec![disc(center, radius + half, Turn::AsStroke), disc(center, (radius - half).max(0.0), Turn::Against)]
        };
        self.fill(&outlines, style.color());
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        let outline: Vec<Vertex> = path.into_iter().map(|p| self.place(p)).collect();
        self.fill(&[outline], style.color());
        Ok(())
    }

    /// Places text as the SVG backend does: size is 1.24 em, and the anchor lies .76 em above the baseline.
    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, pos: BackendCoord) -> Drawn {
        let weight = if matches!(style.style(), FontStyle::Bold) { Weight::Bold } else { Weight::Regular };
        let face = Face::of(weight);
        let em = style.size() / 1.24 / f64::from(self.units);
        let length = face.width(text, em);
        let start = match style.anchor().h_pos {
            HPos::Left => 0.0,
            HPos::Center => -length / 2.0,
            HPos::Right => -length,
        };
        let origin = self.place(pos);
        let upright = !matches!(style.transform(), FontTransform::Rotate270);
        let along = |x: f64, y: f64| {
            let (x, y) = (x as f32, (0.76 * em - y) as f32);
            if upright { vertex(origin.x + x, origin.y + y) } else { vertex(origin.x + y, origin.y - x) }
        };
        let reach = [along(start - em, -em), along(start + length + em, 2.0 * em)];
        let Some((low, high)) = bounds(reach.iter(), self.width, self.height) else { return Ok(()) };
        let mut cover = Rasterizer::new(high.0 - low.0, high.1 - low.1);
        let mut pen = start;
        for c in text.chars() {
            if let Some((curves, scale)) = face.outline(c) {
                let at = |p: Point| {
                    let on_page = along(pen + f64::from(p.x) * scale * em, f64::from(p.y) * scale * em);
                    vertex(on_page.x - low.0 as f32, on_page.y - low.1 as f32)
                };
                curves.iter().for_each(|curve| trace(&mut cover, curve, &at));
            }
            pen += face.advance(c) * em;
        }
        self.blend(&cover, low, style.color());
        Ok(())
    }
}

fn trace(cover: &mut Rasterizer, curve: &OutlineCurve, at: &impl Fn(Point) -> Vertex) {
    match *curve {
        OutlineCurve::Line(a, b) => cover.draw_line(at(a), at(b)),
        OutlineCurve::Quad(a, b, c) => cover.draw_quad(at(a), at(b), at(c)),
        OutlineCurve::Cubic(a, b, c, d) => cover.draw_cubic(at(a), at(b), at(c), at(d)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: BackendColor = BackendColor { alpha: 1.0, rgb: (0, 0, 0) };

    fn darkness(pixels: &[u8]) -> f64 {
        pixels.iter().map(|&p| f64::from(255 - p)).sum::<f64>() / 255.0 / 3.0
    }

    fn drawn(draw: impl Fn(&mut Raster<'_>)) -> f64 {
        let mut pixels = vec![255; 40 * 40 * 3];
        draw(&mut Raster::new(&mut pixels, (40, 40), 2.0));
        darkness(&pixels)
    }

    #[test]
    fn shapes_cover_the_area_that_geometry_says() {
        let square = drawn(|r| r.draw_rect((10, 10), (31, 30), &BLACK, true).unwrap());
        assert!((square - 10.5 * 10.0).abs() < 0.5, "{square}");
        let whole = drawn(|r| r.draw_rect((10, 10), (30, 30), &BLACK, true).unwrap());
        assert_eq!(whole, 100.0);
        let disc = drawn(|r| r.draw_circle((40, 40), 20, &BLACK, true).unwrap());
        assert!((disc - std::f64::consts::PI * 100.0).abs() < 3.0, "{disc}");
    }

    #[test]
    fn a_ring_is_hollow_and_a_bent_line_is_not_counted_twice() {
        struct Thick;
        impl BackendStyle for Thick {
            fn color(&self) -> BackendColor {
                BLACK
            }
            fn stroke_width(&self) -> u32 {
                4
            }
        }
        let ring = drawn(|r| r.draw_circle((40, 40), 20, &Thick, false).unwrap());
        assert!((ring - std::f64::consts::PI * (121.0 - 81.0)).abs() < 3.0, "{ring}");
        let bent = drawn(|r| r.draw_path([(10, 10), (50, 10), (50, 50)], &Thick).unwrap());
        assert!((bent - 2.0 * 20.0 * 2.0).abs() < 2.5, "{bent}");
    }

    #[test]
    fn shapes_outside_the_image_change_nothing_and_do_not_panic() {
        assert_eq!(drawn(|r| r.draw_rect((-500, -500), (-100, -100), &BLACK, true).unwrap()), 0.0);
        let all = drawn(|r| r.draw_rect((-500, -500), (5000, 5000), &BLACK, true).unwrap());
        assert!((all - 1600.0).abs() < 1.0, "{all}");
    }
}
