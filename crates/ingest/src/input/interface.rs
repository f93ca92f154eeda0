//! Packets of a network interface, as the bytes of a pcap file, so that they are read as any capture is.

use std::io;
#[cfg(feature = "capture")]
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nta_data::Contact;

use crate::input::tail::TailStop;

/// What came of the packets.
#[derive(Debug, Clone, Default)]
pub struct PacketCounts(Arc<[AtomicU64; 2]>);

impl PacketCounts {
    /// Those that were taken.
    pub fn received(&self) -> u64 {
        self.0[0].load(Ordering::Relaxed)
    }

    /// Those that the system or the interface dropped, because the packets before them were not read fast enough.
    pub fn dropped(&self) -> u64 {
        self.0[1].load(Ordering::Relaxed)
    }
}

/// The packets of an interface; give it to [`crate::follow`] or [`crate::meter_stream`]. It ends after [`TailStop::stop`],
/// and when `until` is cancelled. A build without the feature `capture` opens none.
#[derive(Debug)]
pub struct Interface {
    counts: PacketCounts,
    stop: TailStop,
    #[cfg(feature = "capture")]
    until: Contact,
    #[cfg(feature = "capture")]
    live: live::Live,
}

impl Interface {
    /// Listens on the interface of this name, `any` for all, and sees what is not for this machine too where it can.
    ///
    /// # Errors
    /// There is none of the name, it takes rights that this process lacks, or this build has no capture.
    pub fn open(name: &str, until: Contact) -> io::Result<Interface> {
        #[cfg(feature = "capture")]
        return Ok(Interface {
            live: live::Live::open(name)?,
            counts: PacketCounts::default(),
            stop: TailStop::default(),
            until,
        });
        #[cfg(not(feature = "capture"))]
        drop(until);
        #[cfg(not(feature = "capture"))]
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!(
                "this build captures from no interface; build it with `--features capture` (needs libpcap), or pipe \
                 `tcpdump -i {name} -U -w -` into `-`"
            ),
        ))
    }

    /// What came of the packets, now and later.
    pub fn counts(&self) -> PacketCounts {
        self.counts.clone()
    }

    /// A handle that ends it.
    pub fn stopper(&self) -> TailStop {
        self.stop.clone()
    }
}

#[cfg(not(feature = "capture"))]
impl io::Read for Interface {
    fn read(&mut self, _into: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

#[cfg(feature = "capture")]
impl Read for Interface {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.live.is_given() && !self.stop.is_stopped() && !self.until.cancelled() {
            let n = self.live.take()?;
            let [received, dropped] = &*self.counts.0;
            received.fetch_add(n, Ordering::Relaxed);
            dropped.store(self.live.dropped()?, Ordering::Relaxed);
        }
        Ok(self.live.give(into))
    }
}

#[cfg(feature = "capture")]
mod live {
    use std::io;
    use std::time::{Duration, Instant};

    use pcap::{Active, Capture};

    /// Bytes of a packet that are taken: all of a jumbo frame, and of what a network card puts together.
    const SNAPLEN: i32 = 1 << 18;
    /// What the system keeps of packets that are not read yet, in bytes.
    const KEPT: i32 = 64 << 20;
    /// How long packets are collected before they are given on.
    const PAUSE: Duration = Duration::from_millis(100);
    /// How long is waited where there is none.
    const LOOK: Duration = Duration::from_millis(10);
    /// Bytes collected before they are given on.
    const ENOUGH: usize = 1 << 16;

    pub(super) struct Live {
        capture: Capture<Active>,
        bytes: Vec<u8>,
        given: usize,
    }

    impl std::fmt::Debug for Live {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Live").finish_non_exhaustive()
        }
    }

    impl Live {
        pub(super) fn open(name: &str) -> io::Result<Live> {
            let capture = Capture::from_device(name)
                .and_then(|inactive| {
                    // `any` has no promiscuous mode, and asking for it counts as an error.
                    inactive
                        .promisc(name != "any")
                        .snaplen(SNAPLEN)
                        .buffer_size(KEPT)
                        .timeout(PAUSE.as_millis() as i32)
                        .open()
                })
                // Else a silent interface would never let go: on Linux the time-out begins with a packet.
                .and_then(Capture::setnonblock)
                .map_err(failed)?;
            Ok(Live { bytes: header(capture.get_datalink().0), capture, given: 0 })
        }

        /// Whether all that was collected was given on.
        pub(super) fn is_given(&self) -> bool {
            self.given == self.bytes.len()
        }

        /// Collects the packets of a moment, and says how many they were.
        pub(super) fn take(&mut self) -> io::Result<u64> {
            self.bytes.clear();
            self.given = 0;
            let (begun, mut n) = (Instant::now(), 0);
            while self.bytes.len() < ENOUGH && begun.elapsed() < PAUSE {
                match self.capture.next_packet() {
                    Ok(packet) => {
                        let time = packet.header.ts;
                        let words = [time.tv_sec as u32, time.tv_usec as u32, packet.header.caplen, packet.header.len];
                        words.iter().for_each(|word| self.bytes.extend(word.to_le_bytes()));
                        self.bytes.extend_from_slice(packet.data);
                        n += 1;
                    }
                    Err(pcap::Error::TimeoutExpired) => std::thread::sleep(LOOK),
                    Err(error) => return Err(failed(error)),
                }
            }
            Ok(n)
        }

        pub(super) fn give(&mut self, into: &mut [u8]) -> usize {
            let n = into.len().min(self.bytes.len() - self.given);
            into[..n].copy_from_slice(&self.bytes[self.given..self.given + n]);
            self.given += n;
            n
        }

        /// Packets lost since the capture began.
        pub(super) fn dropped(&mut self) -> io::Result<u64> {
            let stats = self.capture.stats().map_err(failed)?;
            Ok(u64::from(stats.dropped) + u64::from(stats.if_dropped))
        }
    }

    /// The header of a pcap file (draft-ietf-opsawg-pcap) with times in microseconds. libpcap's numbers of link layers are
    /// those of files, but for the ones that differ between systems (tcpdump.org/linktypes.html).
    fn header(link: i32) -> Vec<u8> {
        let link = match link {
            12 | 14 => 101,
            other => other as u32,
        };
        let mut bytes = Vec::with_capacity(ENOUGH * 2);
        bytes.extend(0xa1b2_c3d4_u32.to_le_bytes());
        bytes.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend((SNAPLEN as u32).to_le_bytes());
        bytes.extend(link.to_le_bytes());
        bytes
    }

    fn failed(error: pcap::Error) -> io::Error {
        match error {
            pcap::Error::IoError(kind) => kind.into(),
            other => io::Error::other(other.to_string()),
        }
    }
}
