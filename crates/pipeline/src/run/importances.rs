//! What the forest's features are worth: in training by impurity, on held-out rows by shuffling.

use nta_data::{Label, Purpose, rng};
use nta_forest::{Forest, ForestError};
use nta_metrics::{INTERVAL_CONFIDENCE, Ranking, mean_interval};
use nta_report::{Feature, Loss, Permutation};
use rand_core::RngCore;
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::learning::LearningParts;
use crate::error::{PipelineError, failed};
use crate::event::{FeatureLoss, Outcome, Remark, Stage, Unit};

/// The features of the forest, in the order of training, and on what they were shuffled.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Importances {
    pub(crate) features: Vec<Feature>,
    pub(crate) permutation: Permutation,
}

impl Importances {
    /// Where no member has features that are worth something by themselves.
    pub(crate) fn of_no_member() -> Self {
        let why = "no member is a forest".to_owned();
        Importances { features: Vec::new(), permutation: Permutation::Skipped { why } }
    }
}

/// Rows that values are shuffled among, at most: an interval over more tells little more, and takes as much longer.
const MOST_ROWS: usize = 20_000;
/// A class keeps this many rows, or all it has, however small its share.
const LEAST_OF_CLASS: usize = 1_000;
/// Blocks that the rows are dealt to. The interval is made from their differences.
const BLOCKS: usize = 10;

/// Shuffles each feature among rows of the validation part, which the forest has not seen and no threshold is chosen on.
pub(crate) fn importances(
    ctx: &mut Context<'_>,
    forest: &Forest,
    parts: &LearningParts<'_>,
) -> Result<(Importances, Outcome), PipelineError> {
    let importances = match ctx.kept("importances.json")? {
        Some(kept) => kept,
        None => {
            let measured = measure(ctx, forest, parts)?;
            ctx.keep("importances.json", &measured)?;
            measured
        }
    };
    if let Permutation::Skipped { why } = &importances.permutation {
        ctx.log.remark(Remark::ImportancesSkipped { reason: why.clone() })?;
    }
    let outcome = outcome(&importances);
    Ok((importances, outcome))
}

fn measure(ctx: &Context<'_>, forest: &Forest, parts: &LearningParts<'_>) -> Result<Importances, PipelineError> {
    let labels = parts.validation.labels;
    let blocks = match blocks_of(labels, parts.validation_copies, ctx.config.seed) {
        Ok(blocks) => blocks,
        Err(why) => {
            let feature = |(name, importance)| Feature { name, importance, loss: None };
            let features = forest.importances().into_iter().map(feature).collect();
            return Ok(Importances { features, permutation: Permutation::Skipped { why } });
        }
    };
    let average_precision =
        |scores: &[f32], labels: &[Label]| Ranking::new(scores, labels).ok().and_then(|r| r.average_precision());
    let watch = ctx.log.watch(Stage::Importances, Unit::FeaturesShuffled);
    let found = forest
        .permutation_importances(
            &parts.validation.tabular()?,
            labels,
            &blocks,
            &average_precision,
            ctx.config.seed,
            &watch,
        )
        .map_err(|error| match error {
            ForestError::Cancelled => PipelineError::Interrupted("while shuffling features".to_owned()),
            error => failed(error),
        })?;
    let feature = |((name, importance), (_, costs)): ((String, f64), (String, Vec<f64>))| {
        let interval = mean_interval(&costs, INTERVAL_CONFIDENCE);
        let loss = interval.map(|i| Loss { mean: mean(&costs), low: i.low, high: i.high });
        Feature { name, importance, loss }
    };
    let attacks = blocks.iter().flatten().filter(|&&row| labels[row as usize].is_attack()).count();
    Ok(Importances {
        features: forest.importances().into_iter().zip(found.costs).map(feature).collect(),
        permutation: Permutation::Measured {
            flows: blocks.iter().map(Vec::len).sum::<usize>() as u64,
            attacks: attacks as u64,
            blocks: blocks.len() as u64,
            average_precision: mean(&found.quality),
        },
    })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Rows without a copy in training, each class dealt evenly to the blocks; or why there are none. Of too many rows a
/// sample is taken that keeps the classes' shares, but does not let a rare one vanish.
fn blocks_of(labels: &[Label], copies: &[bool], seed: u64) -> Result<Vec<Vec<u32>>, String> {
    let of = |class: Label| -> Vec<u32> {
        let rows = (0..labels.len()).filter(|&row| labels[row] == class && !copies[row]);
        rows.map(|row| row as u32).collect()
    };
    let classes = [Label::Benign, Label::Attack].map(of);
    let n_blocks = classes.iter().map(Vec::len).fold(BLOCKS, usize::min);
    if n_blocks < 2 {
        let [benign, attacks] = classes.map(|rows| rows.len());
        return Err(format!(
            "without copies of training flows the validation part has too few of a class (benign {benign}, attacks \
             {attacks}); an interval takes two of each"
        ));
    }
    let mut blocks = vec![Vec::new(); n_blocks];
    let kept = kept_of_classes([classes[0].len(), classes[1].len()]);
    for (class, (rows, kept)) in classes.into_iter().zip(kept).enumerate() {
        let mut random = rng(seed, Purpose::HeldOutSample, class as u64, 0);
        let mut drawn: Vec<(u64, u32)> = rows.into_iter().map(|row| (random.next_u64(), row)).collect();
        drawn.sort_unstable();
        for (i, (_, row)) in drawn.into_iter().take(kept).enumerate() {
            blocks[i % n_blocks].push(row);
        }
    }
    Ok(blocks)
}

/// How many of so many rows of each class are kept.
fn kept_of_classes([a, b]: [usize; 2]) -> [usize; 2] {
    if a + b <= MOST_ROWS {
        return [a, b];
    }
    let rare = a.min(b);
    let share = (MOST_ROWS as f64 * rare as f64 / (a + b) as f64).round() as usize;
    let rare = share.max(LEAST_OF_CLASS).min(rare);
    if a < b { [rare, MOST_ROWS - rare] } else { [MOST_ROWS - rare, rare] }
}

/// Features told of the stage.
const NAMED: usize = 10;

fn outcome(importances: &Importances) -> Outcome {
    let flows = match importances.permutation {
        Permutation::Measured { flows, .. } => Some(flows),
        Permutation::Skipped { .. } => None,
    };
    let mut features: Vec<(&str, f64)> =
        importances.features.iter().filter_map(|f| Some((f.name.as_str(), f.loss?.mean))).collect();
    features.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let largest = features.into_iter().take(NAMED);
    Outcome::Importances {
        flows,
        largest: largest.map(|(feature, loss)| FeatureLoss { feature: feature.to_owned(), loss }).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(benign: usize, attacks: usize) -> Vec<Label> {
        [vec![Label::Benign; benign], vec![Label::Attack; attacks]].concat()
    }

    #[test]
    fn every_block_holds_both_classes_and_no_row_stands_twice() {
        let labels = labels(1_000, 57);
        let blocks = blocks_of(&labels, &vec![false; 1_057], 1).unwrap();
        let mut rows = blocks.concat();
        rows.sort_unstable();
        assert_eq!(rows, (0..1_057).collect::<Vec<u32>>());
        for block in &blocks {
            let attacks = block.iter().filter(|&&row| labels[row as usize].is_attack()).count();
            assert!((5..=6).contains(&attacks) && block.len() - attacks == 100, "{attacks}");
        }
        assert_ne!(blocks, blocks_of(&labels, &vec![false; 1_057], 2).unwrap());
    }

    #[test]
    fn a_sample_keeps_the_shares_and_a_rare_class_whole() {
        let labels = labels(45_000, 15_000);
        let rows = blocks_of(&labels, &vec![false; 60_000], 1).unwrap().concat();
        let attacks = rows.iter().filter(|&&row| labels[row as usize].is_attack()).count();
        assert_eq!((rows.len(), attacks), (20_000, 5_000));
        assert_eq!(kept_of_classes([19_000, 1_000]), [19_000, 1_000]);
        assert_eq!(kept_of_classes([199_900, 100]), [19_900, 100]);
        assert_eq!(kept_of_classes([2_000, 198_000]), [1_000, 19_000]);
        assert_eq!(kept_of_classes([500_000, 500_000]), [10_000, 10_000]);
    }

    #[test]
    fn copies_of_training_rows_stay_out() {
        let labels = labels(100, 20);
        let copies: Vec<bool> = (0..120).map(|row| row % 2 == 0).collect();
        let rows = blocks_of(&labels, &copies, 1).unwrap().concat();
        assert!(rows.len() == 60 && rows.iter().all(|row| row % 2 == 1));
    }

    #[test]
    fn too_few_attacks_are_told() {
        let copies: Vec<bool> = (0..150).map(|row| row > 100).collect();
        let why = blocks_of(&labels(100, 50), &copies, 1).unwrap_err();
        let words = "without copies of training flows the validation part has too few of a class (benign 100, attacks \
                     1); an interval takes two of each";
        assert_eq!(why, words);
    }
}
