//! How long work tells of itself and is told to stop. Libraries never print.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Receives progress and answers whether to go on. Implementations are called from any thread.
pub trait Watch: Sync {
    /// `done` of `total` steps are behind (trees, epochs' batches, rows).
    fn step(&self, done: u64, total: u64);

    /// Whether the work should end at the next safe point.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Watch for Quiet {
    fn step(&self, _done: u64, _total: u64) {}
}

/// Who asked for work: reached from any thread, for as long as any part of the work lives.
pub trait Caller: Send + Sync {
    /// Whether the work should end.
    fn cancelled(&self) -> bool;

    /// The work stands still. Told several times a second until it goes on.
    fn waiting(&self, _wait: &Wait<'_>) {}
}

/// What work waits for that it cannot hurry, and for how long it has waited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait<'a> {
    /// What.
    pub what: Awaited<'a>,
    /// How long.
    pub elapsed: Duration,
}

/// What can be waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Awaited<'a> {
    /// More bytes of a pipe, or its end.
    Pipe {
        /// As messages name it.
        name: &'a str,
        /// Bytes that came so far.
        bytes: u64,
    },
    /// A folder that another process writes to.
    Folder {
        /// The folder.
        path: &'a Path,
        /// The process, where the system tells.
        holder: Option<u32>,
    },
}

/// The line to a [`Caller`]; by default there is none, and the work ends by itself alone.
#[derive(Clone, Default)]
pub struct Contact(Option<Arc<dyn Caller>>);

impl Contact {
    /// The line to `caller`.
    pub fn to(caller: Arc<dyn Caller>) -> Contact {
        Contact(Some(caller))
    }

    /// Whether the work should end.
    pub fn cancelled(&self) -> bool {
        self.0.as_ref().is_some_and(|caller| caller.cancelled())
    }

    /// Tells what is waited for; whether to go on waiting.
    pub fn waits(&self, what: Awaited<'_>, elapsed: Duration) -> bool {
        if let Some(caller) = &self.0 {
            caller.waiting(&Wait { what, elapsed });
        }
        !self.cancelled()
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Contact(a caller)" } else { "Contact(nobody)" })
    }
}
