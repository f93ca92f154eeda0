//! Looks at what a stream begins with: no further than its first whole line that is not blank, so that a pipe is
//! understood as soon as it says anything. Names what is not read.

use crate::capture::is_capture;
use crate::error::{IngestError, Position};
use crate::framing::framer::Framer;

/// Without a line break among so many bytes, this is no line.
const LONGEST_LOOK: usize = 1 << 16;

/// How a Parquet file begins.
pub(crate) const PARQUET: &[u8] = b"PAR1";

/// The first line that is not blank, trimmed, or what is there of a file without lines; nothing is taken. Refused: an
/// empty stream, and formats that are not read.
pub(crate) fn first_line(framer: &mut Framer) -> Result<Vec<u8>, IngestError> {
    let (mut looked_at, mut is_whole) = (0, false);
    while !is_enough(framer.ahead(), looked_at) && !is_whole {
        looked_at = framer.ahead().len();
        is_whole = !framer.get_more()?;
    }
    let (head, file) = (framer.ahead(), framer.file().to_owned());
    if is_capture(head) {
        return Ok(head[..4].to_vec());
    }
    if head.iter().all(u8::is_ascii_whitespace) {
        let problem = format!("it begins with {LONGEST_LOOK} bytes of blank lines or more; remove them");
        let at = Position::Line(1);
        return Err(if is_whole { IngestError::Empty { file } } else { IngestError::BadLine { file, at, problem } });
    }
    if let Some((kind, remedy)) = unread(head) {
        return Err(IngestError::UnknownFormat { file, kind: kind.to_owned(), remedy: remedy.to_owned() });
    }
    Ok(first_line_of(head).to_vec())
}

/// Whether the bytes tell the format; those before `looked_at` did not.
fn is_enough(head: &[u8], looked_at: usize) -> bool {
    let new = &head[looked_at..];
    let ends_a_line = new.contains(&b'\n') && ends_with_whole_line(head);
    ends_a_line || new.contains(&0) || head.starts_with(PARQUET) || is_capture(head) || head.len() >= LONGEST_LOOK
}

fn ends_with_whole_line(head: &[u8]) -> bool {
    let whole = head.iter().rposition(|b| *b == b'\n').map_or(&[][..], |at| &head[..at]);
    whole.iter().any(|b| !b.is_ascii_whitespace())
}

fn first_line_of(head: &[u8]) -> &[u8] {
    head.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).find(|line| !line.is_empty()).unwrap_or_default()
}

/// Whether every other byte is zero, as in text of two bytes a letter.
fn looks_like_utf_16(head: &[u8]) -> bool {
    let look = &head[..head.len().min(64)];
    let zeros = |odd: usize| look.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    let half = look.len() / 2;
    half >= 4 && !head.starts_with(PARQUET) && (zeros(0) == half || zeros(1) == half) && zeros(0) + zeros(1) == half
}

/// What the bytes look like and what to do about it, where it is a format that is not read.
fn unread(head: &[u8]) -> Option<(&'static str, &'static str)> {
    const UNPACK: &str = "unpack it, or pack it as .gz or .zst";
    let magics: [(&[u8], &str, &str); 7] = [
        (b"PK\x03\x04", "a zip archive or an Excel file", "unpack it, or save the sheet as CSV"),
        (&[0xfd, b'7', b'z', b'X', b'Z', 0], "an xz archive", UNPACK),
        (b"BZh", "a bzip2 archive", UNPACK),
        (&[b'7', b'z', 0xbc, 0xaf], "a 7z archive", UNPACK),
        (b"SQLite format 3", "a database", "export the table as CSV"),
        (b"ARROW1", "an Arrow file", "write it as Parquet"),
        (b"%PDF", "a PDF", "give the table itself"),
    ];
    if let Some((_, kind, remedy)) = magics.iter().find(|(magic, _, _)| head.starts_with(magic)) {
        return Some((kind, remedy));
    }
    if looks_like_utf_16(head) {
        return Some(("UTF-16 text without a byte order mark", "save it as UTF-8"));
    }
    if head.contains(&0) && !head.starts_with(PARQUET) {
        return Some(("binary data", "give CSV, Parquet, a Zeek or Suricata log, NetFlow or Argus output"));
    }
    let line = first_line_of(head);
    match line {
        [b'[', ..] => Some(("a JSON array", "write one JSON object a line")),
        [b'<', ..] => Some(("HTML or XML", "fetch the table itself; this may be an error page")),
        _ if line.get(..9).is_some_and(|word| word.eq_ignore_ascii_case(b"@relation")) => Some((
            "an ARFF file",
            "keep the lines below `@data`, and put the names of the `@attribute` lines before them",
        )),
        _ => None,
    }
}
