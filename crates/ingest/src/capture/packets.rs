//! Bytes of a file, a pipe or a live feed through the flow meter, as far as they have come.

use std::io;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nta_flowmeter::{Capture, Cut, Flow, Meter, MeterConfig, Next};

use crate::input::bytes::{Arrival, ByteSource};

/// How long nothing may come before flows end by the clock.
const PAUSE: Duration = Duration::from_secs(1);
/// A source whose newest packet is no older than this is live. Of a recording no flow ends by the clock.
const LIVE: i64 = 10_000_000_000;

/// What came of reading on.
pub(crate) enum Metered {
    /// Packets, or time.
    Onward,
    /// Nothing until the moment named.
    Nothing,
    /// There is no more.
    End,
}

/// A capture on its way through the meter.
pub(crate) struct Packets {
    source: Box<dyn ByteSource>,
    capture: Capture,
    pub(crate) meter: Meter,
    /// The newest packet's time, and the first one's link type.
    newest: i64,
    pub(crate) link: Option<u16>,
    pub(crate) cut: Option<Cut>,
}

impl Packets {
    /// Those of `source`, of which `ahead` were read already.
    pub(crate) fn new(source: Box<dyn ByteSource>, ahead: &[u8], config: MeterConfig) -> Packets {
        let mut capture = Capture::new();
        capture.push(ahead);
        Packets { source, capture, meter: Meter::new(config), newest: i64::MIN, link: None, cut: None }
    }

    /// Goes on with the bytes of another file, and the flows that last.
    pub(crate) fn go_on(&mut self, source: Box<dyn ByteSource>) {
        (self.source, self.capture, self.cut) = (source, Capture::new(), None);
    }

    /// Meters the packets that are there, up to the first that ends a flow, then waits for more until `until`.
    ///
    /// # Errors
    /// Bytes that cannot be read, or are no capture.
    pub(crate) fn read_on(&mut self, until: Option<Instant>) -> io::Result<Metered> {
        let no_capture = |e| io::Error::new(io::ErrorKind::InvalidData, e);
        while let Next::Packet(packet) = self.capture.next_packet().map_err(no_capture)? {
            self.newest = self.newest.max(packet.time);
            self.link.get_or_insert(packet.link);
            self.meter.packet(&packet);
            if self.meter.has_finished() {
                return Ok(Metered::Onward);
            }
        }
        let pause = Instant::now() + PAUSE;
        match self.source.read_some(self.capture.space(), Some(until.map_or(pause, |until| until.min(pause))))? {
            Arrival::Bytes(n) => {
                self.capture.filled(n);
                Ok(Metered::Onward)
            }
            Arrival::Nothing => {
                self.advance();
                let is_over = until.is_some_and(|until| Instant::now() >= until);
                Ok(if is_over { Metered::Nothing } else { Metered::Onward })
            }
            Arrival::End => {
                self.cut = self.capture.finish().map_err(no_capture)?;
                Ok(Metered::End)
            }
        }
    }

    /// Lets the clock end flows of a live source.
    fn advance(&mut self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|now| i64::try_from(now.as_nanos()).ok());
        // Once live, it stays so while nothing comes: what was told the meter counts as come.
        if let Some(now) = now.filter(|now| now.saturating_sub(self.newest) <= LIVE) {
            self.newest = self.newest.max(now);
            self.meter.advance(now);
        }
    }

    /// The flows that have ended.
    pub(crate) fn take_finished(&mut self) -> impl Iterator<Item = Box<Flow>> + '_ {
        self.meter.take_finished()
    }
}
