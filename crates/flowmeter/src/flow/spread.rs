//! Smallest, largest, mean and standard deviation, kept without the values.

/// Of lengths in bytes: exact sums.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    n: u64,
    min: u32,
    max: u32,
    sum: u64,
    squares: u128,
}

impl Sizes {
    pub(crate) fn add(&mut self, len: u32) {
        self.min = if self.n == 0 { len } else { self.min.min(len) };
        self.max = self.max.max(len);
        self.n += 1;
        self.sum += u64::from(len);
        self.squares += u128::from(len) * u128::from(len);
    }

    /// Of these values and the other ones.
    pub(crate) fn and(self, other: Sizes) -> Sizes {
        if self.n == 0 || other.n == 0 {
            return if self.n == 0 { other } else { self };
        }
        Sizes {
            n: self.n + other.n,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            sum: self.sum + other.sum,
            squares: self.squares + other.squares,
        }
    }

    /// How many.
    pub(crate) fn n(&self) -> u64 {
        self.n
    }

    pub(crate) fn sum(&self) -> u64 {
        self.sum
    }

    /// Smallest and largest; `None` of nothing.
    pub(crate) fn range(&self) -> Option<(u32, u32)> {
        (self.n > 0).then_some((self.min, self.max))
    }

    pub(crate) fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum as f64 / self.n as f64)
    }

    /// Of a population: divided by the number of values.
    pub(crate) fn deviation(&self) -> Option<f64> {
        let n = u128::from(self.n);
        let spread = (n * self.squares).checked_sub(u128::from(self.sum).pow(2))?;
        (n > 0).then(|| (spread as f64).sqrt() / n as f64)
    }
}

/// Of the times between packets that follow each other, in nanoseconds (Welford's recurrence). A packet that is older than
/// the one before it came at a distance of 0.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Gaps {
    n_packets: u64,
    newest: i64,
    min: i64,
    max: i64,
    mean: f64,
    squares: f64,
}

impl Gaps {
    pub(crate) fn add(&mut self, time: i64) {
        let (before, newest) = (self.n_packets, self.newest);
        self.n_packets += 1;
        if before == 0 {
            self.newest = time;
            return;
        }
        self.newest = newest.max(time);
        let gap = time.saturating_sub(newest).max(0);
        self.min = if before == 1 { gap } else { self.min.min(gap) };
        self.max = self.max.max(gap);
        let off = gap as f64 - self.mean;
        self.mean += off / before as f64;
        self.squares += off * (gap as f64 - self.mean);
    }

    /// Smallest, largest, mean, standard deviation in seconds; `None` below two packets.
    pub(crate) fn told(&self) -> Option<[f64; 4]> {
        let n = self.n_packets.checked_sub(1).filter(|n| *n > 0)?;
        let deviation = (self.squares / n as f64).sqrt() / 1e9;
        Some([super::seconds(self.min), super::seconds(self.max), self.mean / 1e9, deviation])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_nothing_there_is_nothing_and_of_one_no_spread() {
        let mut sizes = Sizes::default();
        assert_eq!((sizes.range(), sizes.mean(), sizes.deviation()), (None, None, None));
        sizes.add(7);
        assert_eq!((sizes.range(), sizes.mean(), sizes.deviation()), (Some((7, 7)), Some(7.0), Some(0.0)));
        let mut gaps = Gaps::default();
        gaps.add(5);
        assert_eq!(gaps.told(), None);
    }

    #[test]
    fn numbers_are_those_of_the_definition() {
        let mut sizes = Sizes::default();
        [2, 4, 4, 4, 5, 5, 7, 9].into_iter().for_each(|len| sizes.add(len));
        assert_eq!((sizes.range(), sizes.mean(), sizes.deviation()), (Some((2, 9)), Some(5.0), Some(2.0)));
        let mut gaps = Gaps::default();
        let mut time = 100;
        gaps.add(time);
        for gap in [2, 4, 4, 4, 5, 5, 7, 9] {
            time += gap * 1_000_000_000;
            gaps.add(time);
        }
        assert_eq!(gaps.told(), Some([2.0, 9.0, 5.0, 2.0]));
        gaps.add(50);
        assert_eq!(gaps.told().map(|told| told[0]), Some(0.0), "an older packet is at no distance");
        gaps.add(time);
        assert_eq!(gaps.told().map(|told| told[1]), Some(9.0), "and the next is at its distance from the newest");
    }
}
