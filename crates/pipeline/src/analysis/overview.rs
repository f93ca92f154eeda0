//! Counts of scored rows for the eye: scores by step, flows over time, hosts, and curves where the truth is known.

use std::path::{Path, PathBuf};

use nta_data::{Label, Scores};
use nta_ingest::{Batch, Reject};
use nta_metrics::curves;
use nta_model::Model;

use super::MemberAnalysis;
use super::hosts::Hosts;
use crate::error::{PipelineError, failed};
use crate::score::{HostCount, ScoreSink, Timeline, TimelineCounts};

/// Steps of a score, one of them zero alone.
pub(super) const STEPS: usize = 1_001;

/// Judged rows of which curves are drawn: 5 bytes a row and member, and as much again while they are ranked.
const MOST_JUDGED: usize = 5_000_000;

/// What was seen.
pub(super) struct Seen {
    pub(super) members: Vec<MemberAnalysis>,
    pub(super) no_curves: Option<String>,
    pub(super) timeline: Option<Timeline>,
    pub(super) hosts: Vec<HostCount>,
}

/// Rows seen so far.
pub(super) struct Overview {
    folder: PathBuf,
    members: Vec<MemberAnalysis>,
    /// Judged rows, in the order of the file: their labels, and by member their scores.
    labels: Vec<Label>,
    scores: Vec<Vec<f32>>,
    n_judged: usize,
    timeline: TimelineCounts,
    hosts: Hosts,
}

impl Overview {
    pub(super) fn of(model: &Model, folder: &Path) -> Self {
        let empty = |name: &str| MemberAnalysis {
            name: name.to_owned(),
            threshold: model.threshold(name).map_or(f32::NAN, |chosen| chosen.value),
            unjudged: vec![0; STEPS],
            benign: vec![0; STEPS],
            attacks: vec![0; STEPS],
            at_threshold: None,
            curves: None,
        };
        let members: Vec<MemberAnalysis> = model.names().map(empty).collect();
        Overview {
            folder: folder.to_owned(),
            scores: vec![Vec::new(); members.len()],
            members,
            labels: Vec::new(),
            n_judged: 0,
            timeline: TimelineCounts::default(),
            hosts: Hosts::of(&model.schema, folder),
        }
    }

    /// The truth of each row, `None` where it is not known.
    fn truth(batch: &Batch) -> Vec<Option<Label>> {
        let Some(labels) = &batch.dataset.label else { return vec![None; batch.dataset.n_rows()] };
        let judged = |i: usize| batch.unjudged.binary_search(&(i as u32)).is_err();
        labels.iter().enumerate().map(|(i, &label)| judged(i).then_some(label)).collect()
    }

    fn keep(&mut self, truth: &[Option<Label>], scores: &Scores) {
        self.n_judged += truth.iter().flatten().count();
        if self.n_judged > MOST_JUDGED {
            self.labels = Vec::new();
            self.scores.fill(Vec::new());
            return;
        }
        self.labels.extend(truth.iter().flatten());
        for (kept, column) in self.scores.iter_mut().zip(scores.columns()) {
            kept.extend(column.p_attack.iter().zip(truth).filter(|(_, truth)| truth.is_some()).map(|(score, _)| score));
        }
    }
}

impl ScoreSink for Overview {
    type Output = Seen;

    fn take(&mut self, batch: &Batch, scores: &Scores) -> Result<(), PipelineError> {
        let truth = Overview::truth(batch);
        for (member, column) in self.members.iter_mut().zip(scores.columns()) {
            for (&score, truth) in column.p_attack.iter().zip(&truth) {
                let counts = match truth {
                    None => &mut member.unjudged,
                    Some(Label::Benign) => &mut member.benign,
                    Some(Label::Attack) => &mut member.attacks,
                };
                counts[step(score)] += 1;
            }
        }
        self.keep(&truth, scores);
        let flags = &scores.hybrid().flags;
        if let Some(times) = &batch.dataset.time {
            times.iter().zip(flags).for_each(|(&time, &flagged)| self.timeline.add(time, flagged));
        }
        self.hosts.take(&batch.raw, flags).map_err(unwritten(&self.folder))
    }

    fn set_aside(&mut self, _rejects: &[Reject]) -> Result<(), PipelineError> {
        Ok(())
    }

    fn finish(self) -> Result<Seen, PipelineError> {
        let Overview { mut members, labels, scores, n_judged, .. } = self;
        if !labels.is_empty() {
            for (member, scores) in members.iter_mut().zip(&scores) {
                member.curves = Some(curves(scores, &labels).map_err(failed)?);
            }
        }
        let too_many = || format!("curves are drawn of up to {MOST_JUDGED} flows with labels; these are {n_judged}");
        Ok(Seen {
            members,
            no_curves: (n_judged > MOST_JUDGED).then(too_many),
            timeline: self.timeline.finish(),
            hosts: self.hosts.finish().map_err(unwritten(&self.folder))?,
        })
    }
}

/// The place of a score among the steps, see [`MemberAnalysis::unjudged`].
fn step(score: f32) -> usize {
    let top = STEPS - 1;
    ((f64::from(score) * top as f64).ceil() as usize).min(top)
}

fn unwritten(folder: &Path) -> impl Fn(std::io::Error) -> PipelineError {
    let path = folder.to_owned();
    move |source| failed(nta_tracking::TrackingError::Io { doing: "write hosts in", path: path.clone(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_above_a_threshold_stand_behind_its_place() {
        for k in [0usize, 1, 250, 431, 999, 1000] {
            let threshold = k as f64 / 1000.0;
            for i in 0..=5_000 {
                let score = i as f32 / 5_000.0;
                assert_eq!(step(score) > k, f64::from(score) > threshold, "{score} against {threshold}");
            }
        }
    }
}
