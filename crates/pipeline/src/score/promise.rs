//! What a model's promise is worth for a scored file, told from the model's profile: no row of its training is at hand.

use nta_audit::{SpreadMoved, columns_moved};
use nta_data::{Dataset, Scores};
use nta_ingest::{Batch, Reject};
use nta_metrics::flows_per_day;
use nta_model::Model;
use nta_preprocess::{CategoricalProfile, NumericProfile, Profile, Spread};
use serde::{Deserialize, Serialize};

use super::sink::ScoreSink;
use crate::drift_limits::own_limits;
use crate::error::PipelineError;
use crate::promises::promised;

/// A share of rows beyond what the model has learned from that is told of.
const LEAST_OUTSIDE: f64 = 0.01;

/// A promise, and whether it holds for the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScorePromise {
    /// Largest share of benign flows that may be flagged.
    pub budget: f64,
    /// How surely.
    pub confidence: f64,
    /// Whether it was made on benign flows of a site (`nta baseline`); else on traffic like the training file's.
    pub of_site: bool,
    /// Whether the columns of the unflagged rows are spread as they were there; `None` where there are too few rows to tell,
    /// or the model is of before that was kept.
    pub holds: Option<bool>,
    /// The columns that are spread otherwise, those that moved most first.
    pub moved: Vec<SpreadMoved>,
    /// The columns with values that the model has not learned from, the largest share first.
    pub outside: Vec<Outside>,
    /// Flows and alerts a day, where the file's times span an hour at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_day: Option<PerDay>,
}

/// Flows and alerts a day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PerDay {
    /// Flows.
    pub flows: f64,
    /// Those that are flagged.
    pub alerts: f64,
}

/// A column with values beyond those of the training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outside {
    /// Its name.
    pub name: String,
    /// Share of the rows whose number lies beyond the training's range, or whose text never came there.
    pub share: f64,
}

/// Counts what the promise of a model depends on.
pub(crate) struct HoldsHere {
    promise: Option<ScorePromise>,
    profile: Option<Profile>,
    /// Unflagged rows, in the bins of the benign training rows.
    unflagged: Option<Spread>,
    limit: f64,
    rows: u64,
    flagged: u64,
    /// When the first and the last flow began, microseconds.
    span: Option<(i64, i64)>,
    /// Rows beyond the training's values, by number column, then by text column.
    beyond: Vec<u64>,
}

impl HoldsHere {
    /// Nothing counted yet.
    pub(crate) fn of(model: &Model) -> Self {
        let promise = promised(model).map(|promised| ScorePromise {
            budget: promised.budget,
            confidence: promised.confidence,
            of_site: promised.of_site,
            holds: None,
            moved: Vec::new(),
            outside: Vec::new(),
            per_day: None,
        });
        let profile = model.profile.clone();
        let unflagged = profile.as_ref().and_then(|profile| profile.benign.as_ref()).map(Spread::emptied);
        let n = profile.as_ref().map_or(0, |profile| profile.numeric.len() + profile.categorical.len());
        HoldsHere {
            promise,
            profile,
            unflagged,
            limit: own_limits(model).psi,
            rows: 0,
            flagged: 0,
            span: None,
            beyond: vec![0; n],
        }
    }

    /// Counts scored rows.
    pub(crate) fn count(&mut self, rows: &Dataset, scores: &Scores) {
        let flags = &scores.hybrid().flags;
        self.rows += rows.n_rows() as u64;
        self.flagged += flags.iter().filter(|flag| **flag).count() as u64;
        let wider = |(first, last): (i64, i64), time: &i64| (first.min(*time), last.max(*time));
        let times = rows.time.iter().flatten();
        self.span = times.fold(self.span, |span, time| Some(wider(span.unwrap_or((*time, *time)), time)));
        self.count_beyond(rows);
        if let Some(spread) = &mut self.unflagged {
            let unflagged: Vec<u32> = (0..rows.n_rows() as u32).filter(|&row| !flags[row as usize]).collect();
            match unflagged.len() == rows.n_rows() {
                true => spread.take_rows(rows),
                false => spread.take_rows(&rows.take(&unflagged)),
            }
        }
    }

    /// Rows counted.
    pub(crate) fn n_rows(&self) -> u64 {
        self.rows
    }

    /// What the promise is worth for these rows; `None` where the model promises nothing.
    pub(crate) fn told(&self) -> Option<ScorePromise> {
        let learned = self.profile.as_ref().and_then(|profile| profile.benign.as_ref());
        let moved = learned.zip(self.unflagged.as_ref());
        let moved = moved.and_then(|(learned, fresh)| columns_moved(learned, fresh, self.limit));
        let outside = self.outside();
        let flows = self.span.and_then(|(first, last)| flows_per_day(self.rows, first, last));
        let alerts = |flows: f64| flows * self.flagged as f64 / self.rows as f64;
        let per_day = flows.map(|flows| PerDay { flows, alerts: alerts(flows) });
        self.promise.clone().map(|promise| ScorePromise {
            holds: moved.as_ref().map(Vec::is_empty),
            moved: moved.unwrap_or_default(),
            outside,
            per_day,
            ..promise
        })
    }

    fn count_beyond(&mut self, rows: &Dataset) {
        let Some(profile) = &self.profile else { return };
        let numbers = profile.numeric.iter().zip(&rows.numeric).map(|(learned, column)| beyond_range(learned, column));
        let texts = profile.categorical.iter().zip(&rows.categorical);
        let texts = texts.map(|(learned, column)| {
            let is_new: Vec<bool> = column.values.iter().map(|text| is_new(learned, text)).collect();
            column.codes.iter().filter(|code| is_new.get(**code as usize) == Some(&true)).count()
        });
        let counts: Vec<usize> = numbers.chain(texts).collect();
        self.beyond.iter_mut().zip(counts).for_each(|(sum, rows)| *sum += rows as u64);
    }

    fn outside(&self) -> Vec<Outside> {
        let Some(profile) = &self.profile else { return Vec::new() };
        let names = profile.numeric.iter().map(|c| &c.name).chain(profile.categorical.iter().map(|c| &c.name));
        let share = |rows: u64| rows as f64 / self.rows.max(1) as f64;
        let outside = names.zip(&self.beyond).map(|(name, rows)| Outside { name: name.clone(), share: share(*rows) });
        let mut outside: Vec<Outside> = outside.filter(|column| column.share >= LEAST_OUTSIDE).collect();
        outside.sort_by(|a, b| b.share.total_cmp(&a.share));
        outside
    }
}

fn beyond_range(learned: &NumericProfile, column: &[f32]) -> usize {
    let ends = learned.quantiles.first().zip(learned.quantiles.last());
    let Some((low, high)) = ends.map(|(low, high)| (low.value, high.value)) else { return 0 };
    column.iter().filter(|x| **x < low || **x > high).count()
}

/// Whether `text` never came in training; not to be told where more texts came than the profile names.
fn is_new(learned: &CategoricalProfile, text: &str) -> bool {
    learned.others == 0 && !learned.values.iter().any(|known| known.value == text)
}

impl ScoreSink for HoldsHere {
    type Output = Option<ScorePromise>;

    fn take(&mut self, batch: &Batch, scores: &Scores) -> Result<(), PipelineError> {
        self.count(&batch.dataset, scores);
        Ok(())
    }

    fn set_aside(&mut self, _rejects: &[Reject]) -> Result<(), PipelineError> {
        Ok(())
    }

    fn finish(self) -> Result<Option<ScorePromise>, PipelineError> {
        Ok(self.told())
    }
}
