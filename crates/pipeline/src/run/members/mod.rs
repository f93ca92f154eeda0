//! The members that a run trains, in the order of their scores: each a stage that makes one from the learning parts.
//! The order of scores and the names in the model come from this list.

mod density;
mod forest;
mod lstm;
mod stage;
#[cfg(test)]
mod third_member;

use nta_model::MemberKind;

use crate::config::RunConfig;

pub(crate) use density::fit_engine;
pub(crate) use stage::{LearningReport, MemberStage, RefitRows};

/// The stage of each kind of member that the config asks for.
pub(crate) fn stages(config: &RunConfig) -> Vec<&'static dyn MemberStage> {
    let stage = |kind| match kind {
        MemberKind::Forest => &forest::ForestStage as &dyn MemberStage,
        MemberKind::Lstm => &lstm::LstmStage,
        MemberKind::Density | MemberKind::Isolation => &density::DensityStage,
    };
    config.members().map(stage).collect()
}
