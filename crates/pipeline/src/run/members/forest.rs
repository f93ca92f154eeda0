//! The forest stages: the fit, and what its features are worth.

use nta_forest::{Bootstrap, Engine, Fitted, Forest, ForestError};
use nta_model::{Member, MemberKind};
use nta_preprocess::Rank;
use serde::{Deserialize, Serialize};

use super::stage::{LearningReport, MemberStage, RefitRows, Refitted};
use crate::error::{PipelineError, failed};
use crate::event::{Outcome, Stage, Unit};
use crate::run::context::Context;
use crate::run::importances;
use crate::run::learning::{LearningPart, LearningParts};

/// Grows the forest of the config's `forest:`.
pub(super) struct ForestStage;

impl MemberStage for ForestStage {
    fn name(&self) -> &str {
        MemberKind::Forest.name()
    }

    fn learn(
        &self,
        ctx: &mut Context<'_>,
        parts: &LearningParts<'_>,
    ) -> Result<(Member, LearningReport), PipelineError> {
        let (forest, told) = ctx.stage(Stage::Forest, |ctx| fit(ctx, &parts.train))?;
        let importances = ctx.stage(Stage::Importances, |ctx| importances::importances(ctx, &forest, parts))?;
        let report =
            LearningReport { out_of_bag_auc: told.auc, importances: Some(importances), ..LearningReport::default() };
        Ok((Member::Forest(Box::new(forest)), report))
    }

    fn refit(&self, ctx: &Context<'_>, rows: &RefitRows<'_>) -> Result<Refitted, PipelineError> {
        let (forest, out_of_bag) = grow(ctx, &rows.rows, rows.stage, rows.scope)?;
        Ok(Refitted { member: Member::Forest(Box::new(forest)), out_of_bag: Some(out_of_bag.scores) })
    }

    fn scores_out_of_bag(&self, ctx: &Context<'_>) -> bool {
        // Trees grown on cross-fitted ranks vote out of bag on those, and meet the ranks of all rows in traffic.
        let meets_the_same = ctx.config.preprocess.categorical.rank != Rank::CrossFitted;
        meets_the_same && ctx.config.forest.bootstrap != Bootstrap::None && ctx.config.forest.engine == Engine::Native
    }
}

/// What a forest's fit measures on rows that stood in some trees' bags.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct OutOfBag {
    auc: Option<f64>,
    /// `(n_rows)`; kept of a refit alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scores: Vec<Option<f32>>,
}

fn fit(ctx: &mut Context<'_>, train: &LearningPart<'_>) -> Result<((Forest, OutOfBag), Outcome), PipelineError> {
    let (forest, out_of_bag) = grow(ctx, train, Stage::Forest, "")?;
    let outcome = Outcome::Forest { trees: ctx.config.forest.trees as u64, out_of_bag_auc: out_of_bag.auc };
    Ok(((forest, out_of_bag), outcome))
}

/// Grows the forest, or takes up the one of an interrupted run; both files' names begin with `scope`.
fn grow(
    ctx: &Context<'_>,
    train: &LearningPart<'_>,
    stage: Stage,
    scope: &str,
) -> Result<(Forest, OutOfBag), PipelineError> {
    let (trees, measured) = (format!("{scope}forest.bin"), format!("{scope}forest.json"));
    let kept = match ctx.log.dir.read_checkpoint(&trees).map_err(failed)? {
        Some(bytes) => Some(Forest::from_bytes(&bytes).map_err(|e| ctx.damaged(&trees, &e.to_string()))?),
        None => None,
    };
    if let (Some(forest), Some(out_of_bag)) = (kept, ctx.kept(&measured)?) {
        return Ok((forest, out_of_bag));
    }
    let watch = ctx.log.watch(stage, Unit::TreesGrown);
    let fitted = ctx.config.forest.fit(train.tabular_to_learn()?, train.labels, ctx.config.seed, &watch);
    let Fitted { forest, oob_auc, out_of_bag, .. } = fitted.map_err(|error| match error {
        ForestError::Cancelled => PipelineError::Interrupted("while growing trees".to_owned()),
        error => failed(error),
    })?;
    let scores = if stage == Stage::Refit { out_of_bag } else { Vec::new() };
    let out_of_bag = OutOfBag { auc: oob_auc, scores };
    ctx.keep(&measured, &out_of_bag)?;
    ctx.log.dir.write_checkpoint(&trees, &forest.to_bytes()).map_err(failed)?;
    Ok((forest, out_of_bag))
}
