//! The font inside the binary, and how wide a text is in it.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, OutlineCurve};

/// What an SVG asks for: the bundled font where the page carries it, else a system font of the same build.
pub const FAMILY: &str = "Inter, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif";

static REGULAR_FILE: &[u8] = include_bytes!("../../fonts/Inter-Regular.otf");
static BOLD_FILE: &[u8] = include_bytes!("../../fonts/Inter-SemiBold.otf");

static REGULAR: LazyLock<Face> = LazyLock::new(|| Face::parse(REGULAR_FILE));
static BOLD: LazyLock<Face> = LazyLock::new(|| Face::parse(BOLD_FILE));

/// The two bundled font files with their CSS weights, for a page that wants its inline figures to look as measured.
pub fn font_files() -> [(u16, &'static [u8]); 2] {
    [(400, REGULAR_FILE), (700, BOLD_FILE)]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// A parsed font with its number of units in an em.
pub(crate) struct Face {
    font: FontRef<'static>,
    units_per_em: f64,
}

impl Face {
    #[expect(clippy::expect_used, reason = "the bytes are part of the program, and a test reads them")]
    fn parse(bytes: &'static [u8]) -> Face {
        let font = FontRef::try_from_slice(bytes).expect("the bundled font is a font");
        let units_per_em = f64::from(font.units_per_em().unwrap_or(1000.0));
        Face { font, units_per_em }
    }

    pub(crate) fn of(weight: Weight) -> &'static Face {
        match weight {
            Weight::Regular => &REGULAR,
            Weight::Bold => &BOLD,
        }
    }

    /// Width of `text` at `size` pixels an em.
    pub(crate) fn width(&self, text: &str, size: f64) -> f64 {
        text.chars().map(|c| self.advance(c)).sum::<f64>() * size
    }

    /// How far a character moves the pen, in ems.
    pub(crate) fn advance(&self, c: char) -> f64 {
        f64::from(self.font.h_advance_unscaled(self.font.glyph_id(c))) / self.units_per_em
    }

    /// The character's outline in ems, y upwards, and the factor from its units to ems.
    pub(crate) fn outline(&self, c: char) -> Option<(Vec<OutlineCurve>, f64)> {
        let outline = self.font.outline(self.font.glyph_id(c))?;
        Some((outline.curves, 1.0 / self.units_per_em))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_columns() {
        for weight in [Weight::Regular, Weight::Bold] {
            let face = Face::of(weight);
            for digit in '0'..='9' {
                assert!((face.advance(digit) - face.advance('0')).abs() < 0.002, "{digit}");
            }
        }
    }

    #[test]
    fn the_font_holds_every_sign_the_figures_write() {
        for c in "AZaz09 %.,:;()[]·–—…≤≥±×−→λ".chars() {
            assert!(c == ' ' || Face::of(Weight::Regular).outline(c).is_some(), "{c}");
            assert_ne!(Face::of(Weight::Bold).font.glyph_id(c).0, 0, "{c}");
        }
    }

    #[test]
    fn width_grows_with_size_and_length() {
        let face = Face::of(Weight::Regular);
        assert!((face.width("flows", 24.0) - 2.0 * face.width("flows", 12.0)).abs() < 1e-9);
        assert!(face.width("flows", 12.0) > face.width("flow", 12.0));
        assert_eq!(face.width("", 12.0), 0.0);
    }
}
