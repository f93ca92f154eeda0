//! Which features the forest leans on: their share in training, and beside it what they are worth on other flows.

use plotters::prelude::DrawingBackend;

use crate::drawing::axis::crisp;
use crate::drawing::canvas::{Align, Canvas, Type};
use crate::drawing::error::PlotError;
use crate::drawing::figure::{Drawing, Figure, render};
use crate::drawing::header;
use crate::drawing::missing::missing;
use crate::drawing::number::{percent, percent_in_column};
use crate::drawing::theme::Theme;

/// A feature and its share of all impurity that the trees removed.
#[derive(Debug, Clone, PartialEq)]
pub struct Importance {
    /// The feature's name.
    pub name: String,
    /// Share, at least 0; all shares sum to 1.
    pub share: f64,
    /// What the forest loses on held-out rows when the feature's values are shuffled, where that was measured.
    pub loss: Option<ImportanceLoss>,
}

/// A loss and where it may lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImportanceLoss {
    /// Mean loss.
    pub mean: f64,
    /// Where the true mean may lie.
    pub interval: (f64, f64),
}

/// Draws the twenty of the largest shares, largest first, and says how much the others hold. `quality` names what is
/// lost in a shuffle.
pub fn importances(data: &[Importance], quality: &str, theme: Theme, title: &str) -> Result<Figure, PlotError> {
    let mut sorted: Vec<&Importance> = data.iter().filter(|i| i.share.is_finite()).collect();
    sorted.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.name.cmp(&b.name)));
    let losses = Losses::of(&sorted);
    let rest = sorted.split_off(sorted.len().min(SHOWN));
    render(&Bars { shown: sorted, rest, losses, quality, title }, theme)
}

/// Bars in one figure.
const SHOWN: usize = 20;
const ROW: f64 = 22.0;
const LEFT: f64 = 240.0;
const WIDTH: f64 = 360.0;
/// The bars where losses stand beside them, and these.
const NARROW: f64 = 136.0;
const LOSSES_LEFT: f64 = 456.0;
const LOSSES_WIDTH: f64 = 176.0;
const HEAD: f64 = 22.0;

struct Bars<'a> {
    shown: Vec<&'a Importance>,
    rest: Vec<&'a Importance>,
    losses: Option<Losses>,
    quality: &'a str,
    title: &'a str,
}

/// The scale of the losses.
struct Losses {
    low: f64,
    high: f64,
    decimals: usize,
}

impl Losses {
    /// `None` where nothing was measured.
    fn of(data: &[&Importance]) -> Option<Losses> {
        let known = || data.iter().filter_map(|i| i.loss);
        let (low, high) =
            known().fold((0.0f64, 0.0f64), |(low, high), loss| (low.min(loss.interval.0), high.max(loss.interval.1)));
        known().next()?;
        // At least two digits of the largest.
        let largest = known().map(|loss| loss.mean.abs()).fold(0.0, f64::max);
        let decimals = if largest > 0.0 { (1.0 - largest.log10().floor()).clamp(3.0, 6.0) } else { 3.0 };
        Some(Losses { low, high: if high > low { high } else { low + 1.0 }, decimals: decimals as usize })
    }

    fn place(&self, loss: f64) -> f64 {
        LOSSES_LEFT + LOSSES_WIDTH * ((loss - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// The next larger number in the column's digits, at least 0.
    fn rounded_up(&self, loss: f64) -> f64 {
        let unit = 10f64.powi(self.decimals as i32);
        (loss.max(0.0) * unit).ceil() / unit
    }

    /// A loss in digits; 0 alone is exactly nothing.
    fn words(&self, loss: f64) -> String {
        let digits = self.decimals;
        let text = format!("{loss:.digits$}");
        match text.strip_prefix('-') {
            _ if loss == 0.0 => "0".into(),
            Some(small) if small.bytes().all(|c| c == b'0' || c == b'.') => small.into(),
            Some(below) => format!("−{below}"),
            None => text,
        }
    }
}

impl Drawing for Bars<'_> {
    fn size(&self) -> (u32, u32) {
        let rows = self.shown.len().max(3) + usize::from(!self.rest.is_empty());
        let head = if self.losses.is_some() { HEAD } else { 0.0 };
        (720, (header::height(0) + head + ROW * rows as f64 + 28.0) as u32)
    }

    fn alt(&self) -> String {
        let strongest = self.shown.iter().take(5).map(|feature| {
            let loss = feature.loss.zip(self.losses.as_ref());
            let loss = loss.map_or(String::new(), |(loss, scale)| {
                format!(" (loss of {} {})", self.quality, scale.words(loss.mean))
            });
            format!("{} {}{loss}", feature.name, percent(feature.share))
        });
        format!("{}. Strongest: {}.", self.title, strongest.collect::<Vec<_>>().join(", "))
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        if self.shown.is_empty() {
            return missing(canvas, self.title, "There is no feature to weigh.");
        }
        header::title(canvas, self.title)?;
        let palette = canvas.palette;
        let muted = Type::new(12.0, palette.muted);
        let mut top = header::height(0) + 4.0;
        if self.losses.is_some() {
            canvas.text("share of impurity removed", (LEFT, top + 10.0), Align::Left, muted)?;
            let words = format!("{} lost in a shuffle", self.quality);
            let room = canvas.width - header::MARGIN - LOSSES_LEFT;
            canvas.text(&muted.fit(&words, room), (LOSSES_LEFT, top + 10.0), Align::Left, muted)?;
            top += HEAD;
        }
        let bottom = top + ROW * self.shown.len() as f64;
        if let Some(losses) = &self.losses {
            let zero = crisp(losses.place(0.0));
            canvas.line(&[(zero, top), (zero, bottom)], palette.axis, 1.0)?;
        }
        for (row, feature) in self.shown.iter().enumerate() {
            self.row(canvas, feature, top + ROW * (row as f64 + 0.5))?;
        }
        canvas.line(&[(crisp(LEFT) - 1.0, top), (crisp(LEFT) - 1.0, bottom)], palette.axis, 1.0)?;
        if self.rest.is_empty() {
            return Ok(());
        }
        let baseline = bottom + ROW * 0.8;
        let held = percent(self.rest.iter().map(|i| i.share).sum());
        let words = format!("{} more features hold {held}", self.rest.len());
        canvas.text(&words, (LEFT, baseline), Align::Left, muted)?;
        let most = self.rest.iter().filter_map(|i| i.loss).map(|loss| loss.mean).reduce(f64::max);
        let Some((losses, most)) = self.losses.as_ref().zip(most) else { return Ok(()) };
        let words = format!("none of them more than {}", losses.words(losses.rounded_up(most)));
        canvas.text(&words, (canvas.width - header::MARGIN, baseline), Align::Right, muted)
    }
}

impl Bars<'_> {
    fn row<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        feature: &Importance,
        middle: f64,
    ) -> Result<(), PlotError> {
        let palette = canvas.palette;
        let name = Type::new(13.0, palette.text);
        let value = Type::new(12.0, palette.muted);
        let width = if self.losses.is_some() { NARROW } else { WIDTH };
        let longest = self.shown.first().map_or(0.0, |i| i.share).max(f64::MIN_POSITIVE);
        let label = name.fit(&feature.name, LEFT - header::MARGIN - 12.0);
        canvas.text(&label, (LEFT - 12.0, middle + 4.5), Align::Right, name)?;
        let length = width * (feature.share / longest).clamp(0.0, 1.0);
        canvas.rect((LEFT, middle - 7.5), (length, 15.0), palette.series(0), 1.0)?;
        canvas.text(&percent_in_column(feature.share), (LEFT + length + 8.0, middle + 4.5), Align::Left, value)?;
        let Some((losses, loss)) = self.losses.as_ref().zip(feature.loss) else { return Ok(()) };
        let (low, high) = loss.interval;
        let (left, mean) = (losses.place(low), losses.place(loss.mean));
        canvas.rect((left, middle - 4.0), (losses.place(high) - left, 8.0), palette.right, 0.35)?;
        canvas.rect((mean - 1.0, middle - 7.0), (2.0, 14.0), palette.right, 1.0)?;
        let right = canvas.width - header::MARGIN;
        canvas.text(&losses.words(loss.mean), (right, middle + 4.5), Align::Right, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::draws_in_every_case;

    fn importance(i: usize, name: String) -> Importance {
        let mean = 0.021 * 0.5f64.powi(i as i32) - 0.000_3 * (i % 3) as f64;
        let loss =
            Some(ImportanceLoss { mean, interval: (mean - 0.001 - mean.abs() / 4.0, mean + 0.001 + mean.abs() / 4.0) });
        Importance { name, share: 0.3 * 0.7f64.powi(i as i32), loss }
    }

    #[test]
    fn it_draws_in_every_case() {
        draws_in_every_case("importances", |case, theme| {
            let features: Vec<Importance> = case.names().enumerate().map(|(i, name)| importance(i, name)).collect();
            importances(&features, "average precision", theme, "Importances · forest")
        });
        draws_in_every_case("importances_shares", |case, theme| {
            let features = case.names().enumerate().map(|(i, name)| Importance { loss: None, ..importance(i, name) });
            importances(&features.collect::<Vec<_>>(), "", theme, "Importances · forest")
        });
    }

    #[test]
    fn a_name_with_markup_is_text_not_markup() {
        let data = [Importance { name: "<script>&\"'\u{1}".into(), share: 1.0, loss: None }];
        let figure = importances(&data, "", Theme::Light, "<b>bold</b> & \"quoted\"").unwrap();
        let svg = roxmltree::Document::parse(&figure.svg).unwrap();
        assert!(!svg.descendants().any(|node| node.has_tag_name("script") || node.has_tag_name("b")));
        assert!(svg.root_element().attribute("aria-label").unwrap().starts_with("<b>bold</b> & \"quoted\""));
    }

    #[test]
    fn losses_have_digits_of_the_largest_and_only_nothing_is_0() {
        let feature = |mean| {
            let loss = Some(ImportanceLoss { mean, interval: (mean - 0.25, mean + 0.5) });
            Importance { name: "a".into(), share: 0.5, loss }
        };
        let (large, small) = (feature(0.0213), feature(-0.00004));
        let losses = Losses::of(&[&large, &small]).unwrap();
        let words = [0.0213, -0.00123, -0.00004, 0.0].map(|loss| losses.words(loss));
        assert_eq!(words, ["0.021", "−0.001", "0.000", "0"]);
        assert_eq!([0.0201, -0.3].map(|loss| losses.words(losses.rounded_up(loss))), ["0.021", "0"]);
        assert_eq!((losses.low, losses.high), (-0.00004 - 0.25, 0.0213 + 0.5));
        assert!(Losses::of(&[]).is_none());
    }
}
