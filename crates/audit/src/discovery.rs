//! Many tests at once.

/// For each p-value the smallest share of false discoveries at which it would still be one (Benjamini and Hochberg 1995,
/// "Controlling the false discovery rate").
pub(crate) fn q_values(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut q = vec![1.0; p.len()];
    let mut least = 1.0f64;
    for (rank, &i) in order.iter().enumerate().rev() {
        least = least.min(p[i] * p.len() as f64 / (rank + 1) as f64);
        q[i] = least;
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_r_does() {
        // p.adjust(c(.01, .04, .03, .005, .8), "BH")
        let q = q_values(&[0.01, 0.04, 0.03, 0.005, 0.8]);
        for (got, wanted) in q.iter().zip([0.025, 0.05, 0.05, 0.025, 0.8]) {
            assert!((got - wanted).abs() < 1e-12, "{q:?}");
        }
        assert!(q_values(&[]).is_empty());
    }
}
