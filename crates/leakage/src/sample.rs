//! The rows looked at: bounded in number, the same for any thread count, spread over the file.

use std::collections::BTreeSet;

use nta_data::{Categories, Dataset, Label};

/// Rows of each class that are looked at, at most: error rates of one in a thousand need some thousands.
const MOST_OF_CLASS: usize = 30_000;

/// Different numbers that are still taken for codes, at most.
pub(crate) const MOST_CODES: usize = 256;

/// Code of a missing cell.
pub(crate) const MISSING: u32 = Categories::MISSING;

/// Rows of the table, in the files' order, evenly spaced among their class; all rows where there is no truth.
pub(crate) fn rows(train: &Dataset) -> Vec<u32> {
    let mut order: Vec<u32> = (0..train.n_rows() as u32).collect();
    order.sort_unstable_by_key(|&i| train.row[i as usize]);
    let Some(labels) = &train.label else { return spaced(&order, 2 * MOST_OF_CLASS).collect() };
    let place = |wanted: Label| -> Vec<u32> {
        (0..order.len() as u32).filter(|&at| labels[order[at as usize] as usize] == wanted).collect()
    };
    let (benign, attacks) = (place(Label::Benign), place(Label::Attack));
    let mut places: Vec<u32> = spaced(&benign, MOST_OF_CLASS).chain(spaced(&attacks, MOST_OF_CLASS)).collect();
    places.sort_unstable();
    places.into_iter().map(|at| order[at as usize]).collect()
}

fn spaced(all: &[u32], most: usize) -> impl Iterator<Item = u32> + '_ {
    let n = all.len().min(most);
    (0..n).map(move |k| all[k * all.len() / n])
}

/// A column of the rows looked at.
pub(crate) enum Values {
    /// Numbers of many values, `(n_rows)`; not finite: missing.
    Numbers(Vec<f32>),
    /// Codes of the values, `(n_rows)`; [`MISSING`] marks a missing cell.
    Codes(Vec<u32>),
}

impl Values {
    /// Numbers; codes in their ascending order where they are few.
    pub(crate) fn of_numbers(numbers: &[f32]) -> Values {
        let mut distinct: Vec<f32> = Vec::with_capacity(MOST_CODES + 1);
        for &number in numbers.iter().filter(|n| n.is_finite()) {
            if let Err(at) = distinct.binary_search_by(|d| d.total_cmp(&number)) {
                distinct.insert(at, number);
                if distinct.len() > MOST_CODES {
                    return Values::Numbers(numbers.to_vec());
                }
            }
        }
        let code = |number: &f32| distinct.binary_search_by(|d| d.total_cmp(number)).map_or(MISSING, |at| at as u32);
        Values::Codes(numbers.iter().map(code).collect())
    }

    /// Codes of the rows `rows` of a text column.
    pub(crate) fn of_texts(column: &Categories, rows: &[u32]) -> Values {
        Values::Codes(rows.iter().map(|&i| column.codes[i as usize]).collect())
    }
}

/// Different codes that stand in the rows, without the missing one.
pub(crate) fn n_distinct(codes: &[u32]) -> usize {
    codes.iter().filter(|code| **code != MISSING).collect::<BTreeSet<_>>().len()
}
