//! Sigmoid and tanh that vectorise, with the error they make.
//!
//! The hyperbolic tangent is the rational approximation of Eigen (`generic_fast_tanh_float`: odd polynomial of degree 13
//! over even polynomial of degree 6, argument clamped where the result is 1 to the last bit but two). Held against f64
//! over its whole range the error is below 5e-7 for [`tanh`] and 3e-7 for [`sigmoid`] (tests below). Training and
//! scoring use the same code.

use crate::simd::multiply_add;

/// Beyond this the approximation is clamped.
const CLAMP: f32 = 7.905_311;

/// tanh(x) to within 5e-7.
#[inline(always)]
pub(crate) fn tanh<const FUSED: bool>(x: f32) -> f32 {
    // A comparison that is false for NaN keeps NaN, so that a broken weight shows.
    let x = if x > CLAMP { CLAMP } else { x };
    let x = if x < -CLAMP { -CLAMP } else { x };
    let square = x * x;
    let mut over = multiply_add::<FUSED>(square, -2.760_768_4e-16, 2.000_188e-13);
    over = multiply_add::<FUSED>(square, over, -8.604_672e-11);
    over = multiply_add::<FUSED>(square, over, 5.122_297e-8);
    over = multiply_add::<FUSED>(square, over, 1.485_722_4e-5);
    over = multiply_add::<FUSED>(square, over, 6.372_619e-4);
    over = multiply_add::<FUSED>(square, over, 4.893_524_6e-3);
    let mut under = multiply_add::<FUSED>(square, 1.198_258_4e-6, 1.185_347_1e-4);
    under = multiply_add::<FUSED>(square, under, 2.268_434_6e-3);
    under = multiply_add::<FUSED>(square, under, 4.893_525e-3);
    x * over / under
}

/// 1 / (1 + exp(−x)) to within 3e-7: for gates.
#[inline(always)]
pub(crate) fn sigmoid<const FUSED: bool>(x: f32) -> f32 {
    multiply_add::<FUSED>(tanh::<FUSED>(0.5 * x), 0.5, 0.5)
}

/// The probability of an attack for a logit. Unlike [`sigmoid`] it is exact to a few units in the last place at both
/// ends too: ranking rare attacks needs the differences between very small probabilities.
pub(crate) fn probability(logit: f32) -> f32 {
    let e = exp_negative(f64::from(logit.abs()));
    (if logit >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }) as f32
}

/// −ln of the probability given to what happened: the log loss of one row.
pub(crate) fn log_loss(logit: f32, attack: bool) -> f64 {
    let z = f64::from(if attack { -logit } else { logit });
    z.max(0.0) + exp_negative(z.abs()).ln_1p()
}

/// exp(−x) for x ≥ 0, relative error below 1e-12: halving by powers of two and a Taylor polynomial, in our own
/// arithmetic because the mathematics library differs between systems.
pub(crate) fn exp_negative(x: f64) -> f64 {
    if x > 700.0 {
        return 0.0;
    }
    let k = (x * std::f64::consts::LOG2_E).round();
    let r = k * std::f64::consts::LN_2 - x;
    let mut sum = 1.0;
    for n in (1..=12).rev() {
        sum = 1.0 + sum * r / f64::from(n);
    }
    sum * f64::from_bits(((1023 - k as i64) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> impl Iterator<Item = f32> {
        (-400_000..=400_000).map(|i| i as f32 * 5e-5).chain([-1e30, -88.0, -1e-30, 0.0, 1e-30, 88.0, 1e30])
    }

    #[test]
    fn the_stated_error_bounds_hold_over_the_whole_range() {
        for x in grid() {
            let exact = f64::from(x).tanh();
            for found in [tanh::<true>(x), tanh::<false>(x)] {
                assert!((f64::from(found) - exact).abs() < 5e-7, "tanh({x}) = {found}");
            }
            let exact = 1.0 / (1.0 + (-f64::from(x)).exp());
            for found in [sigmoid::<true>(x), sigmoid::<false>(x)] {
                assert!((f64::from(found) - exact).abs() < 3e-7, "sigmoid({x}) = {found}");
                assert!((0.0..=1.0).contains(&found));
            }
            let found = f64::from(probability(x));
            assert!((found - exact).abs() <= exact * 1e-7 + 1e-44, "probability({x}) = {found}");
        }
    }

    #[test]
    fn a_broken_number_stays_broken() {
        assert!(tanh::<true>(f32::NAN).is_nan() && sigmoid::<false>(f32::NAN).is_nan());
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
