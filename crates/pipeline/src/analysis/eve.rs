//! The flagged flows of a scored file as alerts in EVE, read from its scored table.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use nta_ingest::{Advice, ReadOptions, Source, Truth};
use nta_model::Model;

use super::{AnalysedRows, SCORED};
use crate::error::{PipelineError, failed, refused};
use crate::event::Listener;
use crate::project::Project;
use crate::score::glob_safe;
use crate::track::locate;
use crate::traffic::SENSOR_KEY;
use crate::watch::ScoredEve;

/// The alerts of a scored file, ready to be written.
pub struct ScoredAlerts {
    eve: ScoredEve,
    name: String,
    batches: nta_ingest::Batches,
}

impl AnalysedRows {
    /// Its alerts, as `nta watch` would have written them, each under an id that is made of the file's name and the row.
    ///
    /// # Errors
    /// A model that is gone or was changed since, a table that cannot be read.
    pub fn alerts(&self, project: &Project, listener: &dyn Listener) -> Result<ScoredAlerts, PipelineError> {
        let analysis = self.analysis()?;
        let located = locate(project, &analysis.model, listener)?;
        let model = Arc::new(Model::load(&located.folder).map_err(refused)?);
        if model.digest().map_err(failed)? != analysis.digest {
            return Err(PipelineError::refuse(format!(
                "{} is no longer the model that scored {}: score the file again",
                analysis.model, analysis.name
            )));
        }
        let working = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let pattern = glob_safe(&self.folder.join(SCORED).to_string_lossy());
        let source = Source::resolve(&[pattern], &working).map_err(refused)?;
        let options = ReadOptions {
            advice: Advice::Options,
            sensor_key: SENSOR_KEY,
            truth: Truth::Ignore,
            contact: listener.contact(),
            ..ReadOptions::new(Arc::new(model.schema.clone()))
        };
        Ok(ScoredAlerts {
            eve: ScoredEve::new(&model, &analysis.model)?,
            name: analysis.name,
            batches: nta_ingest::batches(&source, &options).map_err(refused)?,
        })
    }
}

impl ScoredAlerts {
    /// One line each, in the order of the file.
    ///
    /// # Errors
    /// A table that cannot be read; whatever writing says.
    pub fn write(self, out: &mut dyn Write) -> std::io::Result<()> {
        let mut first = 0;
        for batch in self.batches {
            let batch = batch.map_err(std::io::Error::other)?;
            let lines = self.eve.lines(&self.name, &batch, first).map_err(std::io::Error::other)?;
            first += batch.dataset.n_rows() as u64;
            lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        }
        Ok(())
    }
}
