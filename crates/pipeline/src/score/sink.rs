//! Where scored rows go: a table, counts, later alerts and pages.

use nta_data::Scores;
use nta_ingest::{Batch, LeftOut, Reject};

use super::kept::Place;
use crate::error::PipelineError;

/// Takes scored rows, batch by batch, in the order in which they were read.
pub(crate) trait ScoreSink {
    /// What it has made when there are no more rows.
    type Output;

    /// Takes the next rows and their scores.
    fn take(&mut self, batch: &Batch, scores: &Scores) -> Result<(), PipelineError>;

    /// Takes rows that could not be read and were set aside: they get no scores.
    fn set_aside(&mut self, rejects: &[Reject]) -> Result<(), PipelineError>;

    /// Is told, once, how many lines of the input hold no flow.
    fn leave_out(&mut self, _left_out: LeftOut) {}

    /// Brings what was taken to disk, where another process can go on with it, and tells its end.
    fn settle(&mut self) -> Result<Option<Place>, PipelineError> {
        Ok(None)
    }

    /// There are no more rows. A sink that is dropped instead leaves nothing behind.
    fn finish(self) -> Result<Self::Output, PipelineError>;
}

/// Takes rows and makes nothing of them.
impl ScoreSink for () {
    type Output = ();

    fn take(&mut self, _batch: &Batch, _scores: &Scores) -> Result<(), PipelineError> {
        Ok(())
    }

    fn set_aside(&mut self, _rejects: &[Reject]) -> Result<(), PipelineError> {
        Ok(())
    }

    fn finish(self) -> Result<(), PipelineError> {
        Ok(())
    }
}

/// Takes rows where there is one to take them.
impl<A: ScoreSink> ScoreSink for Option<A> {
    type Output = Option<A::Output>;

    fn take(&mut self, batch: &Batch, scores: &Scores) -> Result<(), PipelineError> {
        self.as_mut().map_or(Ok(()), |sink| sink.take(batch, scores))
    }

    fn set_aside(&mut self, rejects: &[Reject]) -> Result<(), PipelineError> {
        self.as_mut().map_or(Ok(()), |sink| sink.set_aside(rejects))
    }

    fn finish(self) -> Result<Self::Output, PipelineError> {
        self.map(A::finish).transpose()
    }
}

/// Both take every row, the first one first.
impl<A: ScoreSink, B: ScoreSink> ScoreSink for (A, B) {
    type Output = (A::Output, B::Output);

    fn take(&mut self, batch: &Batch, scores: &Scores) -> Result<(), PipelineError> {
        self.0.take(batch, scores)?;
        self.1.take(batch, scores)
    }

    fn set_aside(&mut self, rejects: &[Reject]) -> Result<(), PipelineError> {
        self.0.set_aside(rejects)?;
        self.1.set_aside(rejects)
    }

    fn leave_out(&mut self, left_out: LeftOut) {
        self.0.leave_out(left_out);
        self.1.leave_out(left_out);
    }

    fn settle(&mut self) -> Result<Option<Place>, PipelineError> {
        let (first, second) = (self.0.settle()?, self.1.settle()?);
        Ok(first.or(second))
    }

    fn finish(self) -> Result<Self::Output, PipelineError> {
        Ok((self.0.finish()?, self.1.finish()?))
    }
}
