//! What training makes small: the log loss of a row, or the focal loss.

use crate::Loss;
use crate::kernel::{exp_negative, log_loss, loss_and_probability, probability};

impl Loss {
    /// The power of (1 − p), 0 for the log loss.
    pub(crate) fn power(self) -> f64 {
        match self {
            Loss::LogLoss => 0.0,
            Loss::Focal(power) => power,
        }
    }

    /// The loss of a row with this logit, and its derivative by the logit.
    ///
    /// With p the probability given to what happened, q = 1 − p and γ the power: loss = −qᵞ ln p, and its derivative by
    /// the logit of p is γ qᵞ p ln p − qᵞ q (Lin et al. 2017, appendix B).
    pub(crate) fn of(self, logit: f32, attack: bool) -> (f64, f32) {
        let (plain, p) = loss_and_probability(logit, attack);
        let Loss::Focal(power) = self else {
            return (plain, p - f32::from(u8::from(attack)));
        };
        let (right, wrong) = if attack { (logit, -logit) } else { (-logit, logit) };
        let (p, q) = (f64::from(probability(right)), f64::from(probability(wrong)));
        // qᵞ from −ln q, which stays exact where q is next to 0 or 1.
        let share = exp_negative(power * log_loss(logit, !attack));
        let slope = -share * (power * p * plain + q);
        (share * plain, (if attack { slope } else { -slope }) as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_focal_loss_is_that_of_the_paper() {
        // p = 0.9 and p = 0.1 with γ = 2: −0.1² ln 0.9 and −0.9² ln 0.1.
        let logit = 9f32.ln();
        let (easy, _) = Loss::Focal(2.0).of(logit, true);
        let (hard, _) = Loss::Focal(2.0).of(logit, false);
        assert!((easy - 0.001_053_605_2).abs() < 1e-9, "{easy}");
        assert!((hard - 1.865_094).abs() < 1e-6, "{hard}");
        assert_eq!(Loss::LogLoss.of(logit, true).0, log_loss(logit, true));
        // Far out the loss is the logit, or nothing, and never not a number.
        let (none, slope) = Loss::Focal(0.5).of(200.0, true);
        assert!(none < 1e-80 && slope == 0.0);
        let (far, slope) = Loss::Focal(0.5).of(-200.0, true);
        assert!((far - 200.0).abs() < 1e-6 && (slope + 1.0).abs() < 1e-6);
    }

    #[test]
    fn slopes_are_those_of_the_loss() {
        let step = 1e-3f32;
        for loss in [Loss::LogLoss, Loss::Focal(0.5), Loss::Focal(2.0), Loss::Focal(5.0)] {
            for attack in [false, true] {
                for i in -60..=60 {
                    let logit = i as f32 * 0.1;
                    let rise = loss.of(logit + step, attack).0 - loss.of(logit - step, attack).0;
                    let expected = rise / f64::from((logit + step) - (logit - step));
                    let (_, slope) = loss.of(logit, attack);
                    assert!(
                        (f64::from(slope) - expected).abs() < 1e-5,
                        "{loss:?} {attack} {logit}: {slope} {expected}"
                    );
                }
            }
        }
    }
}
