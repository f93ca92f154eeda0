//! The members that a run trains, in the order of their scores: each a stage that makes one from the learning parts.
//! The order of scores and the names in the model come from this list.

mod forest;
mod lstm;
mod stage;
#[cfg(test)]
mod third_member;

use nta_model::MemberKind;

pub(crate) use stage::{LearningReport, MemberStage};

/// The stage of each kind of member.
pub(crate) fn stages() -> [&'static dyn MemberStage; MemberKind::ALL.len()] {
    MemberKind::ALL.map(|kind| match kind {
        MemberKind::Forest => &forest::ForestStage as &dyn MemberStage,
        MemberKind::Lstm => &lstm::LstmStage,
    })
}
