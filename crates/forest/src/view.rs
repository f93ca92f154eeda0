//! Where the codes of a node's rows are looked up: in the whole table, or in an excerpt that fits the processor's cache.

use crate::bootstrap::Drawn;
use crate::histogram::Sparse;
use crate::table::Table;

/// A view holds at least so many rows for each row of a node before the node gets an excerpt: until then the rows of
/// the node lie close enough together that most of what comes with a cache line is used.
const SPREAD: usize = 8;

/// Bytes of codes that stay in the cache anyway.
const CACHED: usize = 1 << 23;

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
    table: &'a Table,
    excerpt: Option<&'a Excerpt>,
}

impl<'a> View<'a> {
    pub(crate) fn whole(table: &'a Table) -> Self {
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

    /// Weights of the rows, as [`Table::weights`].
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
        rows <= self.n_rows() / SPREAD && self.n_rows() * self.table.columns.len() > CACHED
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
