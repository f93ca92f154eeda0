//! A finished figure, and the one way from a drawing to SVG text and PNG bytes.

use std::collections::HashMap;

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::prelude::{DrawingBackend, SVGBackend};

use super::canvas::{Canvas, UNITS};
use super::error::PlotError;
use super::raster::Raster;
use super::theme::{Theme, adaptive_style};

/// PNG pixels a page pixel.
const PNG_SCALE: u32 = 2;

/// One figure in both formats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// A self-contained SVG document; see [`Theme::Light`] for how it follows the viewer.
    pub svg: String,
    /// A PNG file of `(2 * width, 2 * height)` pixels.
    pub png: Vec<u8>,
    /// What the figure shows, in words and numbers, for those who cannot see it.
    pub alt: String,
    /// Page pixels.
    pub width: u32,
    /// Page pixels.
    pub height: u32,
}

impl Figure {
    /// The SVG for the body of an HTML page whose head holds [`page_style`].
    pub fn inline_svg(&self) -> String {
        self.svg.replacen(&adaptive_style(), "", 1)
    }
}

/// The style sheet that lets light figures, inline in a page, follow the reader's choice of light or dark.
pub fn page_style() -> String {
    adaptive_style().trim_start_matches("<style>").trim_end().trim_end_matches("</style>").to_owned()
}

/// What a figure's file provides: its size, its words, its strokes.
pub(crate) trait Drawing {
    /// `(width, height)` in page pixels.
    fn size(&self) -> (u32, u32);

    /// See [`Figure::alt`].
    fn alt(&self) -> String;

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError>;
}

pub(crate) fn render(drawing: &impl Drawing, theme: Theme) -> Result<Figure, PlotError> {
    let (width, height) = drawing.size();
    let alt = drawing.alt();
    Ok(Figure { svg: svg(drawing, theme, &alt)?, png: png(drawing, theme)?, alt, width, height })
}

fn paint<DB: DrawingBackend>(
    drawing: &impl Drawing,
    theme: Theme,
    area: &DrawingArea<DB, Shift>,
) -> Result<(), PlotError> {
    let (width, height) = drawing.size();
    let (width, height) = (f64::from(width), f64::from(height));
    let canvas = Canvas { area, palette: theme.palette(), width, height };
    canvas.rect((0.0, 0.0), (width, height), canvas.palette.background, 1.0)?;
    drawing.draw(&canvas)?;
    area.present().map_err(PlotError::from_area)
}

fn svg(drawing: &impl Drawing, theme: Theme, alt: &str) -> Result<String, PlotError> {
    let (width, height) = drawing.size();
    let (wide, high) = (width * UNITS as u32, height * UNITS as u32);
    let mut drawn = String::new();
    paint(drawing, theme, &SVGBackend::with_string(&mut drawn, (wide, high)).into_drawing_area())?;
    let body = drawn.split_once('\n').map_or("", |(_header, body)| body).replace(" opacity=\"1\"", "");
    let style = match theme {
        Theme::Light => adaptive_style(),
        Theme::Dark => String::new(),
    };
    let alt = escaped(alt);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"nta-figure\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {wide} {high}\" stroke-linejoin=\"round\" role=\"img\" aria-label=\"{alt}\">\n{style}{body}"
    ))
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            c if c.is_control() || ('\u{fffe}'..='\u{ffff}').contains(&c) => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

fn png(drawing: &impl Drawing, theme: Theme) -> Result<Vec<u8>, PlotError> {
    let (width, height) = drawing.size();
    let size = (width * PNG_SCALE, height * PNG_SCALE);
    let mut pixels = vec![255; size.0 as usize * size.1 as usize * 3];
    let units = UNITS as f32 / PNG_SCALE as f32;
    paint(drawing, theme, &Raster::new(&mut pixels, size, units).into_drawing_area())?;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, size.0, size.1);
    encoder.set_depth(png::BitDepth::Eight);
    let data = match indexed(&pixels) {
        Some((colors, indices)) => {
            encoder.set_color(png::ColorType::Indexed);
            encoder.set_palette(colors);
            indices
        }
        None => {
            encoder.set_color(png::ColorType::Rgb);
            pixels
        }
    };
    // 144 dots an inch: the figure opens at its page size where programs heed it.
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: 5669, yppu: 5669, unit: png::Unit::Meter }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&data)?;
    writer.finish()?;
    Ok(file)
}

/// The colours in order of appearance and each pixel's place among them; `None` when a byte cannot count them.
fn indexed(pixels: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut places: HashMap<[u8; 3], u8> = HashMap::new();
    let mut colors: Vec<u8> = Vec::new();
    let mut last = None;
    let place = |pixel: &[u8]| {
        let color = [pixel[0], pixel[1], pixel[2]];
        if let Some((known, place)) = last
            && known == color
        {
            return Some(place);
        }
        let place = match places.get(&color) {
            Some(&place) => place,
            None => {
                let place = u8::try_from(colors.len() / 3).ok()?;
                colors.extend(color);
                places.insert(color, place);
                place
            }
        };
        last = Some((color, place));
        Some(place)
    };
    let indices: Option<Vec<u8>> = pixels.chunks_exact(3).map(place).collect();
    Some((colors, indices?))
}
