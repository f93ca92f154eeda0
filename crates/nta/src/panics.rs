//! What a person sees of a panic: nothing of one that is caught and told as an error, else a request to report it.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write;
use std::panic::PanicHookInfo;

use crate::visible;

/// Takes the place of Rust's own message about panics.
pub(crate) fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        if nta_pipeline::panic_is_caught() {
            return;
        }
        let mut said = message(panic);
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            said += &format!("\n{trace}");
        }
        let _ = writeln!(std::io::stderr(), "{said}");
    }));
}

fn message(panic: &PanicHookInfo<'_>) -> String {
    let what = visible::one_line(panic.payload_as_str().unwrap_or("no words"));
    let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    format!(
        "nta: a mistake in the program, not in your input: {what} (at {place}, nta {})\n\
         please report it, with these lines and the command that led to it; with RUST_BACKTRACE=1 it says more",
        env!("CARGO_PKG_VERSION")
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn the_message_names_place_and_words_and_asks_for_a_report() {
        static SAID: Mutex<Option<String>> = Mutex::new(None);
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(|panic| *SAID.lock().unwrap() = Some(message(panic))));
        let line = line!() + 1;
        let caught = std::panic::catch_unwind(|| panic!("tree {} has no root", 7));
        std::panic::set_hook(before);
        assert!(caught.is_err());
        let said = SAID.lock().unwrap().take().unwrap();
        let begins =
            format!("nta: a mistake in the program, not in your input: tree 7 has no root (at {}:{line}:", file!());
        assert!(said.starts_with(&begins) && said.contains("please report it"), "{said}");
    }
}
