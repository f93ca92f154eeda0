//! Gauss-Legendre quadrature on [0, 1]: n points that integrate polynomials up to degree 2n - 1 exactly.

/// Points and weights.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Points {
    /// Inside (0, 1).
    pub(crate) nodes: Vec<f64>,
    /// They sum to 1.
    pub(crate) weights: Vec<f64>,
}

impl Points {
    /// `n` points, at least one.
    pub(crate) fn new(n: usize) -> Points {
        let mut points = Points { nodes: Vec::with_capacity(n), weights: Vec::with_capacity(n) };
        for i in 0..n {
            // Newton's method from Tricomi's first guess finds the roots of the Legendre polynomial one by one.
            let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..100 {
                let value;
                (value, slope) = legendre(n, x);
                let step = value / slope;
                x -= step;
                if step.abs() < 1e-15 {
                    break;
                }
            }
            points.nodes.push((1.0 + x) / 2.0);
            points.weights.push(1.0 / ((1.0 - x * x) * slope * slope));
        }
        points
    }
}

/// The Legendre polynomial of degree `n`, at least 1, and its slope, at `x` inside (-1, 1).
fn legendre(n: usize, x: f64) -> (f64, f64) {
    let (mut last, mut value) = (1.0, x);
    for k in 2..=n {
        let k = k as f64;
        (last, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * last) / k);
    }
    (value, n as f64 * (x * value - last) / (x * x - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_up_to_twice_the_points_are_exact() {
        for n in [1, 2, 5, 16, 40] {
            let points = Points::new(n);
            for degree in [0, 1, n, 2 * n - 1] {
                let terms = points.nodes.iter().zip(&points.weights).map(|(t, w)| w * t.powi(degree as i32));
                let integral: f64 = terms.sum();
                assert!((integral - 1.0 / (degree as f64 + 1.0)).abs() < 1e-14, "{n} points, degree {degree}");
            }
        }
    }
}
