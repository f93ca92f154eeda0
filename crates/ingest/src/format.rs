//! Tells a file's format by its first bytes, never by its name, and names those that are not read.

use std::path::Path;

use crate::IngestError;
use crate::stream::Stream;

/// What kind of reader a file needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Parquet,
    ZeekTsv,
    ZeekJson,
    Separated,
}

const LOOK: usize = 1 << 16;

/// The kind of file at `path`, and its bytes from the start. Empty files and formats that are not read are refused.
pub(crate) fn detect(path: &Path) -> Result<(Kind, Stream), IngestError> {
    let file = path.display().to_string();
    let mut stream = Stream::open(path)?;
    let head = stream.peek(LOOK).map_err(|e| IngestError::read(&file, &e))?;
    if head.iter().all(u8::is_ascii_whitespace) {
        return Err(IngestError::Empty { file });
    }
    if let Some((kind, remedy)) = unread(head) {
        return Err(IngestError::UnknownFormat { file, kind: kind.to_owned(), remedy: remedy.to_owned() });
    }
    let first_line = first_line(head);
    let kind = if head.starts_with(b"PAR1") {
        Kind::Parquet
    } else if is_zeek_comment(first_line) {
        Kind::ZeekTsv
    } else if first_line.starts_with(b"{") {
        Kind::ZeekJson
    } else {
        Kind::Separated
    };
    Ok((kind, stream))
}

/// The first line that is not blank, trimmed.
pub(crate) fn first_line(head: &[u8]) -> &[u8] {
    head.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).find(|line| !line.is_empty()).unwrap_or_default()
}

fn is_zeek_comment(line: &[u8]) -> bool {
    let words: [&[u8]; 4] = [b"#separator", b"#fields", b"#set_separator", b"#path"];
    words.iter().any(|word| line.starts_with(word))
}

fn unread(head: &[u8]) -> Option<(&'static str, &'static str)> {
    const CAPTURE: &str = "turn it into flows first, for instance with `zeek -r` or `argus` and `ra`";
    const UNPACK: &str = "unpack it, or pack it as .gz or .zst";
    const UTF8: &str = "save it as UTF-8";
    let magics: [(&[u8], &str, &str); 14] = [
        (&[0xd4, 0xc3, 0xb2, 0xa1], "a packet capture (pcap)", CAPTURE),
        (&[0xa1, 0xb2, 0xc3, 0xd4], "a packet capture (pcap)", CAPTURE),
        (&[0x4d, 0x3c, 0xb2, 0xa1], "a packet capture (pcap)", CAPTURE),
        (&[0xa1, 0xb2, 0x3c, 0x4d], "a packet capture (pcap)", CAPTURE),
        (&[0x0a, 0x0d, 0x0d, 0x0a], "a packet capture (pcapng)", CAPTURE),
        (b"PK\x03\x04", "a zip archive or an Excel file", "unpack it, or save the sheet as CSV"),
        (&[0xfd, b'7', b'z', b'X', b'Z', 0], "an xz archive", UNPACK),
        (b"BZh", "a bzip2 archive", UNPACK),
        (&[b'7', b'z', 0xbc, 0xaf], "a 7z archive", UNPACK),
        (b"SQLite format 3", "a database", "export the table as CSV"),
        (b"ARROW1", "an Arrow file", "write it as Parquet"),
        (&[0xff, 0xfe], "UTF-16 text", UTF8),
        (&[0xfe, 0xff], "UTF-16 text", UTF8),
        (b"%PDF", "a PDF", "give the table itself"),
    ];
    if let Some((_, kind, remedy)) = magics.iter().find(|(magic, _, _)| head.starts_with(magic)) {
        return Some((kind, remedy));
    }
    if head.contains(&0) && !head.starts_with(b"PAR1") {
        return Some(("binary data", "give CSV, Parquet, a Zeek log or Argus output"));
    }
    let line = first_line(head);
    let holds = |word: &[u8]| line.windows(word.len()).any(|w| w == word);
    match line {
        [b'[', ..] => Some(("a JSON array", "write one JSON object a line")),
        [b'<', ..] => Some(("HTML or XML", "fetch the table itself; this may be an error page")),
        [b'{', ..] if holds(b"\"event_type\"") => Some(("Suricata's eve.json", "use Zeek logs or CSV")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(bytes: &[u8]) -> Result<Kind, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        detect(file.path()).map(|(kind, _)| kind).map_err(|e| e.to_string())
    }

    #[test]
    fn formats_are_told_by_content() {
        assert_eq!(kind_of(b"PAR1\0\0"), Ok(Kind::Parquet));
        assert_eq!(kind_of(b"\t#separator \\x09\n#path\tconn\n"), Ok(Kind::ZeekTsv));
        assert_eq!(kind_of(b"{\"ts\":1}\n"), Ok(Kind::ZeekJson));
        assert_eq!(kind_of(b"\xef\xbb\xbfa,b\n1,2\n"), Ok(Kind::Separated));
    }

    #[test]
    fn what_is_not_read_is_named() {
        assert!(kind_of(b"").unwrap_err().ends_with("is empty"));
        assert!(kind_of(b" \n\r\n").unwrap_err().ends_with("is empty"));
        assert!(kind_of(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0]).unwrap_err().contains("looks like a packet capture (pcap)"));
        assert!(kind_of(b"PK\x03\x04rest").unwrap_err().contains("zip archive"));
        assert!(kind_of(b"{\"event_type\":\"flow\"}").unwrap_err().contains("eve.json"));
        assert!(kind_of(&[0xff, 0xfe, b'a', 0]).unwrap_err().contains("UTF-16"));
    }
}
