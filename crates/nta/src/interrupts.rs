//! Signals that ask to stop. A thread of its own waits for them, so that nothing is done in a handler; jobs ask at their safe
//! points whether one was heard.

use std::sync::atomic::{AtomicI32, Ordering};

/// The first signal heard; 0 before.
static HEARD: AtomicI32 = AtomicI32::new(0);

/// Whether somebody asked to stop.
pub(crate) fn interrupted() -> bool {
    HEARD.load(Ordering::SeqCst) != 0
}

/// What a job that was stopped ends with, as shells count: 130 for Ctrl-C, 143 for `kill`.
pub(crate) fn exit_code() -> u8 {
    match HEARD.load(Ordering::SeqCst) {
        0 => 1,
        signal => exit_code_of(signal) as u8,
    }
}

fn exit_code_of(signal: i32) -> i32 {
    128 + signal
}

/// Asks running jobs to stop at their next safe point; a second signal ends the process at once. One that was ignored when
/// the process began (`nohup`) stays ignored. Where this fails, or on another system, a signal ends the process at once,
/// which loses nothing but the last unfinished stage.
pub(crate) fn listen() {
    #[cfg(unix)]
    unix::listen();
}

#[cfg(unix)]
mod unix {
    use std::io::Write;
    use std::mem::MaybeUninit;
    use std::ptr::null_mut;
    use std::sync::atomic::Ordering;

    use super::{HEARD, exit_code_of};

    /// Before any other thread begins: they inherit that the signals are not for them.
    pub(super) fn listen() {
        let asked = signals();
        // SAFETY: `asked` is a set made by `sigemptyset`; the old mask is not wanted.
        if unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &asked, null_mut()) } != 0 {
            return;
        }
        if std::thread::Builder::new().name("signals".into()).spawn(move || hear(&asked)).is_err() {
            // SAFETY: as above.
            unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, &asked, null_mut()) };
        }
    }

    /// Those that ask to stop and are not ignored.
    fn signals() -> libc::sigset_t {
        let mut asked = MaybeUninit::uninit();
        // SAFETY: `sigemptyset` makes a whole set of it, and the numbers are signals.
        unsafe {
            libc::sigemptyset(asked.as_mut_ptr());
            for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
                if !is_ignored(signal) {
                    libc::sigaddset(asked.as_mut_ptr(), signal);
                }
            }
            asked.assume_init()
        }
    }

    fn is_ignored(signal: i32) -> bool {
        let mut now = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: with no new action the call only writes the present one to `now`, which zeros are a valid value of.
        unsafe {
            libc::sigaction(signal, std::ptr::null(), now.as_mut_ptr()) == 0
                && now.assume_init().sa_sigaction == libc::SIG_IGN
        }
    }

    fn hear(asked: &libc::sigset_t) {
        loop {
            let mut signal = 0;
            // SAFETY: a whole set, and room for the signal's number.
            if unsafe { libc::sigwait(asked, &mut signal) } != 0 {
                return;
            }
            if HEARD.swap(signal, Ordering::SeqCst) != 0 {
                nta_pipeline::remove_unfinished();
                std::process::exit(exit_code_of(signal));
            }
            let _ = writeln!(std::io::stderr(), "\nstopping at the next safe point; press again to stop at once");
        }
    }
}
