//! A table of flows in memory: columns by role, one entry per row, rows in the order they were read.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Order, Schema, segment_entity};

/// The truth about one flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Label {
    /// Not an attack.
    Benign = 0,
    /// An attack.
    Attack = 1,
}

impl Label {
    /// Whether this is an attack.
    pub fn is_attack(self) -> bool {
        self == Label::Attack
    }
}

/// Where a row came from: which file of those read, and its place among that file's data rows, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowId {
    /// Index into the list of files read.
    pub file: u32,
    /// Data row in that file, from 0; header and comment lines are not counted.
    pub row: u64,
}

/// A text column as codes into its own table. Codes mean nothing outside the batch that holds them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Categories {
    /// One code a row; `values.len()` and above never occur. [`Categories::MISSING`] marks a missing cell.
    pub codes: Vec<u32>,
    /// The distinct texts.
    pub values: Vec<String>,
}

impl Categories {
    /// Code of a missing cell (empty, `-`).
    pub const MISSING: u32 = u32::MAX;

    /// Builds the column from texts, codes in order of first appearance.
    pub fn from_texts<'a>(texts: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let mut seen: HashMap<&'a str, u32> = HashMap::new();
        let mut column = Categories::default();
        for text in texts {
            let code = match text {
                None => Self::MISSING,
                Some(text) => *seen.entry(text).or_insert_with(|| {
                    column.values.push(text.to_owned());
                    column.values.len() as u32 - 1
                }),
            };
            column.codes.push(code);
        }
        column
    }

    /// Text of row `i`, or `None` where it is missing.
    pub fn text(&self, i: usize) -> Option<&str> {
        match self.codes[i] {
            Self::MISSING => None,
            code => Some(&self.values[code as usize]),
        }
    }

    fn take(&self, rows: &[u32]) -> Self {
        Categories { codes: rows.iter().map(|&r| self.codes[r as usize]).collect(), values: self.values.clone() }
    }

    fn append(&mut self, other: &Self) {
        let mut known: HashMap<&str, u32> =
            self.values.iter().enumerate().map(|(i, v)| (v.as_str(), i as u32)).collect();
        let mut fresh: Vec<String> = Vec::new();
        let n_old = self.values.len() as u32;
        let map: Vec<u32> = other
            .values
            .iter()
            .map(|value| {
                *known.entry(value).or_insert_with(|| {
                    fresh.push(value.clone());
                    n_old + fresh.len() as u32 - 1
                })
            })
            .collect();
        self.codes.extend(other.codes.iter().map(|&c| if c == Self::MISSING { c } else { map[c as usize] }));
        self.values.extend(fresh);
    }
}

/// A table of flows. Every column present has `n_rows` entries.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// The roles that this table was read by.
    pub schema: Arc<Schema>,
    /// Number features in the schema's order, each `(n_rows)`; NaN is missing.
    pub numeric: Vec<Vec<f32>>,
    /// Text features in the schema's order, each `(n_rows)`.
    pub categorical: Vec<Categories>,
    /// The truth, where the table holds it.
    pub label: Option<Vec<Label>>,
    /// The attack type as written (`neptune`), or the benign label text, where the table holds it.
    pub family: Option<Categories>,
    /// Start of the flow, microseconds since 1970-01-01 UTC.
    pub time: Option<Vec<i64>>,
    /// End of the flow, microseconds since 1970-01-01 UTC: time + duration, or time where there is no duration.
    pub end_time: Option<Vec<i64>>,
    /// Keyed 64-bit hash of (capture, host) whose sequence the row belongs to; empty for `order: none`.
    pub entity: Vec<u64>,
    /// Where each row came from.
    pub row: Vec<RowId>,
    /// Names of the files read, indexed by [`RowId::file`].
    pub files: Vec<String>,
}

impl Dataset {
    /// A table of no rows.
    pub fn empty(schema: Arc<Schema>) -> Self {
        Dataset {
            numeric: vec![Vec::new(); schema.numeric.len()],
            categorical: vec![Categories::default(); schema.categorical.len()],
            schema,
            label: None,
            family: None,
            time: None,
            end_time: None,
            entity: Vec::new(),
            row: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Rows in the table.
    pub fn n_rows(&self) -> usize {
        self.row.len()
    }

    /// Whether each row belongs to an entity's sequence.
    pub fn has_sequences(&self) -> bool {
        !self.entity.is_empty()
    }

    /// Labels, or the error that says the table has none.
    ///
    /// # Errors
    /// A table without labels.
    pub fn labels(&self) -> Result<&[Label], DataError> {
        self.label.as_deref().ok_or_else(|| DataError::Unlabelled { schema: self.schema.name.clone() })
    }

    /// Number of attacks; 0 in an unlabelled table.
    pub fn n_attacks(&self) -> usize {
        self.label.as_deref().unwrap_or_default().iter().filter(|l| l.is_attack()).count()
    }

    /// Family name of row `i`: the family column, else the label.
    pub fn family_of(&self, i: usize) -> Option<&str> {
        self.family.as_ref().and_then(|f| f.text(i))
    }

    /// The rows `rows`, in that order.
    pub fn take(&self, rows: &[u32]) -> Dataset {
        let pick = |i: &u32| *i as usize;
        Dataset {
            schema: Arc::clone(&self.schema),
            numeric: self.numeric.iter().map(|c| rows.iter().map(|r| c[pick(r)]).collect()).collect(),
            categorical: self.categorical.iter().map(|c| c.take(rows)).collect(),
            label: self.label.as_ref().map(|c| rows.iter().map(|r| c[pick(r)]).collect()),
            family: self.family.as_ref().map(|c| c.take(rows)),
            time: self.time.as_ref().map(|c| rows.iter().map(|r| c[pick(r)]).collect()),
            end_time: self.end_time.as_ref().map(|c| rows.iter().map(|r| c[pick(r)]).collect()),
            entity: if self.has_sequences() { rows.iter().map(|r| self.entity[pick(r)]).collect() } else { Vec::new() },
            row: rows.iter().map(|r| self.row[pick(r)]).collect(),
            files: self.files.clone(),
        }
    }

    /// The rows `rows`; row `i` belongs to segment `segments[i]`, and no sequence crosses from one segment to another.
    pub fn take_segments(&self, rows: &[u32], segments: &[u32]) -> Dataset {
        let mut part = self.take(rows);
        for (entity, &segment) in part.entity.iter_mut().zip(segments) {
            *entity = segment_entity(*entity, segment);
        }
        part
    }

    /// Puts the rows of `other` behind these. Both were read by the same schema.
    ///
    /// # Errors
    /// Tables of two schemas, labels, times or families in one of them alone.
    pub fn append(&mut self, other: &Dataset) -> Result<(), DataError> {
        if self.schema != other.schema {
            let (left, right) = (self.schema.name.clone(), other.schema.name.clone());
            return Err(DataError::SchemasDiffer { left, right });
        }
        if self.n_rows() == 0 {
            let mut copy = other.clone();
            if copy.files.is_empty() {
                copy.files = std::mem::take(&mut self.files);
            }
            *self = copy;
            return Ok(());
        }
        for (to, from) in self.numeric.iter_mut().zip(&other.numeric) {
            to.extend_from_slice(from);
        }
        for (to, from) in self.categorical.iter_mut().zip(&other.categorical) {
            to.append(from);
        }
        let together = |a: bool, b: bool| if a == b { Ok(a) } else { Err(DataError::ColumnsDiffer) };
        if together(self.label.is_some(), other.label.is_some())? {
            self.label.as_mut().unwrap_or(&mut Vec::new()).extend(other.label.iter().flatten());
        }
        if together(self.time.is_some(), other.time.is_some())? {
            self.time.as_mut().unwrap_or(&mut Vec::new()).extend(other.time.iter().flatten());
        }
        if together(self.end_time.is_some(), other.end_time.is_some())? {
            self.end_time.as_mut().unwrap_or(&mut Vec::new()).extend(other.end_time.iter().flatten());
        }
        if together(self.family.is_some(), other.family.is_some())?
            && let (Some(to), Some(from)) = (&mut self.family, &other.family)
        {
            to.append(from);
        }
        self.entity.extend_from_slice(&other.entity);
        self.row.extend_from_slice(&other.row);
        if other.files.len() > self.files.len() {
            self.files.clone_from(&other.files);
        }
        Ok(())
    }

    /// Row indices in the order in which the sensor delivered the flows (stable). For `order: file` and `order: none`
    /// that is the order read.
    pub fn arrival_order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.n_rows() as u32).collect();
        if self.schema.order == Order::EndTime
            && let Some(end) = &self.end_time
        {
            order.sort_by_key(|&i| end[i as usize]);
        }
        order
    }

    /// A 128-bit hash of each row's features (not of label, time or host), equal exactly where two rows of any two
    /// tables read by the same schema hold the same features. Two halves of a keyed SipHash, so collisions do not
    /// occur by accident.
    pub fn feature_hashes(&self) -> Vec<u128> {
        use siphasher::sip128::{Hasher128, SipHasher13};
        use std::hash::Hasher;
        let value_hashes: Vec<Vec<u64>> = self
            .categorical
            .iter()
            .map(|c| c.values.iter().map(|v| crate::entity_hash(&[0; 16], &[v.as_bytes()])).collect())
            .collect();
        (0..self.n_rows())
            .map(|i| {
                let mut hasher = SipHasher13::new_with_keys(0x6e74_6121, 0x726f_7773);
                for column in &self.numeric {
                    let x = column[i];
                    hasher.write_u32(if x.is_nan() { u32::MAX } else { (x + 0.0).to_bits() });
                }
                for (column, hashes) in self.categorical.iter().zip(&value_hashes) {
                    let code = column.codes[i];
                    hasher.write_u64(if code == Categories::MISSING { 0 } else { hashes[code as usize] });
                }
                hasher.finish128().as_u128()
            })
            .collect()
    }
}

/// Tables that do not fit what is asked of them.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// Truth was needed.
    #[error("this traffic has no labels (schema {schema}): it can be scored, not trained on or judged")]
    #[allow(missing_docs)]
    Unlabelled { schema: String },
    /// Two tables of different kinds.
    #[error("tables of schema {left} and {right} cannot be put together")]
    #[allow(missing_docs)]
    SchemasDiffer { left: String, right: String },
    /// One has labels, times or families, the other not.
    #[error("one of the files has labels, times or families and another has not: read them apart")]
    ColumnsDiffer,
    /// Columns of scores that are none of the same rows, or not those of one model.
    #[error("these scores do not fit together: {why}")]
    #[allow(missing_docs)]
    Scores { why: String },
    /// Entities that no memory can have remembered.
    #[error("no memory of this size can have remembered this: {why}")]
    #[allow(missing_docs)]
    Memory { why: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appending_maps_codes_by_text() {
        let mut a = Categories::from_texts([Some("tcp"), Some("udp"), None]);
        a.append(&Categories::from_texts([Some("icmp"), Some("tcp"), None]));
        let texts: Vec<_> = (0..6).map(|i| a.text(i)).collect();
        assert_eq!(texts, [Some("tcp"), Some("udp"), None, Some("icmp"), Some("tcp"), None]);
    }
}
