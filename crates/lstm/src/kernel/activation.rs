//! Sigmoid and tanh that vectorise, with the error they make.
//!
//! The hyperbolic tangent is the rational approximation of Eigen (`generic_fast_tanh_float`: odd polynomial of degree 13
//! over even polynomial of degree 6, argument clamped where the result is 1 to the last bit but two). Held against f64
//! over the whole range the error is below 5e-7 for [`tanh`] and 3e-7 for [`sigmoid`] (tests below). Training and
//! scoring use the same code.

use super::vectors::Vectors;

/// A hyperbolic tangent as a ratio of polynomials: x · over(x²) / under(x²), x held within ±clamp first.
#[derive(Debug, Clone, Copy)]
pub struct RationalTanh {
    /// Beyond this the approximation is clamped.
    pub clamp: f32,
    /// Of x², highest power first.
    pub over: [f32; 7],
    /// Of x², highest power first.
    pub under: [f32; 4],
}

/// The tangent of training and scoring, for whoever must repeat it: f32, powers summed from the highest (Horner).
pub const TANH: RationalTanh = RationalTanh {
    clamp: 7.905_311,
    over: [-2.760_768_4e-16, 2.000_188e-13, -8.604_672e-11, 5.122_297e-8, 1.485_722_4e-5, 6.372_619e-4, 4.893_524_6e-3],
    under: [1.198_258_4e-6, 1.185_347_1e-4, 2.268_434_6e-3, 4.893_525e-3],
};

/// tanh(x) to within 5e-7.
#[inline(always)]
pub(crate) fn tanh<S: Vectors>(s: S, x: S::Vector) -> S::Vector {
    let x = s.clamp(x, TANH.clamp);
    let square = s.multiply(x, x);
    let (over, under) = (polynomial(s, square, &TANH.over), polynomial(s, square, &TANH.under));
    s.divide(s.multiply(x, over), under)
}

#[inline(always)]
fn polynomial<S: Vectors, const N: usize>(s: S, x: S::Vector, coefficients: &[f32; N]) -> S::Vector {
    let mut sum = s.splat(coefficients[0]);
    for &coefficient in &coefficients[1..] {
        sum = s.multiply_add(x, sum, s.splat(coefficient));
    }
    sum
}

/// 1 / (1 + exp(−x)) to within 3e-7: for gates.
#[inline(always)]
pub(crate) fn sigmoid<S: Vectors>(s: S, x: S::Vector) -> S::Vector {
    let half = s.splat(0.5);
    s.multiply_add(tanh(s, s.multiply(half, x)), half, half)
}

/// The probability of an attack for a logit. Unlike [`sigmoid`] it is exact to a few units in the last place at both
/// ends too: ranking rare attacks needs the differences between very small probabilities.
pub(crate) fn probability(logit: f32) -> f32 {
    probability_of(logit, exp_negative(f64::from(logit.abs())))
}

/// −ln of the probability given to what happened: the log loss of one row.
pub(crate) fn log_loss(logit: f32, attack: bool) -> f64 {
    loss_and_probability(logit, attack).0
}

/// [`log_loss`] and [`probability`] at the price of one exponential.
pub(crate) fn loss_and_probability(logit: f32, attack: bool) -> (f64, f32) {
    let e = exp_negative(f64::from(logit.abs()));
    let z = f64::from(if attack { -logit } else { logit });
    (z.max(0.0) + e.ln_1p(), probability_of(logit, e))
}

/// With `e` = exp(−|logit|).
#[inline]
fn probability_of(logit: f32, e: f64) -> f32 {
    (if logit >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }) as f32
}

/// exp(−x) for x ≥ 0, relative error below 1e-12: halving by powers of two and a Taylor polynomial, in our own
/// arithmetic because the mathematics library differs between systems.
pub(crate) fn exp_negative(x: f64) -> f64 {
    /// 1/12!, 1/11!, … 1/0!
    const TAYLOR: [f64; 13] = {
        let mut terms = [1.0; 13];
        let mut n = 12;
        let mut factorial = 1.0;
        while n > 0 {
            factorial *= (13 - n) as f64;
            terms[n - 1] = 1.0 / factorial;
            n -= 1;
        }
        terms
    };
    /// Added to a small number, it leaves the nearest whole one in the lowest bits.
    const ROUNDER: f64 = 6_755_399_441_055_744.0;
    if x > 700.0 {
        return 0.0;
    }
    let rounded = x * std::f64::consts::LOG2_E + ROUNDER;
    let k = rounded - ROUNDER;
    let r = k * std::f64::consts::LN_2 - x;
    let mut sum = 0.0;
    for term in TAYLOR {
        sum = sum * r + term;
    }
    let whole = rounded.to_bits().wrapping_sub(ROUNDER.to_bits());
    sum * f64::from_bits(1023u64.wrapping_sub(whole) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Simd, multiversion};

    multiversion! {
        fn tanh_of = tanh_body(values: &mut [f32])
    }
    #[inline(always)]
    fn tanh_body<S: Vectors>(s: S, values: &mut [f32]) {
        for values in values.chunks_exact_mut(S::LANES) {
            s.store(tanh(s, s.load(values)), values);
        }
    }

    multiversion! {
        fn sigmoid_of = sigmoid_body(values: &mut [f32])
    }
    #[inline(always)]
    fn sigmoid_body<S: Vectors>(s: S, values: &mut [f32]) {
        for values in values.chunks_exact_mut(S::LANES) {
            s.store(sigmoid(s, s.load(values)), values);
        }
    }

    /// Dense where the functions bend, then every 4,096th number there is.
    fn grid() -> Vec<f32> {
        let dense = (-400_000..=400_000).map(|i| i as f32 * 5e-5);
        let sparse = (0..=u32::MAX / 4_096).map(|i| f32::from_bits(4_096 * i)).filter(|x| x.is_finite());
        let mut all: Vec<f32> = dense.chain(sparse).collect();
        all.resize(all.len().next_multiple_of(16), f32::MAX);
        all
    }

    #[test]
    fn the_stated_error_bounds_hold_over_the_whole_range_on_every_vector_unit() {
        let grid = grid();
        for simd in Simd::all() {
            let mut found = grid.clone();
            tanh_of(simd, &mut found);
            for (&x, &found) in grid.iter().zip(&found) {
                assert!((f64::from(found) - f64::from(x).tanh()).abs() < 5e-7, "{simd:?}: tanh({x}) = {found}");
            }
            found.copy_from_slice(&grid);
            sigmoid_of(simd, &mut found);
            for (&x, &found) in grid.iter().zip(&found) {
                let exact = 1.0 / (1.0 + (-f64::from(x)).exp());
                assert!((f64::from(found) - exact).abs() < 3e-7, "{simd:?}: sigmoid({x}) = {found}");
                assert!((0.0..=1.0).contains(&found));
            }
        }
        for x in grid {
            let exact = 1.0 / (1.0 + (-f64::from(x)).exp());
            let found = f64::from(probability(x));
            assert!((found - exact).abs() <= exact * 1e-7 + 1e-44, "probability({x}) = {found}");
        }
    }

    #[test]
    fn exponentials_are_those_of_the_library_to_twelve_digits() {
        for i in 0..=7_000_000 {
            let x = f64::from(i) * 1e-4;
            let exact = (-x).exp();
            assert!((exp_negative(x) - exact).abs() <= 1e-12 * exact, "{x}");
        }
        assert_eq!((exp_negative(0.0), exp_negative(1e30)), (1.0, 0.0));
    }

    #[test]
    fn a_broken_number_stays_broken() {
        for simd in Simd::all() {
            let mut values = [f32::NAN; 16];
            tanh_of(simd, &mut values);
            assert!(values.iter().all(|x| x.is_nan()));
            sigmoid_of(simd, &mut values);
            assert!(values.iter().all(|x| x.is_nan()));
        }
        assert!(probability(f32::NAN).is_nan());
    }

    #[test]
    fn the_log_loss_is_that_of_the_formula_and_grows_without_overflow() {
        let p = 1.0 / (1.0 + (-1.3f64).exp());
        assert!((log_loss(1.3, true) + p.ln()).abs() < 1e-7);
        assert!((log_loss(1.3, false) + (1.0 - p).ln()).abs() < 1e-7);
        assert!((log_loss(-1e4, true) - 1e4).abs() < 1e-6);
        assert_eq!(log_loss(1e4, true), 0.0);
    }
}
