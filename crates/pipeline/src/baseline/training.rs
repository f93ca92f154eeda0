//! The traffic of the training, for the member that cannot learn more without it: the forest.

use std::borrow::Cow;

use nta_data::{Dataset, Label, Tabular};
use nta_forest::{Bootstrap, Fitted, Forest, ForestError};
use nta_model::Model;
use nta_preprocess::{FittedRows, Partition, Rank};

use crate::config::RunConfig;
use crate::error::{PipelineError, failed};
use crate::event::{Listener, Stage, StageWatch, Unit};

/// The traffic that a model learned from, dealt as it was then.
pub(super) struct Training<'a> {
    pub(super) parts: &'a Partition,
    pub(super) listener: &'a dyn Listener,
    /// The rows that the members were fitted on: the training part, or with `split.fit: all` the whole.
    pub(super) learned: Cow<'a, Dataset>,
    config: RunConfig,
}

/// A forest that knows a site's flows too.
pub(super) struct Grown {
    pub(super) forest: Forest,
    /// The flows' scores, `(n_flows)`.
    pub(super) flows: Vec<f32>,
    /// Those of the rows learned from, `(n_learned)`, each by the trees that have drawn neither it nor a copy of it; `None` where
    /// such votes say nothing of what the forest makes of traffic.
    pub(super) votes: Option<Vec<Option<f32>>>,
}

impl<'a> Training<'a> {
    /// That of `model`.
    pub(super) fn of(model: &Model, parts: &'a Partition, listener: &'a dyn Listener) -> Result<Self, PipelineError> {
        let config = RunConfig::parse_kept(&model.provenance.config, "its config", &[])?;
        let learned = match config.split.fit {
            FittedRows::Parts => Cow::Borrowed(&parts.train),
            FittedRows::All => Cow::Owned(parts.whole().map_err(failed)?),
        };
        Ok(Training { parts, listener, learned, config })
    }

    /// Whether the members have learned from all of it, so that no part holds an attack that they have not seen.
    pub(super) fn is_learned_whole(&self) -> bool {
        self.config.split.fit == FittedRows::All
    }

    /// The forest grown anew on the rows that it learned from and the flows `x`, and the flows' scores, each by the trees that have
    /// not drawn it, nor another flow of its host where `together` numbers hosts; `None` for an engine or a bootstrap that cannot.
    pub(super) fn grow(
        &self,
        model: &Model,
        x: &Tabular,
        together: &[u32],
        weight: f32,
    ) -> Result<Option<Grown>, PipelineError> {
        let forest = &self.config.forest;
        if forest.bootstrap == Bootstrap::None {
            return Ok(None);
        }
        let (learned, n) = (&*self.learned, x.n_rows());
        let mut all = model.preprocessor.tabular_to_learn(learned).map_err(failed)?;
        all.columns.iter_mut().zip(&x.columns).for_each(|(column, flows)| column.extend_from_slice(flows));
        let labels = [learned.labels().map_err(failed)?, &vec![Label::Benign; n]].concat();
        let weights = [vec![1.0; learned.n_rows()], vec![weight; n]].concat();
        let alone = if together.is_empty() { 0 } else { learned.n_rows() };
        let together = [&vec![0; alone], together].concat();
        let watch = StageWatch { listener: self.listener, stage: Stage::Baseline, unit: Unit::TreesGrown };
        match forest.fit_together(all, &labels, &weights, &together, self.config.seed, &watch) {
            Ok(Fitted { forest, mut out_of_bag, .. }) => {
                // A flow that every tree has drawn has no score of its own, and may count as the worst.
                let flows = out_of_bag.split_off(learned.n_rows()).into_iter().map(|score| score.unwrap_or(1.0));
                Ok(Some(Grown { forest, flows: flows.collect(), votes: self.votes_tell().then_some(out_of_bag) }))
            }
            Err(ForestError::EngineLacks { .. } | ForestError::Together { .. }) => Ok(None),
            Err(ForestError::Cancelled) => Err(PipelineError::Interrupted("while growing trees".to_owned())),
            Err(error) => Err(failed(error)),
        }
    }

    /// Whether a vote out of bag on a row learned from is one by what has not seen it: not where copies are drawn apart, and not on
    /// ranks other than those of traffic.
    fn votes_tell(&self) -> bool {
        let ranks = self.config.preprocess.categorical.rank;
        self.config.forest.bootstrap == Bootstrap::Distinct && ranks != Rank::CrossFitted
    }
}
