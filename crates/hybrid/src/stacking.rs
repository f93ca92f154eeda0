//! Logistic regression on the members' log odds, by smartcore.

use nta_data::{Label, ScoreColumn};
use nta_metrics::Named;
use smartcore::linalg::basic::arrays::Array;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linear::logistic_regression::{LogisticRegression, LogisticRegressionParameters};

use crate::HybridError;
use crate::fusion::Fusion;
use crate::log_odds::log_odds;

/// Weight of the squared coefficients against the summed log loss, as scikit-learn's `C = 1`: it keeps coefficients
/// finite where the calibration part is separable.
const RIDGE: f64 = 1.0;

/// Largest gradient per row at which the solver's answer is taken.
const CONVERGED: f64 = 1e-5;

/// Fits the regression. A member whose coefficient comes out at or below 0 would make the fused score fall where its
/// own rises; the most negative one is left out and the rest fitted anew, until none is.
pub(crate) fn fit(members: &[ScoreColumn], labels: &[Label]) -> Result<Fusion, HybridError> {
    let columns: Vec<Vec<f64>> = members.iter().map(|m| m.p_attack.iter().map(|&p| log_odds(p)).collect()).collect();
    let mut kept: Vec<usize> = (0..members.len()).collect();
    while !kept.is_empty() {
        let used: Vec<&[f64]> = kept.iter().map(|&i| columns[i].as_slice()).collect();
        let (intercept, fitted) = regress(&used, labels)?;
        let (worst, lowest) = fitted.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).unwrap_or((0, &0.0));
        if *lowest > 0.0 {
            let coefficient = |i: usize| kept.iter().position(|k| *k == i).map_or(0.0, |at| fitted[at]);
            let coefficients: Named<f64> =
                members.iter().enumerate().map(|(i, m)| (m.name.clone(), coefficient(i))).collect();
            return Ok(Fusion::Stacking { intercept, coefficients });
        }
        kept.remove(worst);
    }
    Err(HybridError::NoMemberHelps)
}

/// Intercept and coefficients for `columns` `(n_members)` of `(n_rows)`. smartcore starts from 0 and draws no random
/// number, so the same rows give the same bits.
fn regress(columns: &[&[f64]], labels: &[Label]) -> Result<(f64, Vec<f64>), HybridError> {
    let rows = labels.len();
    let not_converged = |why: String| HybridError::NotConverged { rows, why };
    let x = DenseMatrix::new(rows, columns.len(), columns.concat(), true).map_err(|e| not_converged(e.to_string()))?;
    let y: Vec<u32> = labels.iter().map(|l| u32::from(l.is_attack())).collect();
    let parameters = LogisticRegressionParameters::default().with_alpha(RIDGE);
    let model = LogisticRegression::fit(&x, &y, parameters).map_err(|e| not_converged(e.to_string()))?;
    let intercept = *model.intercept().get((0, 0));
    let coefficients: Vec<f64> = (0..columns.len()).map(|j| *model.coefficients().get((0, j))).collect();
    let left = gradient(columns, labels, intercept, &coefficients) / rows as f64;
    // Also refuses NaN.
    if left <= CONVERGED { Ok((intercept, coefficients)) } else { Err(not_converged(format!("gradient {left:.1e}"))) }
}

/// Largest component of the objective's gradient, for smartcore does not say whether it converged.
fn gradient(columns: &[&[f64]], labels: &[Label], intercept: f64, coefficients: &[f64]) -> f64 {
    let mut sums = vec![0.0; columns.len()];
    let mut intercept_sum = 0.0;
    for (i, label) in labels.iter().enumerate() {
        let z = intercept + columns.iter().zip(coefficients).map(|(c, w)| c[i] * w).sum::<f64>();
        let residual = 1.0 / (1.0 + (-z).exp()) - f64::from(u8::from(label.is_attack()));
        intercept_sum += residual;
        for (sum, column) in sums.iter_mut().zip(columns) {
            *sum += residual * column[i];
        }
    }
    let slopes = sums.iter().zip(coefficients).map(|(sum, w)| sum + RIDGE * w);
    // Written so that NaN stays.
    slopes
        .chain([intercept_sum])
        .fold(0.0, |largest, g| if g.abs() <= largest || largest.is_nan() { largest } else { g.abs() })
}
#[cfg(test)]
mod tests {
    use super::*;

    const N: u32 = 400;

    fn labels() -> Vec<Label> {
        (0..N).map(|i| if i * 7_919 % 97 < 30 { Label::Attack } else { Label::Benign }).collect()
    }

    /// A member whose scores cycle by `step` and `cycle` and rise by `lift` with attack.
    fn member(name: &str, step: u32, cycle: u32, lift: f64) -> ScoreColumn {
        let score = |(i, label): (u32, Label)| {
            let truth = f64::from(u8::from(label.is_attack()));
            let lifted = if lift < 0.0 { -lift * (1.0 - truth) } else { lift * truth };
            (f64::from(i * step % cycle) / f64::from(2 * cycle) + lifted) as f32
        };
        ScoreColumn::new(name, (0..N).zip(labels()).map(score).collect(), |_| false)
    }

    fn numbers(members: &[ScoreColumn]) -> (f64, Vec<f64>) {
        match fit(members, &labels()).unwrap() {
            Fusion::Stacking { intercept, coefficients } => (intercept, coefficients.iter().map(|(_, c)| *c).collect()),
            other => panic!("{other:?}"),
        }
    }

    fn near(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4), "{found:?} is not {expected:?}");
    }

    #[test]
    fn coefficients_agree_with_scikit_learn() {
        // scikit-learn 1.9.1, LogisticRegression(C=1.0, tol=1e-12) on the same log odds.
        let members = [member("forest", 37, 101, 0.45), member("lstm", 53, 89, 0.25)];
        let (intercept, coefficients) = numbers(&members);
        near(&[intercept], &[0.97080383]);
        near(&coefficients, &[4.19962052, 1.70911299]);
        assert_eq!(fit(&members, &labels()).unwrap(), fit(&members, &labels()).unwrap());
    }

    #[test]
    fn a_member_that_speaks_against_attack_is_left_out() {
        // scikit-learn gives the second member -2.0999 beside the first, and 4.9963 to the first alone.
        let members = [member("forest", 37, 101, 0.45), member("contrary", 61, 83, -0.3)];
        let (intercept, coefficients) = numbers(&members);
        near(&[intercept], &[0.05618103512652584]);
        near(&coefficients, &[4.996319942928171, 0.0]);
        assert_eq!(fit(&members[1..], &labels()).unwrap_err(), HybridError::NoMemberHelps);
    }

    #[test]
    fn a_separable_part_has_finite_coefficients() {
        // scikit-learn 1.9.1: 0.9026822128933711, intercept 0.
        let labels: Vec<Label> = (0..N).map(|i| if i % 2 == 1 { Label::Attack } else { Label::Benign }).collect();
        let p_attack = (0..N).map(|i| (i % 2) as f32).collect();
        let found = fit(&[ScoreColumn::new("forest", p_attack, |_| false)], &labels).unwrap();
        let Fusion::Stacking { intercept, coefficients } = found else { panic!("{found:?}") };
        near(&[intercept, *coefficients.get("forest").unwrap()], &[0.0, 0.9026822128933711]);
    }

    #[test]
    fn a_member_that_says_one_thing_always_does_not_stop_the_fit() {
        let constant = ScoreColumn::new("constant", vec![0.5; N as usize], |_| false);
        let (_, coefficients) = numbers(&[member("forest", 37, 101, 0.45), constant]);
        near(&coefficients, &[4.996319942928171, 0.0]);
    }
}
