//! What a text column looked like: how often it was missing, and its most frequent values.

use nta_data::Categories;
use serde::{Deserialize, Serialize};

/// Values that are counted by name; the rest of a column counts as others.
pub const MOST_VALUES: usize = 64;

/// A text column, profiled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoricalProfile {
    /// Column name.
    pub name: String,
    /// Rows without a text.
    pub missing: u64,
    /// Different texts.
    pub distinct: u64,
    /// The most frequent texts, at most [`MOST_VALUES`], the most frequent first; of equally frequent ones the first by
    /// their bytes.
    pub values: Vec<ValueCount>,
    /// Rows of all other texts.
    pub others: u64,
}

/// How often a text occurred.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueCount {
    /// The text.
    pub value: String,
    /// Rows that have it.
    pub rows: u64,
}

impl CategoricalProfile {
    /// Profiles one column, `(n_rows)`.
    pub(super) fn fit(name: &str, column: &Categories) -> Self {
        let mut counts = vec![0u64; column.values.len()];
        let mut missing = 0;
        for &code in &column.codes {
            *counts.get_mut(code as usize).unwrap_or(&mut missing) += 1;
        }
        let mut present: Vec<(&String, u64)> = column.values.iter().zip(counts).filter(|(_, rows)| *rows > 0).collect();
        present.sort_unstable_by(|(a, a_rows), (b, b_rows)| b_rows.cmp(a_rows).then_with(|| a.cmp(b)));
        let (named, others) = present.split_at(present.len().min(MOST_VALUES));
        CategoricalProfile {
            name: name.to_owned(),
            missing,
            distinct: present.len() as u64,
            values: named.iter().map(|&(value, rows)| ValueCount { value: value.clone(), rows }).collect(),
            others: others.iter().map(|(_, rows)| rows).sum(),
        }
    }

    /// Share of the rows without a text, of `rows` in all; 0 where there are none.
    pub fn missing_rate(&self, rows: u64) -> f64 {
        if rows == 0 { 0.0 } else { self.missing as f64 / rows as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_come_first_and_equals_by_their_text() {
        let texts = [Some("udp"), Some("tcp"), None, Some("tcp"), Some("icmp"), None, None];
        let got = CategoricalProfile::fit("proto", &Categories::from_texts(texts));
        let values: Vec<(&str, u64)> = got.values.iter().map(|v| (v.value.as_str(), v.rows)).collect();
        assert_eq!(values, [("tcp", 2), ("icmp", 1), ("udp", 1)]);
        assert_eq!((got.missing, got.distinct, got.others), (3, 3, 0));
        assert!((got.missing_rate(7) - 3.0 / 7.0).abs() < 1e-15);
    }

    #[test]
    fn beyond_so_many_values_rows_are_others() {
        // Text i stands i + 1 times: of 100 texts the 36 rarest are not named.
        let names: Vec<String> = (0..100).map(|i| format!("t{i:02}")).collect();
        let cells = (0..100).flat_map(|i| vec![Some(names[i].as_str()); i + 1]);
        let got = CategoricalProfile::fit("x", &Categories::from_texts(cells));
        assert_eq!((got.values.len(), got.distinct), (MOST_VALUES, 100));
        assert_eq!((got.values[0].rows, got.values[63].rows, got.others), (100, 37, 36 * 37 / 2));
    }
}
