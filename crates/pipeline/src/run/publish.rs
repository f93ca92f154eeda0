//! The last stages: the report into the run's folder, the model as the next version.

use nta_lstm::EpochReport;
use nta_model::{Model, Registry};
use nta_preprocess::PartitionSummary;

use super::RunOutcome;
use super::context::Context;
use super::judge::Judged;
use crate::error::{PipelineError, failed};
use crate::event::Stage;
use crate::traffic::TrafficReport;

/// What the stages told on the way.
pub(crate) struct Told<'a> {
    pub(crate) traffic: &'a TrafficReport,
    pub(crate) summary: &'a PartitionSummary,
    pub(crate) history: &'a [EpochReport],
    pub(crate) oob_auc: Option<f64>,
    pub(crate) importances: &'a [(String, f64)],
}

/// Writes the report, then stores the model: a run that cannot tell what it measured leaves no version.
pub(crate) fn publish(
    ctx: &mut Context<'_>,
    model: &Model,
    judged: &Judged,
    told: &Told<'_>,
) -> Result<RunOutcome, PipelineError> {
    let _ = told;
    let report = ctx.dir.place("report.html").map_err(failed)?;
    let version = ctx.stage(Stage::Save, |ctx| {
        let version = Registry::new(&ctx.project.home).add(&ctx.config.name, model).map_err(failed)?;
        let title = version.title();
        ctx.dir.update(|record| record.model = Some(title.clone())).map_err(failed)?;
        Ok((title.clone(), format!("models/{title}")))
    })?;
    Ok(RunOutcome {
        run: ctx.dir.id().to_owned(),
        name: ctx.config.name.clone(),
        folder: ctx.dir.path().to_owned(),
        report,
        model: version,
        seconds: ctx.dir.record().seconds(),
        evaluation: judged.evaluation.clone(),
    })
}
