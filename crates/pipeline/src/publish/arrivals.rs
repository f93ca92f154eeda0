//! Traffic of any size in arrival order: rows as they were read, sorted on disk where they do not stand so.

use std::collections::HashMap;
use std::sync::Arc;

use nta_data::{Categories, Dataset, RowId};
use nta_model::Model;

use crate::error::{PipelineError, refused};
use crate::event::Unit;
use crate::external_sort::ExternalSort;
use crate::score::{Input, needs_sorting, unsorted};

/// Bytes of rows that the sort holds in memory.
const SORT_ROOM: usize = 64 << 20;

/// Rows given on at a time.
const ROWS: usize = 8_192;

/// Texts of a column that are told apart, beside those that the model knows. To a model, texts that it does not know are
/// all the same: what comes after these is taken for the last of them.
const STRANGE_TEXTS: usize = 1 << 16;

/// Gives `take` the rows of `input` in arrival order, some thousands at a time; how many they were.
///
/// # Errors
/// Rows that cannot be read, a disk that is full, what `take` refuses, stopped.
pub(super) fn in_arrival_order(
    input: &Input<'_>,
    model: &Model,
    mut take: impl FnMut(&Dataset) -> Result<(), PipelineError>,
) -> Result<u64, PipelineError> {
    let mut n_rows = 0;
    if !needs_sorting(model) {
        for batch in input.batches()? {
            // Labels are not asked for, and may be there for some of the rows only.
            let rows = Dataset { label: None, family: None, ..batch.map_err(refused)?.dataset };
            n_rows += rows.n_rows() as u64;
            take(&rows)?;
        }
        return Ok(n_rows);
    }
    let folder = std::env::temp_dir();
    let mut records = Records::of(model);
    let mut sort = ExternalSort::new(records.bytes, SORT_ROOM, &folder).map_err(unsorted(&folder))?;
    let mut record = Vec::with_capacity(records.bytes);
    for batch in input.batches()? {
        let rows = batch.map_err(refused)?.dataset;
        let codes = records.codes(&rows);
        for i in 0..rows.n_rows() {
            record.clear();
            write(&rows, &codes, i, &mut record);
            // Ties by file order, as in scoring.
            let end = rows.end_time.as_ref().map_or(0, |end| end[i]);
            sort.push((i128::from(end) << 64) | i128::from(n_rows), &record).map_err(unsorted(&folder))?;
            n_rows += 1;
        }
        input.progress(n_rows, Unit::FlowsSorted)?;
    }
    let mut sorted = sort.finish().map_err(unsorted(&folder))?;
    loop {
        let mut bytes = Vec::with_capacity(ROWS * records.bytes);
        while bytes.len() < ROWS * records.bytes && sorted.next_into(&mut bytes).map_err(unsorted(&folder))? {}
        if bytes.is_empty() {
            return Ok(n_rows);
        }
        take(&records.read(&bytes))?;
    }
}

/// Rows as records of one size, their texts numbered.
struct Records {
    /// No rows, of the model's schema.
    empty: Dataset,
    /// In the schema's order.
    texts: Vec<Texts>,
    /// Of a record: file, row, entity, end, numbers, numbers of texts.
    bytes: usize,
}

/// The texts of a column, by number.
struct Texts {
    values: Vec<String>,
    numbers: HashMap<String, u32>,
    most: usize,
}

impl Records {
    fn of(model: &Model) -> Self {
        let schema = &model.schema;
        let texts = |name: &String| {
            let fitted = model.preprocessor.categorical().iter().filter(|column| column.name == *name);
            Texts::of(fitted.flat_map(|column| column.values.keys().cloned()))
        };
        let bytes = 4 + 3 * 8 + 4 * (schema.numeric.len() + schema.categorical.len());
        Records {
            empty: Dataset::empty(Arc::new(schema.clone())),
            texts: schema.categorical.iter().map(|column| texts(&column.name)).collect(),
            bytes,
        }
    }

    /// The numbers of the rows' texts, column by column.
    fn codes(&mut self, rows: &Dataset) -> Vec<Vec<u32>> {
        let columns = self.texts.iter_mut().zip(&rows.categorical);
        columns.map(|(texts, column)| texts.codes(column)).collect()
    }

    /// The rows of records that stand one after the other.
    fn read(&self, bytes: &[u8]) -> Dataset {
        let mut rows = self.empty.clone();
        let mut codes: Vec<Vec<u32>> = vec![Vec::new(); self.texts.len()];
        let mut end = Vec::with_capacity(ROWS);
        for mut record in bytes.chunks_exact(self.bytes) {
            let (file, row) = (u32::from_le_bytes(next(&mut record)), u64::from_le_bytes(next(&mut record)));
            rows.row.push(RowId { file, row });
            rows.entity.push(u64::from_le_bytes(next(&mut record)));
            end.push(i64::from_le_bytes(next(&mut record)));
            rows.numeric.iter_mut().for_each(|column| column.push(f32::from_le_bytes(next(&mut record))));
            codes.iter_mut().for_each(|column| column.push(u32::from_le_bytes(next(&mut record))));
        }
        rows.end_time = Some(end);
        let columns = codes.iter().zip(&self.texts);
        rows.categorical = columns.map(|(codes, texts)| texts.column(codes)).collect();
        rows
    }
}

/// Appends row `i` as a record.
fn write(rows: &Dataset, codes: &[Vec<u32>], i: usize, record: &mut Vec<u8>) {
    record.extend_from_slice(&rows.row[i].file.to_le_bytes());
    record.extend_from_slice(&rows.row[i].row.to_le_bytes());
    record.extend_from_slice(&rows.entity[i].to_le_bytes());
    record.extend_from_slice(&rows.end_time.as_ref().map_or(0, |end| end[i]).to_le_bytes());
    rows.numeric.iter().for_each(|column| record.extend_from_slice(&column[i].to_le_bytes()));
    codes.iter().for_each(|column| record.extend_from_slice(&column[i].to_le_bytes()));
}

fn next<const N: usize>(record: &mut &[u8]) -> [u8; N] {
    let mut taken = [0; N];
    if let Some((head, rest)) = record.split_first_chunk::<N>() {
        (taken, *record) = (*head, rest);
    }
    taken
}

impl Texts {
    fn of(known: impl Iterator<Item = String>) -> Self {
        let mut texts = Texts { values: Vec::new(), numbers: HashMap::new(), most: usize::MAX };
        for text in known {
            texts.number(&text);
        }
        texts.most = texts.values.len() + STRANGE_TEXTS;
        texts
    }

    fn number(&mut self, text: &str) -> u32 {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        if self.values.len() < self.most {
            self.numbers.insert(text.to_owned(), self.values.len() as u32);
            self.values.push(text.to_owned());
        }
        self.values.len() as u32 - 1
    }

    fn codes(&mut self, column: &Categories) -> Vec<u32> {
        let numbers: Vec<u32> = column.values.iter().map(|text| self.number(text)).collect();
        let number = |&code: &u32| if code == Categories::MISSING { code } else { numbers[code as usize] };
        column.codes.iter().map(number).collect()
    }

    fn column(&self, codes: &[u32]) -> Categories {
        let text = |&code: &u32| self.values.get(code as usize).map(String::as_str);
        Categories::from_texts(codes.iter().map(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_and_the_strange_ones_are_bounded() {
        let mut texts = Texts::of(["tcp".to_owned(), "udp".to_owned()].into_iter());
        let column = |texts: &[&str]| Categories::from_texts(texts.iter().map(|text| (*text != "-").then_some(*text)));
        let mixed = column(&["udp", "-", "new", "tcp"]);
        let codes = texts.codes(&mixed);
        let back = texts.column(&codes);
        assert_eq!((0..4).map(|i| back.text(i)).collect::<Vec<_>>(), [Some("udp"), None, Some("new"), Some("tcp")]);
        for i in 0..2 * STRANGE_TEXTS {
            texts.number(&i.to_string());
        }
        assert_eq!(texts.values.len(), 2 + STRANGE_TEXTS);
        assert_eq!((texts.number("tcp"), texts.number("never")), (0, STRANGE_TEXTS as u32 + 1));
    }
}
