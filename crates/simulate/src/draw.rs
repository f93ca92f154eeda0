//! Draws from the distributions that traffic is made of, over the project's own generator.

use nta_data::{Purpose, Rng};
use rand_core::RngCore;

/// One stream of random numbers.
pub(crate) struct Draw(Rng);

impl Draw {
    /// The stream of `seed` told apart by `a` and `b`.
    pub(crate) fn new(seed: u64, a: u64, b: u64) -> Self {
        Draw(nta_data::rng(seed, Purpose::Simulation, a, b))
    }

    /// Uniform in [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True with probability `p`.
    pub(crate) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Uniform in [low, high).
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A whole number in `low..=high`.
    pub(crate) fn whole(&mut self, low: u64, high: u64) -> u64 {
        low + (self.unit() * (high - low + 1) as f64) as u64
    }

    /// One of `items`, each as likely.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.whole(0, items.len() as u64 - 1) as usize]
    }

    /// One of `items` by weight.
    pub(crate) fn weighted<T: Copy>(&mut self, items: &[(f64, T)]) -> T {
        at_share(self.unit(), items)
    }

    /// Standard normal (Box and Muller 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Log-normal by its median and the deviation of its logarithm: sizes, think times, durations.
    pub(crate) fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// Exponential, for waits between independent events.
    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// Pareto from `least`: the tail of file sizes (Crovella and Bestavros 1997 found alpha near 1.1 on the web).
    pub(crate) fn pareto(&mut self, least: f64, alpha: f64) -> f64 {
        least * (1.0 - self.unit()).powf(-1.0 / alpha)
    }

    /// Poisson count; above a mean of 30 by its normal approximation.
    pub(crate) fn poisson(&mut self, mean: f64) -> u32 {
        if mean > 30.0 {
            return (mean + mean.sqrt() * self.normal() + 0.5).max(0.0) as u32;
        }
        let floor = (-mean).exp();
        let (mut count, mut product) = (0, self.unit());
        while product > floor {
            count += 1;
            product *= self.unit();
        }
        count
    }

    /// A rank in `0..n` by Zipf's law with exponent about one: a few names get most visits.
    pub(crate) fn popular(&mut self, n: usize) -> usize {
        (((n as f64 + 1.0).powf(self.unit())) - 1.0) as usize % n
    }
}

/// The item that stands at `share` (0 to 1) of the way through the weights.
pub(crate) fn at_share<T: Copy>(share: f64, items: &[(f64, T)]) -> T {
    let total: f64 = items.iter().map(|i| i.0).sum();
    let mut left = share * total;
    for &(weight, item) in items {
        left -= weight;
        if left < 0.0 {
            return item;
        }
    }
    items[items.len() - 1].1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(n: usize, mut f: impl FnMut() -> f64) -> f64 {
        (0..n).map(|_| f()).sum::<f64>() / n as f64
    }

    #[test]
    fn draws_have_the_means_of_their_distributions() {
        let mut draw = Draw::new(1, 2, 3);
        assert!((mean(20_000, || draw.unit()) - 0.5).abs() < 0.01);
        assert!(mean(20_000, || draw.normal()).abs() < 0.03);
        assert!((mean(20_000, || f64::from(draw.poisson(3.0))) - 3.0).abs() < 0.05);
        assert!((mean(20_000, || f64::from(draw.poisson(50.0))) - 50.0).abs() < 0.3);
        assert!((mean(20_000, || draw.exponential(4.0)) - 4.0).abs() < 0.15);
        assert!((mean(20_000, || draw.log_normal(1.0, 0.5)) - (0.125f64).exp()).abs() < 0.03);
        assert!((mean(20_000, || draw.pareto(1.0, 3.0)) - 1.5).abs() < 0.05);
    }

    #[test]
    fn whole_numbers_reach_both_ends_and_nothing_else() {
        let mut draw = Draw::new(1, 2, 4);
        let mut seen = [0; 5];
        (0..1000).for_each(|_| seen[draw.whole(0, 4) as usize] += 1);
        assert!(seen.iter().all(|&n| n > 140 && n < 260), "{seen:?}");
        assert!((0..2000).all(|_| draw.popular(7) < 7));
    }
}
