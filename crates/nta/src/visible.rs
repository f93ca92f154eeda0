//! The edge to terminals: what a file brought (names, values, messages that quote them) is shown, never obeyed.

use std::borrow::Cow;
use std::io::{self, Write};

/// Characters that a terminal obeys or that turn the order of what stands beside them: controls (C0, DEL, C1), line and
/// paragraph separators, and what sets the direction of writing.
fn is_obeyed(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || c.is_control()
}

/// The text on one line, each such character written out: an escape as `\u{1b}`, a line's end as `\n`.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_obeyed, |c| c.escape_default().to_string())
}

/// The same with its lines kept.
fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && is_obeyed(c), |c| c.escape_default().to_string())
}

/// JSON whose strings hold no such character. serde escapes those below U+0020; the others stand only inside strings,
/// where `\u` and four digits mean the same.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && is_obeyed(c), |c| format!("\\u{:04x}", u32::from(c)))
}

fn escaped(text: &str, is_odd: impl Fn(char) -> bool, write: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(&is_odd) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().fold(String::with_capacity(text.len() + 8), |mut shown, c| {
        if is_odd(c) {
            shown += &write(c);
        } else {
            shown.push(c);
        }
        shown
    }))
}

/// Standard output for people: whatever is written comes out as text and lines, and as nothing else.
pub(crate) fn out() -> Shown<io::StdoutLock<'static>> {
    Shown(io::stdout().lock())
}

/// A stream that shows instead of obeying.
pub(crate) struct Shown<W>(W);

/// The same of standard error.
pub(crate) fn err() -> Shown<io::StderrLock<'static>> {
    Shown(io::stderr().lock())
}

impl<W: Write> Write for Shown<W> {
    /// Formatted text comes in whole characters, never in halves.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(lines(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        let name = "a\u{1b}[2Jb\u{9b}31m\u{7f}\r\n\u{202e}gpj\u{2066}ü\t漢";
        assert_eq!(one_line(name), r"a\u{1b}[2Jb\u{9b}31m\u{7f}\r\n\u{202e}gpj\u{2066}ü\t漢");
        assert!(matches!(one_line("plain ü – 漢 = \\u{1b}"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_stream_keeps_its_lines_and_shows_the_rest() {
        let mut out = Shown(Vec::new());
        let name = "tw\u{1b}o";
        writeln!(out, "one {name}").unwrap();
        write!(out, "three\r\n").unwrap();
        assert_eq!(String::from_utf8(out.0).unwrap(), "one tw\\u{1b}o\nthree\\r\n");
    }

    #[test]
    fn json_means_the_same_and_holds_nothing_to_obey() {
        let name = "\u{1b}\u{9b}\u{7f}\u{202e}ü";
        let text = serde_json::to_string_pretty(&[name]).unwrap();
        let shown = json(&text);
        assert_eq!(shown, "[\n  \"\\u001b\\u009b\\u007f\\u202eü\"\n]");
        assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), [name]);
    }
}
