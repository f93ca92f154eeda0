//! The density stage: what is usual among the benign training flows, by the engine that the config names.

use nta_data::{Label, Tabular, Watch};
use nta_density::{DensityConfig, DensityError, Engine};
use nta_forest::{ForestError, IsolationConfig};
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
            let flows = parts.train.labels.iter().filter(|label| !label.is_attack()).count() as u64;
            let outcome = match &density {
                Member::Isolation(isolation) => {
                    let (trees, half) = (isolation.forest().n_trees() as u64, isolation.half());
                    Outcome::Isolation { trees, flows, half }
                }
                other => {
                    let of = |density: &nta_density::Density| (density.n_columns() as u64, density.half());
                    let (columns, half) = other.density().map_or((0, 0.0), of);
                    Outcome::Density { columns, flows, half }
                }
            };
            Ok((density, outcome))
        })?;
        Ok((density, LearningReport::default()))
    }

    fn refit(&self, ctx: &Context<'_>, rows: &RefitRows<'_>) -> Result<Refitted, PipelineError> {
        Ok(Refitted { member: fit(ctx, &rows.rows, rows.stage)?, out_of_bag: None })
    }
}

fn fit(ctx: &Context<'_>, train: &LearningPart<'_>, stage: Stage) -> Result<Member, PipelineError> {
    let config = ctx.config.density.clone().unwrap_or_default();
    let unit = if config.engine == Engine::IsolationForest { Unit::TreesGrown } else { Unit::PairsCounted };
    let watch = ctx.log.watch(stage, unit);
    fit_engine(&config, &train.tabular()?, train.labels, ctx.config.seed, &watch)
}

/// Fits the engine that `config` names on the benign rows of `x` by `y`; pairs where that was left open.
pub(crate) fn fit_engine(
    config: &DensityConfig,
    x: &Tabular,
    y: &[Label],
    seed: u64,
    watch: &dyn Watch,
) -> Result<Member, PipelineError> {
    let interrupted = || PipelineError::Interrupted("while learning what is usual".to_owned());
    match config.engine {
        Engine::IsolationForest => {
            let fitted = IsolationConfig { trees: config.trees, sample: config.sample }.fit(x, y, seed, watch);
            let isolation = fitted.map_err(|error| match error {
                ForestError::Cancelled => interrupted(),
                error => failed(error),
            })?;
            Ok(Member::Isolation(Box::new(isolation)))
        }
        Engine::Pairs | Engine::Auto => {
            let density = config.fit(x, y, watch).map_err(|error| match error {
                DensityError::Cancelled => interrupted(),
                error => failed(error),
            })?;
            Ok(Member::Density(Box::new(density)))
        }
    }
}
