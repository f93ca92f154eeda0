//! Two frozen models on the same rows, both at the threshold that flags the same share of the benign ones: which finds more
//! attacks, and how sure that is.
//!
//! Both thresholds are read off the judged rows: equal operating points of two rankings, not thresholds for service. The
//! bootstrap reads them off every draw anew, so its interval holds what that costs in certainty.

mod bootstrap;
mod equal_rate;
mod mcnemar;
mod rule;
mod units;

pub use mcnemar::McNemar;
pub use rule::{Check, Checked, PromotionRule};
pub use units::{UnitKind, Units};

use nta_data::{Categories, Label};
use serde::{Deserialize, Serialize};

use crate::Named;
use crate::error::{MetricsError, all_scores, same_length};
use bootstrap::interval;
use equal_rate::Ordered;

/// What is compared: rows in arrival order, and what both models say of each.
#[derive(Debug, Clone, Copy)]
pub struct PairedInput<'a> {
    /// Truth, `(n_rows)`.
    pub labels: &'a [Label],
    /// Attack families, `(n_rows)`, where they are known.
    pub families: Option<&'a Categories>,
    /// The host of each row, `(n_rows)`; empty where rows belong to none.
    pub host: &'a [u64],
    /// Fused scores of the model in service, `(n_rows)`.
    pub champion: &'a [f32],
    /// Fused scores of the model that would take its place, `(n_rows)`.
    pub challenger: &'a [f32],
    /// Share of the benign rows that both may flag.
    pub false_positive_rate: f64,
    /// How often either end of the interval may miss the truth.
    pub alpha: f64,
    /// Of the bootstrap's draws.
    pub seed: u64,
}

/// Two models at the same false positive rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Paired {
    /// Benign rows.
    pub benign: u64,
    /// Attacks.
    pub attacks: u64,
    /// Share of the benign rows that both may flag.
    pub false_positive_rate: f64,
    /// The model in service.
    pub champion: AtRate,
    /// The model that would take its place.
    pub challenger: AtRate,
    /// Recall that the challenger has more.
    pub gain: f64,
    /// Interval of the gain, each end missed with probability `alpha` at most; null where too few units hold attacks.
    pub interval: Option<(f64, f64)>,
    /// How often either end may miss the truth.
    pub alpha: f64,
    /// What the bootstrap drew.
    pub units: Units,
    /// The attacks that one finds and the other does not.
    pub mcnemar: McNemar,
    /// Family by family, the largest first.
    pub families: Named<FamilyPair>,
}

/// A model at the common rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AtRate {
    /// Rows that score above it are flagged.
    pub threshold: f32,
    /// Benign rows flagged.
    pub false_alarms: u64,
    /// Attacks flagged.
    pub detected: u64,
    /// Their share of the attacks.
    pub recall: f64,
}

/// A family at the common rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FamilyPair {
    /// Flows of this family.
    pub flows: u64,
    /// Share that the champion flags.
    pub champion: f64,
    /// Share that the challenger flags.
    pub challenger: f64,
}

impl FamilyPair {
    /// Recall that the challenger has less.
    pub fn fall(&self) -> f64 {
        self.champion - self.challenger
    }
}

/// Compares the two.
///
/// # Errors
/// Columns of different lengths, a score outside [0, 1], rows of one class.
pub fn compare_paired(input: &PairedInput<'_>) -> Result<Paired, MetricsError> {
    let labels = input.labels;
    for (what, scores) in [("the champion's", input.champion), ("the challenger's", input.challenger)] {
        same_length(&format!("{what} scores column"), labels.len(), scores.len())?;
        all_scores(what, scores)?;
    }
    let attacks = labels.iter().filter(|label| label.is_attack()).count() as u64;
    let benign = labels.len() as u64 - attacks;
    if attacks == 0 || benign == 0 {
        return Err(MetricsError::OneClass { benign, attacks });
    }
    let (units, unit) = Units::of(labels, input.host);
    let [champion, challenger] = [input.champion, input.challenger].map(|scores| Ordered::new(scores, labels, &unit));
    let once = vec![1; units.n as usize];
    let [at_champion, at_challenger] =
        [&champion, &challenger].map(|ordered| ordered.at_rate(input.false_positive_rate, &once));
    let finds = |scores: &[f32], at: &AtRate| -> Vec<bool> {
        (0..labels.len()).map(|i| labels[i].is_attack() && scores[i] > at.threshold).collect()
    };
    let (old, new) = (finds(input.champion, &at_champion), finds(input.challenger, &at_challenger));
    Ok(Paired {
        benign,
        attacks,
        false_positive_rate: input.false_positive_rate,
        gain: at_challenger.recall - at_champion.recall,
        champion: at_champion,
        challenger: at_challenger,
        interval: interval(&champion, &challenger, &units, input),
        alpha: input.alpha,
        units,
        mcnemar: McNemar::of(&old, &new),
        families: input.families.map(|families| by_family(labels, families, &old, &new)).unwrap_or_default(),
    })
}

fn by_family(labels: &[Label], families: &Categories, old: &[bool], new: &[bool]) -> Named<FamilyPair> {
    let mut counts = vec![[0u64; 3]; families.values.len()];
    for (i, &code) in families.codes.iter().enumerate() {
        if labels[i].is_attack() && code != Categories::MISSING {
            let count = &mut counts[code as usize];
            *count = [count[0] + 1, count[1] + u64::from(old[i]), count[2] + u64::from(new[i])];
        }
    }
    let mut found: Vec<(&str, FamilyPair)> = families
        .values
        .iter()
        .zip(counts)
        .filter(|(_, [flows, ..])| *flows > 0)
        .map(|(name, [flows, old, new])| {
            let share = |n: u64| n as f64 / flows as f64;
            (name.as_str(), FamilyPair { flows, champion: share(old), challenger: share(new) })
        })
        .collect();
    found.sort_by(|a, b| b.1.flows.cmp(&a.1.flows).then(a.0.cmp(b.0)));
    found.into_iter().collect()
}

#[cfg(test)]
mod tests;
