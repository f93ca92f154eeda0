//! Figures about one member: its scores, its curves, its families. An entry, and the function that it names, are all
//! that a figure takes here.

use nta_metrics::{FamilyRecall, INTERVAL_CONFIDENCE, wilson};
use nta_plots::{
    ConfusionCounts, Family, Figure, PlotError, PrCurves, ReliabilityBin, ReliabilityCurve, RocCurves, ScoreHistogram,
    Theme,
};

use super::judged::{JudgedCurves, prevalence};
use super::kind::{Draw, FigureKind, Place};
use crate::RunReport;

/// In the order of the page.
pub(super) static FIGURES: &[FigureKind] = &[
    FigureKind::new("confusion_matrix", Place::AtThreshold, Draw::EachMember(confusion_matrix)),
    FigureKind::new("roc_curve", Place::Files, Draw::EachMember(roc_curve)),
    FigureKind::new("pr_curve", Place::Files, Draw::EachMember(pr_curve)),
    FigureKind::new("score_histogram", Place::Scores, Draw::EachMember(score_histogram))
        .captioned("Counts are logarithmic: the few benign flows right of the threshold are the false alarms."),
    FigureKind::new("reliability", Place::Scores, Draw::EachMember(reliability)).captioned(
        "Below the diagonal, scores claim more attacks than there are. Bars show 95 % intervals, the strip below how \
         many flows stand behind each dot.",
    ),
    FigureKind::new("families", Place::Families, Draw::EachMember(families)).captioned(
        "Share of each family’s flows that the hybrid flags at its threshold. Thin lines are 95 % intervals.",
    ),
];

fn confusion_matrix(_: &RunReport, judged: &JudgedCurves<'_>, theme: Theme) -> Result<Figure, PlotError> {
    let confusion = &judged.member.at_budget.confusion;
    let counts = ConfusionCounts {
        true_negatives: confusion.tn,
        false_positives: confusion.fp,
        false_negatives: confusion.fn_,
        true_positives: confusion.tp,
    };
    nta_plots::confusion_matrix(&counts, theme, &judged.title("Confusion matrix"))
}

fn roc_curve(_: &RunReport, judged: &JudgedCurves<'_>, theme: Theme) -> Result<Figure, PlotError> {
    let budget = judged.member.promise.as_ref().map(|promise| promise.budget);
    nta_plots::roc_curve(&RocCurves { curves: &[judged.roc()], budget }, theme, &judged.title("ROC curve"))
}

fn pr_curve(run: &RunReport, judged: &JudgedCurves<'_>, theme: Theme) -> Result<Figure, PlotError> {
    let data = PrCurves { curves: &[judged.pr()], prevalence: prevalence(run) };
    nta_plots::pr_curve(&data, theme, &judged.title("Precision and recall"))
}

fn score_histogram(_: &RunReport, judged: &JudgedCurves<'_>, theme: Theme) -> Result<Figure, PlotError> {
    let data = ScoreHistogram {
        benign: &judged.curves.histogram.benign,
        attack: &judged.curves.histogram.attack,
        threshold: Some(f64::from(judged.member.threshold.value)),
    };
    nta_plots::score_histogram(&data, theme, &judged.title("Scores"))
}

fn reliability(_: &RunReport, judged: &JudgedCurves<'_>, theme: Theme) -> Result<Figure, PlotError> {
    let table = &judged.curves.reliability;
    let bins = table.mean_score.iter().zip(&table.attack_rate).zip(&table.rows);
    let bins: Vec<ReliabilityBin> = bins
        .map(|((&mean_score, &attack_rate), &rows)| ReliabilityBin {
            mean_score,
            attack_rate,
            interval: interval(attack_rate, rows),
            rows,
        })
        .collect();
    let data = ReliabilityCurve { name: &judged.name, place: judged.place, bins: &bins, brier: judged.member.brier };
    nta_plots::reliability(&data, theme, &judged.title("Reliability"))
}

fn families(_: &RunReport, judged: &JudgedCurves<'_>, theme: Theme) -> Result<Figure, PlotError> {
    let family = |(name, family): (&str, &FamilyRecall)| Family {
        name: name.to_owned(),
        flows: family.flows,
        recall: (family.flows > 0).then_some(family.recall_at_budget),
        interval: interval(family.recall_at_budget, family.flows),
        seen_in_training: family.seen_in_training,
    };
    let families: Vec<Family> = judged.member.families.iter().map(family).collect();
    nta_plots::families(&families, theme, &judged.title("Recall by attack family"))
}

/// Where the rate behind a share of `rows` may lie.
fn interval(share: f64, rows: u64) -> Option<(f64, f64)> {
    let hits = (share * rows as f64).round() as u64;
    wilson(hits, rows, INTERVAL_CONFIDENCE).map(|interval| (interval.low, interval.high))
}
