//! Parts that were dealt by blocks, put back as they stood in the traffic: in service a row follows what its host did before,
//! whatever part that went to.

use std::ops::Range;
use std::sync::Arc;

use nta_data::{DataError, Dataset, Schema};

use super::plan::Plan;

/// Where the rows of a part stood before they were dealt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Place of each row in arrival order, ascending. `(n_rows)`.
    pub place: Vec<u32>,
    /// Entity of each row as read; the part itself holds a key of its own for each segment. `(n_rows)`.
    pub entity: Vec<u64>,
}

impl Origin {
    /// Of the rows of each part that `plan` cuts `train` to; `None` where it cuts no sequence.
    pub(super) fn of_parts(train: &Dataset, plan: &Plan) -> Option<[Origin; 5]> {
        if plan.blocks.is_none() || !train.has_sequences() {
            return None;
        }
        let mut place_of = vec![0; train.n_rows()];
        for (place, row) in train.arrival_order().into_iter().enumerate() {
            place_of[row as usize] = place as u32;
        }
        Some(std::array::from_fn(|part| {
            let rows = &plan.rows[part];
            Origin {
                place: rows.iter().map(|&row| place_of[row as usize]).collect(),
                entity: rows.iter().map(|&row| train.entity[row as usize]).collect(),
            }
        }))
    }
}

/// Some parts as one stream in arrival order, each row with its entity as read. What was dropped at seams, and parts that
/// are not among these, are absent.
#[derive(Debug)]
pub struct Stream<'a> {
    schema: Arc<Schema>,
    parts: Vec<(&'a Dataset, &'a Origin)>,
    /// Part and row in it, in arrival order.
    order: Vec<(usize, u32)>,
}

impl<'a> Stream<'a> {
    /// The rows of `parts`, all read by `schema`, each with its origin.
    pub fn new(schema: &Arc<Schema>, parts: Vec<(&'a Dataset, &'a Origin)>) -> Self {
        let rows =
            |(part, (table, _)): (usize, &(&Dataset, &Origin))| (0..table.n_rows() as u32).map(move |row| (part, row));
        let mut order: Vec<(usize, u32)> = parts.iter().enumerate().flat_map(rows).collect();
        order.sort_unstable_by_key(|&(part, row)| parts[part].1.place[row as usize]);
        Stream { schema: Arc::clone(schema), parts, order }
    }

    /// Rows of all parts.
    pub fn n_rows(&self) -> usize {
        self.order.len()
    }

    /// The part of each row of `range`, by its place among those given.
    pub fn parts_of(&self, range: Range<usize>) -> impl Iterator<Item = usize> {
        self.order[range].iter().map(|(part, _)| *part)
    }

    /// The rows of `range`, which lies within [`Stream::n_rows`]; labelled where all parts are, for those of one may be sealed.
    ///
    /// # Errors
    /// Parts of several schemas.
    pub fn rows(&self, range: Range<usize>) -> Result<Dataset, DataError> {
        let wanted = &self.order[range];
        let mut by_part = Dataset::empty(Arc::clone(&self.schema));
        let mut next = Vec::with_capacity(self.parts.len());
        let labelled = self.parts.iter().all(|(table, _)| table.label.is_some());
        for (part, (table, origin)) in self.parts.iter().enumerate() {
            let of_part: Vec<u32> = wanted.iter().filter(|(p, _)| *p == part).map(|(_, row)| *row).collect();
            let mut taken = table.take(&of_part);
            taken.entity = of_part.iter().map(|&row| origin.entity[row as usize]).collect();
            if !labelled {
                (taken.label, taken.family) = (None, None);
            }
            next.push(by_part.n_rows() as u32);
            by_part.append(&taken)?;
        }
        let place = |&(part, _): &(usize, u32)| {
            next[part] += 1;
            next[part] - 1
        };
        Ok(by_part.take(&wanted.iter().map(place).collect::<Vec<u32>>()))
    }
}

#[cfg(test)]
mod tests {
    use nta_data::Order;

    use super::*;
    use crate::partition::{Partition, Requirements, SplitConfig, Strategy, partition};
    use crate::test_tables::{counted, mixed};

    #[test]
    fn parts_dealt_by_blocks_are_put_back_as_they_stood() {
        let mut table = counted(Order::EndTime, &mixed(6_000, 5, &["scan"]));
        // Flows end in another order than that of the file.
        table.end_time = Some((0..6_000).map(|row| i64::from(row / 500) * 1_000 - i64::from(row)).collect());
        let strategy = Some(Strategy::Blocked);
        let config = SplitConfig { strategy, gap_rows: Some(0), ..SplitConfig::default() };
        let parts = partition(&config, table.clone(), None, 3, &Requirements::default()).unwrap();
        let n_learned = parts.learned().unwrap().n_rows();
        let Partition { train, validation, calibration, threshold, test, origins, .. } = parts;
        let (origins, test) = (origins.unwrap(), test.open());
        let tables = [&train, &validation, &calibration, &threshold, &test];
        let stream = Stream::new(&table.schema, tables.into_iter().zip(&origins).collect());

        let as_read = table.take(&table.arrival_order());
        let whole = stream.rows(0..6_000).unwrap();
        assert_eq!((&whole.row, &whole.entity), (&as_read.row, &as_read.entity));
        assert_eq!((&whole.numeric, &whole.label), (&as_read.numeric, &as_read.label));
        assert_eq!(stream.rows(1_234..1_300).unwrap().row, as_read.row[1_234..1_300]);
        let (sealed, tables) =
            (Dataset { label: None, family: None, ..test.clone() }, [&train, &validation, &calibration, &threshold]);
        let tables = tables.into_iter().chain([&sealed]).zip(&origins).collect();
        let unlabelled = Stream::new(&table.schema, tables).rows(0..6_000).unwrap();
        assert_eq!((&unlabelled.row, unlabelled.label), (&whole.row, None));
        // Each part's rows come in the part's own order.
        let of_calibration =
            stream.parts_of(0..6_000).zip(0u32..).filter(|(part, _)| *part == 2).map(|(_, place)| place);
        assert_eq!(whole.take(&of_calibration.collect::<Vec<u32>>()).row, calibration.row);
        assert_eq!(n_learned + test.n_rows(), 6_000);
    }

    #[test]
    fn only_cut_sequences_have_an_origin() {
        let origins = |order, strategy| {
            let config = SplitConfig { strategy: Some(strategy), ..SplitConfig::default() };
            let table = counted(order, &mixed(3_000, 5, &["scan"]));
            partition(&config, table, None, 1, &Requirements::default()).unwrap().origins
        };
        assert_eq!(origins(Order::File, Strategy::Temporal), None);
        assert_eq!(origins(Order::None, Strategy::Stratified), None);
        assert!(origins(Order::File, Strategy::Blocked).is_some());
    }
}
