//! The forest stages: the fit, and what its features are worth.

use nta_forest::{Fitted, Forest, ForestError};
use nta_model::{Member, MemberKind};
use serde::{Deserialize, Serialize};

use super::stage::{LearningReport, MemberStage};
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
        let report = LearningReport {
            out_of_bag_auc: told.oob_auc,
            importances: Some(importances),
            ..LearningReport::default()
        };
        Ok((Member::Forest(Box::new(forest)), report))
    }
}

/// What a forest's fit measures beside the forest.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct ForestReport {
    oob_auc: Option<f64>,
}

fn fit(ctx: &mut Context<'_>, train: &LearningPart<'_>) -> Result<((Forest, ForestReport), Outcome), PipelineError> {
    let kept = match ctx.log.dir.read_checkpoint("forest.bin").map_err(failed)? {
        Some(bytes) => Some(Forest::from_bytes(&bytes).map_err(|e| ctx.damaged("forest.bin", &e.to_string()))?),
        None => None,
    };
    let (forest, report) = match (kept, ctx.kept("forest.json")?) {
        (Some(forest), Some(report)) => (forest, report),
        _ => {
            let watch = ctx.log.watch(Stage::Forest, Unit::TreesGrown);
            let fitted = ctx.config.forest.fit(train.tabular()?, train.labels, ctx.config.seed, &watch);
            let Fitted { forest, oob_auc, .. } = fitted.map_err(|error| match error {
                ForestError::Cancelled => PipelineError::Interrupted("while growing trees".to_owned()),
                error => failed(error),
            })?;
            let report = ForestReport { oob_auc };
            ctx.keep("forest.json", &report)?;
            ctx.log.dir.write_checkpoint("forest.bin", &forest.to_bytes()).map_err(failed)?;
            (forest, report)
        }
    };
    let outcome = Outcome::Forest { trees: ctx.config.forest.trees as u64, out_of_bag_auc: report.oob_auc };
    Ok(((forest, report), outcome))
}
