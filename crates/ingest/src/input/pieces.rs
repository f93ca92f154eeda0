//! Pieces of a file that is too large to be read whole for a first answer: its beginning, its end and places between, each
//! cut at line breaks. What is packed has no places to go to, so of that it is the beginning.

use std::io::{self, Read};
use std::ops::Range;
use std::time::Instant;

use crate::error::IngestError;
use crate::input::bytes::{Arrival, ByteSource, LineJump};
use crate::input::file::{OpenInput, Sampling};
use crate::input::tap::Tap;
use crate::input::unpack::{BYTE_ORDER_MARK, Unpacked, holds_lines};

/// Places that a file is read at.
pub(crate) const PLACES: usize = 16;
/// Bytes looked at for a line break at a time.
const LOOK: usize = 1 << 16;

/// `most` things from 0 on as ranges of `all` things, spread from the first to the last.
pub(crate) fn places(all: u64, most: u64) -> Vec<Range<u64>> {
    let n = (PLACES as u64).min(most.max(1));
    let length = most / n;
    let start = |k: u64| if n == 1 { 0 } else { (u128::from(k) * u128::from(all - length) / u128::from(n - 1)) as u64 };
    (0..n).map(|k| start(k)..start(k) + length).collect()
}

/// The bytes that are read of a file, with the jumps between its pieces where their lines are counted.
pub(crate) fn read_in_pieces(
    input: &OpenInput,
    sampling: Sampling,
    tap: &Tap,
) -> Result<(Box<dyn ByteSource>, Vec<LineJump>), IngestError> {
    let failed = |e: io::Error| IngestError::read(&input.name, &e);
    let head = input.exactly(0, input.length.min(4) as usize)?;
    if !holds_lines(&head) {
        let unpacked = Unpacked::new(tap.on(input.bytes(0))).map_err(failed)?;
        return Ok((Box::new(Beginning { unpacked, left: sampling.bytes, is_over: false }), Vec::new()));
    }
    let pieces = pieces(input, sampling.bytes).map_err(failed)?;
    let mark = if head.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() as u64 } else { 0 };
    let jumps = if sampling.counts_lines { jumps(input, &pieces, mark).map_err(failed)? } else { Vec::new() };
    let bytes = pieces.into_iter().map(|piece| input.bytes(piece.start).take(piece.end - piece.start));
    let chained = bytes.fold(Box::new(io::empty()) as Box<dyn Read + Send>, |all, piece| {
        Box::new(all.chain(piece)) as Box<dyn Read + Send>
    });
    Ok((Box::new(Unpacked::new(tap.on(chained)).map_err(failed)?), jumps))
}

/// Ranges of whole lines, in the order of the file.
fn pieces(input: &OpenInput, most: u64) -> io::Result<Vec<Range<u64>>> {
    let mut pieces: Vec<Range<u64>> = Vec::new();
    for place in places(input.length, most.min(input.length)) {
        let done = pieces.last().map_or(0, |piece| piece.end);
        let start = if place.start == 0 { 0 } else { line_after(input, place.start - 1)? }.max(done);
        let end = line_after(input, place.end.max(start + 1) - 1)?;
        if end > start {
            pieces.push(start..end);
        }
    }
    Ok(pieces)
}

/// Where the line begins that follows the first line break from `offset` on; the file's end where there is none.
fn line_after(input: &OpenInput, offset: u64) -> io::Result<u64> {
    let (mut bytes, mut at) = (input.bytes(offset), offset);
    let mut buffer = vec![0; LOOK];
    loop {
        let n = bytes.read(&mut buffer)?;
        if let Some(place) = buffer[..n].iter().position(|byte| *byte == b'\n') {
            return Ok(at + place as u64 + 1);
        }
        if n == 0 {
            return Ok(at);
        }
        at += n as u64;
    }
}

/// The lines that lie between pieces, by the bytes read before each jump; `mark` bytes at the front are not counted.
fn jumps(input: &OpenInput, pieces: &[Range<u64>], mark: u64) -> io::Result<Vec<LineJump>> {
    let mut read = 0;
    let mut buffer = vec![0; 1 << 20];
    pieces
        .windows(2)
        .map(|pair| {
            read += pair[0].end - pair[0].start;
            let mut between = input.bytes(pair[0].end).take(pair[1].start - pair[0].end);
            let mut lines = 0;
            loop {
                match between.read(&mut buffer)? {
                    0 => break,
                    n => lines += buffer[..n].iter().filter(|byte| **byte == b'\n').count() as u64,
                }
            }
            Ok(LineJump { offset: read - mark, lines })
        })
        .collect()
}

/// The first whole lines of a packed text.
struct Beginning {
    unpacked: Unpacked,
    left: u64,
    is_over: bool,
}

impl ByteSource for Beginning {
    fn read_some(&mut self, into: &mut [u8], until: Option<Instant>) -> io::Result<Arrival> {
        if self.is_over {
            return Ok(Arrival::End);
        }
        let Arrival::Bytes(n) = self.unpacked.read_some(into, until)? else { return Ok(Arrival::End) };
        if (n as u64) < self.left {
            self.left -= n as u64;
            return Ok(Arrival::Bytes(n));
        }
        // The rest of a line follows until it ends, however long.
        let last = into[..n].iter().rposition(|byte| *byte == b'\n');
        self.is_over = last.is_some();
        self.left = 0;
        Ok(Arrival::Bytes(last.map_or(n, |last| last + 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_reach_from_the_first_to_the_last() {
        let found = places(1_000_000, 32_000);
        assert_eq!((found.len(), found[0].clone(), found[15].clone()), (16, 0..2_000, 998_000..1_000_000));
        assert!(found.windows(2).all(|pair| pair[0].end <= pair[1].start));
        assert_eq!(places(10, 10).iter().map(|p| p.end - p.start).sum::<u64>(), 10);
        assert_eq!(places(5, 1), vec![0..1]);
    }
}
