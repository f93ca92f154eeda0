//! Sends a run while it trains, from a thread of its own. The run never waits for it, but for a bounded moment at its end.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::delivered::Delivered;
use super::remaining::Remaining;
use super::tracked::Tracked;
use super::{Delivery, Server};
use crate::TrackingError;

/// How the run in a folder stands for a server; `None` while it is too young to be told.
pub type Tell = dyn Fn(&Path) -> Result<Option<Tracked>, TrackingError> + Send + Sync;

/// Between two rounds: a run tells more in bursts.
const BREATH: Duration = Duration::from_millis(500);
/// Between two rounds in which nothing was told: the machine's numbers.
const IDLE: Duration = Duration::from_secs(10);
/// After a round in which a server did not answer, or refused.
const PAUSE: Duration = Duration::from_secs(5);
/// A pause that is kept after the run's end.
const SHORT_PAUSE: Duration = Duration::from_secs(2);
/// A server that brings nothing further for so long is not waited for.
const STUCK: Duration = Duration::from_secs(5);
/// Nor is any for longer than this.
const LONGEST_END: Duration = Duration::from_secs(30);

/// A run that is followed.
pub struct Follower {
    folder: PathBuf,
    /// The server's address.
    server: String,
    shared: Arc<Shared>,
    tell: Arc<Tell>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    acknowledged: AtomicU64,
}

#[derive(Default)]
struct State {
    news: bool,
    end: Option<End>,
    done: bool,
    why: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The run came to its end, whichever.
    Ended,
    /// It was taken back.
    Discarded,
}

/// How far the sending came.
#[derive(Debug, Clone)]
pub struct Followed {
    /// The run's page, where there is one.
    pub page: Option<String>,
    /// What is not delivered.
    pub remaining: Remaining,
    /// Why, where something is not.
    pub why: Option<String>,
}

impl Follower {
    /// Begins to follow the run in `folder`, told by `tell`.
    pub fn begin(folder: &Path, server: Server, tell: Arc<Tell>) -> Self {
        let (address, shared) = (server.address().to_owned(), Arc::new(Shared::default()));
        let (theirs, their_tell, their_folder) = (Arc::clone(&shared), Arc::clone(&tell), folder.to_owned());
        let thread = std::thread::Builder::new().name("tracking".into()).spawn(move || {
            let ended = follow(&their_folder, server, &*their_tell, &theirs);
            theirs.change(|state| {
                state.done = true;
                state.why = ended.err().map(|error| error.to_string()).or(state.why.take());
            });
        });
        if let Err(error) = thread {
            shared.change(|state| {
                state.done = true;
                state.why = Some(format!("no thread for it: {error}"));
            });
        }
        Follower { folder: folder.to_owned(), server: address, shared, tell }
    }

    /// The run's folder holds something new.
    pub fn news(&self) {
        self.shared.change(|state| state.news = true);
    }

    /// Waits a moment for what is not yet there, as long as it goes on, half a minute at most. `stop` ends the waiting.
    pub fn finish(self, stop: &dyn Fn() -> bool) -> Followed {
        self.end(End::Ended, stop);
        let state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let why = state.why.clone().or_else(|| (!state.done).then(|| "no answer in time".to_owned()));
        drop(state);
        let delivered = Delivered::read(&self.folder).filter(|d| d.server == self.server).unwrap_or_default();
        match (self.tell)(&self.folder) {
            Ok(Some(tracked)) => {
                Followed { page: delivered.page(), remaining: Remaining::of(&delivered, &tracked), why }
            }
            Ok(None) => Followed { page: None, remaining: Remaining::default(), why: None },
            Err(error) => {
                let remaining = Remaining { entries: 1, ..Remaining::default() };
                Followed { page: delivered.page(), remaining, why: Some(error.to_string()) }
            }
        }
    }

    /// The run is taken back: what the server has of it goes too, where it answers soon.
    pub fn discard(self) {
        self.end(End::Discarded, &|| false);
    }

    fn end(&self, end: End, stop: &dyn Fn() -> bool) {
        self.shared.change(|state| state.end = Some(end));
        let (begun, mut moved) = (Instant::now(), Instant::now());
        let mut before = self.shared.acknowledged.load(Ordering::Relaxed);
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.done && moved.elapsed() < STUCK && begun.elapsed() < LONGEST_END && !stop() {
            let waited = self.shared.changed.wait_timeout(state, Duration::from_millis(50));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            let now = self.shared.acknowledged.load(Ordering::Relaxed);
            if now != before {
                (before, moved) = (now, Instant::now());
            }
        }
    }
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    /// Waits for it, `most` long, and says whether the run has ended.
    fn wait(&self, most: Duration, until: impl Fn(&State) -> bool) -> Option<End> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(state, most, |state| !until(state));
        waited.unwrap_or_else(PoisonError::into_inner).0.end
    }

    /// The pause between two tries. It ends with the run: then there is no time to lose, and only a short one is kept.
    fn pause(&self, pause: Duration) -> bool {
        if self.wait(Duration::ZERO, |_| true).is_none() {
            self.wait(pause, |state| state.end.is_some());
            return true;
        }
        if pause <= SHORT_PAUSE {
            std::thread::sleep(pause);
        }
        pause <= SHORT_PAUSE
    }
}

/// The thread: a round whenever there is news, a last one at the end.
fn follow(folder: &Path, server: Server, tell: &Tell, shared: &Arc<Shared>) -> Result<(), TrackingError> {
    let waiting = Arc::clone(shared);
    let wait = Box::new(move |pause: Duration| waiting.pause(pause));
    let Some(mut delivery) = Delivery::open(folder, server, wait)? else { return Ok(()) };
    let counting = Arc::clone(shared);
    delivery.on_progress(Box::new(move || _ = counting.acknowledged.fetch_add(1, Ordering::Relaxed)));
    loop {
        let end = shared.wait(IDLE, |state| state.news || state.end.is_some());
        shared.change(|state| state.news = false);
        if end == Some(End::Discarded) {
            return delivery.abandon();
        }
        let sent = round(folder, tell, &mut delivery);
        if end.is_some() {
            return sent;
        }
        let pause = if sent.is_err() { PAUSE } else { BREATH };
        shared.change(|state| state.why = sent.err().map(|error| error.to_string()));
        shared.wait(pause, |state| state.end.is_some());
    }
}

fn round(folder: &Path, tell: &Tell, delivery: &mut Delivery<'_>) -> Result<(), TrackingError> {
    match tell(folder)? {
        Some(tracked) => delivery.deliver(&tracked),
        None => Ok(()),
    }
}
