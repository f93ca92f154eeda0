//! When to save: not too often, and for no more than a share of the time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Saving takes no more than this share of the time.
const SHARE: u32 = 10;

/// Asked by the thread that scores, told by the one that saves.
pub(in crate::score) struct Pace {
    every: Duration,
    /// When the last save ended, and how long it took.
    last: Mutex<(Instant, Duration)>,
    is_under_way: AtomicBool,
}

impl Pace {
    pub(super) fn new(every: Duration) -> Self {
        Pace { every, last: Mutex::new((Instant::now(), Duration::ZERO)), is_under_way: AtomicBool::new(false) }
    }

    /// Whether to save now; once, until that is done.
    pub(in crate::score) fn is_due(&self) -> bool {
        let (ended, took) = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        ended.elapsed() >= self.every.max(took * SHARE) && !self.is_under_way.swap(true, Ordering::AcqRel)
    }

    pub(super) fn done(&self, took: Duration) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), took);
        self.is_under_way.store(false, Ordering::Release);
    }
}
