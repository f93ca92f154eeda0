//! What a training table must be before it is learned from.

use nta_data::{Label, Tabular};

use crate::grow::MOST_DISTINCT;
use crate::input::{check_finite, check_shape};
use crate::{Bootstrap, ForestError};

/// Counts and multiplicities share 32 bits with one flag.
const MOST_ROWS: usize = (u32::MAX >> 1) as usize;

/// Refuses what cannot be learned from.
pub(super) fn check_training(x: &Tabular, y: &[Label], bootstrap: Bootstrap) -> Result<(), ForestError> {
    check_shape(x)?;
    let rows = x.n_rows();
    if x.n_features() == 0 {
        return Err(ForestError::NoFeatures);
    }
    if rows == 0 {
        return Err(ForestError::NoRows);
    }
    let most = match bootstrap {
        Bootstrap::Distinct => MOST_DISTINCT,
        Bootstrap::Rows | Bootstrap::None => MOST_ROWS,
    };
    if rows > most {
        return Err(ForestError::TooManyRows { rows, most });
    }
    if rows != y.len() {
        return Err(ForestError::LabelsDiffer { rows, labels: y.len() });
    }
    match y.iter().filter(|l| l.is_attack()).count() {
        0 => return Err(ForestError::OneClass { rows, class: "benign" }),
        n if n == rows => return Err(ForestError::OneClass { rows, class: "attacks" }),
        _ => {}
    }
    check_finite(x)
}
