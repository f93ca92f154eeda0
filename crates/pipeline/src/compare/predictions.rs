//! The rows that a run was judged on, with what it said of each: predictions.parquet.

use std::path::Path;

use nta_data::{Label, hex};
use nta_ingest::{ColumnValues, Columns, read_columns};
use nta_tracking::RunRecord;
use sha2::{Digest, Sha256};

use crate::error::{PipelineError, refused};
use crate::score::{FLAGGED, PROBABILITY};

/// Test rows in file order.
pub(super) struct Predictions {
    /// Digest over each row's file (by its bytes), place and truth: the same for runs that judged the same rows.
    pub(super) rows: String,
    /// `(n_rows)`.
    pub(super) labels: Vec<Label>,
    /// Each member's scores, the hybrid's too, `(n_rows)` each.
    pub(super) scores: Vec<(String, Vec<f32>)>,
    /// What the hybrid flags, `(n_rows)`.
    pub(super) flags: Vec<bool>,
}

impl Predictions {
    /// Those of the run in `folder`.
    pub(super) fn read(folder: &Path, record: &RunRecord) -> Result<Predictions, PipelineError> {
        let path = folder.join("predictions.parquet");
        if !path.is_file() {
            let run = &record.id;
            return Err(PipelineError::refuse(format!("run {run} keeps no predictions.parquet")));
        }
        let mut columns = read_columns(&path).map_err(refused)?;
        let lacks = |name: &str| PipelineError::refuse(format!("{}: no column `{name}`", path.display()));
        let attack = flags(&columns, "attack").ok_or_else(|| lacks("attack"))?;
        let flags = flags(&columns, FLAGGED).ok_or_else(|| lacks(FLAGGED))?;
        let rows = rows_digest(&columns, &attack, record).ok_or_else(|| lacks("file"))?;
        let names: Vec<String> = columns.names().into_iter().map(str::to_owned).collect();
        let is_score = |name: &String| name != PROBABILITY;
        let mut scores = Vec::new();
        for name in names.into_iter().filter(is_score) {
            if let Some(ColumnValues::Float(values)) = columns.take(&name) {
                scores.push((name, values.into_iter().map(|value| value as f32).collect()));
            }
        }
        let label = |attack: &bool| if *attack { Label::Attack } else { Label::Benign };
        Ok(Predictions { rows, labels: attack.iter().map(label).collect(), scores, flags })
    }
}

fn flags(columns: &Columns, name: &str) -> Option<Vec<bool>> {
    match columns.get(name)? {
        ColumnValues::Flag(values) => Some(values.clone()),
        _ => None,
    }
}

fn rows_digest(columns: &Columns, attack: &[bool], record: &RunRecord) -> Option<String> {
    let (Some(ColumnValues::Text(files)), Some(ColumnValues::Integer(rows))) =
        (columns.get("file"), columns.get("row"))
    else {
        return None;
    };
    let mut hasher = Sha256::new();
    let mut last: Option<(&str, &str)> = None;
    for ((file, row), attack) in files.iter().zip(rows).zip(attack) {
        let file = file.as_deref().unwrap_or_default();
        let digest = match last.filter(|(known, _)| *known == file) {
            Some((_, digest)) => digest,
            None => {
                let of = |role: &str| record.digests.get(&format!("{role}/{file}"));
                of("test").or_else(|| of("train")).map_or(file, String::as_str)
            }
        };
        last = Some((file, digest));
        hasher.update(digest.as_bytes());
        hasher.update(row.to_le_bytes());
        hasher.update([u8::from(*attack)]);
    }
    Some(hex(&hasher.finalize()))
}
