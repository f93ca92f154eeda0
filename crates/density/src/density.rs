//! What was learned: each column's bins and what benign rows weigh in them, alone and by the parent's bin.

use nta_data::Tabular;
use rayon::prelude::*;

use crate::DensityError;
use crate::bins::{Bins, Encoder};
use crate::column::{Column, Parent, Term};
use crate::config::Unseen;
use crate::input::columns_by_name;
use crate::tables::{BLOCK, Tables, conditional, marginal};

/// A fitted density. Cannot exist unfitted.
#[derive(Debug, Clone)]
pub struct Density {
    pub(crate) columns: Vec<Column>,
    /// The surprise that scores one half.
    pub(crate) half: f64,
    /// What categories without benign rows add.
    pub(crate) unseen: Unseen,
    encoders: Vec<Encoder>,
    tables: Tables,
}

/// Two densities are equal if they learned the same.
impl PartialEq for Density {
    fn eq(&self, other: &Self) -> bool {
        (&self.columns, self.half, self.unseen) == (&other.columns, other.half, other.unseen)
    }
}

impl Density {
    /// A density of sound columns; in words where bins are none.
    pub(crate) fn new(columns: Vec<Column>, half: f64, unseen: Unseen) -> Result<Self, String> {
        let encoders = columns.iter().map(|column| Encoder::new(&column.bins)).collect::<Result<_, _>>()?;
        let tables = Tables::of(&columns, unseen);
        Ok(Density { columns, half, unseen, encoders, tables })
    }

    pub(crate) fn with_half(self, half: f64) -> Self {
        Density { half, ..self }
    }

    /// Names of the columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// How many columns there are.
    pub fn n_columns(&self) -> usize {
        self.columns.len()
    }

    /// How each column's values fall into bins.
    pub fn bins(&self) -> impl Iterator<Item = &Bins> {
        self.columns.iter().map(|column| &column.bins)
    }

    /// What the benign training rows weigh together.
    pub fn weight(&self) -> f64 {
        self.columns.first().map_or(0.0, |column| column.weights.iter().sum())
    }

    /// The surprise, in nats, that scores one half: at most 1 % of the benign training rows surprise more.
    pub fn half(&self) -> f64 {
        self.half
    }

    /// The summands of the surprise.
    pub fn terms(&self) -> impl Iterator<Item = Term<'_>> {
        self.tables.terms()
    }

    /// Bytes of the tables that scoring reads.
    pub fn table_bytes(&self) -> usize {
        self.tables.bytes()
    }

    /// The score of a surprise: surprise / (surprise + half), strictly increasing. Unlike a probability it does not
    /// saturate: f32 keeps surprises apart that differ by a thousandth of a nat, however far out they lie.
    pub fn score_of(&self, surprise: f64) -> f32 {
        (surprise / (surprise + self.half)) as f32
    }

    /// How surprising each row is among benign rows, `(n_rows)` in [0, 1]: above one half more than 99 % of the benign
    /// rows of the training. Columns are found by their names. The same for any number of threads, and for a row alone.
    ///
    /// # Errors
    /// Columns missing or unknown, of the other kind or of unequal length, infinite values, ranks that are none.
    pub fn predict_proba(&self, x: &Tabular) -> Result<Vec<f32>, DensityError> {
        Ok(self.surprise(x)?.into_iter().map(|surprise| self.score_of(surprise)).collect())
    }

    /// The surprise of each row in nats, `(n_rows)`, at least 0.
    ///
    /// # Errors
    /// As [`Density::predict_proba`].
    pub fn surprise(&self, x: &Tabular) -> Result<Vec<f64>, DensityError> {
        let columns = columns_by_name(&self.columns, x)?;
        let mut sums = vec![0.0; x.n_rows()];
        sums.par_chunks_mut(BLOCK).enumerate().for_each_init(Vec::new, |codes, (block, sums)| {
            self.encode(&columns, block * BLOCK, sums.len(), codes);
            let codes: Vec<&[u8]> = codes.chunks_exact(sums.len()).collect();
            self.tables.add(&codes, sums);
        });
        Ok(sums)
    }

    /// The codes of rows `first..first + n`, `(n_columns, n)`.
    pub(crate) fn encode(&self, columns: &[&[f32]], first: usize, n: usize, codes: &mut Vec<u8>) {
        codes.resize(self.columns.len() * n, 0);
        for ((encoder, values), codes) in self.encoders.iter().zip(columns).zip(codes.chunks_exact_mut(n)) {
            encoder.encode(&values[first..first + n], codes);
        }
    }

    /// The surprise of rows whose codes are known, `(n_columns)` lists of `(n_rows)`.
    pub(crate) fn surprise_of_codes(&self, codes: &[Vec<u8>], n_rows: usize) -> Vec<f64> {
        let mut sums = vec![0.0; n_rows];
        sums.par_chunks_mut(BLOCK).enumerate().for_each(|(block, sums)| {
            let block: Vec<&[u8]> = codes.iter().map(|codes| &codes[block * BLOCK..][..sums.len()]).collect();
            self.tables.add(&block, sums);
        });
        sums
    }

    /// How often each code of a column comes given the parent's code, or by its own frequencies alone, `(n_codes)`.
    pub(crate) fn frequencies(&self, column: usize, given: Option<(&Parent, usize)>) -> Vec<f64> {
        let alone = marginal(&self.columns[column].weights);
        match given {
            Some((parent, code)) => conditional(&parent.weights[code * alone.len()..][..alone.len()], &alone),
            None => alone,
        }
    }
}
