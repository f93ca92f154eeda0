//! The density stage: counts over the benign training flows.

use nta_density::{Density, DensityError};
use nta_model::{Member, MemberKind};

use super::stage::{LearningReport, MemberStage};
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
        let density = ctx.stage(Stage::Density, |ctx| fit(ctx, &parts.train))?;
        Ok((Member::Density(Box::new(density)), LearningReport::default()))
    }
}

fn fit(ctx: &Context<'_>, train: &LearningPart<'_>) -> Result<(Density, Outcome), PipelineError> {
    let watch = ctx.log.watch(Stage::Density, Unit::PairsCounted);
    let config = ctx.config.density.clone().unwrap_or_default();
    let density = config.fit(&train.tabular()?, train.labels, &watch).map_err(|error| match error {
        DensityError::Cancelled => PipelineError::Interrupted("while counting pairs of columns".to_owned()),
        error => failed(error),
    })?;
    let (columns, flows) = (density.n_columns() as u64, density.weight() as u64);
    let half = density.half();
    Ok((density, Outcome::Density { columns, flows, half }))
}
