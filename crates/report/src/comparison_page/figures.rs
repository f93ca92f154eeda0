//! The page's figures: the groups' curves over each other.

use nta_plots::{
    Curve, Figure, LearningRuns, PlotError, PrCurves, RocCurves, Theme, learning_curves, pr_curve, roc_curve,
};
use serde::Serialize;

use super::ComparisonGroup;
use crate::ReportError;

/// A figure on the page.
#[derive(Serialize)]
pub(super) struct FigureView {
    name: &'static str,
    svg: String,
    width: u32,
    caption: &'static str,
}

const OF_FIRST: &str = "The hybrid of each column’s first run on the test part that it judged.";

pub(super) fn draw(groups: &[ComparisonGroup<'_>]) -> Result<Vec<FigureView>, ReportError> {
    let mut drawn = Vec::new();
    let mut add = |name: &'static str, caption, figure: Result<Figure, PlotError>| {
        let figure = figure.map_err(|source| ReportError::Figure { name: name.to_owned(), source })?;
        let (svg, width) = (figure.inline_svg(), figure.width);
        drawn.push(FigureView { name, svg, width, caption });
        Ok::<(), ReportError>(())
    };
    let judged: Vec<Judged<'_>> = groups.iter().enumerate().filter_map(Judged::of).collect();
    if !judged.is_empty() {
        let (roc, pr): (Vec<Curve<'_>>, Vec<Curve<'_>>) = judged.iter().map(|j| (j.roc(), j.pr())).unzip();
        let title = "ROC curves of the hybrid";
        add("roc_curves", OF_FIRST, roc_curve(&RocCurves { curves: &roc, budget: None }, Theme::Light, title))?;
        let title = "Precision and recall of the hybrid";
        add("pr_curves", OF_FIRST, pr_curve(&PrCurves { curves: &pr, prevalence: None }, Theme::Light, title))?;
    }
    if groups.iter().flat_map(|group| &group.epochs).any(|epochs| !epochs.is_empty()) {
        let runs: Vec<LearningRuns<'_>> = groups.iter().enumerate().map(|(i, group)| learning_runs(i, group)).collect();
        let title = "Learning curves · LSTM";
        add("learning_curves", "A line a run, a colour a column.", learning_curves(&runs, Theme::Light, title))?;
    }
    Ok(drawn)
}

fn learning_runs<'g>(place: usize, group: &'g ComparisonGroup<'_>) -> LearningRuns<'g> {
    LearningRuns { name: &group.label, place, runs: &group.epochs }
}

/// A group whose curves are on hand.
struct Judged<'g> {
    place: usize,
    group: &'g ComparisonGroup<'g>,
    curves: &'g nta_metrics::Curves,
}

impl<'g> Judged<'g> {
    fn of((place, group): (usize, &'g ComparisonGroup<'g>)) -> Option<Self> {
        Some(Judged { place, group, curves: group.curves.as_ref()? })
    }

    fn at_threshold(&self, x: &str, y: &str) -> Option<(f64, f64)> {
        let hybrid = self.group.runs.first()?.evaluation.hybrid()?;
        hybrid.value(x).zip(hybrid.value(y))
    }

    fn roc(&self) -> Curve<'_> {
        let roc = &self.curves.roc;
        let at_threshold = self.at_threshold("fpr", "recall");
        Curve { name: &self.group.label, place: self.place, x: &roc.fpr, y: &roc.recall, area: roc.auc, at_threshold }
    }

    fn pr(&self) -> Curve<'_> {
        let pr = &self.curves.pr;
        let (area, at_threshold) = (pr.average_precision, self.at_threshold("recall", "precision"));
        Curve { name: &self.group.label, place: self.place, x: &pr.recall, y: &pr.precision, area, at_threshold }
    }
}
