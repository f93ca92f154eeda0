//! What was learned: each column's bins and what benign rows weigh in them, alone and by the parent's bin.

use nta_data::Tabular;
use rayon::prelude::*;

use crate::DensityError;
use crate::bins::{Bins, Encoder};
use crate::classes::Classes;
use crate::column::{Column, Parent, Term};
use crate::config::Unseen;
use crate::input::{check_values, columns_by_name, is_sound};
use crate::lookup::{BLOCK, Lookup};
use crate::terms::{UNITS, conditional, marginal, terms_of};

/// A fitted density. Cannot exist unfitted.
#[derive(Debug, Clone)]
pub struct Density {
    pub(crate) columns: Vec<Column>,
    /// The surprise that scores one half.
    pub(crate) half: f64,
    /// What categories without benign rows add.
    pub(crate) unseen: Unseen,
    classes: Vec<Classes>,
    /// Of values to classes.
    encoders: Vec<Encoder>,
    lookup: Lookup,
}

/// Two densities are equal if they learned the same.
impl PartialEq for Density {
    fn eq(&self, other: &Self) -> bool {
        (&self.columns, self.half, self.unseen) == (&other.columns, other.half, other.unseen)
    }
}

impl Density {
    /// A density of sound columns.
    pub(crate) fn new(columns: Vec<Column>, half: f64, unseen: Unseen) -> Self {
        let classes: Vec<Classes> = columns.iter().map(|column| Classes::of(column, unseen)).collect();
        let encoder = |(column, classes): (&Column, &Classes)| Encoder::new(&column.bins, &|code| classes.class(code));
        let encoders = columns.iter().zip(&classes).map(encoder).collect();
        let terms: Vec<Term> = terms(&columns, unseen).collect();
        let lookup = Lookup::of(&terms, &classes);
        Density { columns, half, unseen, classes, encoders, lookup }
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
    pub fn terms(&self) -> impl Iterator<Item = Term> {
        terms(&self.columns, self.unseen)
    }

    /// Bytes of the tables that scoring reads.
    pub fn table_bytes(&self) -> usize {
        self.lookup.bytes()
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
        self.of_rows(x, |surprise| self.score_of(surprise))
    }

    /// The surprise of each row in nats, `(n_rows)`, at least 0.
    ///
    /// # Errors
    /// As [`Density::predict_proba`].
    pub fn surprise(&self, x: &Tabular) -> Result<Vec<f64>, DensityError> {
        self.of_rows(x, |surprise| surprise)
    }

    /// What `of` makes of each row's surprise.
    fn of_rows<T: Send + Default + Clone>(
        &self,
        x: &Tabular,
        of: impl Fn(f64) -> T + Sync,
    ) -> Result<Vec<T>, DensityError> {
        let columns = columns_by_name(&self.columns, x)?;
        let mut made = vec![T::default(); x.n_rows()];
        let blocks = made.par_chunks_mut(BLOCK).enumerate();
        let is_sound = blocks.map_init(Vec::new, |classes, (block, made)| {
            let (first, n) = (block * BLOCK, made.len());
            classes.resize(columns.len() * n, 0);
            let mut sound = true;
            for (place, classes) in classes.chunks_exact_mut(n).enumerate() {
                let values = &columns[place][first..first + n];
                sound &= is_sound(values, self.columns[place].bins.kind());
                self.encoders[place].encode(values, classes);
            }
            self.add_block(classes, made, &of);
            sound
        });
        // Where a value is none, which one it is has to be looked for.
        if !is_sound.reduce(|| true, |a, b| a & b) {
            check_values(x)?;
        }
        Ok(made)
    }

    /// What `of` makes of the surprises of a block of rows, `(n)`, with these `classes` `(n_columns, n)`.
    fn add_block<T>(&self, classes: &[u8], made: &mut [T], of: &impl Fn(f64) -> T) {
        let mut sums = [0; BLOCK];
        let sums = &mut sums[..made.len()];
        let classes: Vec<&[u8]> = classes.chunks_exact(made.len()).collect();
        self.lookup.add(&classes, sums);
        made.iter_mut().zip(sums).for_each(|(made, units)| *made = of(*units as f64 / UNITS));
    }

    /// The codes of rows `first..first + n`, `(n_columns, n)`.
    pub(crate) fn encode(&self, columns: &[&[f32]], first: usize, n: usize) -> Vec<u8> {
        let mut codes = vec![0; self.columns.len() * n];
        for ((column, values), codes) in self.columns.iter().zip(columns).zip(codes.chunks_exact_mut(n.max(1))) {
            Encoder::of_codes(&column.bins).encode(&values[first..first + n], codes);
        }
        codes
    }

    /// The surprise of rows whose codes are known, `(n_columns)` lists of `(n_rows)`.
    pub(crate) fn surprise_of_codes(&self, codes: &[&[u8]], n_rows: usize) -> Vec<f64> {
        let mut made = vec![0.0; n_rows];
        made.par_chunks_mut(BLOCK).enumerate().for_each(|(block, made)| {
            let of_column = |(codes, classes): (&&[u8], &Classes)| {
                let codes = &codes[block * BLOCK..][..made.len()];
                codes.iter().map(|code| classes.class(usize::from(*code))).collect::<Vec<u8>>()
            };
            let classes: Vec<u8> = codes.iter().zip(&self.classes).flat_map(of_column).collect();
            self.add_block(&classes, made, &|surprise| surprise);
        });
        made
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

fn terms(columns: &[Column], unseen: Unseen) -> impl Iterator<Item = Term> {
    columns.iter().enumerate().flat_map(move |(own, column)| terms_of(own, column, unseen))
}
