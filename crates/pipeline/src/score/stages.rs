//! Reading, scoring and writing at once: while one batch is written the next is scored and the one after it read. Batches keep
//! their order, so that what comes out does not depend on it.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::scope;

use crate::error::{PipelineError, failed};

/// Batches that wait between two stages. More would hold more rows and hide nothing further.
const WAITING: usize = 1;

/// Gives all that `read` yields to `work`, and what that makes of each to `keep`, which runs on the caller's thread. All three run
/// at the same time, each one batch after the other.
///
/// # Errors
/// The first error in the order of the batches, whatever stage it comes from; what came before it has been kept.
pub(super) fn overlap<R: Send, W: Send>(
    mut read: impl FnMut() -> Option<Result<R, PipelineError>> + Send,
    mut work: impl FnMut(R) -> Result<W, PipelineError> + Send,
    mut keep: impl FnMut(W) -> Result<(), PipelineError>,
) -> Result<(), PipelineError> {
    let (read_to, work_from) = sync_channel(WAITING);
    let (work_to, keep_from) = sync_channel(WAITING);
    scope(|threads| {
        let reader = threads.spawn(move || send_all(std::iter::from_fn(&mut read), &read_to));
        let worker = threads.spawn(move || send_all(worked(&work_from, &mut work), &work_to));
        // Its end of the channel goes with it, which stops the other two where it stops at an error.
        let kept = keep_from.into_iter().try_for_each(|made| keep(made?));
        let ended = reader.join().and(worker.join());
        kept.and(ended.map_err(|_| failed(std::io::Error::other("a thread that reads or scores ended early"))))
    })
}

/// What `work` makes of each; an error goes through as it is.
fn worked<R, W>(
    from: &Receiver<Result<R, PipelineError>>,
    work: &mut (impl FnMut(R) -> Result<W, PipelineError> + Send),
) -> impl Iterator<Item = Result<W, PipelineError>> {
    from.iter().map(|rows| rows.and_then(&mut *work))
}

/// Sends until there is no more, the first error has been sent, or nobody listens.
fn send_all<T>(items: impl Iterator<Item = Result<T, PipelineError>>, to: &SyncSender<Result<T, PipelineError>>) {
    for item in items {
        let last = item.is_err();
        if to.send(item).is_err() || last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(to: u64) -> impl FnMut() -> Option<Result<u64, PipelineError>> + Send {
        let mut next = 0..to;
        move || next.next().map(Ok)
    }

    #[test]
    fn everything_comes_through_in_order() {
        let mut kept = Vec::new();
        overlap(
            counted(100),
            |n| Ok(n * 2),
            |n| {
                kept.push(n);
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(kept, (0..100).map(|n| n * 2).collect::<Vec<_>>());
    }

    #[test]
    fn an_error_of_any_stage_ends_it_after_what_came_before() {
        for stage in 0..3 {
            let mut kept = Vec::new();
            let wrong = |at: usize, n: u64| match at == stage && n == 7 {
                true => Err(PipelineError::refuse("seven")),
                false => Ok(n),
            };
            let mut numbers = 0..u64::MAX;
            let read = move || numbers.next().map(|n| wrong(0, n));
            let keep = |n| wrong(2, n).map(|n| kept.push(n));
            let error = overlap(read, |n| wrong(1, n), keep).unwrap_err();
            assert_eq!(error.to_string(), "seven", "stage {stage}");
            assert_eq!(kept, (0..7).collect::<Vec<_>>(), "stage {stage}");
        }
    }
}
