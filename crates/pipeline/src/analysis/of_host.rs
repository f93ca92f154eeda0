//! The rows of the hosts whose name holds a text: the names are searched as one text, then each row's two numbers are looked
//! up. Read in pieces, so that memory holds one bit a host and one a row.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use memchr::{memchr, memchr_iter, memmem};

use super::bits::Bits;
use super::hosts::{MOST, NAMES, OF_ROWS, UNTOLD, u64_of};

/// Bytes of names that are searched at a time, but for a name that is longer.
const PIECE: usize = 1 << 20;

/// Bytes of one row: the numbers of its source and destination.
const HOSTS: usize = 8;

/// Rows looked up at a time, those of many words of [`Bits`].
const BLOCK: usize = 1 << 14;

/// Rows of the hosts.
pub(super) struct OfHost {
    pub(super) rows: Bits,
    /// Rows that are not among them only because their hosts are beyond those that are told apart.
    pub(super) unsearched: u64,
}

/// The rows of `total` with a host whose name holds `text`, whatever its case.
pub(super) fn of_host(folder: &Path, text: &str, total: u64) -> io::Result<OfHost> {
    let named = named(File::open(folder.join(NAMES))?, text)?;
    let mut found = OfHost { rows: Bits::new(total), unsearched: 0 };
    let mut index = File::open(folder.join(OF_ROWS))?;
    let mut bytes = vec![0; BLOCK * HOSTS];
    for from in (0..total).step_by(BLOCK) {
        let block = &mut bytes[..(total - from).min(BLOCK as u64) as usize * HOSTS];
        index.read_exact(block)?;
        for (i, hosts) in block.chunks_exact(HOSTS).enumerate() {
            let (src, dst) = (u64_of(&hosts[..4]), u64_of(&hosts[4..]));
            if named.has(src) | named.has(dst) {
                found.rows.set(from + i as u64);
            } else if (src == u64::from(UNTOLD)) | (dst == u64::from(UNTOLD)) {
                found.unsearched += 1;
            }
        }
    }
    Ok(found)
}

/// The numbers of the names that hold `text`, of lines of JSON text.
fn named(names: impl Read, text: &str) -> io::Result<Bits> {
    let text = text.to_lowercase();
    let wanted = serde_json::to_string(&text)?;
    let wanted = memmem::Finder::new(&wanted.as_bytes()[1..wanted.len() - 1]);
    let mut reader = BufReader::with_capacity(PIECE, names);
    let (mut piece, mut found, mut first) = (Vec::new(), Bits::new(MOST as u64), 0);
    while next_piece(&mut reader, &mut piece)? {
        lower(&mut piece)?;
        let (mut at, mut line) = (0, first);
        while let Some(place) = wanted.find(&piece[at..]) {
            line += memchr_iter(b'\n', &piece[at..at + place]).count() as u64;
            let end = memchr(b'\n', &piece[at + place..]).map_or(piece.len(), |n| at + place + n);
            let begin = memchr::memrchr(b'\n', &piece[..at + place]).map_or(0, |n| n + 1);
            if holds(&piece[begin..end], &text)? {
                found.set(line);
            }
            (at, line) = ((end + 1).min(piece.len()), line + 1);
        }
        first += memchr_iter(b'\n', &piece).count() as u64;
    }
    Ok(found)
}

/// Whole lines, of about [`PIECE`] bytes; `false` at the end.
fn next_piece(reader: &mut impl BufRead, piece: &mut Vec<u8>) -> io::Result<bool> {
    piece.clear();
    reader.by_ref().take(PIECE as u64).read_to_end(piece)?;
    if piece.last().is_some_and(|&byte| byte != b'\n') {
        reader.read_until(b'\n', piece)?;
    }
    Ok(!piece.is_empty())
}

fn lower(piece: &mut Vec<u8>) -> io::Result<()> {
    if piece.is_ascii() {
        piece.make_ascii_lowercase();
        return Ok(());
    }
    let text = std::str::from_utf8(piece).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    *piece = text.to_lowercase().into_bytes();
    Ok(())
}

/// Whether the name on `line`, in which the written form of `text` stands, holds `text`: what is escaped is read before it is
/// compared.
fn holds(line: &[u8], text: &str) -> io::Result<bool> {
    if memchr(b'\\', line).is_none() {
        return Ok(true);
    }
    Ok(serde_json::from_slice::<String>(line)?.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str], text: &str) -> Vec<usize> {
        let lines: String = names.iter().map(|name| format!("{}\n", serde_json::Value::from(*name))).collect();
        let bits = named(lines.as_bytes(), text).unwrap();
        (0..names.len()).filter(|&i| bits.has(i as u64)).collect()
    }

    #[test]
    fn names_are_found_by_any_part_whatever_its_case_and_how_it_is_written() {
        let names =
            ["10.0.0.1", "110.0.0.12", "Mail.Example", "a\\nb", "a\nb", "quote\"s", "10.0.0.1", "Ärger", "", "::1"];
        let plain = |text: &str| -> Vec<usize> {
            let text = text.to_lowercase();
            (0..names.len()).filter(|&i| names[i].to_lowercase().contains(&text)).collect()
        };
        for text in ["10.0.0.1", "1", "EXAMPLE", "\n", "\\", "\\n", "\"", "s\"", "ä", "::", "nothing", "n", ",", "."] {
            assert_eq!(found(&names, text), plain(text), "{text:?}");
        }
    }

    #[test]
    fn names_of_many_pieces_keep_their_numbers() {
        let names: Vec<String> = (0..200_000).map(|i| format!("host-{i}.example")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(found(&names, "HOST-199999.")[..], [199_999]);
        assert_eq!(found(&names, "example").len(), names.len());
        assert_eq!(found(&names, "-77777").len(), 1);
    }
}
