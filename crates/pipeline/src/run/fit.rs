//! The learning stages: the preprocessor, then each member. Each takes what an interrupted run left instead of learning
//! again.

use nta_data::Dataset;
use nta_model::NamedMember;
use nta_preprocess::{Partition, Preprocessor, Sequencing};

use super::context::Context;
use super::learning::{LearningParts, uses_sequences};
use super::members::{LearningReport, MemberStage};
use crate::error::{PipelineError, refused};
use crate::event::{Outcome, Remark, Stage};

/// What the learning stages hand on.
pub(crate) struct Learned {
    pub(crate) preprocessor: Preprocessor,
    /// In the order of their scores.
    pub(crate) members: Vec<NamedMember>,
    pub(crate) report: LearningReport,
}

/// Fits the preprocessor, then each of `members` in their order, on the training part.
pub(crate) fn learn(
    ctx: &mut Context<'_>,
    members: &[&dyn MemberStage],
    parts: &Partition,
) -> Result<Learned, PipelineError> {
    let preprocessor = ctx.stage(Stage::Preprocess, |ctx| fit_preprocessor(ctx, &parts.train))?;
    let learning = LearningParts::new(ctx, &preprocessor, parts)?;
    let mut report = LearningReport::default();
    let mut learned = Vec::with_capacity(members.len());
    for stage in members {
        let (member, told) = stage.learn(ctx, &learning)?;
        learned.push(NamedMember { name: stage.name().to_owned(), member });
        report.add(told);
    }
    Ok(Learned { preprocessor, members: learned, report })
}

/// Learns what there is to learn about columns, or takes up what an interrupted run has, whose name begins with `scope`.
pub(super) fn preprocessor_of(ctx: &Context<'_>, rows: &Dataset, scope: &str) -> Result<Preprocessor, PipelineError> {
    let sequencing = match uses_sequences(ctx, rows) {
        true => Sequencing::Gap(ctx.config.lstm.memory.clone()),
        false => Sequencing::None,
    };
    let name = format!("{scope}preprocessor.json");
    if let Some(kept) = ctx.kept(&name)? {
        return Ok(kept);
    }
    let fitted = ctx.config.preprocess.fit(rows, sequencing).map_err(refused)?;
    ctx.keep(&name, &fitted)?;
    Ok(fitted)
}

fn fit_preprocessor(ctx: &mut Context<'_>, train: &Dataset) -> Result<(Preprocessor, Outcome), PipelineError> {
    let preprocessor = preprocessor_of(ctx, train, "")?;
    let outcome = Outcome::Preprocess {
        tabular: preprocessor.tabular_names().len() as u64,
        numeric: preprocessor.n_numeric() as u64,
        categorical: preprocessor.cardinality().len() as u64,
    };
    for (column, why) in preprocessor.dropped() {
        ctx.log.remark(Remark::ColumnDropped { column: column.clone(), reason: why.clone() })?;
    }
    Ok((preprocessor, outcome))
}
