//! The profile that goes with a model: what the members learned from, what scores were like on rows that no member and no
//! fusion has learned from, and both as the report shows them.

use nta_data::{Dataset, HYBRID, ScoreColumn, Scores};
use nta_metrics::ChosenThreshold;
use nta_preprocess::{CategoricalProfile, NumericProfile, Profile, ScoreProfile};
use nta_report::ProfileSection;

use crate::error::{PipelineError, failed};

/// The profile of the training part's columns and of the scores on the threshold part, with the flags that `chosen`, the
/// hybrid's threshold, gives them. `benign` rows of the training are counted by themselves.
///
/// # Errors
/// Flags that are not as many as the scores.
pub(crate) fn fit(
    train: &Dataset,
    benign: &Dataset,
    threshold: Scores,
    chosen: &ChosenThreshold,
) -> Result<Profile, PipelineError> {
    let mut profile = Profile::fit(train);
    let flagged = ScoreColumn::new(HYBRID, threshold.hybrid().p_attack.clone(), |score| chosen.flags(score));
    let threshold = threshold.with_hybrid(flagged).map_err(failed)?;
    if let Some(spread) = &mut profile.spread {
        spread.take_scores(&threshold);
    }
    profile.count_benign(benign);
    profile.scores = threshold.columns().map(|column| ScoreProfile::of(&column.name, &column.p_attack)).collect();
    Ok(profile)
}

/// All columns of the profile.
pub(super) fn section(profile: &Profile) -> ProfileSection {
    let rows = profile.rows;
    ProfileSection {
        numeric: profile.numeric.iter().map(|column| numeric(column, rows)).collect(),
        categorical: profile.categorical.iter().map(|column| categorical(column, rows)).collect(),
        scores: profile.scores.iter().map(score).collect(),
    }
}

fn numeric(column: &NumericProfile, rows: u64) -> nta_report::NumericProfile {
    let quantile = |q: &nta_preprocess::Quantile| (q.probability, f64::from(q.value));
    nta_report::NumericProfile {
        name: column.name.clone(),
        rows,
        missing_rate: column.missing_rate(rows),
        quantiles: column.quantiles.iter().map(quantile).collect(),
    }
}

fn categorical(column: &CategoricalProfile, rows: u64) -> nta_report::CategoricalProfile {
    nta_report::CategoricalProfile {
        name: column.name.clone(),
        missing_rate: column.missing_rate(rows),
        distinct: column.distinct,
        top: column.values.iter().map(|count| (count.value.clone(), count.rows)).collect(),
        others: column.others,
    }
}

fn score(column: &ScoreProfile) -> nta_report::ScoreProfile {
    nta_report::ScoreProfile { name: column.name.clone(), bins: column.bins.clone() }
}
