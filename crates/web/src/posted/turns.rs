//! Turns at scoring: one thread a core, each a rayon pool of its own, so that a small request is done where it began. Sharing
//! it out would wake other threads, which takes longer than its work, and all of them have requests of their own.

use std::panic::AssertUnwindSafe;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::{io, thread};

use axum::http::StatusCode;
use rayon::ThreadPoolBuilder;
use tokio::sync::oneshot;

use crate::error::Problem;
use crate::held::held;

type Work = Box<dyn FnOnce() + Send>;

/// The threads' queue; they end when it is dropped.
pub(crate) struct Turns {
    queue: Sender<Work>,
}

impl Turns {
    /// Starts the threads.
    pub(crate) fn start() -> io::Result<Self> {
        let (queue, works) = channel::<Work>();
        let works = Arc::new(Mutex::new(works));
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let works = Arc::clone(&works);
            thread::Builder::new().name("nta-score".to_owned()).spawn(move || do_each(&works))?;
        }
        Ok(Turns { queue })
    }

    /// What `work` gives when its turn has come; in the order in which it was asked for.
    pub(crate) async fn take<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let (tell, told) = oneshot::channel();
        let work = move || {
            // A panic drops `tell`, which is how the one who waits hears of it.
            if let Ok(done) = std::panic::catch_unwind(AssertUnwindSafe(work)) {
                drop(tell.send(done));
            }
        };
        let ended = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the server stops");
        self.queue.send(Box::new(work)).map_err(|_| ended())?;
        told.await.map_err(|_| Problem::internal())
    }
}

fn do_each(works: &Mutex<Receiver<Work>>) {
    // Without a pool of its own the thread works all the same, and shares out.
    let _alone = ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
    loop {
        let next = held(works).recv();
        match next {
            Ok(work) => work(),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_alone_on_its_thread_and_a_panic_ends_no_turn() {
        let turns = Turns::start().unwrap();
        assert_eq!(turns.take(rayon::current_num_threads).await.unwrap(), 1);
        for _ in 0..2 * thread::available_parallelism().unwrap().get() {
            let problem = turns.take(|| -> u8 { panic!("on purpose") }).await.unwrap_err();
            assert_eq!(problem.status, StatusCode::INTERNAL_SERVER_ERROR);
        }
        assert_eq!(turns.take(|| 7).await.unwrap(), 7);
    }
}
