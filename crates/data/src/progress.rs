//! How long work tells of itself and is told to stop. Libraries never print.

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
