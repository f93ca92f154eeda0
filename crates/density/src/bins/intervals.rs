//! Which interval between bounds a number lies in, for many numbers at once.

use super::MISSING;

/// Neighbours that are looked at together: where they are one number, one search does for all.
const TOGETHER: usize = 16;

/// What the intervals between bounds are called.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Intervals {
    missing: u8,
    /// Ascending, filled up with infinity to a power of two above their number.
    bounds: Vec<f32>,
    /// Of the numbers above as many bounds, as long as `bounds`.
    labels: Vec<u8>,
}

impl Intervals {
    /// Intervals called by `label` of their code, 1 + how many `bounds` lie below; neighbours of one name are one interval.
    pub(super) fn new(bounds: &[f32], label: &dyn Fn(usize) -> u8) -> Self {
        let mut kept = Vec::new();
        let mut labels = vec![label(MISSING + 1)];
        for (place, bound) in bounds.iter().enumerate() {
            let above = label(place + MISSING + 2);
            if labels.last() != Some(&above) {
                kept.push(*bound);
                labels.push(above);
            }
        }
        let size = labels.len().next_power_of_two();
        kept.resize(size, f32::INFINITY);
        labels.resize(size, labels[labels.len() - 1]);
        Intervals { missing: label(MISSING), bounds: kept, labels }
    }

    /// What the interval of each of `values` is called, `(n_rows)`.
    pub(super) fn encode(&self, values: &[f32], labels: &mut [u8]) {
        // A column has at most 256 codes.
        match self.bounds.len() {
            1 => self.encode_by::<1>(values, labels),
            2 => self.encode_by::<2>(values, labels),
            4 => self.encode_by::<4>(values, labels),
            8 => self.encode_by::<8>(values, labels),
            16 => self.encode_by::<16>(values, labels),
            32 => self.encode_by::<32>(values, labels),
            64 => self.encode_by::<64>(values, labels),
            128 => self.encode_by::<128>(values, labels),
            _ => self.encode_by::<256>(values, labels),
        }
    }

    fn encode_by<const N: usize>(&self, values: &[f32], labels: &mut [u8]) {
        let mut bounds = [f32::INFINITY; N];
        let mut names = [self.missing; N];
        bounds.iter_mut().zip(&self.bounds).for_each(|(to, bound)| *to = *bound);
        names.iter_mut().zip(&self.labels).for_each(|(to, label)| *to = *label);
        let label = |x: f32| if x.is_nan() { self.missing } else { names[search(&bounds, x)] };
        for (values, labels) in values.chunks(TOGETHER).zip(labels.chunks_mut(TOGETHER)) {
            let first = values[0].to_bits();
            match values.iter().fold(0, |other, x| other | (x.to_bits() ^ first)) {
                0 => labels.fill(label(values[0])),
                _ => labels.iter_mut().zip(values).for_each(|(to, x)| *to = label(*x)),
            }
        }
    }
}

/// How many of `bounds`, ascending and a power of two, the last of which is infinite, lie below `x`; without a branch.
#[inline(always)]
fn search<const N: usize>(bounds: &[f32; N], x: f32) -> usize {
    let (mut below, mut half) = (0, N / 2);
    while half > 0 {
        below += if x > bounds[(below + half - 1) & (N - 1)] { half } else { 0 };
        half /= 2;
    }
    below & (N - 1)
}
