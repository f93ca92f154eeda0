//! Weights of lowest log loss on the calibration part, from a grid over all weights that sum to 1.

use nta_data::{Label, ScoreColumn};
use nta_metrics::log_loss;

use crate::fusion::Fusion;
use crate::{Hybrid, HybridError};

/// The grid is made coarser until it has no more points than this.
const MAX_POINTS: usize = 256;

/// The grid's weights of lowest log loss; of equal losses the weights nearest to equal ones.
pub(crate) fn tune(members: &[ScoreColumn], labels: &[Label]) -> Result<Vec<(String, f64)>, HybridError> {
    let names: Vec<String> = members.iter().map(|m| m.name.clone()).collect();
    let mut best = (f64::INFINITY, f64::INFINITY, Vec::new());
    for point in grid(members.len()) {
        let weights: Vec<(String, f64)> = names.iter().cloned().zip(point.iter().map(|&w| f64::from(w))).collect();
        let hybrid = Hybrid::new(names.clone(), Fusion::weighted(weights.clone()))?;
        let loss = log_loss(&hybrid.combine(members)?, labels)?.unwrap_or(0.0);
        // The sum of squared shares grows with the distance from equal weights.
        let steps: u32 = point.iter().sum();
        let unevenness = point.iter().map(|&w| (f64::from(w) / f64::from(steps)).powi(2)).sum();
        if (loss, unevenness) < (best.0, best.1) {
            best = (loss, unevenness, weights);
        }
    }
    Ok(best.2)
}

/// Equal weights, then all ways to give as many steps as possible, at most 20, to `members`.
fn grid(members: usize) -> Vec<Vec<u32>> {
    let steps = (1..=20).rev().find(|&steps| n_points(members, steps) <= MAX_POINTS).unwrap_or(1);
    let mut points = vec![vec![1; members]];
    give_steps(members, steps, &mut Vec::new(), &mut points);
    points
}

/// Ways to give `steps` to `members`: the binomial of (steps + members - 1, members - 1).
fn n_points(members: usize, steps: u32) -> usize {
    (1..members).fold(1usize, |ways, i| ways.saturating_mul(steps as usize + i) / i)
}

/// Adds to `points` every way to give `left` steps to the members that have none yet in `given`.
fn give_steps(members: usize, left: u32, given: &mut Vec<u32>, points: &mut Vec<Vec<u32>>) {
    if given.len() + 1 == members {
        points.push(given.iter().copied().chain([left]).collect());
        return;
    }
    for share in 0..=left {
        given.push(share);
        give_steps(members, left - share, given, points);
        given.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_holds_every_way_to_give_its_steps() {
        assert_eq!(grid(1), [[1], [20]]);
        assert_eq!(grid(2).len(), 1 + 21);
        assert_eq!((grid(3).len(), &grid(3)[0]), (1 + 231, &vec![1, 1, 1]));
        assert!(grid(3)[1..].iter().all(|point| point.iter().sum::<u32>() == 20));
        // Six members: 252 ways to give 5 steps, 462 to give 6.
        assert!(grid(6).len() == 1 + 252 && grid(6).contains(&vec![2, 1, 1, 1, 0, 0]));
    }
}
