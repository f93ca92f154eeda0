//! A UDP port that exporters send NetFlow and IPFIX to, as the text of their flows.

use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use crate::input::netflow::{Collector, header_line};
use crate::input::tail::TailStop;

/// Datagrams that may wait to be read: 24 MiB of full ones.
const WAITING: usize = 1 << 14;
/// How often the port asks whether it is to end.
const PAUSE: Duration = Duration::from_millis(100);
/// Text collected before it is given on, in bytes.
const ENOUGH: usize = 1 << 15;

/// What came of the datagrams.
#[derive(Debug, Clone, Default)]
pub struct PortCounts(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    received: AtomicU64,
    damaged: AtomicU64,
    dropped: AtomicU64,
}

impl PortCounts {
    /// All that came.
    pub fn received(&self) -> u64 {
        self.0.received.load(Ordering::Relaxed)
    }

    /// Those that are no NetFlow, or cut short.
    pub fn damaged(&self) -> u64 {
        self.0.damaged.load(Ordering::Relaxed)
    }

    /// Those dropped because the flows before them were not read fast enough. What the system drops before, it counts
    /// itself (`/proc/net/udp`).
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

/// The flows that come to a port; give it to [`crate::follow`]. It ends after [`TailStop::stop`].
#[derive(Debug)]
pub struct FlowPort {
    datagrams: Receiver<(IpAddr, Vec<u8>)>,
    address: SocketAddr,
    collector: Collector,
    counts: PortCounts,
    text: Vec<u8>,
    given: usize,
    stop: TailStop,
}

impl FlowPort {
    /// Listens at `address`, for instance `0.0.0.0:2055`, on a thread of its own. Errors are those of the system.
    pub fn bind(address: &str) -> io::Result<FlowPort> {
        let socket = UdpSocket::bind(address)?;
        socket.set_read_timeout(Some(PAUSE))?;
        let address = socket.local_addr()?;
        let (sender, datagrams) = sync_channel(WAITING);
        let (counts, stop) = (PortCounts::default(), TailStop::default());
        let (theirs, ends) = (counts.clone(), stop.clone());
        let listen = move || listen(&socket, &sender, &theirs, &ends);
        std::thread::Builder::new().name("nta-port".to_owned()).spawn(listen)?;
        let text = header_line().into_bytes();
        Ok(FlowPort { datagrams, address, collector: Collector::default(), counts, text, given: 0, stop })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What came of the datagrams, now and later.
    pub fn counts(&self) -> PortCounts {
        self.counts.clone()
    }

    /// A handle that ends it.
    pub fn stopper(&self) -> TailStop {
        self.stop.clone()
    }

    fn take(&mut self, (exporter, bytes): &(IpAddr, Vec<u8>)) {
        if self.collector.datagram(bytes, *exporter, &mut self.text).is_err() {
            self.counts.0.damaged.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits for a datagram, and takes those that came with it; `false` where there will be none any more.
    fn advance(&mut self) -> bool {
        loop {
            match self.datagrams.recv_timeout(PAUSE) {
                Ok(datagram) => self.take(&datagram),
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => {
                    self.collector.give_up_waiting(&mut self.text);
                    return !self.text.is_empty();
                }
            }
            while self.text.len() < ENOUGH
                && let Ok(datagram) = self.datagrams.try_recv()
            {
                self.take(&datagram);
            }
            if !self.text.is_empty() {
                return true;
            }
        }
    }
}

fn listen(socket: &UdpSocket, to: &SyncSender<(IpAddr, Vec<u8>)>, counts: &PortCounts, stop: &TailStop) {
    let mut buffer = vec![0; 1 << 16];
    while !stop.is_stopped() {
        let Ok((n, from)) = socket.recv_from(&mut buffer) else { continue };
        counts.0.received.fetch_add(1, Ordering::Relaxed);
        match to.try_send((from.ip().to_canonical(), buffer[..n].to_vec())) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => drop(counts.0.dropped.fetch_add(1, Ordering::Relaxed)),
            Err(TrySendError::Disconnected(_)) => return,
        }
    }
}

impl Read for FlowPort {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given == self.text.len() {
            self.text.clear();
            self.given = 0;
            if !self.advance() {
                return Ok(0);
            }
        }
        let n = into.len().min(self.text.len() - self.given);
        into[..n].copy_from_slice(&self.text[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }
}
