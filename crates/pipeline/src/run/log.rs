//! The one place that a run's events go through: into its folder first, then to whoever listens, so that events.jsonl
//! holds everything that was told.

use nta_tracking::RunDir;

use crate::error::{PipelineError, failed};
use crate::event::{Epoch, Event, Listener, Remark, Stage, StageWatch, Unit};
use crate::track::Tracking;

/// A run's folder and its listener.
pub(crate) struct RunLog<'a> {
    pub(crate) dir: RunDir,
    pub(crate) listener: &'a dyn Listener,
    /// Who tells a server of it, where one is told.
    pub(crate) tracking: Option<Tracking>,
}

impl RunLog<'_> {
    /// Keeps the event, unless it is progress, and passes it on.
    pub(crate) fn tell(&self, event: &Event) -> Result<(), PipelineError> {
        if event.is_kept() {
            self.dir.event(event).map_err(failed)?;
            self.tracking.iter().for_each(Tracking::news);
        }
        self.listener.hear(event);
        Ok(())
    }

    /// Tells of an epoch, and keeps its numbers among the run's step metrics.
    pub(crate) fn epoch(&self, epoch: &Epoch) -> Result<(), PipelineError> {
        let numbers = [
            ("lstm/train_loss", Some(epoch.train_loss)),
            ("lstm/validation_log_loss", Some(epoch.validation_log_loss)),
            ("lstm/validation_average_precision", epoch.validation_average_precision),
        ];
        for (key, value) in numbers {
            if let Some(value) = value {
                self.dir.metric(key, value, epoch.epoch).map_err(failed)?;
            }
        }
        self.tell(&Event::Epoch(epoch.clone()))
    }

    /// Tells something that the user should know.
    pub(crate) fn remark(&self, remark: Remark) -> Result<(), PipelineError> {
        self.tell(&Event::Remark(remark))
    }

    /// The watch of a stage.
    pub(crate) fn watch(&self, stage: Stage, unit: Unit) -> StageWatch<'_> {
        StageWatch { listener: self.listener, stage, unit }
    }
}
