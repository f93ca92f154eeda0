//! Where the codes of a node's rows are looked up: in the whole table, or in an excerpt that fits the processor's cache.

use super::drawn::Drawn;
use super::training_table::{Sparse, TrainingTable};

/// A view holds at least so many rows for each row of a node before the node gets an excerpt: until then the rows of
/// the node lie close enough together that most of what comes with a cache line is used.
const SPREAD: usize = 8;

/// Bytes of codes that stay in the cache anyway.
const CACHED: usize = 1 << 23;

/// Smaller nodes are split up before an excerpt of all features pays.
const LEAST_ROWS: usize = 64;

/// Rows copied at a time, so that their numbers stay in the cache from column to column.
const BLOCK: usize = 1 << 11;

/// The codes of some of the table's rows, column by column, in the order of a node's bag.
#[derive(Default)]
pub(crate) struct Excerpt {
    n_rows: usize,
    /// `(n_features, n_rows)`; whatever was there before for columns that are constant in the node.
    codes: Vec<u8>,
    /// `(n_rows)`, or empty as in the table.
    weights: Vec<u32>,
}

/// The whole table, or an excerpt of it.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    table: &'a TrainingTable,
    excerpt: Option<&'a Excerpt>,
}

impl<'a> View<'a> {
    pub(crate) fn whole(table: &'a TrainingTable) -> Self {
        View { table, excerpt: None }
    }

    pub(crate) fn of(self, excerpt: &'a Excerpt) -> Self {
        View { excerpt: Some(excerpt), ..self }
    }

    fn n_rows(self) -> usize {
        self.excerpt.map_or_else(|| self.table.n_distinct(), |excerpt| excerpt.n_rows)
    }

    /// Codes of a feature, by [`Drawn::row`] of the view's bag.
    #[inline]
    pub(crate) fn codes(self, feature: usize) -> &'a [u8] {
        match self.excerpt {
            None => &self.table.columns[feature].codes,
            Some(excerpt) => &excerpt.codes[feature * excerpt.n_rows..][..excerpt.n_rows],
        }
    }

    /// Weights of the rows, as [`TrainingTable::weights`].
    pub(crate) fn weights(self) -> &'a [u32] {
        self.excerpt.map_or(&self.table.weights, |excerpt| &excerpt.weights)
    }

    /// The rows outside the feature's most frequent bin. An excerpt has no such list.
    pub(crate) fn sparse(self, feature: usize) -> Option<&'a Sparse> {
        match self.excerpt {
            None => self.table.columns[feature].sparse.as_ref(),
            Some(_) => None,
        }
    }

    /// Whether the view is the whole table.
    pub(crate) fn is_whole(self) -> bool {
        self.excerpt.is_none()
    }

    /// Whether a node of `rows` rows is better looked at through an excerpt.
    pub(crate) fn wants_excerpt(self, rows: usize) -> bool {
        let is_spread = rows <= self.n_rows() / SPREAD;
        is_spread && rows >= LEAST_ROWS && self.n_rows() * self.table.columns.len() > CACHED
    }
}

impl Excerpt {
    /// Copies what `view` holds of the rows in `bag`, but for the columns in `constant`, and gives the rows their
    /// numbers in here.
    pub(crate) fn take(&mut self, view: View<'_>, bag: &mut [Drawn], constant: &[u64]) {
        let n_rows = bag.len();
        self.n_rows = n_rows;
        self.codes.resize((view.table.columns.len() * n_rows).max(self.codes.len()), 0);
        self.weights.clear();
        if !view.weights().is_empty() {
            self.weights.extend(bag.iter().map(|drawn| view.weights()[drawn.row as usize]));
        }
        for (block, rows) in bag.chunks(BLOCK).enumerate() {
            for (feature, column) in self.codes.chunks_exact_mut(n_rows).enumerate().take(view.table.columns.len()) {
                if constant[feature / 64] & (1 << (feature % 64)) != 0 {
                    continue;
                }
                let from = view.codes(feature);
                let into = &mut column[block * BLOCK..][..rows.len()];
                into.iter_mut().zip(rows).for_each(|(code, drawn)| *code = from[drawn.row as usize]);
            }
        }
        bag.iter_mut().zip(0..).for_each(|(drawn, row)| drawn.row = row);
    }
}

#[cfg(test)]
mod tests {
    use nta_data::Label;

    use super::*;
    use crate::Bootstrap;

    #[test]
    fn an_excerpt_holds_the_codes_and_weights_of_its_rows() {
        let n = 6_000;
        let values = |step, most| (0..n).map(|i| (i * step % most) as f32).collect::<Vec<f32>>();
        let y: Vec<Label> = (0..n).map(|i| if i % 3 == 0 { Label::Attack } else { Label::Benign }).collect();
        let weights: Vec<u32> = (0..n as u32).map(|i| 1 + i % 5).collect();
        let table = TrainingTable::new(
            vec![values(7, 251), values(0, 1), values(11, 253)],
            &y,
            &weights,
            &[],
            255,
            Bootstrap::Rows,
        );
        let whole = View::whole(&table);
        let drawn = |row: u32| Drawn::new(row, 1 + row % 2, Label::Benign);
        // More rows than a block, in no particular order.
        let first: Vec<Drawn> =
            (0..n as u32).map(|i| i * 17 % n as u32).filter(|row| row % 2 == 0).map(drawn).collect();
        let mut bag = first.clone();
        let mut excerpt = Excerpt::default();
        let constant = [0b010];
        excerpt.take(whole, &mut bag, &constant);
        let view = whole.of(&excerpt);
        // And a second one, out of the first.
        let mut inner_bag: Vec<Drawn> = bag.iter().copied().step_by(5).collect();
        let mut inner = Excerpt::default();
        inner.take(view, &mut inner_bag, &constant);
        let inner = view.of(&inner);
        for (i, original) in first.iter().enumerate() {
            assert_eq!((bag[i].row, bag[i].tally()), (i as u32, original.tally()));
            for feature in [0, 2] {
                let code = whole.codes(feature)[original.row as usize];
                assert_eq!(view.codes(feature)[i], code);
                if i % 5 == 0 {
                    assert_eq!(inner.codes(feature)[i / 5], code);
                }
            }
            assert_eq!(view.weights()[i], whole.weights()[original.row as usize]);
        }
        assert!(whole.is_whole() && !view.is_whole() && view.sparse(1).is_none());
    }
}
