//! Rows scored by what has not learned from them, and the thresholds that they give.

use nta_data::{Dataset, HYBRID, Label, ScoreColumn, Scores};
use nta_hybrid::{Hybrid, HybridConfig};
use nta_metrics::{ChosenThreshold, CrossFitted, Folding, PartScores, Stretch, ThresholdRule};
use nta_model::NamedThreshold;

use super::beside::plain_average;
use super::context::Context;
use super::groups;
use crate::error::{PipelineError, failed};
use crate::event::Remark;

/// Rows that were scored by what has not learned from them.
pub(super) struct Unseen {
    pub(super) scores: Scores,
    /// `(n_rows)`.
    pub(super) labels: Vec<Label>,
    /// Whether a row's exact copy was learned from, `(n_rows)`.
    pub(super) copies: Vec<bool>,
    /// The fold that scored a row, `(n_rows)`.
    pub(super) fold: Vec<u32>,
    /// The group of each row, `(n_rows)`, where the rule for thresholds has groups; else empty.
    pub(super) group: Vec<u64>,
}

impl Unseen {
    pub(super) fn of(
        rows: &Dataset,
        scores: Scores,
        copies: &[bool],
        fold: u32,
        rule: &HybridConfig,
    ) -> Result<Self, PipelineError> {
        let labels = rows.labels().map_err(failed)?.to_vec();
        let fold = vec![fold; labels.len()];
        Ok(Unseen { scores, labels, copies: copies.to_vec(), fold, group: groups::of_rows(rows, rule)? })
    }

    pub(super) fn select(&self, rows: &[usize]) -> Self {
        Unseen {
            scores: self.scores.select(rows),
            labels: rows.iter().map(|&i| self.labels[i]).collect(),
            copies: rows.iter().map(|&i| self.copies[i]).collect(),
            fold: rows.iter().map(|&i| self.fold[i]).collect(),
            group: rows.iter().filter_map(|&i| self.group.get(i).copied()).collect(),
        }
    }

    fn column<'a>(&'a self, scores: &'a ScoreColumn) -> PartScores<'a> {
        PartScores { scores: &scores.p_attack, labels: &self.labels, copies: Some(&self.copies) }
    }

    /// The rows of the threshold part alone, which every member has scored.
    pub(super) fn of_parts(&self) -> Self {
        let rows: Vec<usize> = (0..self.fold.len()).filter(|&row| self.fold[row] == PARTS).collect();
        self.select(&rows)
    }

    /// The members' scores fused by `hybrid`; nothing is flagged yet.
    pub(super) fn fused(self, hybrid: &Hybrid) -> Result<Self, PipelineError> {
        Ok(Unseen { scores: fused(self.scores, hybrid)?, ..self })
    }
}

/// The same scores, the members' fused by `hybrid`; nothing is flagged yet.
pub(super) fn fused(scores: Scores, hybrid: &Hybrid) -> Result<Scores, PipelineError> {
    let p_attack = hybrid.combine(scores.members()).map_err(failed)?;
    scores.with_hybrid(ScoreColumn::new(HYBRID, p_attack, |_| false)).map_err(failed)
}

/// What fusion and thresholds are learned from.
pub(super) struct HeldOut {
    /// Fusion weights and reported probabilities.
    pub(super) calibration: Unseen,
    /// Thresholds.
    pub(super) threshold: Unseen,
    /// Members that the fusion leaves out and that no fold was asked for: of these the threshold part alone has scores.
    pub(super) aside: Vec<String>,
    /// What the members to ship were fitted on, where others than they have scored these rows; its stretches are not there
    /// yet.
    pub(super) cross_fitted: Option<CrossFitted>,
}

/// The fold that scored the threshold part: the fit of the training part.
pub(super) const PARTS: u32 = 0;

/// Chooses thresholds by the config's rule, from scores on the rows for the calibration and for the threshold.
pub(super) struct Choosing<'a> {
    pub(super) rule: &'a HybridConfig,
    /// How the fits were made that scored the rows, where that was not the model's own.
    pub(super) folding: Option<Folding>,
    pub(super) calibration: Unseen,
    pub(super) threshold: Unseen,
    /// Members whose thresholds rest on the threshold part alone, and its rows; where there are such.
    pub(super) aside: Option<(Vec<String>, Unseen)>,
}

impl Choosing<'_> {
    /// The threshold of each column.
    pub(super) fn all(&self, ctx: &Context<'_>) -> Result<Vec<NamedThreshold>, PipelineError> {
        let mut thresholds = Vec::new();
        for (i, on_calibration) in self.calibration.scores.columns().enumerate() {
            let name = &on_calibration.name;
            let rows = match &self.aside {
                Some((aside, of_parts)) if aside.contains(name) => of_parts,
                _ => &self.threshold,
            };
            let Some(on_threshold) = rows.scores.columns().nth(i) else { continue };
            let chosen = self.one(on_calibration, (rows, on_threshold))?;
            if let Some(reason) = &chosen.reason {
                ctx.log.remark(Remark::Threshold { score: name.to_owned(), reason: reason.clone() })?;
            }
            thresholds.push(NamedThreshold { name: name.clone(), chosen });
        }
        Ok(thresholds)
    }

    /// That of the plain average, where it stands beside `hybrid`.
    pub(super) fn plain_average(&self, hybrid: &Hybrid) -> Result<Option<ChosenThreshold>, PipelineError> {
        let rows = self.aside.as_ref().map_or(&self.threshold, |(_, of_parts)| of_parts);
        let averages = [&self.calibration, rows].map(|rows| plain_average(hybrid, &rows.scores));
        match averages {
            [Ok(Some(on_calibration)), Ok(Some(on_threshold))] => {
                self.one(&on_calibration, (rows, &on_threshold)).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn one(
        &self,
        calibration: &ScoreColumn,
        (rows, threshold): (&Unseen, &ScoreColumn),
    ) -> Result<ChosenThreshold, PipelineError> {
        let (calibration, on_threshold) = (self.calibration.column(calibration), rows.column(threshold));
        if let ThresholdRule::Groups(groups) = self.rule.rule() {
            return groups.choose(&on_threshold, &rows.group).map(|chosen| chosen.0).map_err(failed);
        }
        match self.folding {
            None => self.rule.choose_threshold(&calibration, &on_threshold).map_err(failed),
            Some(folding) => {
                let rule = self.rule.rule();
                rule.choose_cross_fitted(&calibration, &on_threshold, &rows.fold, folding).map_err(failed)
            }
        }
    }
}

/// Stretches that the scored rows are told in, where they stand in order of time.
const STRETCHES: usize = 8;

/// With the false alarms of `chosen` on the rows that it was chosen on.
pub(super) fn with_stretches(fitted: CrossFitted, rows: &Unseen, chosen: &ChosenThreshold) -> CrossFitted {
    let n_rows = rows.labels.len();
    let stretch_of = |row: usize| match fitted.in_time {
        true => row * STRETCHES / n_rows,
        false => rows.fold[row] as usize,
    };
    let mut stretches: Vec<(usize, Stretch)> = Vec::new();
    for row in (0..n_rows).filter(|&row| !rows.labels[row].is_attack()) {
        let of = stretch_of(row);
        if stretches.last().is_none_or(|(last, _)| *last != of) {
            stretches.push((of, Stretch { fold: u64::from(rows.fold[row]), benign: 0, false_alarms: 0 }));
        }
        if let Some((_, stretch)) = stretches.last_mut() {
            stretch.benign += 1;
            stretch.false_alarms += u64::from(chosen.flags(rows.scores.hybrid().p_attack[row]));
        }
    }
    CrossFitted { stretches: stretches.into_iter().map(|(_, stretch)| stretch).collect(), ..fitted }
}
