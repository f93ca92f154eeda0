//! A column's values as codes of one byte: as many bins as values where there are few, else bins of about equally many
//! rows. Also what a split between two bins means in real values.

/// Code of a missing value. Values take the codes below, so a column has at most 255 bins.
pub(crate) const MISSING: u8 = u8::MAX;

/// Rows that quantiles are taken from; larger columns are sampled evenly.
const SAMPLE_ROWS: usize = 1 << 18;

/// The bins of one column: lowest and highest training value of each, ascending, never empty bins.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Bins {
    lowest: Vec<f32>,
    highest: Vec<f32>,
}

/// Where a split falls: rows with code at most `bin`, and exactly the training values at most `threshold`, go left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cut {
    pub(crate) bin: u8,
    pub(crate) threshold: f32,
}

impl Cut {
    /// Every value goes left; only a missing one can go right.
    pub(crate) const ALL_VALUES: Cut = Cut { bin: MISSING - 1, threshold: f32::MAX };
}

impl Bins {
    /// Number of bins; 0 where every value is missing.
    pub(crate) fn len(&self) -> usize {
        self.lowest.len()
    }

    /// A value of the training rows with this code; every split parts the code's other values like it.
    pub(crate) fn value(&self, code: u8) -> f32 {
        if code == MISSING { f32::NAN } else { self.highest[code as usize] }
    }

    /// A split between bins `first < last`: at the value that lies `roll`, in [0, 1), of the way from the lowest of
    /// `first` to the highest of `last`. Where that is inside a bin, the border below the bin is taken, but no border
    /// below `first` or above `last`.
    pub(crate) fn within(&self, first: u8, last: u8, roll: f64) -> Cut {
        let (first, last) = (first as usize, last as usize);
        let (low, high) = (f64::from(self.lowest[first]), f64::from(self.highest[last]));
        let value = (low + roll * (high - low)) as f32;
        let below = (first + self.highest[first..last].partition_point(|&h| h <= value)).saturating_sub(1).max(first);
        let threshold = match self.highest[below] <= value && value < self.lowest[below + 1] {
            true => value,
            false => halfway(self.highest[below], self.lowest[below + 1]),
        };
        Cut { bin: below as u8, threshold }
    }

    /// The split halfway between the values of bins `left < right`, of which none between occurs in the node. Where
    /// halfway falls inside a bin between, the border below that bin is taken, so that codes and values agree.
    pub(crate) fn between(&self, left: u8, right: u8) -> Cut {
        let (left, right) = (left as usize, right as usize);
        let middle = halfway(self.highest[left], self.lowest[right]);
        let below = left + self.highest[left..right].partition_point(|&h| h <= middle) - 1;
        let threshold = match middle < self.lowest[below + 1] {
            true => middle,
            false => halfway(self.highest[below], self.lowest[below + 1]),
        };
        Cut { bin: below as u8, threshold }
    }
}

/// The f32 nearest to the mean of `a < b`, or `a` where that would be `b`: `a <= halfway < b`.
fn halfway(a: f32, b: f32) -> f32 {
    let middle = ((f64::from(a) + f64::from(b)) / 2.0) as f32;
    if middle < b { middle } else { a }
}

/// Bins and codes of a column, `(n_rows)`; `values` are finite or NaN.
pub(crate) fn bin_column(values: &[f32], most: usize) -> (Bins, Vec<u8>) {
    let mut distinct = Distinct::new();
    match distinct.collect(values, most) {
        true => {
            let lowest = distinct.sort();
            (Bins { highest: lowest.clone(), lowest }, values.iter().map(|&v| distinct.code(v)).collect())
        }
        false => {
            let borders = quantile_borders(values, most);
            let codes: Vec<u8> = values
                .iter()
                .map(|&v| if v.is_nan() { MISSING } else { borders.partition_point(|&b| b < v) as u8 })
                .collect();
            (extremes(values, &codes, borders.len() + 1), codes)
        }
    }
}

/// Lowest and highest value of each bin.
fn extremes(values: &[f32], codes: &[u8], n_bins: usize) -> Bins {
    let mut bins = Bins { lowest: vec![f32::INFINITY; n_bins], highest: vec![f32::NEG_INFINITY; n_bins] };
    for (&value, &code) in values.iter().zip(codes) {
        if code != MISSING {
            let code = code as usize;
            bins.lowest[code] = bins.lowest[code].min(value);
            bins.highest[code] = bins.highest[code].max(value);
        }
    }
    bins
}

/// Highest values of all bins but the last, so that bins hold about equally many rows and a value that alone would fill
/// a bin has one of its own (the greedy rule of LightGBM's `GreedyFindBin`).
fn quantile_borders(values: &[f32], most: usize) -> Vec<f32> {
    let stride = values.len().div_ceil(SAMPLE_ROWS).max(1);
    let mut sample: Vec<f32> = values.iter().step_by(stride).copied().filter(|v| !v.is_nan()).collect();
    sample.sort_unstable_by(f32::total_cmp);
    let mut runs: Vec<(f32, usize)> = Vec::new();
    for value in sample.iter().map(|v| v + 0.0) {
        match runs.last_mut() {
            Some((last, count)) if *last == value => *count += 1,
            _ => runs.push((value, 1)),
        }
    }
    let heavy = sample.len().div_ceil(most);
    let (mut rows_left, mut bins_left, mut filled) = (sample.len(), most, 0);
    let mut borders = Vec::with_capacity(most);
    for (i, pair) in runs.windows(2).enumerate() {
        let ((value, count), (_, next)) = (pair[0], pair[1]);
        filled += count;
        let even = rows_left as f64 / bins_left as f64;
        let full = filled as f64 >= even || (next >= heavy && filled as f64 >= even / 2.0);
        if bins_left > 1 && (full || runs.len() - i <= bins_left) {
            borders.push(value);
            rows_left -= filled;
            bins_left -= 1;
            filled = 0;
        }
    }
    borders
}

/// A small hash table of the distinct values of a column, with the code of each.
struct Distinct {
    /// Value and code; NaN marks a free slot.
    slots: Vec<(f32, u8)>,
    values: Vec<f32>,
}

impl Distinct {
    const SLOTS: usize = 1024;

    fn new() -> Self {
        Distinct { slots: vec![(f32::NAN, 0); Self::SLOTS], values: Vec::new() }
    }

    /// Slot that holds `value` or is free for it. Both zeros are one value.
    fn slot(&self, value: f32) -> usize {
        let key = (value + 0.0).to_bits();
        let mut at = (key.wrapping_mul(0x9E37_79B1) >> 22) as usize;
        while !(self.slots[at].0 == value || self.slots[at].0.is_nan()) {
            at = (at + 1) % Self::SLOTS;
        }
        at
    }

    /// Takes the values in; `false` as soon as there are more than `most` (at most 255).
    fn collect(&mut self, values: &[f32], most: usize) -> bool {
        for &value in values.iter().filter(|v| !v.is_nan()) {
            let at = self.slot(value);
            if self.slots[at].0.is_nan() {
                if self.values.len() == most {
                    return false;
                }
                self.slots[at].0 = value + 0.0;
                self.values.push(value + 0.0);
            }
        }
        true
    }

    /// Gives codes in ascending order of value; returns the values in that order.
    fn sort(&mut self) -> Vec<f32> {
        self.values.sort_unstable_by(f32::total_cmp);
        for code in 0..self.values.len() {
            let at = self.slot(self.values[code]);
            self.slots[at].1 = code as u8;
        }
        self.values.clone()
    }

    fn code(&self, value: f32) -> u8 {
        if value.is_nan() { MISSING } else { self.slots[self.slot(value)].1 }
    }
}

#[cfg(test)]
mod tests {
    use nta_data::{Purpose, rng};
    use rand_core::RngCore;

    use super::*;

    #[test]
    fn few_values_are_exact_and_missing_has_its_own_code() {
        let (bins, codes) = bin_column(&[3.0, f32::NAN, -1.0, 0.0, -0.0, 3.0], 255);
        assert_eq!(codes, [2, MISSING, 0, 1, 1, 2]);
        assert_eq!(bins.lowest, [-1.0, 0.0, 3.0]);
        assert_eq!(bins.between(0, 2), Cut { bin: 1, threshold: 1.0 });
        assert_eq!(bins.between(0, 1), Cut { bin: 0, threshold: -0.5 });
        assert_eq!(bin_column(&[f32::NAN; 3], 255), (Bins::default(), vec![MISSING; 3]));
    }

    #[test]
    fn many_values_fall_into_bins_of_about_equal_size() {
        let values: Vec<f32> = (0..10_000).map(|i| ((i * 7919) % 10_000) as f32).collect();
        let (bins, codes) = bin_column(&values, 255);
        assert_eq!(bins.len(), 255);
        let mut sizes = [0u32; 255];
        codes.iter().for_each(|&c| sizes[c as usize] += 1);
        assert!(sizes.iter().all(|&s| (39..=40).contains(&s)), "{sizes:?}");
    }

    #[test]
    fn a_frequent_value_has_a_bin_of_its_own() {
        let values: Vec<f32> = (0..10_000).map(|i| if i % 2 == 0 { 5_000.5 } else { i as f32 }).collect();
        let (bins, codes) = bin_column(&values, 16);
        let code = codes[0] as usize;
        assert_eq!((bins.lowest[code], bins.highest[code]), (5_000.5, 5_000.5));
        assert_eq!(bins.len(), 16);
    }

    #[test]
    fn codes_and_thresholds_separate_the_same_rows() {
        let mut random = rng(1, Purpose::Shuffle, 0, 0);
        for most in [2, 3, 17, 255] {
            let values: Vec<f32> = (0..2_000)
                .map(|i| match i % 3 {
                    0 => (random.next_u32() % 7) as f32 - 3.0,
                    1 => f32::from_bits(0x3F80_0000 + random.next_u32() % 64),
                    _ => ((random.next_u32() as f32) / 1e9).exp(),
                })
                .collect();
            let (bins, codes) = bin_column(&values, most);
            assert!(bins.len() <= most && bins.len() > 1);
            for left in 0..bins.len() - 1 {
                for right in left + 1..bins.len() {
                    let cut = bins.between(left as u8, right as u8);
                    assert!((left..right).contains(&(cut.bin as usize)));
                    for (&v, &c) in values.iter().zip(&codes) {
                        assert_eq!(v <= cut.threshold, c <= cut.bin);
                    }
                }
                if most == 255 && left > 20 {
                    break;
                }
            }
        }
    }

    #[test]
    fn a_drawn_value_parts_where_it_falls() {
        let (bins, _) = bin_column(&[0.0, 1.0, 2.0, 10.0], 255);
        assert_eq!(bins.within(0, 3, 0.75), Cut { bin: 2, threshold: 7.5 });
        assert_eq!(bins.within(0, 3, 0.15), Cut { bin: 1, threshold: 1.5 });
        assert_eq!(bins.within(0, 3, 0.0), Cut { bin: 0, threshold: 0.0 });
        assert_eq!(bins.within(1, 2, 0.999_999_999_999), Cut { bin: 1, threshold: 1.5 });
        // Bins of several values are not torn, and both ends keep a bin.
        let torn = Bins { lowest: vec![0.0, 4.0, 9.0], highest: vec![3.0, 8.0, 10.0] };
        assert_eq!(torn.within(0, 2, 0.1), Cut { bin: 0, threshold: 3.5 });
        assert_eq!(torn.within(0, 2, 0.35), Cut { bin: 0, threshold: 3.5 });
        assert_eq!(torn.within(0, 2, 0.6), Cut { bin: 0, threshold: 3.5 });
        assert_eq!(torn.within(0, 2, 0.85), Cut { bin: 1, threshold: 8.5 });
        assert_eq!(torn.within(0, 2, 0.99), Cut { bin: 1, threshold: 8.5 });
    }

    #[test]
    fn neighbouring_floats_are_separated() {
        let a = 1.0f32;
        let b = f32::from_bits(a.to_bits() + 1);
        assert_eq!(halfway(a, b), a);
        assert_eq!(halfway(f32::MIN, f32::MAX), 0.0);
        let tiny = f32::from_bits(1);
        assert!(halfway(0.0, tiny) < tiny);
    }
}
