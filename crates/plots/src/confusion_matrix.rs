//! Truth against answer: four counts, each with its share of the row.

use plotters::prelude::DrawingBackend;
use plotters::style::RGBColor;

use crate::drawing::canvas::{Align, Canvas, Place, Type};
use crate::drawing::error::PlotError;
use crate::drawing::figure::{Drawing, Figure, render};
use crate::drawing::header;
use crate::drawing::missing::missing;
use crate::drawing::number::{share, thousands};
use crate::drawing::theme::Theme;

/// The four counts of a yes-or-no answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConfusionCounts {
    /// Benign, not flagged.
    pub true_negatives: u64,
    /// Benign, flagged.
    pub false_positives: u64,
    /// Attack, not flagged.
    pub false_negatives: u64,
    /// Attack, flagged.
    pub true_positives: u64,
}

/// Draws counts and row percentages; the shade is the share of the row.
pub fn confusion_matrix(data: &ConfusionCounts, theme: Theme, title: &str) -> Result<Figure, PlotError> {
    render(&Matrix { data, title }, theme)
}

struct Matrix<'a> {
    data: &'a ConfusionCounts,
    title: &'a str,
}

const LEFT: f64 = 128.0;
const TOP: f64 = 102.0;
const CELL: Place = (190.0, 124.0);
const GAP: f64 = 4.0;

struct Quadrant {
    count: u64,
    row: u64,
    name: &'static str,
    is_right: bool,
}

impl Matrix<'_> {
    fn benign(&self) -> u64 {
        self.data.true_negatives.saturating_add(self.data.false_positives)
    }

    fn attacks(&self) -> u64 {
        self.data.false_negatives.saturating_add(self.data.true_positives)
    }

    fn cells(&self) -> [[Quadrant; 2]; 2] {
        let (benign, attacks) = (self.benign(), self.attacks());
        let cell = |count, row, name, is_right| Quadrant { count, row, name, is_right };
        [
            [
                cell(self.data.true_negatives, benign, "let pass", true),
                cell(self.data.false_positives, benign, "false alarms", false),
            ],
            [
                cell(self.data.false_negatives, attacks, "missed", false),
                cell(self.data.true_positives, attacks, "caught", true),
            ],
        ]
    }
}

impl Drawing for Matrix<'_> {
    fn size(&self) -> (u32, u32) {
        ((LEFT + 2.0 * CELL.0 + GAP + 24.0) as u32, (TOP + 2.0 * CELL.1 + GAP + 24.0) as u32)
    }

    fn alt(&self) -> String {
        format!(
            "{}. Of {} benign flows {} were flagged ({}); of {} attacks {} were flagged ({}).",
            self.title,
            thousands(self.benign()),
            thousands(self.data.false_positives),
            share(self.data.false_positives, self.benign()),
            thousands(self.attacks()),
            thousands(self.data.true_positives),
            share(self.data.true_positives, self.attacks()),
        )
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        if self.benign() == 0 && self.attacks() == 0 {
            return missing(canvas, self.title, "There is no flow to count.");
        }
        header::title(canvas, self.title)?;
        let palette = canvas.palette;
        let name = Type::new(13.0, palette.text).bold();
        let small = Type::new(12.0, palette.muted);
        let columns = [("not flagged", 0.0), ("flagged", CELL.0 + GAP)];
        let answered = [
            self.data.true_negatives.saturating_add(self.data.false_negatives),
            self.data.false_positives.saturating_add(self.data.true_positives),
        ];
        for ((column, shift), count) in columns.into_iter().zip(answered) {
            let middle = LEFT + shift + CELL.0 / 2.0;
            canvas.text(column, (middle, TOP - 28.0), Align::Center, name)?;
            canvas.text(&thousands(count), (middle, TOP - 11.0), Align::Center, small)?;
        }
        let rows = [("benign", self.benign()), ("attack", self.attacks())];
        for (row, ((label, count), cells)) in rows.into_iter().zip(self.cells()).enumerate() {
            let top = TOP + row as f64 * (CELL.1 + GAP);
            canvas.text(label, (LEFT - 16.0, top + CELL.1 / 2.0 - 2.0), Align::Right, name)?;
            canvas.text(&thousands(count), (LEFT - 16.0, top + CELL.1 / 2.0 + 15.0), Align::Right, small)?;
            for (column, cell) in cells.iter().enumerate() {
                draw_cell(canvas, (LEFT + column as f64 * (CELL.0 + GAP), top), cell)?;
            }
        }
        Ok(())
    }
}

fn draw_cell<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    (left, top): Place,
    cell: &Quadrant,
) -> Result<(), PlotError> {
    let palette = canvas.palette;
    let color: RGBColor = if cell.is_right { palette.right } else { palette.attack };
    let share_of_row = if cell.row == 0 { 0.0 } else { cell.count as f64 / cell.row as f64 };
    canvas.rect((left, top), CELL, color, 0.07 + 0.33 * share_of_row)?;
    let middle = left + CELL.0 / 2.0;
    let count = Type::new(26.0, palette.text).bold();
    let digits = count.fit(&thousands(cell.count), CELL.0 - 16.0);
    canvas.text(&digits, (middle, top + 56.0), Align::Center, count)?;
    let of_row = Type::new(15.0, palette.text);
    canvas.text(&share(cell.count, cell.row), (middle, top + 80.0), Align::Center, of_row)?;
    canvas.text(cell.name, (middle, top + 101.0), Align::Center, Type::new(12.0, palette.text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::draws_in_every_case;

    #[test]
    fn it_draws_in_every_case() {
        draws_in_every_case("confusion_matrix", |case, theme| {
            confusion_matrix(&case.counts(), theme, &case.title("Confusion matrix"))
        });
    }

    #[test]
    fn a_light_svg_follows_the_viewer_and_a_dark_one_stays_dark() {
        let counts = ConfusionCounts { true_negatives: 9, false_positives: 1, false_negatives: 2, true_positives: 8 };
        let light = confusion_matrix(&counts, Theme::Light, "Counts").unwrap();
        assert!(light.svg.contains("prefers-color-scheme:dark"));
        assert!(!light.inline_svg().contains("<style") && light.svg.contains(&crate::page_style()));
        let dark = confusion_matrix(&counts, Theme::Dark, "Counts").unwrap();
        assert!(!dark.svg.contains("prefers-color-scheme"));
        assert_eq!(
            light.alt,
            "Counts. Of 10 benign flows 1 were flagged (10.0\u{a0}%); of 10 attacks 8 were flagged (80.0\u{a0}%)."
        );
    }
}
