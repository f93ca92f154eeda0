//! What a member's stage is to the run: a name, a fit over the learning parts, and what the report shows of it.

use nta_lstm::EpochReport;
use nta_model::Member;

use crate::error::PipelineError;
use crate::run::context::Context;
use crate::run::importances::Importances;
use crate::run::learning::LearningParts;

/// Makes one member of the model.
pub(crate) trait MemberStage {
    /// What the model, the evaluation and the report call the member.
    fn name(&self) -> &str;

    /// Fits the member, or takes up what an interrupted run has of it; tells of its stages.
    fn learn(
        &self,
        ctx: &mut Context<'_>,
        parts: &LearningParts<'_>,
    ) -> Result<(Member, LearningReport), PipelineError>;
}

/// What the report shows of learning, beside what every member gets by being judged.
#[derive(Default)]
pub(crate) struct LearningReport {
    /// Area under the ROC curve of the out-of-bag scores.
    pub(crate) out_of_bag_auc: Option<f64>,
    /// What features are worth.
    pub(crate) importances: Option<Importances>,
    /// Epoch by epoch.
    pub(crate) epochs: Vec<EpochReport>,
}

impl LearningReport {
    /// Puts what the next member told beside it. The report has one place for each thing: the first to tell it holds it.
    pub(crate) fn add(&mut self, told: LearningReport) {
        self.out_of_bag_auc = self.out_of_bag_auc.or(told.out_of_bag_auc);
        self.importances = self.importances.take().or(told.importances);
        if self.epochs.is_empty() {
            self.epochs = told.epochs;
        }
    }
}
