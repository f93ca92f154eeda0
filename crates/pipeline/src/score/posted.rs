//! Rows that come by themselves, in memory, through a model that stays loaded: no file is written or read.

use std::collections::BTreeMap;
use std::sync::Arc;

use nta_data::{HYBRID, Scores};
use nta_ingest::{Advice, in_memory};
use nta_model::{Model, Scorer};
use serde::Serialize;

use super::input::reads_as;
use crate::error::{PipelineError, failed, refused};
use crate::event::Listener;
use crate::project::Project;
use crate::track::locate;

/// What the rows are called in messages.
const NAME: &str = "rows";

/// A model in memory.
#[derive(Debug)]
pub struct LoadedModel {
    title: String,
    digest: String,
    model: Arc<Model>,
}

/// What a model says of some rows, in their order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PostedScores {
    /// As `name/3`.
    pub model: String,
    /// Its digest.
    pub digest: String,
    /// A row is flagged above it.
    pub threshold: f32,
    /// The hybrid's, `(n_rows)`.
    pub scores: Vec<f32>,
    /// `(n_rows)`.
    pub flagged: Vec<bool>,
    /// Each member's scores, `(n_rows)`.
    pub members: BTreeMap<String, Vec<f32>>,
}

impl LoadedModel {
    /// Loads what `asked` means: a path, `name`, `name/3` or `name@alias`.
    ///
    /// # Errors
    /// A model that is not there or is damaged.
    pub fn load(project: &Project, asked: &str, listener: &dyn Listener) -> Result<Self, PipelineError> {
        let located = locate(project, asked, listener)?;
        let model = Arc::new(Model::load(&located.folder).map_err(refused)?);
        Ok(LoadedModel { title: located.title, digest: model.digest().map_err(failed)?, model })
    }

    /// Scores `rows`, a text in any format that files of text have, as a file of these rows alone is scored: nothing is
    /// remembered from call to call.
    ///
    /// # Errors
    /// Rows that the model cannot read.
    pub fn score(&self, rows: Vec<u8>) -> Result<PostedScores, PipelineError> {
        let options = nta_ingest::ReadOptions { advice: Advice::File, ..reads_as(&self.model) };
        let mut batches = in_memory(rows, NAME, &options).map_err(refused)?;
        let nothing = || PipelineError::refuse("there are no rows");
        let mut rows = batches.next().ok_or_else(nothing)?.map_err(refused)?.dataset;
        for batch in batches {
            rows.append(&batch.map_err(refused)?.dataset).map_err(failed)?;
        }
        let mut scorer = Scorer::new(Arc::clone(&self.model)).map_err(failed)?;
        let order = rows.arrival_order();
        if order.is_sorted() {
            return self.told(&scorer.score(&rows).map_err(refused)?);
        }
        let scores = scorer.score(&rows.take(&order)).map_err(refused)?;
        let mut places = vec![0; order.len()];
        order.iter().enumerate().for_each(|(place, row)| places[*row as usize] = place);
        self.told(&scores.select(&places))
    }

    fn told(&self, scores: &Scores) -> Result<PostedScores, PipelineError> {
        let hybrid = scores.hybrid();
        let member = |column: &nta_data::ScoreColumn| (column.name.clone(), column.p_attack.clone());
        Ok(PostedScores {
            model: self.title.clone(),
            digest: self.digest.clone(),
            threshold: self.model.threshold(HYBRID).map_err(failed)?.value,
            scores: hybrid.p_attack.clone(),
            flagged: hybrid.flags.clone(),
            members: scores.members().iter().map(member).collect(),
        })
    }
}
