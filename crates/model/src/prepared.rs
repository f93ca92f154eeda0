//! What scoring needs of a row once everything that depends on that row alone is done: a record of fixed size, so that
//! rows which do not stand in arrival order can be sorted on disk before state is carried along them.

use nta_data::RowId;

use crate::ModelError;

/// What the records of one model look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordLayout {
    /// Scores of members that judge a row by itself.
    pub n_scores: usize,
    /// Numeric inputs of the members that carry state, the gap inputs left out.
    pub n_numeric: usize,
    /// Category codes of the members that carry state.
    pub n_codes: usize,
}

impl RecordLayout {
    /// Size of a record: file and row, entity, end, then the scores, numbers and codes.
    pub fn record_bytes(&self) -> usize {
        4 + 8 + 8 + 8 + 4 * (self.n_scores + self.n_numeric + self.n_codes)
    }
}

/// Rows ready for the second step of scoring, column by column.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedRows {
    layout: RecordLayout,
    /// Where each row came from.
    pub(crate) rows: Vec<RowId>,
    /// `(n_rows)`; 0 where rows have no entity.
    pub(crate) entity: Vec<u64>,
    /// `(n_rows)`, microseconds; 0 where the traffic has no time.
    pub(crate) end: Vec<i64>,
    /// `(n_rows, n_scores)`, row-major.
    pub(crate) scores: Vec<f32>,
    /// `(n_rows, n_numeric)`, row-major.
    pub(crate) numeric: Vec<f32>,
    /// `(n_rows, n_codes)`, row-major.
    pub(crate) codes: Vec<u32>,
}

impl PreparedRows {
    /// No rows.
    pub fn empty(layout: RecordLayout) -> Self {
        PreparedRows {
            layout,
            rows: Vec::new(),
            entity: Vec::new(),
            end: Vec::new(),
            scores: Vec::new(),
            numeric: Vec::new(),
            codes: Vec::new(),
        }
    }

    /// How a record looks.
    pub fn layout(&self) -> RecordLayout {
        self.layout
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.rows.len()
    }

    /// Where row `i` came from.
    pub fn row(&self, i: usize) -> RowId {
        self.rows[i]
    }

    /// End of row `i`, microseconds since 1970-01-01 UTC; what arrival order sorts by.
    pub fn end_time(&self, i: usize) -> i64 {
        self.end[i]
    }

    /// Appends row `i` as [`RecordLayout::record_bytes`] little-endian bytes.
    pub fn write_record(&self, i: usize, out: &mut Vec<u8>) {
        let of = |width: usize| i * width..(i + 1) * width;
        out.extend_from_slice(&self.rows[i].file.to_le_bytes());
        out.extend_from_slice(&self.rows[i].row.to_le_bytes());
        out.extend_from_slice(&self.entity[i].to_le_bytes());
        out.extend_from_slice(&self.end[i].to_le_bytes());
        let floats = self.scores[of(self.layout.n_scores)].iter().chain(&self.numeric[of(self.layout.n_numeric)]);
        floats.for_each(|x| out.extend_from_slice(&x.to_le_bytes()));
        self.codes[of(self.layout.n_codes)].iter().for_each(|x| out.extend_from_slice(&x.to_le_bytes()));
    }

    /// All rows as records, one after the other.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.n_rows() * self.layout.record_bytes());
        (0..self.n_rows()).for_each(|i| self.write_record(i, &mut out));
        out
    }

    /// Reads records written one after the other.
    ///
    /// # Errors
    /// Bytes that are no whole number of records.
    pub fn from_bytes(layout: RecordLayout, bytes: &[u8]) -> Result<Self, ModelError> {
        let size = layout.record_bytes();
        if !bytes.len().is_multiple_of(size) {
            return Err(ModelError::rows(format!("{} bytes are no whole number of {size}-byte records", bytes.len())));
        }
        let mut rows = Self::empty(layout);
        for record in bytes.chunks_exact(size) {
            rows.push_record(record);
        }
        Ok(rows)
    }

    fn push_record(&mut self, record: &[u8]) {
        let mut rest = record;
        let (file, row) = (u32::from_le_bytes(take(&mut rest)), u64::from_le_bytes(take(&mut rest)));
        self.rows.push(RowId { file, row });
        self.entity.push(u64::from_le_bytes(take(&mut rest)));
        self.end.push(i64::from_le_bytes(take(&mut rest)));
        self.scores.extend((0..self.layout.n_scores).map(|_| f32::from_le_bytes(take(&mut rest))));
        self.numeric.extend((0..self.layout.n_numeric).map(|_| f32::from_le_bytes(take(&mut rest))));
        self.codes.extend((0..self.layout.n_codes).map(|_| u32::from_le_bytes(take(&mut rest))));
    }
}

/// The next `N` bytes; the caller has made sure that they are there.
fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    let (head, tail) = rest.split_at(N);
    bytes.copy_from_slice(head);
    *rest = tail;
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_of_one_size_and_come_back_as_they_were() {
        let layout = RecordLayout { n_scores: 1, n_numeric: 2, n_codes: 3 };
        assert_eq!(layout.record_bytes(), 52);
        let rows = PreparedRows {
            layout,
            rows: vec![RowId { file: 1, row: 1 << 40 }, RowId { file: 0, row: 2 }],
            entity: vec![u64::MAX, 7],
            end: vec![-5, i64::MAX],
            scores: vec![0.25, f32::MIN_POSITIVE],
            numeric: vec![-0.0, 1.5, f32::MAX, 3.0],
            codes: vec![0, 1, u32::MAX, 4, 5, 6],
        };
        let bytes = rows.to_bytes();
        assert_eq!(bytes.len(), 104);
        let back = PreparedRows::from_bytes(layout, &bytes).unwrap();
        assert_eq!(back, rows);
        assert!(back.numeric[0].is_sign_negative());
        assert!(PreparedRows::from_bytes(layout, &bytes[1..]).is_err());
    }
}
