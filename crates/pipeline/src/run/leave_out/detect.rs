//! Detection rates on rows of families that were fitted on, and of those that were not.

use nta_data::{Label, ScoreColumn};
use nta_hybrid::HybridConfig;
use nta_metrics::{LeftOutDetection, Ranking};
use nta_model::MemberKind;

use super::candidates::candidates;
use super::deal::{Dealt, Kind};
use crate::error::{PipelineError, failed};

/// The false positive rate that detection rates are read at.
const RATE: f64 = 0.01;
/// A family with fewer judged rows says nothing by itself.
const FEWEST_OF_FAMILY: usize = 15;

/// Detection rates of one candidate, one time.
#[derive(Clone, Copy)]
pub(super) struct Detection {
    unseen: Option<f64>,
    known: Option<f64>,
}

impl Detection {
    /// Of the scores of the judged rows.
    pub(super) fn of(scores: &[f32], dealt: &Dealt) -> Result<Self, PipelineError> {
        let rate = |kind: &dyn Fn(&Kind) -> bool| rate_of(scores, &dealt.kinds, kind);
        let mut families: Vec<&Kind> = dealt.kinds.iter().filter(|kind| matches!(kind, Kind::Unseen(_))).collect();
        families.sort_by_key(|kind| match kind {
            Kind::Unseen(name) => name.as_str(),
            _ => "",
        });
        let enough = families.chunk_by(|a, b| a == b).filter(|rows| rows.len() >= FEWEST_OF_FAMILY);
        let of_family = |rows: &[&Kind]| rate(&|kind| kind == rows[0]);
        let rates: Vec<f64> = enough.map(of_family).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        Ok(Detection { unseen: mean(rates), known: rate(&|kind| *kind == Kind::Known)? })
    }

    /// Means over the times.
    pub(super) fn mean(found: &[Detection]) -> LeftOutDetection {
        let by_left_out: Vec<Option<f64>> = found.iter().map(|found| found.unseen).collect();
        let unseen = mean(by_left_out.iter().copied().flatten().collect());
        let known = mean(found.iter().filter_map(|found| found.known).collect());
        LeftOutDetection { unseen, known, by_left_out }
    }
}

/// What each candidate finds; one that cannot be fitted on these rows is left out. `labels` are those of the calibration rows.
pub(super) fn detect(
    kinds: &[MemberKind],
    labels: &[Label],
    dealt: &Dealt,
    [calibration, judged]: &[Vec<ScoreColumn>; 2],
) -> Result<Vec<(String, Detection)>, PipelineError> {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    let mut found = Vec::new();
    for (name, combine) in candidates(&names) {
        let config = HybridConfig { combine, ..HybridConfig::default() };
        let Ok(hybrid) = config.fit(calibration, labels) else { continue };
        let scores = hybrid.combine(judged).map_err(failed)?;
        found.push((name, Detection::of(&scores, dealt)?));
    }
    Ok(found)
}

/// The detection rate of the rows that `is` names among them and the benign ones.
fn rate_of(scores: &[f32], kinds: &[Kind], is: &dyn Fn(&Kind) -> bool) -> Result<Option<f64>, PipelineError> {
    let rows: Vec<usize> = (0..kinds.len()).filter(|&i| kinds[i] == Kind::Benign || is(&kinds[i])).collect();
    let label = |i: &usize| if kinds[*i] == Kind::Benign { Label::Benign } else { Label::Attack };
    let (scores, labels): (Vec<f32>, Vec<Label>) = rows.iter().map(|i| (scores[*i], label(i))).unzip();
    Ok(Ranking::new(&scores, &labels).map_err(failed)?.detection_rate_at_fpr(RATE))
}

fn mean(values: Vec<f64>) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
