//! Bytes of a capture, as they come, to packets. The parsing of headers and blocks is pcap-parser's; the buffer is ours, so
//! that a pipe, a packed file and a live feed are read alike and no length that a file declares asks for memory.

mod pcap;
mod pcapng;

use serde::Serialize;
use thiserror::Error;

/// The first bytes of the files that are read: pcap (two byte orders, micro- and nanoseconds, Kuznetzov's) and pcapng.
pub const MAGICS: [[u8; 4]; 6] = [
    [0xd4, 0xc3, 0xb2, 0xa1],
    [0xa1, 0xb2, 0xc3, 0xd4],
    [0x4d, 0x3c, 0xb2, 0xa1],
    [0xa1, 0xb2, 0x3c, 0x4d],
    [0x34, 0xcd, 0xb2, 0xa1],
    pcapng::MAGIC,
];

/// Longest packet, and longest block that is looked into, in bytes: four times the longest that capture tools write.
const LONGEST_BLOCK: usize = 1 << 20;

/// Bytes that the buffer begins with.
const ROOM: usize = 1 << 18;

/// Why bytes are not read as a capture.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CaptureError {
    /// Neither pcap nor pcapng.
    #[error("not a packet capture: it begins with neither pcap's nor pcapng's magic number")]
    NotACapture,
}

/// Where and why a capture cannot be read further.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// Bytes before it.
    pub offset: u64,
    /// Bytes after it that were not read, as far as they were seen.
    pub bytes: u64,
    /// What is wrong there.
    pub problem: String,
}

/// One packet as it was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// When, in nanoseconds since 1970.
    pub time: i64,
    /// The capture's link type (LINKTYPE_…).
    pub link: u16,
    /// The bytes that were kept of it.
    pub data: &'a [u8],
    /// Its length on the wire, in bytes: at least that of `data`.
    pub wire_len: u32,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next<'a> {
    /// A packet.
    Packet(Packet<'a>),
    /// Nothing before more bytes are given.
    More,
}

/// What stands at the front of the buffer.
enum Front {
    /// So many bytes that hold no packet.
    Skip(usize),
    /// So many bytes, a packet among them from one place to another.
    Packet { len: usize, time: i64, link: u16, from: usize, to: usize, wire_len: u32 },
    /// Less than a whole block.
    Part,
}

/// What cannot be read, and why.
type Broken = String;

enum Format {
    Unknown,
    Pcap(pcap::Pcap),
    PcapNg(pcapng::PcapNg),
}

/// A capture being read. Bytes go in by [`Capture::push`], or by [`Capture::space`] and [`Capture::filled`].
pub struct Capture {
    format: Format,
    buffer: Vec<u8>,
    /// Those in `start..end` are still to be read.
    start: usize,
    end: usize,
    offset: u64,
    /// Bytes still to come of a block that is passed over.
    to_skip: u64,
    cut: Option<Cut>,
}

impl Default for Capture {
    fn default() -> Self {
        Capture::new()
    }
}

impl Capture {
    /// One whose first byte is still to come.
    pub fn new() -> Capture {
        Capture { format: Format::Unknown, buffer: Vec::new(), start: 0, end: 0, offset: 0, to_skip: 0, cut: None }
    }

    /// Room to read into, never empty; say by [`Capture::filled`] how much of it was. Grows with the bytes that are there,
    /// never by what they declare.
    pub fn space(&mut self) -> &mut [u8] {
        if self.start > 0 && (self.start == self.end || self.buffer.len() - self.end < ROOM / 2) {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.buffer.len() - self.end < ROOM / 2 {
            let len = (self.end + ROOM / 2).max(ROOM).max(self.end * 2);
            self.buffer.resize(len, 0);
        }
        &mut self.buffer[self.end..]
    }

    /// So many bytes were read into [`Capture::space`].
    pub fn filled(&mut self, n: usize) {
        self.end = (self.end + n).min(self.buffer.len());
        if let Some(cut) = &mut self.cut {
            cut.bytes += n as u64;
            self.start = self.end;
        }
    }

    /// Appends bytes.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let space = self.space();
            let n = space.len().min(bytes.len());
            space[..n].copy_from_slice(&bytes[..n]);
            self.filled(n);
            bytes = &bytes[n..];
        }
    }

    /// The next packet. After a place that cannot be read there is none any more ([`Capture::finish`] says why).
    ///
    /// # Errors
    /// Bytes that are no capture.
    pub fn next_packet(&mut self) -> Result<Next<'_>, CaptureError> {
        loop {
            self.skip();
            if self.cut.is_some() || self.to_skip > 0 || !self.knows_format()? {
                return Ok(Next::More);
            }
            let bytes = &self.buffer[self.start..self.end];
            let front = match &mut self.format {
                Format::Unknown => return Ok(Next::More),
                Format::Pcap(pcap) => pcap.front(bytes),
                Format::PcapNg(pcapng) => pcapng.front(bytes),
            };
            match front {
                Ok(Front::Part) => return Ok(Next::More),
                Ok(Front::Skip(len)) => {
                    self.to_skip = len as u64;
                    self.skip();
                }
                Ok(Front::Packet { len, time, link, from, to, wire_len }) => {
                    let (from, to) = (self.start + from, self.start + to);
                    self.pass(len);
                    let data = &self.buffer[from..to];
                    // A length on the wire below what was kept is no length: some tools leave it 0.
                    let wire_len = wire_len.max(u32::try_from(data.len()).unwrap_or(u32::MAX));
                    return Ok(Next::Packet(Packet { time, link, data, wire_len }));
                }
                Err(problem) => self.break_off(problem),
            }
        }
    }

    /// Says that no more bytes come. `Some` where not all were read: the file is cut short, or damaged.
    ///
    /// # Errors
    /// Bytes that are no capture.
    pub fn finish(&mut self) -> Result<Option<Cut>, CaptureError> {
        if matches!(self.format, Format::Unknown) {
            return Err(CaptureError::NotACapture);
        }
        if self.cut.is_none() && (self.start < self.end || self.to_skip > 0) {
            self.break_off("the file ends within a packet".to_owned());
        }
        Ok(self.cut.clone())
    }

    /// Bytes before the next packet.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Passes over what is there of the bytes to skip.
    fn skip(&mut self) {
        let n = (self.end - self.start).min(usize::try_from(self.to_skip).unwrap_or(usize::MAX));
        self.to_skip -= n as u64;
        self.pass(n);
    }

    fn pass(&mut self, len: usize) {
        self.start += len;
        self.offset += len as u64;
    }

    fn break_off(&mut self, problem: Broken) {
        self.cut = Some(Cut { offset: self.offset, bytes: (self.end - self.start) as u64, problem });
        self.start = self.end;
    }

    /// Looks at the file's head once it is there.
    fn knows_format(&mut self) -> Result<bool, CaptureError> {
        if !matches!(self.format, Format::Unknown) {
            return Ok(true);
        }
        let bytes = &self.buffer[self.start..self.end];
        let Some(magic) = bytes.get(..4) else { return Ok(false) };
        if !MAGICS.iter().any(|known| known == magic) {
            return Err(CaptureError::NotACapture);
        }
        if magic == pcapng::MAGIC {
            self.format = Format::PcapNg(pcapng::PcapNg::default());
        } else if bytes.len() < pcap::HEADER {
            return Ok(false);
        } else {
            self.format = Format::Pcap(pcap::Pcap::open(bytes).ok_or(CaptureError::NotACapture)?);
            self.pass(pcap::HEADER);
        }
        Ok(true)
    }
}
