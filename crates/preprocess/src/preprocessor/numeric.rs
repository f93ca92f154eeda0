//! What is learned about a number column.

use serde::{Deserialize, Serialize};

use super::config::{Impute, NumericConfig, Scale, Transform};

/// Scaled numbers are held within this distance of the centre. A value never seen in training (a counter that ran
/// over, an attack of a new size) then moves the network as far as a very rare one and no further; normal traffic,
/// ten deviations wide, is not touched.
pub const CLIP: f64 = 10.0;

/// A number column, fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedNumeric {
    /// Column name.
    pub name: String,
    /// Training rows in which it was missing; above 0, `… is missing` is one more input of the dense view.
    pub missing_rows: usize,
    /// What stands in for a missing number, before the transform.
    pub fill: f64,
    /// Subtracted after the transform.
    pub center: f64,
    /// Divides after the centre is subtracted.
    pub spread: f64,
}

impl FittedNumeric {
    /// Fits one column, `(n_rows)`, or says why it carries nothing. NaN (and infinity) is missing.
    pub(super) fn fit(name: &str, column: &[f32], config: &NumericConfig) -> Result<Self, String> {
        let mut seen: Vec<f32> = column.iter().copied().filter(|x| x.is_finite()).collect();
        let missing_rows = column.len() - seen.len();
        let Some(&first) = seen.first() else {
            return Err("missing in every training row".to_owned());
        };
        if missing_rows == 0 && seen.iter().all(|&x| x == first) {
            return Err(format!("{first} in every training row"));
        }
        let fill = match config.impute {
            Impute::Zero => 0.0,
            Impute::Mean => mean(seen.iter().map(|&x| f64::from(x))),
            Impute::Median => quantile(&mut seen, 0.5, f32::total_cmp, f64::from),
        };
        drop(seen);
        let mut values: Vec<f64> =
            column.iter().map(|&x| config.transform.apply(if x.is_finite() { f64::from(x) } else { fill })).collect();
        let (center, spread) = center_and_spread(&mut values, config.scale);
        Ok(FittedNumeric { name: name.to_owned(), missing_rows, fill, center, spread })
    }

    /// The dense view's number for one cell: finite, within [`CLIP`] of 0.
    pub(super) fn scaled(&self, x: f32, transform: Transform) -> f32 {
        let x = if x.is_finite() { f64::from(x) } else { self.fill };
        (((transform.apply(x) - self.center) / self.spread).clamp(-CLIP, CLIP)) as f32
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let Self { name, fill, center, spread, .. } = self;
        if !(fill.is_finite() && center.is_finite() && spread.is_finite() && *spread > 0.0) {
            return Err(format!("column `{name}`: fill {fill}, center {center}, spread {spread}"));
        }
        Ok(())
    }
}

/// Centre and spread of the values (reordered in the course). Where all are equal the spread is 1: rounding in the
/// mean would else leave a deviation of 1e-16, by which noise would be divided.
pub(super) fn center_and_spread(values: &mut [f64], scale: Scale) -> (f64, f64) {
    let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(l, h), &x| (l.min(x), h.max(x)));
    match scale {
        Scale::None => (0.0, 1.0),
        _ if low >= high => (low, 1.0),
        Scale::Standard => mean_and_deviation(values),
        Scale::Minmax => (low, high - low),
        Scale::Robust => {
            // The deviation first: its sum runs in row order.
            let deviation = mean_and_deviation(values).1;
            let mut at = |q| quantile(values, q, f64::total_cmp, |x| x);
            let (low, middle, high) = (at(0.25), at(0.5), at(0.75));
            (middle, if high > low { high - low } else { deviation })
        }
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len().max(1) as f64;
    values.sum::<f64>() / n
}

/// Mean and population standard deviation, in two passes.
fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let center = mean(values.iter().copied());
    let variance = mean(values.iter().map(|x| (x - center) * (x - center)));
    (center, variance.sqrt())
}

/// The quantile with linear interpolation between neighbours, as numpy's default has it. `values` must not be empty.
fn quantile<T: Copy>(
    values: &mut [T],
    q: f64,
    order: impl Fn(&T, &T) -> std::cmp::Ordering,
    number: impl Fn(T) -> f64,
) -> f64 {
    let place = q * (values.len() - 1) as f64;
    let below = place.floor() as usize;
    let (_, &mut low, behind) = values.select_nth_unstable_by(below, &order);
    let low = number(low);
    match behind.iter().copied().min_by(&order) {
        Some(high) if place > below as f64 => low + (number(high) - low) * (place - below as f64),
        _ => low,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(column: &[f32], config: &NumericConfig) -> FittedNumeric {
        match FittedNumeric::fit("x", column, config) {
            Ok(fitted) => fitted,
            Err(why) => panic!("{why}"),
        }
    }

    const RAW: NumericConfig =
        NumericConfig { impute: Impute::Median, transform: Transform::None, scale: Scale::Standard };

    #[test]
    fn the_median_fills_and_the_mean_of_what_is_filled_centres() {
        // Seen 1, 2, 4, 9: median 3. Filled 1, 2, 4, 9, 3: mean 3.8, deviation sqrt((7.84+3.24+.04+27.04+.64)/5).
        let column = [1.0, 2.0, 4.0, 9.0, f32::NAN];
        let got = fitted(&column, &RAW);
        assert_eq!((got.missing_rows, got.fill), (1, 3.0));
        assert!((got.center - 3.8).abs() < 1e-12 && (got.spread - 7.76f64.sqrt()).abs() < 1e-12);
        let sum: f32 = column.iter().map(|&x| got.scaled(x, Transform::None)).sum();
        assert!(sum.abs() < 1e-6, "transformed mean is 0");
        assert_eq!(fitted(&column, &NumericConfig { impute: Impute::Mean, ..RAW }).fill, 4.0);
        assert_eq!(fitted(&column, &NumericConfig { impute: Impute::Zero, ..RAW }).fill, 0.0);
    }

    #[test]
    fn each_scale_has_its_centre_and_spread() {
        let column = [0.0, 1.0, 2.0, 3.0, 10.0];
        let scaled = |scale| {
            let got = fitted(&column, &NumericConfig { scale, ..RAW });
            (got.center, got.spread)
        };
        assert_eq!(scaled(Scale::Robust), (2.0, 2.0));
        assert_eq!(scaled(Scale::Minmax), (0.0, 10.0));
        assert_eq!(scaled(Scale::None), (0.0, 1.0));
        assert_eq!(scaled(Scale::Standard), (3.2, (62.8f64 / 5.0).sqrt()));
        // No interquartile range: the deviation of 0, 0, 0, 0, 5, which is 2, stands in.
        let got = fitted(&[0.0, 0.0, 0.0, 0.0, 5.0], &NumericConfig { scale: Scale::Robust, ..RAW });
        assert_eq!((got.center, got.spread), (0.0, 2.0));
    }

    #[test]
    fn the_logarithm_comes_before_the_scale() {
        let config = NumericConfig { transform: Transform::Log1p, scale: Scale::Minmax, ..RAW };
        let got = fitted(&[0.0, 3.0, 15.0], &config);
        assert!((got.spread - 16f64.ln()).abs() < 1e-12);
        assert!((got.scaled(3.0, Transform::Log1p) - 0.5).abs() < 1e-7, "ln 4 is half of ln 16");
    }

    #[test]
    fn what_was_never_seen_is_held_at_the_edge() {
        let got = fitted(&[0.0, 1.0, 2.0], &RAW);
        assert_eq!(got.scaled(f32::MAX, Transform::None), 10.0);
        assert_eq!(got.scaled(f32::MIN, Transform::None), -10.0);
        assert_eq!(got.scaled(f32::INFINITY, Transform::None), 0.0, "infinity is missing");
    }

    #[test]
    fn columns_that_say_nothing_are_dropped_by_name() {
        let why = |column: &[f32]| match FittedNumeric::fit("x", column, &RAW) {
            Err(why) => why,
            Ok(_) => "kept".to_owned(),
        };
        assert_eq!(why(&[0.0, 0.0, -0.0]), "0 in every training row");
        assert_eq!(why(&[f32::NAN, f32::NAN]), "missing in every training row");
        assert_eq!(why(&[1.0, f32::NAN]), "kept", "whether it is there says something");
        assert_eq!(fitted(&[1.0, f32::NAN], &RAW).spread, 1.0);
    }
}
