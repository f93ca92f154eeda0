//! Grows the feature and time columns of a dataset from cells, one builder a role. Each builder fails with the row it
//! fails at.

use std::collections::HashMap;

use nta_data::{Categories, TimeUnit};

use crate::assemble::fault::Fault;
use crate::assemble::role::{self, Written};
use crate::values::cell::TypedColumn;

/// Which rows of a block take part; all where it is `None`.
pub(crate) type Kept<'a> = Option<&'a [bool]>;

pub(crate) fn is_kept(kept: Kept<'_>, row: usize) -> bool {
    kept.is_none_or(|k| k[row])
}

/// A number feature.
#[derive(Debug)]
pub(crate) struct NumericBuilder {
    written: Written,
    /// What the file's numbers are multiplied by to be in the schema's unit.
    scale: f64,
    pub(crate) values: Vec<f32>,
    pub(crate) n_missing: u64,
}

impl NumericBuilder {
    pub(crate) fn new(written: Written, scale: f64) -> Self {
        NumericBuilder { written, scale, values: Vec::new(), n_missing: 0 }
    }

    pub(crate) fn push(&mut self, cells: &TypedColumn<'_>, kept: Kept<'_>) -> Result<(), Fault> {
        let (written, scale, values, n_missing) = (self.written, self.scale, &mut self.values, &mut self.n_missing);
        cells.try_each(|row, cell| {
            if is_kept(kept, row) {
                let value = role::feature(cell, written, scale).map_err(|kind| Fault::new(row, cell, kind))?;
                *n_missing += u64::from(value.is_nan());
                values.push(value);
            }
            Ok(())
        })
    }
}

/// Gives each distinct text a code, in order of first appearance.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    code_of: HashMap<String, u32>,
    pub(crate) values: Vec<String>,
    /// The code met last at each place: rows that follow each other often have the same few texts.
    recent: [u32; RECENT],
}

/// Places of [`Interner::recent`], a power of two.
const RECENT: usize = 32;

impl Interner {
    pub(crate) fn code(&mut self, text: &str) -> u32 {
        let ends = [text.as_bytes().first(), text.as_bytes().last()].map(|byte| byte.map_or(0, |b| usize::from(*b)));
        let recent = &mut self.recent[(text.len() + 3 * ends[0] + 7 * ends[1]) % RECENT];
        if self.values.get(*recent as usize).is_some_and(|known| known == text) {
            return *recent;
        }
        let code = match self.code_of.get(text) {
            Some(code) => *code,
            None => {
                let code = self.values.len() as u32;
                self.code_of.insert(text.to_owned(), code);
                self.values.push(text.to_owned());
                code
            }
        };
        *recent = code;
        code
    }
}

/// A text feature.
#[derive(Debug, Default)]
pub(crate) struct CategoryBuilder {
    pub(crate) interner: Interner,
    pub(crate) codes: Vec<u32>,
    pub(crate) n_missing: u64,
}

impl CategoryBuilder {
    pub(crate) fn push(&mut self, cells: &TypedColumn<'_>, kept: Kept<'_>) {
        let mut scratch = String::new();
        let _: Result<(), ()> = cells.try_each(|row, cell| {
            if is_kept(kept, row) {
                let code = match cell.text(&mut scratch) {
                    Some(text) => self.interner.code(text),
                    None => Categories::MISSING,
                };
                self.n_missing += u64::from(code == Categories::MISSING);
                self.codes.push(code);
            }
            Ok(())
        });
    }

    pub(crate) fn finish(self) -> Categories {
        Categories { codes: self.codes, values: self.interner.values }
    }
}

/// How long each flow lasted.
#[derive(Debug, Default)]
pub(crate) struct DurationBuilder {
    pub(crate) unit: TimeUnit,
    pub(crate) written: Written,
    pub(crate) micros: Vec<i64>,
}

impl DurationBuilder {
    pub(crate) fn push(&mut self, cells: &TypedColumn<'_>, kept: Kept<'_>) -> Result<(), Fault> {
        let (unit, written, micros) = (self.unit, self.written, &mut self.micros);
        cells.try_each(|row, cell| {
            if is_kept(kept, row) {
                micros.push(role::duration(cell, unit, written).map_err(|kind| Fault::new(row, cell, kind))?);
            }
            Ok(())
        })
    }
}
