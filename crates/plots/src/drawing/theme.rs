//! One palette in two lights. Hues keep apart for colour-blind readers, and lightness differs wherever hue carries
//! meaning.

use plotters::style::RGBColor;

/// Which light the figure is read in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Dark ink on white. Its SVG also follows a viewer that asks for dark, through a style sheet inside the file.
    Light,
    /// Light ink on near-black.
    Dark,
}

/// Colours by what they mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Palette {
    pub(crate) background: RGBColor,
    pub(crate) text: RGBColor,
    pub(crate) muted: RGBColor,
    pub(crate) grid: RGBColor,
    pub(crate) axis: RGBColor,
    pub(crate) benign: RGBColor,
    pub(crate) attack: RGBColor,
    pub(crate) right: RGBColor,
    pub(crate) mark: RGBColor,
    series: [RGBColor; 5],
}

const LIGHT: Palette = Palette {
    background: RGBColor(255, 255, 255),
    text: RGBColor(27, 31, 36),
    muted: RGBColor(87, 96, 106),
    grid: RGBColor(230, 233, 236),
    axis: RGBColor(140, 149, 159),
    benign: RGBColor(92, 115, 138),
    attack: RGBColor(201, 79, 38),
    right: RGBColor(46, 111, 158),
    mark: RGBColor(60, 66, 73),
    series: [
        RGBColor(0, 135, 106),
        RGBColor(196, 122, 0),
        RGBColor(0, 101, 176),
        RGBColor(166, 84, 140),
        RGBColor(100, 92, 187),
    ],
};

const DARK: Palette = Palette {
    background: RGBColor(22, 27, 34),
    text: RGBColor(230, 234, 239),
    muted: RGBColor(157, 167, 179),
    grid: RGBColor(44, 51, 60),
    axis: RGBColor(99, 109, 121),
    benign: RGBColor(146, 166, 186),
    attack: RGBColor(242, 132, 92),
    right: RGBColor(98, 164, 212),
    mark: RGBColor(200, 207, 215),
    series: [
        RGBColor(63, 194, 160),
        RGBColor(240, 176, 62),
        RGBColor(94, 170, 236),
        RGBColor(216, 140, 190),
        RGBColor(160, 152, 240),
    ],
};

impl Theme {
    pub(crate) fn palette(self) -> &'static Palette {
        match self {
            Theme::Light => &LIGHT,
            Theme::Dark => &DARK,
        }
    }
}

impl Palette {
    /// A member's colour by its place in the run; the places repeat after five.
    pub(crate) fn series(&self, place: usize) -> RGBColor {
        self.series[place % self.series.len()]
    }

    fn roles(&self) -> [RGBColor; 14] {
        let [a, b, c, d, e] = self.series;
        [
            self.background,
            self.text,
            self.muted,
            self.grid,
            self.axis,
            self.benign,
            self.attack,
            self.right,
            self.mark,
            a,
            b,
            c,
            d,
            e,
        ]
    }
}

/// The colour of a series' place as light SVGs write it; in a page with [`super::figure::page_style`] it follows the reader.
pub fn series_color(place: usize) -> String {
    hex(LIGHT.series(place))
}

/// The style sheet that turns a light SVG dark on a screen that asks for it: each light colour is found by its value.
/// A viewer without style sheets, and paper, show the light figure.
pub(crate) fn adaptive_style() -> String {
    let mut rules = String::new();
    for (light, dark) in LIGHT.roles().iter().zip(DARK.roles()) {
        let (from, to) = (hex(*light), hex(dark));
        rules.push_str(&format!(
            ".nta-figure [fill=\"{from}\"]{{fill:{to}}}.nta-figure [stroke=\"{from}\"]{{stroke:{to}}}"
        ));
    }
    format!("<style>@media screen and (prefers-color-scheme:dark){{{rules}}}</style>\n")
}

fn hex(color: RGBColor) -> String {
    format!("#{:02X}{:02X}{:02X}", color.0, color.1, color.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG relative luminance contrast.
    fn contrast(a: RGBColor, b: RGBColor) -> f64 {
        let luminance = |c: RGBColor| {
            let linear = |v: u8| {
                let v = f64::from(v) / 255.0;
                if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * linear(c.0) + 0.7152 * linear(c.1) + 0.0722 * linear(c.2)
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_light_colour_is_distinct_so_that_the_style_sheet_can_find_it() {
        let roles = LIGHT.roles();
        for (i, a) in roles.iter().enumerate() {
            assert!(!roles[i + 1..].contains(a), "{a:?} stands for two roles");
        }
    }

    #[test]
    fn text_reaches_wcag_aa_and_ink_three_to_one_in_both_themes() {
        for palette in [&LIGHT, &DARK] {
            assert!(contrast(palette.text, palette.background) > 7.0);
            assert!(contrast(palette.muted, palette.background) > 4.5);
            for ink in palette.series.iter().chain([&palette.benign, &palette.attack, &palette.right]) {
                assert!(contrast(*ink, palette.background) > 3.0, "{ink:?}");
            }
        }
    }
}
