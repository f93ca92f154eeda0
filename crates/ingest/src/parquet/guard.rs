//! Panics of polars on damaged bytes: caught on purpose, and known as such to whoever reports panics.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use polars_core::error::PolarsResult;

use crate::error::IngestError;

/// Guarded pieces of work on all threads.
static GUARDED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Guarded pieces of work on this thread, one inside the other.
    static GUARDED_HERE: Cell<usize> = const { Cell::new(0) };
}

/// How polars names the threads of its pool, which hand their panics on to the thread that waits for them.
const POLARS_THREADS: &str = "polars-";

/// Runs a reader of polars on bytes of `file` that may be hostile: its panics are errors too.
pub(super) fn guarded<T>(file: &str, work: impl FnOnce() -> PolarsResult<T>) -> Result<T, IngestError> {
    let damaged = |problem: String| IngestError::Damaged { file: file.to_owned(), problem };
    match caught(work) {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => Err(damaged(error.to_string())),
        None => Err(damaged("its parts contradict each other".to_owned())),
    }
}

/// Does `work`; `None` if it panicked.
fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    let _mark = Mark::set();
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Whether a panic on this thread, now, is caught and told as an error about the file that was read: a panic hook has
/// nothing to say of it.
pub fn panic_is_caught() -> bool {
    let of_polars = || std::thread::current().name().is_some_and(|name| name.starts_with(POLARS_THREADS));
    GUARDED_HERE.get() > 0 || (GUARDED.load(Ordering::SeqCst) > 0 && of_polars())
}

/// Stands while guarded work goes on.
struct Mark;

impl Mark {
    fn set() -> Mark {
        GUARDED.fetch_add(1, Ordering::SeqCst);
        GUARDED_HERE.set(GUARDED_HERE.get() + 1);
        Mark
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        GUARDED_HERE.set(GUARDED_HERE.get() - 1);
        GUARDED.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_inside_and_nowhere_else() {
        assert!(!panic_is_caught());
        assert_eq!(caught(|| caught(panic_is_caught)), Some(Some(true)));
        assert_eq!(caught(|| assert!(!panic_is_caught())), None);
        assert!(!panic_is_caught());
        let elsewhere = |name: &str| {
            let thread = std::thread::Builder::new().name(name.to_owned());
            thread.spawn(panic_is_caught).unwrap().join().unwrap()
        };
        assert_eq!(caught(|| (elsewhere("polars-3"), elsewhere("rayon"))), Some((true, false)));
    }
}
