//! The flows that analysts gave verdicts on, as labelled traffic for the next training.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use nta_data::{Contact, Dataset, Schema, SequenceBy};
use nta_ingest::{ReadOptions, Source, Truth, read_columns_named};

use super::store::{KEY, LABEL, Store, texts};
use super::verdict::learned_role;
use crate::error::{PipelineError, refused};
use crate::traffic::SENSOR_KEY;

/// Labelled traffic from verdicts.
#[derive(Debug, Clone)]
pub struct FeedbackTraffic {
    /// Each flow once, by its latest verdict, in the order in which verdicts came.
    pub dataset: Dataset,
    /// Flows whose verdict a later one took the place of.
    pub superseded: u64,
}

/// The flows kept under `name`, read by the resolved `schema` of a training table; `None` where there are none. Each
/// submission is a sensor of its own, so that no sequence runs from one into another.
///
/// # Errors
/// A submission that is damaged or lacks columns of the schema.
pub fn feedback_traffic(
    home: &Path,
    name: &str,
    schema: &Arc<Schema>,
    by: Option<SequenceBy>,
    entity_key: [u8; 16],
    contact: &Contact,
) -> Result<Option<FeedbackTraffic>, PipelineError> {
    let tables = Store::of(home, name).tables()?;
    // The submission and row of the latest verdict on each flow.
    let (mut latest, mut keys) = (HashMap::new(), Vec::new());
    for (nth, (table, _)) in tables.iter().enumerate() {
        let of_table = texts(read_columns_named(table, &[KEY]).map_err(refused)?.get(KEY));
        latest.extend(of_table.iter().enumerate().map(|(row, key)| (key.clone(), (nth, row as u64))));
        keys.push(of_table);
    }
    let read_by = Arc::new(Schema { label: Some(learned_role(LABEL)), family: None, ..(**schema).clone() });
    let (mut dataset, mut superseded): (Option<Dataset>, u64) = (None, 0);
    for (nth, (table, submission)) in tables.iter().enumerate() {
        let source = Source::resolve(&[table.to_string_lossy().into_owned()], home).map_err(refused)?;
        let options = ReadOptions {
            written: submission.written.clone(),
            by,
            entity_key,
            sensor_key: SENSOR_KEY,
            truth: Truth::Required,
            contact: contact.clone(),
            ..ReadOptions::new(Arc::clone(&read_by))
        };
        for batch in nta_ingest::batches(&source, &options).map_err(refused)? {
            let rows = batch.map_err(refused)?.dataset;
            let is_latest = |i: &u32| {
                let row = rows.row[*i as usize].row;
                keys[nth].get(row as usize).and_then(|key| latest.get(key)) == Some(&(nth, row))
            };
            let kept: Vec<u32> = (0..rows.n_rows() as u32).filter(is_latest).collect();
            superseded += (rows.n_rows() - kept.len()) as u64;
            let rows = Dataset { schema: Arc::clone(schema), ..rows.take(&kept) };
            match &mut dataset {
                None => dataset = Some(rows),
                Some(all) => all.append(&rows).map_err(refused)?,
            }
        }
    }
    Ok(dataset.filter(|d| d.n_rows() > 0).map(|dataset| FeedbackTraffic { dataset, superseded }))
}
