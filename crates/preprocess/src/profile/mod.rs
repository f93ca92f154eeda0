//! What the training traffic looked like, column by column, so that later traffic can be held against it. Nothing is
//! scored by it.

mod binned;
mod categorical;
mod numeric;
mod score;

use nta_data::Dataset;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use binned::{ALERTS, BinnedColumn, Bins, MOST_BLOCKS, Spread};
pub use categorical::{CategoricalProfile, MOST_VALUES, ValueCount};
pub use numeric::{NumericProfile, PROBABILITIES, Quantile};
pub use score::{SCORE_BINS, ScoreProfile};

/// The columns of the training part, and the scores of rows that nothing was fitted on. Becomes readable JSON and reads
/// back exactly.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Rows that the columns were profiled on.
    pub rows: u64,
    /// Number columns, in the schema's order.
    pub numeric: Vec<NumericProfile>,
    /// Text columns, in the schema's order.
    pub categorical: Vec<CategoricalProfile>,
    /// Columns of scores, in their order; empty until they are added.
    #[serde(default)]
    pub scores: Vec<ScoreProfile>,
    /// The same by bin along the traffic, for the search for drift; `None` in a model of before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Spread>,
    /// Benign training rows in the same bins, for the question whether a promise holds for later traffic; `None` in a model
    /// of before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub benign: Option<Spread>,
}

impl Profile {
    /// Profiles every feature column of `train`. All but the spread's blocks depends on the rows alone, not on their order;
    /// nothing depends on the number of threads. Takes one copy of a column's numbers a thread.
    pub fn fit(train: &Dataset) -> Self {
        let schema = &train.schema;
        let numeric = schema.numeric.par_iter().zip(&train.numeric);
        let categorical = schema.categorical.par_iter().zip(&train.categorical);
        let mut profile = Profile {
            rows: train.n_rows() as u64,
            numeric: numeric.map(|(role, column)| NumericProfile::fit(&role.name, column)).collect(),
            categorical: categorical.map(|(role, column)| CategoricalProfile::fit(&role.name, column)).collect(),
            scores: Vec::new(),
            spread: None,
            benign: None,
        };
        profile.spread = Some(Spread::fit(train, &profile));
        profile
    }

    /// Counts benign rows, in arrival order, in the bins of the training part.
    pub fn count_benign(&mut self, benign: &Dataset) {
        self.benign = self.spread.as_ref().map(|spread| {
            let mut counted = Spread { scores: Vec::new(), ..spread.emptied() };
            counted.take_rows(benign);
            counted
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use nta_data::{Categories, Order, RowId};

    use super::*;
    use crate::test_tables::schema;

    fn table(n: usize) -> Dataset {
        let mut table = Dataset::empty(Arc::new(schema(Order::None, &["bytes", "ttl"], &["proto", "service"])));
        let odd = |i: usize| match i % 7 {
            0 => f32::NAN,
            1 => f32::INFINITY,
            2 => -0.0,
            3 => 0.1,
            4 => f32::MAX,
            5 => f32::MIN_POSITIVE / 8.0,
            _ => -(i as f32) * 1e-3,
        };
        table.numeric = vec![(0..n).map(|i| ((i * 7919) % n) as f32).collect(), (0..n).map(odd).collect()];
        let proto = (0..n).map(|i| if i % 10 == 0 { None } else { Some(["tcp", "udp", "tcp"][i % 3]) });
        let names: Vec<String> = (0..n).map(|i| format!("service {}", (i * i) % 300)).collect();
        table.categorical =
            vec![Categories::from_texts(proto), Categories::from_texts(names.iter().map(|name| Some(name.as_str())))];
        table.row = (0..n as u64).map(|row| RowId { file: 0, row }).collect();
        table
    }

    #[test]
    fn it_reads_back_exactly_from_json_that_names_every_number() {
        let mut profile = Profile::fit(&table(2_000));
        profile.scores.push(ScoreProfile::of("forest", &[0.0, 0.5, 1.0]));
        let text = serde_json::to_string_pretty(&profile).unwrap();
        assert!(!text.contains("null"), "every number is one that JSON holds: {text}");
        assert_eq!(serde_json::from_str::<Profile>(&text).unwrap(), profile);
        for name in
            ["\"bytes\"", "\"missing\"", "\"quantiles\"", "\"probability\"", "\"distinct\"", "\"others\"", "\"bins\""]
        {
            assert!(text.contains(name), "{name}");
        }
    }

    #[test]
    fn neither_threads_nor_the_order_of_rows_change_it() {
        let table = table(3_001);
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Profile::fit(&table))
        };
        assert_eq!(with(1), with(3));
        let turned: Vec<u32> = (0..3_001).rev().collect();
        let (mut turned, mut straight) = (Profile::fit(&table.take(&turned)), with(1));
        for profile in [&mut turned, &mut straight] {
            // Blocks are of neighbours; what they sum to is not.
            profile.spread.as_mut().unwrap().columns.iter_mut().for_each(|c| c.counts = vec![c.totals()]);
        }
        assert_eq!(turned, straight);
    }

    #[test]
    fn a_part_does_not_tell_of_texts_that_stand_in_others() {
        let part = table(2_000).take(&[1, 4, 7]);
        let profile = Profile::fit(&part);
        assert_eq!((profile.rows, profile.categorical[0].distinct), (3, 1), "udp alone, of tcp and udp");
        assert_eq!(profile.categorical[0].values, [ValueCount { value: "udp".to_owned(), rows: 3 }]);
    }
}
