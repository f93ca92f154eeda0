//! The first bytes of a datagram: whose it is, when it was sent, and how much follows.

use crate::input::netflow::number;

/// Bytes of a record of v5.
pub(super) const V5_RECORD: usize = 48;

/// The header of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) version: u16,
    /// Observation domain, source id, or type and number of the engine.
    pub(super) domain: u32,
    /// When it was sent, in microseconds since 1970.
    pub(super) sent: i64,
    /// When the exporter started, in microseconds since 1970, where the header tells.
    pub(super) started: Option<i64>,
    /// One packet in so many was looked at, where the header tells.
    pub(super) sampling: Option<u64>,
    pub(super) follows: Follows,
}

/// What follows a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follows {
    /// So many records of v5.
    Records(u16),
    /// So many bytes of sets.
    Bytes(usize),
    /// Sets until another header, or the datagram's end: v9 counts records, and exporters count them differently.
    Sets,
}

impl Header {
    /// The header at the front of `bytes`, and its length. `None` where more bytes are needed. The error says what is
    /// wrong.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<(Header, usize)>, String> {
        let Some(version) = bytes.get(..2).map(number) else { return Ok(None) };
        let length = match version {
            5 => 24,
            9 => 20,
            10 => 16,
            other => return Err(format!("version {other}, where NetFlow 5, 9 and 10 (IPFIX) are read")),
        };
        let Some(bytes) = bytes.get(..length) else { return Ok(None) };
        let field = |at: usize, n: usize| number(&bytes[at..at + n]);
        let count = field(2, 2) as u16;
        let header = match version {
            10 => {
                let rest = usize::from(count).checked_sub(length);
                let rest =
                    rest.ok_or_else(|| format!("an IPFIX message of {count} bytes, fewer than its header has"))?;
                let (sent, domain) = (field(4, 4) as i64 * 1_000_000, field(12, 4) as u32);
                let follows = Follows::Bytes(rest);
                Header { version: 10, domain, sent, started: None, sampling: None, follows }
            }
            9 => {
                let sent = field(8, 4) as i64 * 1_000_000;
                let started = Some(sent - field(4, 4) as i64 * 1_000);
                let domain = field(16, 4) as u32;
                Header { version: 9, domain, sent, started, sampling: None, follows: Follows::Sets }
            }
            _ => {
                if count == 0 || count > 30 {
                    return Err(format!("a v5 datagram of {count} records, where 1 to 30 fit"));
                }
                let sent = field(8, 4) as i64 * 1_000_000 + field(12, 4) as i64 / 1_000;
                let started = Some(sent - field(4, 4) as i64 * 1_000);
                // The upper two bits are the mode.
                let sampling = Some(field(22, 2) & 0x3fff).filter(|rate| *rate > 1);
                let (domain, follows) = (field(20, 2) as u32, Follows::Records(count));
                Header { version: 5, domain, sent, started, sampling, follows }
            }
        };
        Ok(Some((header, length)))
    }
}
