//! Scores of one fit in the place of another's. A network trained on some rows more, or in another order, ranks flows much
//! alike and says other numbers: a threshold cannot be taken from one to the other as it is. So a score is taken over by its
//! place among the benign rows that its own network was fitted on.

use nta_data::{Label, ScoreColumn};

/// Scores of the benign rows that a network was fitted on, as log odds, ascending.
pub(super) struct OwnScale(Vec<f64>);

impl OwnScale {
    /// Of the scores of the rows fitted on.
    pub(super) fn of(scores: &[f32], labels: &[Label]) -> Self {
        let benign = scores.iter().zip(labels).filter(|(_, label)| !label.is_attack());
        let mut benign: Vec<f64> = benign.map(|(score, _)| log_odds(*score)).collect();
        benign.sort_unstable_by(f64::total_cmp);
        OwnScale(benign)
    }

    /// `column` as the network of the scale `other` would say it: what lies as high among its benign rows. Beyond both ends as
    /// far beyond as here, in log odds.
    pub(super) fn taken_to(&self, other: &OwnScale, column: &ScoreColumn) -> ScoreColumn {
        let taken = column.p_attack.iter().map(|&score| match (self.ends(), other.ends()) {
            (Some((low, high)), Some((other_low, other_high))) => match log_odds(score) {
                x if x >= high => odds(other_high + (x - high)),
                x if x <= low => odds(other_low + (x - low)),
                x => odds(other.at(self.share_below(x))),
            },
            _ => score,
        });
        ScoreColumn::new(&column.name, taken.collect(), |_| false)
    }

    fn ends(&self) -> Option<(f64, f64)> {
        Some((*self.0.first()?, *self.0.last()?))
    }

    /// Where `x` stands, from 0 at the lowest to 1 at the highest, the middle of those that equal it; between two in
    /// proportion.
    fn share_below(&self, x: f64) -> f64 {
        let (below, not_above) = (self.0.partition_point(|y| *y < x), self.0.partition_point(|y| *y <= x));
        let place = match below < not_above {
            true => (below + not_above - 1) as f64 / 2.0,
            false => below as f64 - (self.0[below] - x) / (self.0[below] - self.0[below - 1]),
        };
        place / (self.0.len() - 1).max(1) as f64
    }

    /// What stands at `share`.
    fn at(&self, share: f64) -> f64 {
        let place = share * (self.0.len() - 1) as f64;
        let (low, part) = (place.floor() as usize, place.fract());
        let high = (low + 1).min(self.0.len() - 1);
        self.0[low] + part * (self.0[high] - self.0[low])
    }
}

/// The nearest to 0 and 1 that a score counts as.
const EDGE: f64 = 1e-7;

fn log_odds(score: f32) -> f64 {
    let p = f64::from(score).clamp(EDGE, 1.0 - EDGE);
    (p / (1.0 - p)).ln()
}

fn odds(x: f64) -> f32 {
    (1.0 / (1.0 + (-x).exp())) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: usize = 1_000;

    fn scale(of: impl Fn(f64) -> f64) -> (OwnScale, Vec<f32>) {
        let scores: Vec<f32> = (0..N).map(|i| of((i as f64 + 0.5) / N as f64) as f32).collect();
        (OwnScale::of(&scores, &[Label::Benign; N]), scores)
    }

    #[test]
    fn a_network_that_says_the_same_in_other_numbers_is_taken_over() {
        let (ours, scores) = scale(|x| x * 0.5);
        let (theirs, expected) = scale(|x| x * x * 0.5);
        let column = ScoreColumn::new("lstm", scores, |_| false);
        let taken = ours.taken_to(&theirs, &column).p_attack;
        for (taken, expected) in taken.iter().zip(&expected) {
            assert!((taken - expected).abs() < 1e-5, "{taken} is not {expected}");
        }
        let between = ScoreColumn::new("lstm", vec![0.123_4, 0.4, 0.6, 0.99], |_| false);
        let taken = ours.taken_to(&theirs, &between).p_attack;
        assert!(taken.is_sorted() && taken[3] < 1.0 && taken[3] > 0.95, "{taken:?}");
        assert!((taken[1] - 0.32).abs() < 1e-3);
    }

    #[test]
    fn ties_and_no_rows_are_no_trouble() {
        let ties = OwnScale::of(&[0.2; 5], &[Label::Benign; 5]);
        let (theirs, _) = scale(|x| x);
        let column = ScoreColumn::new("lstm", vec![0.0, 0.2, 1.0], |_| false);
        assert!(ties.taken_to(&theirs, &column).p_attack.iter().all(|score| (0.0..=1.0).contains(score)));
        assert!(theirs.taken_to(&ties, &column).p_attack.is_sorted());
        let none = OwnScale::of(&[0.2], &[Label::Attack]);
        assert_eq!(none.taken_to(&theirs, &column).p_attack, column.p_attack);
    }
}
