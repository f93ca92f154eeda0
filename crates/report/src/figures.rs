//! Which figures a run has, and where their numbers come from.

use nta_metrics::{Curves, INTERVAL_CONFIDENCE, MemberEvaluation, wilson};
use nta_plots::{
    ConfusionCounts, Curve, Family, Figure, Importance, ImportanceLoss, LearningCurve, MemberBar, PlotError, PrCurves,
    ReliabilityBin, ReliabilityCurve, RocCurves, ScoreHistogram, Theme,
};

use crate::metric::{AT_THRESHOLD, RANKING};
use crate::names::{file_name, spoken};
use crate::{Feature, ReportError, RunReport};

/// A figure and its file name without ending.
pub(crate) struct NamedFigure {
    pub(crate) name: String,
    pub(crate) figure: Figure,
    /// The member it is about; `None` where it is about all, or about the run.
    pub(crate) member: Option<String>,
}

/// Draws them all, those about every member first.
pub(crate) fn draw(run: &RunReport) -> Result<Vec<NamedFigure>, ReportError> {
    let mut drawn = Drawn { theme: Theme::Light, figures: Vec::new() };
    drawn.shared(run)?;
    for (place, (name, member)) in run.evaluation.members.iter().enumerate() {
        drawn.member(run, place, name, member)?;
    }
    Ok(drawn.figures)
}

struct Drawn {
    theme: Theme,
    figures: Vec<NamedFigure>,
}

impl Drawn {
    fn put(&mut self, kind: &str, member: Option<&str>, figure: Result<Figure, PlotError>) -> Result<(), ReportError> {
        let name = member.map_or_else(|| kind.to_owned(), |member| format!("{kind}_{}", file_name(member)));
        let figure = figure.map_err(|source| ReportError::Figure { name: name.clone(), source })?;
        self.figures.push(NamedFigure { name, figure, member: member.map(str::to_owned) });
        Ok(())
    }

    fn shared(&mut self, run: &RunReport) -> Result<(), ReportError> {
        self.put("members", None, members(run, self.theme))?;
        let budget = run.evaluation.promise.as_ref().map(|promise| promise.budget);
        let names: Vec<String> = run.evaluation.members.iter().map(|(name, _)| spoken(name)).collect();
        let all = run.evaluation.members.iter().zip(&names).enumerate();
        let all: Vec<Lines<'_>> = all
            .filter_map(|(place, ((key, member), name))| {
                Some(Lines { name, place, member, curves: run.curves.get(key)? })
            })
            .collect();
        let roc: Vec<Curve<'_>> = all.iter().map(Lines::roc).collect();
        let pr: Vec<Curve<'_>> = all.iter().map(Lines::pr).collect();
        let data = RocCurves { curves: &roc, budget };
        self.put("roc_curves", None, nta_plots::roc_curve(&data, self.theme, "ROC curves"))?;
        let data = PrCurves { curves: &pr, prevalence: prevalence(run) };
        self.put("pr_curves", None, nta_plots::pr_curve(&data, self.theme, "Precision and recall"))?;
        self.put("learning_curve", None, learning_curve(run, self.theme))?;
        let weights: Vec<Importance> = run.importances.iter().map(drawn_feature).collect();
        let figure = nta_plots::importances(&weights, "average precision", self.theme, "Importances · forest");
        self.put("importances", None, figure)
    }

    fn member(
        &mut self,
        run: &RunReport,
        place: usize,
        key: &str,
        member: &MemberEvaluation,
    ) -> Result<(), ReportError> {
        let name = spoken(key);
        let title = |what: &str| format!("{what} · {name}");
        let theme = self.theme;
        let counts = counts(member);
        let matrix = nta_plots::confusion_matrix(&counts, theme, &title("Confusion matrix"));
        self.put("confusion_matrix", Some(key), matrix)?;
        let empty = no_curves();
        let lines = Lines { name: &name, place, member, curves: run.curves.get(key).unwrap_or(&empty) };
        let budget = member.promise.as_ref().map(|promise| promise.budget);
        let data = RocCurves { curves: &[lines.roc()], budget };
        self.put("roc_curve", Some(key), nta_plots::roc_curve(&data, theme, &title("ROC curve")))?;
        let data = PrCurves { curves: &[lines.pr()], prevalence: prevalence(run) };
        self.put("pr_curve", Some(key), nta_plots::pr_curve(&data, theme, &title("Precision and recall")))?;
        let data = ScoreHistogram {
            benign: &lines.curves.histogram.benign,
            attack: &lines.curves.histogram.attack,
            threshold: Some(f64::from(member.threshold.value)),
        };
        self.put("score_histogram", Some(key), nta_plots::score_histogram(&data, theme, &title("Scores")))?;
        let bins = reliability_bins(lines.curves);
        let data = ReliabilityCurve { name: &name, place, bins: &bins, brier: member.brier };
        self.put("reliability", Some(key), nta_plots::reliability(&data, theme, &title("Reliability")))?;
        let families: Vec<Family> = member.families.iter().map(|(name, family)| drawn_family(name, family)).collect();
        let figure = nta_plots::families(&families, theme, &title("Recall by attack family"));
        self.put("families", Some(key), figure)
    }
}

fn drawn_feature(feature: &Feature) -> Importance {
    let loss = feature.loss.map(|loss| ImportanceLoss { mean: loss.mean, interval: (loss.low, loss.high) });
    Importance { name: feature.name.clone(), share: feature.importance, loss }
}

/// Stands in for the curves that a run does not have.
fn no_curves() -> Curves {
    Curves {
        roc: Default::default(),
        pr: Default::default(),
        histogram: Default::default(),
        reliability: Default::default(),
    }
}

/// One member's curves.
struct Lines<'a> {
    name: &'a str,
    place: usize,
    member: &'a MemberEvaluation,
    curves: &'a Curves,
}

impl Lines<'_> {
    fn roc(&self) -> Curve<'_> {
        let at = &self.member.at_budget;
        Curve {
            name: self.name,
            place: self.place,
            x: &self.curves.roc.fpr,
            y: &self.curves.roc.recall,
            area: self.member.roc_auc,
            at_threshold: at.fpr.zip(at.recall),
        }
    }

    fn pr(&self) -> Curve<'_> {
        let at = &self.member.at_budget;
        Curve {
            name: self.name,
            place: self.place,
            x: &self.curves.pr.recall,
            y: &self.curves.pr.precision,
            area: self.member.average_precision,
            at_threshold: at.recall.zip(at.precision),
        }
    }
}

fn counts(member: &MemberEvaluation) -> ConfusionCounts {
    let confusion = &member.at_budget.confusion;
    ConfusionCounts {
        true_negatives: confusion.tn,
        false_positives: confusion.fp,
        false_negatives: confusion.fn_,
        true_positives: confusion.tp,
    }
}

fn prevalence(run: &RunReport) -> Option<f64> {
    let (_, member) = run.evaluation.members.iter().next()?;
    let confusion = &member.at_budget.confusion;
    (confusion.total() > 0).then(|| confusion.attacks() as f64 / confusion.total() as f64)
}

fn members(run: &RunReport, theme: Theme) -> Result<Figure, PlotError> {
    let members = &run.evaluation.members;
    let bar = |(place, (name, _)): (usize, (&str, _))| MemberBar { name: spoken(name), place };
    let bars: Vec<MemberBar> = members.iter().enumerate().map(bar).collect();
    let drawn = RANKING.iter().chain(AT_THRESHOLD).filter_map(|metric| {
        let values = members.iter().map(|(_, member)| (metric.value)(member)).collect();
        Some(nta_plots::Metric { name: metric.name.to_owned(), sense: metric.drawn?, values })
    });
    nta_plots::members(&bars, &drawn.collect::<Vec<_>>(), theme, "Members and hybrid")
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

fn reliability_bins(curves: &Curves) -> Vec<ReliabilityBin> {
    let table = &curves.reliability;
    let bins = table.mean_score.iter().zip(&table.attack_rate).zip(&table.rows);
    bins.map(|((&mean_score, &attack_rate), &rows)| ReliabilityBin {
        mean_score,
        attack_rate,
        interval: interval(attack_rate, rows),
        rows,
    })
    .collect()
}

fn drawn_family(name: &str, family: &nta_metrics::FamilyRecall) -> Family {
    Family {
        name: name.to_owned(),
        flows: family.flows,
        recall: (family.flows > 0).then_some(family.recall_at_budget),
        interval: interval(family.recall_at_budget, family.flows),
        seen_in_training: family.seen_in_training,
    }
}

/// Where the rate behind a share of `rows` may lie.
fn interval(share: f64, rows: u64) -> Option<(f64, f64)> {
    let hits = (share * rows as f64).round() as u64;
    wilson(hits, rows, INTERVAL_CONFIDENCE).map(|interval| (interval.low, interval.high))
}
