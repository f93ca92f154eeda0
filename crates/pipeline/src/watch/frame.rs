//! A saved state of a watch as a frame of its file: the first frame of a file holds all, each that follows what has
//! changed since the one before. Numbers are little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 15 | what every frame begins with, and the format's revision |
//! | 4 + n | length of the header, then the header: a line of JSON, how far the watch is and with which model |
//! | 32 | SHA-256 of the seal of the frame before (of nothing for the first) and of all above |
//! | | for each shard of the scorer's memory: 8 bytes, length of its section; the section; 32 bytes, SHA-256 of the frame's seal, the shard, that length and the section |
//!
//! So no frame is taken for one of another file or place, and one that was being written when its watch was killed is
//! told from a whole one.

use std::io::{self, Read, Seek, SeekFrom, Write};

use sha2::{Digest, Sha256};

/// What every frame begins with. To an nta that knows the former format this reads as a position of nothing and a snapshot of
/// format revision 2, for which it asks for a newer nta.
const MAGIC: &[u8; 15] = b"{}\nNTASCORE\x02\0\0\0";
/// The same without the revision.
pub(super) const MAGIC_NAME: &[u8; NAME] = b"{}\nNTASCORE";
const NAME: usize = 11;
/// Bytes that are read at a time.
const BLOCK: usize = 1 << 16;

/// SHA-256 of a frame's header and of the frames before.
pub(super) type Seal = [u8; 32];

/// A frame that stands whole in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) seal: Seal,
    pub(super) sections: Vec<Place>,
    /// Behind its last byte.
    pub(super) end: u64,
}

/// Where a section's bytes stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    at: u64,
    length: u64,
}

/// What stands where a frame may begin.
#[derive(Debug)]
pub(super) enum Found {
    /// A frame, and its header.
    Whole(Frame, Vec<u8>),
    /// None, or not all of it.
    Part,
    /// One of a newer nta: its revision.
    Newer(u32),
}

/// Writes a frame that begins at byte `at` of its file and follows the frame sealed with `before`.
pub(super) struct FrameWriter<W> {
    out: W,
    frame: Frame,
}

impl<W: Write> FrameWriter<W> {
    pub(super) fn begin(mut out: W, at: u64, before: Option<&Seal>, header: &[u8]) -> io::Result<Self> {
        let length = u32::try_from(header.len()).map_err(|_| io::Error::other("a header is shorter than 4 GiB"))?;
        let seal = header_seal(before, length, header);
        for bytes in [&MAGIC[..], &length.to_le_bytes(), header, &seal] {
            out.write_all(bytes)?;
        }
        let end = at + (MAGIC.len() + size_of::<u32>() + header.len() + seal.len()) as u64;
        Ok(FrameWriter { out, frame: Frame { seal, sections: Vec::new(), end } })
    }

    pub(super) fn section(&mut self, section: &[u8]) -> io::Result<()> {
        let frame = &mut self.frame;
        let length = section.len() as u64;
        let mut seal = section_digest(&frame.seal, frame.sections.len(), length);
        seal.update(section);
        self.out.write_all(&length.to_le_bytes())?;
        self.out.write_all(section)?;
        self.out.write_all(&seal.finalize())?;
        let at = frame.end + size_of::<u64>() as u64;
        frame.sections.push(Place { at, length });
        frame.end = at + length + size_of::<Seal>() as u64;
        Ok(())
    }

    /// The frame written, all of it handed on.
    pub(super) fn finish(mut self) -> io::Result<Frame> {
        self.out.flush()?;
        Ok(self.frame)
    }
}

/// What stands from byte `at` to the end of `file`, of `n_sections(header)` sections.
pub(super) fn read_frame(
    file: &mut (impl Read + Seek),
    at: u64,
    before: Option<&Seal>,
    n_sections: impl Fn(&[u8]) -> Option<usize>,
) -> io::Result<Found> {
    let end = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(at))?;
    match whole_frame(&mut io::BufReader::with_capacity(BLOCK, file), (at, end), before, n_sections) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Found::Part),
        found => found,
    }
}

fn whole_frame(
    file: &mut impl Read,
    (at, file_end): (u64, u64),
    before: Option<&Seal>,
    n_sections: impl Fn(&[u8]) -> Option<usize>,
) -> io::Result<Found> {
    let magic: [u8; MAGIC.len()] = array(file)?;
    if magic[..NAME] != MAGIC[..NAME] {
        return Ok(Found::Part);
    }
    if magic != *MAGIC {
        let revision = magic[NAME..].iter().rev().fold(0, |all, byte| all << 8 | u32::from(*byte));
        return Ok(Found::Newer(revision));
    }
    let length = u32::from_le_bytes(array(file)?);
    let mut end = at + (MAGIC.len() + size_of::<u32>()) as u64 + u64::from(length);
    // A length that the file does not hold must not be believed: nothing is made room for before.
    if end > file_end {
        return Ok(Found::Part);
    }
    let mut header = vec![0; length as usize];
    file.read_exact(&mut header)?;
    let seal: Seal = array(file)?;
    end += seal.len() as u64;
    if seal != header_seal(before, length, &header) {
        return Ok(Found::Part);
    }
    let Some(n_sections) = n_sections(&header) else { return Ok(Found::Part) };
    let (mut sections, mut block) = (Vec::new(), vec![0; BLOCK]);
    for index in 0..n_sections {
        let length = u64::from_le_bytes(array(file)?);
        let at = end + size_of::<u64>() as u64;
        if length > file_end.saturating_sub(at) {
            return Ok(Found::Part);
        }
        let (mut digest, mut rest) = (section_digest(&seal, index, length), length);
        while rest > 0 {
            let block = &mut block[..rest.min(BLOCK as u64) as usize];
            file.read_exact(block)?;
            digest.update(&*block);
            rest -= block.len() as u64;
        }
        if array::<{ size_of::<Seal>() }>(file)? != *digest.finalize() {
            return Ok(Found::Part);
        }
        sections.push(Place { at, length });
        end = at + length + size_of::<Seal>() as u64;
    }
    Ok(Found::Whole(Frame { seal, sections, end }, header))
}

impl Frame {
    /// A shard's section; `None` where that is no longer what was written.
    pub(super) fn section(&self, file: &mut (impl Read + Seek), index: usize) -> io::Result<Option<Vec<u8>>> {
        let Some(Place { at, length }) = self.sections.get(index).copied() else { return Ok(None) };
        file.seek(SeekFrom::Start(at))?;
        let mut section = vec![0; length as usize];
        let read = file.read_exact(&mut section).and_then(|()| array(file));
        let seal: Seal = match read {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            seal => seal?,
        };
        let mut digest = section_digest(&self.seal, index, length);
        digest.update(&section);
        Ok((seal == *digest.finalize()).then_some(section))
    }
}

/// Whether a frame begins somewhere behind byte `at`.
pub(super) fn begins_behind(file: &mut (impl Read + Seek), at: u64) -> io::Result<bool> {
    file.seek(SeekFrom::Start(at + 1))?;
    let finder = memchr::memmem::Finder::new(MAGIC);
    let mut block = Vec::new();
    loop {
        // What may be the front of one stays for the next look.
        let kept = block.len().min(MAGIC.len() - 1);
        block.drain(..block.len() - kept);
        if file.by_ref().take(BLOCK as u64).read_to_end(&mut block)? == 0 {
            return Ok(false);
        }
        if finder.find(&block).is_some() {
            return Ok(true);
        }
    }
}

fn header_seal(before: Option<&Seal>, length: u32, header: &[u8]) -> Seal {
    let before = before.map_or(&[][..], |seal| seal);
    let all = [before, MAGIC, &length.to_le_bytes(), header];
    all.into_iter().fold(Sha256::new(), |digest, bytes| digest.chain_update(bytes)).finalize().into()
}

fn section_digest(seal: &Seal, index: usize, length: u64) -> Sha256 {
    Sha256::new().chain_update(seal).chain_update((index as u64).to_le_bytes()).chain_update(length.to_le_bytes())
}

fn array<const N: usize>(file: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const SECTIONS: [&[u8]; 3] = [b"one", b"", b"three"];

    fn written(at: u64, before: Option<&Seal>) -> (Vec<u8>, Frame) {
        let mut bytes = Vec::new();
        let mut writer = FrameWriter::begin(&mut bytes, at, before, b"{\"a\":1}").unwrap();
        SECTIONS.iter().for_each(|section| writer.section(section).unwrap());
        let frame = writer.finish().unwrap();
        (bytes, frame)
    }

    fn read(bytes: &[u8], at: u64, before: Option<&Seal>) -> Found {
        read_frame(&mut Cursor::new(bytes), at, before, |_| Some(SECTIONS.len())).unwrap()
    }

    #[test]
    fn frames_are_read_as_they_were_written_and_in_their_place_alone() {
        let (mut bytes, first) = written(0, None);
        let (more, second) = written(first.end, Some(&first.seal));
        bytes.extend_from_slice(&more);
        let whole = |found| match found {
            Found::Whole(frame, header) => (frame, header),
            other => panic!("{other:?}"),
        };
        assert_eq!(whole(read(&bytes, 0, None)), (first.clone(), b"{\"a\":1}".to_vec()));
        assert_eq!(whole(read(&bytes, first.end, Some(&first.seal))).0, second);
        assert_eq!(second.end, bytes.len() as u64);
        for (index, section) in SECTIONS.iter().enumerate() {
            assert_eq!(second.section(&mut Cursor::new(&bytes), index).unwrap().unwrap(), *section);
        }
        for before in [None, Some(&second.seal)] {
            assert!(matches!(read(&bytes, first.end, before), Found::Part));
        }
        assert!(begins_behind(&mut Cursor::new(&bytes), 0).unwrap());
        assert!(!begins_behind(&mut Cursor::new(&bytes), first.end).unwrap());
        let far = [vec![0; 3 * BLOCK - 7], bytes].concat();
        assert!(begins_behind(&mut Cursor::new(&far), 5).unwrap());
    }

    #[test]
    fn every_flipped_or_lost_byte_makes_it_no_frame() {
        let (bytes, _) = written(0, None);
        for i in 0..bytes.len() {
            assert!(matches!(read(&bytes[..i], 0, None), Found::Part));
            let mut changed = bytes.clone();
            changed[i] ^= 1 << (i % 8);
            let is_revision = (NAME..MAGIC.len()).contains(&i);
            match read(&changed, 0, None) {
                Found::Newer(_) => assert!(is_revision),
                Found::Part => assert!(!is_revision),
                whole => panic!("{whole:?}"),
            }
        }
        let mut newer = bytes;
        newer[NAME] = 7;
        assert!(matches!(read(&newer, 0, None), Found::Newer(7)));
    }
}
