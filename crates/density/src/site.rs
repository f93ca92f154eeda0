//! Rows of one site beside those of the training: the same bins and parents, counts that grow.

use nta_data::Tabular;

use crate::input::{check_values, columns_by_name};
use crate::rows::{MOST_WEIGHT, in_steps};
use crate::{Density, DensityError};

impl Density {
    /// The same density with the benign rows `x` beside those of its training, each of which counts like `weight` of them.
    /// Bins, parents and the surprise that scores one half stay: scores before and after are on one scale.
    ///
    /// # Errors
    /// Columns other than those of the training, a weight that is not above 0, more weight than sums are exact for.
    pub fn with_rows(&self, x: &Tabular, weight: f32) -> Result<Density, DensityError> {
        if !(weight.is_finite() && weight > 0.0) {
            return Err(DensityError::BadWeight { row: 0, value: weight });
        }
        let (weight, n) = (f64::from(in_steps(weight)), x.n_rows());
        let total = self.weight() + weight * n as f64;
        if total > MOST_WEIGHT {
            return Err(DensityError::TooHeavy { total, most: MOST_WEIGHT });
        }
        let columns = columns_by_name(&self.columns, x)?;
        check_values(x)?;
        if n == 0 {
            return Ok(self.clone());
        }
        let codes = self.encode(&columns, 0, n);
        let code = |column: usize, row: usize| usize::from(codes[column * n + row]);
        let mut columns = self.columns.clone();
        for (own, column) in columns.iter_mut().enumerate() {
            let n_own = column.weights.len();
            (0..n).for_each(|row| column.weights[code(own, row)] += weight);
            for parent in &mut column.parents {
                (0..n).for_each(|row| parent.weights[code(parent.column, row) * n_own + code(own, row)] += weight);
            }
        }
        Ok(Density::new(columns, self.half, self.unseen))
    }
}

#[cfg(test)]
mod tests {
    use nta_data::{Label, Quiet, TabularKind};

    use super::*;
    use crate::DensityConfig;

    fn table(n: usize, port: f32) -> Tabular {
        let service = (0..n).map(|row| (row % 2) as f32).collect();
        let ports = (0..n).map(|row| if row % 2 == 0 { 443.0 } else { port }).collect();
        Tabular {
            names: vec!["service".into(), "port".into()],
            kinds: vec![TabularKind::RankedCategory, TabularKind::Numeric],
            columns: vec![service, ports],
        }
    }

    #[test]
    fn rows_of_a_site_count_as_if_they_had_been_there_from_the_start() {
        let fit = |x: &Tabular| DensityConfig::default().fit(x, &vec![Label::Benign; x.n_rows()], &Quiet).unwrap();
        let (few, many) = (fit(&table(100, 53.0)), fit(&table(600, 53.0)));
        let grown = few.with_rows(&table(100, 53.0), 5.0).unwrap();
        let strange = table(2, 4_444.0);
        assert_eq!(grown.surprise(&strange).unwrap(), many.surprise(&strange).unwrap());
        assert!((grown.weight() - 600.0).abs() < 1e-9);
    }

    #[test]
    fn what_a_site_does_every_day_surprises_less() {
        let density = DensityConfig::default().fit(&table(100, 53.0), &[Label::Benign; 100], &Quiet).unwrap();
        let (usual, grown) = (table(10, 8_080.0), density.with_rows(&table(50, 8_080.0), 5.0).unwrap());
        let sum = |density: &Density| density.surprise(&usual).unwrap().iter().sum::<f64>();
        assert!(sum(&grown) < sum(&density) / 2.0, "{} {}", sum(&grown), sum(&density));
        assert!(density.with_rows(&usual, 0.0).is_err() && density.with_rows(&usual, 1e12).is_err());
    }
}
