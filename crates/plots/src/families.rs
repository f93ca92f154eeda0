//! Recall by attack family: what an average over all attacks hides.

use plotters::prelude::DrawingBackend;

use crate::drawing::axis::crisp;
use crate::drawing::canvas::{Align, Canvas, Type};
use crate::drawing::error::PlotError;
use crate::drawing::figure::{Drawing, Figure, render};
use crate::drawing::header::{self, MARGIN};
use crate::drawing::missing::missing;
use crate::drawing::number::{flows, percent, percent_in_column, thousands};
use crate::drawing::theme::Theme;

/// One attack family in the test part.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// Its name.
    pub name: String,
    /// Flows of it.
    pub flows: u64,
    /// Share of them flagged.
    pub recall: Option<f64>,
    /// Where the true recall may lie.
    pub interval: Option<(f64, f64)>,
    /// Whether training held any.
    pub seen_in_training: bool,
}

/// Draws families that training held, then those it did not, each by falling number of flows; at most forty, and says
/// what is left out.
pub fn families(data: &[Family], theme: Theme, title: &str) -> Result<Figure, PlotError> {
    let mut sorted: Vec<&Family> = data.iter().collect();
    sorted.sort_by(|a, b| b.flows.cmp(&a.flows).then_with(|| a.name.cmp(&b.name)));
    let rest = sorted.split_off(sorted.len().min(SHOWN));
    let (seen, unseen) = sorted.into_iter().partition(|family| family.seen_in_training);
    render(&FamilyBars { groups: [("seen in training", seen), ("not seen in training", unseen)], rest, title }, theme)
}

const SHOWN: usize = 40;
const ROW: f64 = 22.0;
const LEFT: f64 = 220.0;
const WIDTH: f64 = 300.0;
const RECALL_RIGHT: f64 = LEFT + WIDTH + 84.0;
const FLOWS_RIGHT: f64 = RECALL_RIGHT + 104.0;

struct FamilyBars<'a> {
    groups: [(&'static str, Vec<&'a Family>); 2],
    rest: Vec<&'a Family>,
    title: &'a str,
}

impl<'a> FamilyBars<'a> {
    fn filled(&self) -> impl Iterator<Item = &(&'static str, Vec<&'a Family>)> {
        self.groups.iter().filter(|(_, families)| !families.is_empty())
    }
}

impl Drawing for FamilyBars<'_> {
    fn size(&self) -> (u32, u32) {
        let rows: usize = self.filled().map(|(_, families)| families.len()).sum();
        let height =
            ROW * rows as f64 + 34.0 * self.filled().count() as f64 + ROW * f64::from(u8::from(!self.rest.is_empty()));
        ((FLOWS_RIGHT + MARGIN) as u32, (header::height(0) + height.max(96.0) + 20.0) as u32)
    }

    fn alt(&self) -> String {
        let groups = self.filled().map(|(name, families)| {
            let list = families
                .iter()
                .map(|f| format!("{} {} of {}", f.name, f.recall.map_or("–".into(), percent), thousands(f.flows)));
            format!("{name}: {}", list.collect::<Vec<_>>().join(", "))
        });
        format!("{}. {}.", self.title, groups.collect::<Vec<_>>().join("; "))
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        if self.filled().next().is_none() {
            return missing(canvas, self.title, "The data names no attack family.");
        }
        header::title(canvas, self.title)?;
        let palette = canvas.palette;
        let head = Type::new(12.0, palette.muted);
        let mut top = header::height(0);
        for (i, (group, families)) in self.filled().enumerate() {
            let name = Type::new(13.0, palette.text).bold();
            canvas.text(group, (LEFT, top + 18.0), Align::Left, name)?;
            if i == 0 {
                canvas.text("recall", (RECALL_RIGHT, top + 18.0), Align::Right, head)?;
                canvas.text("flows", (FLOWS_RIGHT, top + 18.0), Align::Right, head)?;
            }
            top += 28.0;
            for family in families {
                self.row(canvas, family, top + ROW / 2.0)?;
                top += ROW;
            }
            top += 6.0;
        }
        if self.rest.is_empty() {
            return Ok(());
        }
        let left_out = self.rest.iter().fold(0u64, |sum, family| sum.saturating_add(family.flows));
        let words = format!("{} smaller families, {}, not drawn", self.rest.len(), flows(left_out));
        canvas.text(&words, (LEFT, top + ROW * 0.6), Align::Left, head)
    }
}

impl FamilyBars<'_> {
    fn row<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>, family: &Family, middle: f64) -> Result<(), PlotError> {
        let palette = canvas.palette;
        let look = Type::new(13.0, palette.text);
        let color = if family.seen_in_training { palette.right } else { palette.attack };
        let label = look.fit(&family.name, LEFT - MARGIN - 12.0);
        canvas.text(&label, (LEFT - 12.0, middle + 4.5), Align::Right, look)?;
        canvas.rect((LEFT, middle - 7.5), (WIDTH, 15.0), palette.grid, 0.6)?;
        let recall = family.recall.filter(|recall| recall.is_finite());
        let length = WIDTH * recall.unwrap_or(0.0).clamp(0.0, 1.0);
        canvas.rect((LEFT, middle - 7.5), (length, 15.0), color, 1.0)?;
        if let Some((low, high)) = family.interval {
            let place = |rate: f64| LEFT + WIDTH * rate.clamp(0.0, 1.0);
            let y = crisp(middle);
            canvas.line(&[(place(low), y), (place(high), y)], palette.text, 1.0)?;
        }
        let recall = recall.map_or("–".into(), percent_in_column);
        canvas.text(&recall, (RECALL_RIGHT, middle + 4.5), Align::Right, look)?;
        canvas.text(&thousands(family.flows), (FLOWS_RIGHT, middle + 4.5), Align::Right, look)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::draws_in_every_case;

    fn family(i: usize, name: String, times: u64) -> Family {
        let flows = 4_657 * times / (i as u64 * i as u64 + 1);
        let recall = if i % 5 == 3 { 0.31 } else { 1.0 - 0.015 * i as f64 };
        let interval = Some(((recall - 0.02 * i as f64).max(0.0), (recall + 0.01 * i as f64).min(1.0)));
        Family { name, flows, recall: (flows > 0).then_some(recall), interval, seen_in_training: i % 4 != 3 }
    }

    #[test]
    fn it_draws_in_every_case() {
        draws_in_every_case("families", |case, theme| {
            let attacks = case.names().enumerate().map(|(i, name)| family(i, name, case.times));
            families(&attacks.collect::<Vec<_>>(), theme, &case.title("Recall by attack family"))
        });
    }
}
