//! Figures about the whole run: all members beside each other, and what was learned. An entry, and the function that it
//! names, are all that a figure takes here.

use nta_metrics::{Better, MemberEvaluation, metric};
use nta_plots::{
    Curve, Figure, Importance, ImportanceLoss, LearningCurve, MemberBar, MetricBars, MetricSense, PlotError, PrCurves,
    RocCurves, Theme, decimal,
};

use super::judged::{JudgedCurves, prevalence};
use super::kind::{Draw, FigureKind, Place};
use crate::names::{counted, spoken};
use crate::{Feature, Permutation, RunReport};

/// In the order of the page.
pub(super) static FIGURES: &[FigureKind] = &[
    FigureKind::new("members", Place::Members, Draw::Run(members)),
    FigureKind::new("roc_curves", Place::Ranking, Draw::Run(roc_curves)).captioned(
        "Recall over the false positive rate; on the right the same curve with the small rates spread out, where an \
         operator lives. Dots are the thresholds chosen before the test part was opened.",
    ),
    FigureKind::new("pr_curves", Place::Ranking, Draw::Run(pr_curves)).captioned(
        "Precision is what an analyst who opens the alarms meets. Drawn as steps, whose area the average precision is.",
    ),
    FigureKind::new("base_rate", Place::AtThreshold, Draw::Run(base_rate)).captioned(
        "What an analyst would meet with these recalls and false positive rates where attacks are rarer, as on most \
         networks, than on the test part (the dots).",
    ),
    FigureKind::new("learning_curve", Place::Learning, Draw::Run(learning_curve)).captioned(
        "Training loss is weighted by class and includes dropout, validation loss neither: compare their course, not \
         their height.",
    ),
    FigureKind::new("importances", Place::Learning, Draw::Run(importances)).captioned_by(what_importances_are),
];

/// What the figure of members shows.
const COMPARED: [&str; 8] = [
    "roc_auc",
    "average_precision",
    "detection_rate_at_fpr_0_01",
    "detection_rate_at_fpr_0_001",
    "precision",
    "recall",
    "f1",
    "fpr",
];

fn members(run: &RunReport, theme: Theme) -> Result<Figure, PlotError> {
    let members = &run.evaluation.members;
    let bar = |(place, (name, _)): (usize, (&str, _))| MemberBar { name: spoken(name), place };
    let bars: Vec<MemberBar> = members.iter().enumerate().map(bar).collect();
    let compared = COMPARED.into_iter().filter_map(metric).filter_map(|metric| {
        let sense = match metric.better {
            Better::Higher => MetricSense::HigherIsBetter,
            Better::Lower => MetricSense::LowerIsBetter,
            Better::Neither => return None,
        };
        let values = members.iter().map(|(_, member)| member.value(metric.name)).collect();
        Some(MetricBars { name: metric.words.to_owned(), sense, values })
    });
    nta_plots::members(&bars, &compared.collect::<Vec<_>>(), theme, "Members and hybrid")
}

/// Every member that has curves.
fn with_curves(run: &RunReport) -> Vec<JudgedCurves<'_>> {
    let members = run.evaluation.members.iter().enumerate();
    let members = members.filter(|(_, (name, _))| run.curves.get(name).is_some());
    members.map(|(place, (name, member))| JudgedCurves::of(run, place, name, member)).collect()
}

fn roc_curves(run: &RunReport, theme: Theme) -> Result<Figure, PlotError> {
    let members = with_curves(run);
    let curves: Vec<Curve<'_>> = members.iter().map(JudgedCurves::roc).collect();
    let budget = run.evaluation.promise.as_ref().map(|promise| promise.budget);
    nta_plots::roc_curve(&RocCurves { curves: &curves, budget }, theme, "ROC curves")
}

fn pr_curves(run: &RunReport, theme: Theme) -> Result<Figure, PlotError> {
    let members = with_curves(run);
    let curves: Vec<Curve<'_>> = members.iter().map(JudgedCurves::pr).collect();
    let data = PrCurves { curves: &curves, prevalence: prevalence(run) };
    nta_plots::pr_curve(&data, theme, "Precision and recall")
}

fn base_rate(run: &RunReport, theme: Theme) -> Result<Figure, PlotError> {
    let shares: Vec<f64> = (0..=100).map(|i| 10f64.powf(f64::from(i) / 20.0 - 5.0)).collect();
    let of = |(place, (name, member)): (usize, (&str, &MemberEvaluation))| {
        let counts = member.at_budget.confusion;
        let expected: Option<Vec<f64>> = shares.iter().map(|share| counts.precision_at_prevalence(*share)).collect();
        (spoken(name), place, expected.unwrap_or_default(), prevalence(run).zip(counts.precision()))
    };
    let members: Vec<_> = run.evaluation.members.iter().enumerate().map(of).collect();
    let curves = members.iter().map(|(name, place, precisions, test_part)| Curve {
        name,
        place: *place,
        x: &shares[..precisions.len()],
        y: precisions,
        area: None,
        at_threshold: test_part.filter(|_| !precisions.is_empty()),
    });
    nta_plots::base_rate(&curves.collect::<Vec<_>>(), theme, "Precision where attacks are rarer")
}

fn learning_curve(run: &RunReport, theme: Theme) -> Result<Figure, PlotError> {
    let epochs: Vec<nta_plots::Epoch> = run
        .epochs
        .iter()
        .map(|e| nta_plots::Epoch {
            epoch: e.epoch,
            train_loss: e.train_loss,
            validation_loss: e.validation_loss,
            average_precision: e.validation_average_precision,
        })
        .collect();
    let best = run.epochs.iter().rev().find(|e| e.best).map(|e| e.epoch);
    nta_plots::learning_curve(&LearningCurve { epochs: &epochs, best }, theme, "Learning curve · LSTM")
}

fn importances(run: &RunReport, theme: Theme) -> Result<Figure, PlotError> {
    let feature = |feature: &Feature| Importance {
        name: feature.name.clone(),
        share: feature.importance,
        loss: feature.loss.map(|loss| ImportanceLoss { mean: loss.mean, interval: (loss.low, loss.high) }),
    };
    let features: Vec<Importance> = run.importances.iter().map(feature).collect();
    nta_plots::importances(&features, "average precision", theme, "Importances · forest")
}

/// What both sides of the figure of importances say.
fn what_importances_are(run: &RunReport) -> String {
    let shares = "a feature’s share of the impurity that all trees removed on the training part; features that say the \
                  same share theirs";
    match &run.permutation {
        Permutation::Measured { flows, attacks, blocks, average_precision } => format!(
            "Left, {shares}. Right, the average precision that the forest loses when the feature’s values are shuffled, \
             on {flows} of the validation part ({}) without a copy in training, where it reaches {}: the mean over {blocks} \
             blocks of them, with the 95\u{a0}% interval for other flows like these. Where the interval holds 0, the \
             forest can do without the feature, be it that others say the same.",
            counted(*attacks, "attack", "attacks"),
            decimal(*average_precision),
            flows = counted(*flows, "flow", "flows"),
        ),
        Permutation::Skipped { why } => {
            format!("What they show is {shares}. What each is worth on held-out flows was not measured: {why}.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_compared_number_is_a_share_or_an_area_with_a_good_end() {
        for name in COMPARED {
            let metric = metric(name).unwrap_or_else(|| panic!("{name} is no metric"));
            assert_ne!(metric.better, Better::Neither, "{name}");
        }
        let run = crate::sample::small();
        assert!(COMPARED.iter().all(|name| run.evaluation.hybrid().unwrap().value(name).is_some()));
    }
}
