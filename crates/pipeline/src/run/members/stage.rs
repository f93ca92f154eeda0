//! What a member's stage is to the run: a name, a fit over the learning parts, and what the report shows of it.

use nta_lstm::EpochReport;
use nta_model::Member;

use crate::error::PipelineError;
use crate::event::Stage;
use crate::run::context::Context;
use crate::run::importances::Importances;
use crate::run::learning::{LearningPart, LearningParts};

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

    /// Fits the member once more on other rows, for as long as was best on the validation part, or takes up what an
    /// interrupted run has of it.
    fn refit(&self, ctx: &Context<'_>, rows: &RefitRows<'_>) -> Result<Refitted, PipelineError>;

    /// Whether two fits of it say the same in different numbers, so that a score is told by its place among the benign rows
    /// fitted on.
    fn has_own_scale(&self) -> bool {
        false
    }

    /// Whether a refit gives each of its rows a score by what has not seen it.
    fn scores_out_of_bag(&self, _ctx: &Context<'_>) -> bool {
        false
    }
}

/// What a member is fitted on once more.
pub(crate) struct RefitRows<'a> {
    /// The rows.
    pub(crate) rows: LearningPart<'a>,
    /// The stage that this is part of.
    pub(crate) stage: Stage,
    /// Begins the names of what is kept for a resume.
    pub(crate) scope: &'a str,
    /// The epochs that a network is trained for: whether each lowered the validation log loss.
    pub(crate) lowered: &'a [bool],
}

/// A member fitted once more.
pub(crate) struct Refitted {
    pub(crate) member: Member,
    /// Scores of the rows by what has not seen them, `(n_rows)`; `None` where the member has none.
    pub(crate) out_of_bag: Option<Vec<Option<f32>>>,
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
