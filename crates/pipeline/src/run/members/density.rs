//! The density stage: counts over the benign training flows.

use nta_density::{Density, DensityError};
use nta_model::{Member, MemberKind};

use super::stage::{LearningReport, MemberStage, RefitRows, Refitted};
use crate::error::{PipelineError, failed};
use crate::event::{Outcome, Stage, Unit};
use crate::run::context::Context;
use crate::run::learning::{LearningPart, LearningParts};

/// Counts by the config's `density:`. It takes less than reading a checkpoint would save, so it leaves none.
pub(super) struct DensityStage;

impl MemberStage for DensityStage {
    fn name(&self) -> &str {
        MemberKind::Density.name()
    }

    fn learn(
        &self,
        ctx: &mut Context<'_>,
        parts: &LearningParts<'_>,
    ) -> Result<(Member, LearningReport), PipelineError> {
        let density = ctx.stage(Stage::Density, |ctx| {
            let density = fit(ctx, &parts.train, Stage::Density)?;
            let (columns, flows) = (density.n_columns() as u64, density.weight() as u64);
            let half = density.half();
            Ok((density, Outcome::Density { columns, flows, half }))
        })?;
        Ok((Member::Density(Box::new(density)), LearningReport::default()))
    }

    fn refit(&self, ctx: &Context<'_>, rows: &RefitRows<'_>) -> Result<Refitted, PipelineError> {
        let density = fit(ctx, &rows.rows, rows.stage)?;
        Ok(Refitted { member: Member::Density(Box::new(density)), out_of_bag: None })
    }
}

fn fit(ctx: &Context<'_>, train: &LearningPart<'_>, stage: Stage) -> Result<Density, PipelineError> {
    let watch = ctx.log.watch(stage, Unit::PairsCounted);
    let config = ctx.config.density.clone().unwrap_or_default();
    config.fit(&train.tabular()?, train.labels, &watch).map_err(|error| match error {
        DensityError::Cancelled => PipelineError::Interrupted("while counting pairs of columns".to_owned()),
        error => failed(error),
    })
}
