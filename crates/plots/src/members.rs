//! Members against hybrid, number by number.

use plotters::prelude::DrawingBackend;

use crate::drawing::canvas::{Align, Canvas, Type};
use crate::drawing::error::PlotError;
use crate::drawing::figure::{Drawing, Figure, render};
use crate::drawing::header::{self, Entry, MARGIN, Mark};
use crate::drawing::missing::missing;
use crate::drawing::number::decimal;
use crate::drawing::theme::Theme;

/// Which end of a metric is the good one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricSense {
    /// As with recall.
    HigherIsBetter,
    /// As with the false positive rate.
    LowerIsBetter,
}

/// One metric of all members.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricBars {
    /// As people call it.
    pub name: String,
    /// Which end is good.
    pub sense: MetricSense,
    /// One value in [0, 1] a member, in the members' order; `None` where it is undefined.
    pub values: Vec<Option<f64>>,
}

/// A member in the figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberBar {
    /// Its name.
    pub name: String,
    /// Its place in the run, which is its colour in every figure.
    pub place: usize,
}

/// Draws a group of bars a metric, a bar a member.
pub fn members(names: &[MemberBar], metrics: &[MetricBars], theme: Theme, title: &str) -> Result<Figure, PlotError> {
    render(&Groups { names, metrics, title }, theme)
}

struct Groups<'a> {
    names: &'a [MemberBar],
    metrics: &'a [MetricBars],
    title: &'a str,
}

const BAR: f64 = 16.0;
const GROUP_GAP: f64 = 16.0;
const LEFT: f64 = 210.0;
const WIDTH: f64 = 400.0;

impl Groups<'_> {
    fn group_height(&self) -> f64 {
        (BAR * self.names.len() as f64).max(32.0) + GROUP_GAP
    }
}

impl Drawing for Groups<'_> {
    fn size(&self) -> (u32, u32) {
        let groups = self.group_height() * self.metrics.len().max(2) as f64;
        ((LEFT + WIDTH + 80.0 + MARGIN) as u32, (header::height(self.names.len()) + groups + 16.0) as u32)
    }

    fn alt(&self) -> String {
        let metrics = self.metrics.iter().map(|metric| {
            let values = self.names.iter().zip(&metric.values);
            let values = values.map(|(member, value)| format!("{} {}", member.name, value.map_or("–".into(), decimal)));
            format!("{}: {}", metric.name, values.collect::<Vec<_>>().join(", "))
        });
        format!("{}. {}.", self.title, metrics.collect::<Vec<_>>().join("; "))
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        if self.names.is_empty() || self.metrics.is_empty() {
            return missing(canvas, self.title, "There is no member to compare.");
        }
        let palette = canvas.palette;
        let legend: Vec<Entry> = self
            .names
            .iter()
            .map(|member| Entry::new(Mark::Area(palette.series(member.place)), [member.name.clone()]))
            .collect();
        let mut top = header::draw(canvas, self.title, &legend)?;
        for metric in self.metrics {
            self.group(canvas, metric, top)?;
            top += self.group_height();
        }
        Ok(())
    }
}

impl Groups<'_> {
    fn group<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        metric: &MetricBars,
        top: f64,
    ) -> Result<(), PlotError> {
        let palette = canvas.palette;
        let name = Type::new(13.0, palette.text);
        let small = Type::new(11.0, palette.muted);
        let middle = top + (self.group_height() - GROUP_GAP) / 2.0;
        let label = name.fit(&metric.name, LEFT - MARGIN - 14.0);
        match metric.sense {
            MetricSense::HigherIsBetter => canvas.text(&label, (LEFT - 14.0, middle + 4.5), Align::Right, name)?,
            MetricSense::LowerIsBetter => {
                canvas.text(&label, (LEFT - 14.0, middle - 2.0), Align::Right, name)?;
                canvas.text("lower is better", (LEFT - 14.0, middle + 13.0), Align::Right, small)?;
            }
        }
        for (row, (member, value)) in self.names.iter().zip(&metric.values).enumerate() {
            let y = top + BAR * row as f64;
            let length = WIDTH * value.filter(|v| v.is_finite()).unwrap_or(0.0).clamp(0.0, 1.0);
            canvas.rect((LEFT, y + 1.5), (WIDTH, BAR - 3.0), palette.grid, 0.6)?;
            canvas.rect((LEFT, y + 1.5), (length, BAR - 3.0), palette.series(member.place), 1.0)?;
            let words = value.map_or("–".into(), decimal);
            canvas.text(&words, (LEFT + WIDTH + 72.0, y + BAR - 3.8), Align::Right, Type::new(12.0, palette.text))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::draws_in_every_case;

    fn metrics() -> Vec<MetricBars> {
        let metric = |name: &str, sense, values: [Option<f64>; 3]| MetricBars {
            name: name.into(),
            sense,
            values: values.into(),
        };
        use MetricSense::{HigherIsBetter, LowerIsBetter};
        vec![
            metric("ROC-AUC", HigherIsBetter, [Some(0.9612), Some(0.8915), Some(0.99996)]),
            metric("average precision", HigherIsBetter, [Some(0.9634), Some(0.9021), Some(0.9712)]),
            metric("detection rate at 1 % FPR", HigherIsBetter, [Some(0.4531), Some(0.38), Some(0.512)]),
            metric("F1", HigherIsBetter, [Some(0.8971), Some(0.8112), Some(0.9033)]),
            metric("precision", HigherIsBetter, [Some(0.9712), None, Some(0.9791)]),
            metric("recall", HigherIsBetter, [Some(0.8201), Some(0.0), Some(0.8377)]),
            metric("false positive rate", LowerIsBetter, [Some(0.0281), Some(0.0), Some(0.0192)]),
        ]
    }

    #[test]
    fn it_draws_in_every_case() {
        draws_in_every_case("members", |case, theme| {
            let names = ["forest", "lstm", case.label].into_iter().take(case.n_names).enumerate();
            let bars: Vec<MemberBar> = names.map(|(place, name)| MemberBar { name: name.into(), place }).collect();
            members(&bars, &metrics(), theme, "Members and hybrid")
        });
    }
}
