//! Where flows come from: a thread a source, each waiting where the scoring is behind.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use nta_data::Contact;
use nta_ingest::{
    BadRows, Batch, FlowPort, FolderTail, IngestError, Interface, LogPlace, LogPlaces, LogTail, PacketCounts,
    PortCounts, ReadOptions, TailStop, Truth, follow,
};
use nta_model::Model;

use super::position::Position;
use super::request::WatchRequest;
use super::told::WatchEvent;
use crate::error::PipelineError;
use crate::event::Listener;

/// Batches that may wait to be scored. Then the sources wait: a file keeps what is behind, a pipe holds its writer, a port
/// counts what it drops.
const WAITING: usize = 4;

/// Flows of one source.
pub(super) struct Flows {
    pub(super) source: String,
    pub(super) batch: Batch,
    /// Behind its last flow.
    pub(super) place: Option<LogPlace>,
    /// Lines among and before them that cannot be read, and that hold no flow.
    pub(super) set_aside: u64,
    pub(super) left_out: u64,
    pub(super) arrived: Instant,
}

pub(super) enum Message {
    Flows(Box<Flows>),
    Ended { source: String, problem: Option<IngestError> },
}

/// All sources.
#[derive(Default)]
pub(super) struct Sources {
    stops: Vec<TailStop>,
    ports: Vec<PortCounts>,
    interfaces: Vec<PacketCounts>,
    /// Those whose file of the saved place is gone.
    lost: Vec<String>,
    /// By log, rotated files that were gone before they were read, since this was asked.
    lost_files: Vec<Arc<AtomicU64>>,
    n: usize,
}

/// The bytes of one source.
enum Opened {
    Log(LogTail),
    Folder(Box<FolderTail>),
    Stdin,
    Port(FlowPort),
    Interface(Box<Interface>),
}

impl Sources {
    /// Opens every source and begins to read it.
    pub(super) fn open(
        request: &WatchRequest,
        position: &Position,
        model: &Arc<Model>,
        listener: &dyn Listener,
        tell: &dyn Fn(&WatchEvent),
    ) -> Result<(Sources, Receiver<Message>), PipelineError> {
        let (sender, messages) = sync_channel(WAITING);
        let n = request.sources.len();
        let mut sources = Sources { n, ..Sources::default() };
        let mut names = std::collections::BTreeSet::new();
        for asked in &request.sources {
            let (name, what) = named(asked);
            if !names.insert(name.clone()) {
                return Err(PipelineError::refuse(format!("two sources are called {name}; name one: other={what}")));
            }
            let stop = TailStop::default();
            if request.once {
                stop.stop();
            }
            let known = position.sources.get(&name).and_then(|source| source.place.as_ref());
            let opened = open(&what, known, model.schema.header.is_empty(), &stop)?;
            let found = match &opened {
                Opened::Log(log) => log.found(),
                Opened::Folder(folder) => folder.found(),
                Opened::Stdin | Opened::Port(_) | Opened::Interface(_) => true,
            };
            if !found {
                tell(&WatchEvent::Lost { source: name.clone() });
                sources.lost.push(name.clone());
            }
            if let Opened::Log(log) = &opened {
                sources.lost_files.push(log.lost_files());
            }
            let stop = match &opened {
                Opened::Port(port) => port.stopper(),
                Opened::Interface(interface) => interface.stopper(),
                _ => stop,
            };
            match &opened {
                Opened::Port(port) => sources.ports.push(port.counts()),
                Opened::Interface(interface) => sources.interfaces.push(interface.counts()),
                _ => {}
            }
            sources.stops.push(stop);
            let options = options(request, model, &name, listener);
            let sender = sender.clone();
            let read = move || read(opened, &name, &options, &sender);
            std::thread::Builder::new().name("nta-source".to_owned()).spawn(read).map_err(crate::error::failed)?;
        }
        Ok((sources, messages))
    }

    pub(super) fn len(&self) -> usize {
        self.n
    }

    pub(super) fn stop(&self) {
        self.stops.iter().for_each(TailStop::stop);
    }

    /// Those whose file of the saved place is gone.
    pub(super) fn lost(&self) -> &[String] {
        &self.lost
    }

    /// Rotated files that were gone before they were read, since this was asked last.
    pub(super) fn take_lost_files(&self) -> u64 {
        self.lost_files.iter().map(|n| n.swap(0, Ordering::Relaxed)).sum()
    }

    /// Come, damaged, dropped.
    pub(super) fn datagrams(&self) -> [u64; 3] {
        let sum = |count: fn(&PortCounts) -> u64| self.ports.iter().map(count).sum();
        [sum(PortCounts::received), sum(PortCounts::damaged), sum(PortCounts::dropped)]
    }

    /// Come, dropped.
    pub(super) fn packets(&self) -> [u64; 2] {
        let sum = |count: fn(&PacketCounts) -> u64| self.interfaces.iter().map(count).sum();
        [sum(PacketCounts::received), sum(PacketCounts::dropped)]
    }
}

/// `gate=conn.log` -> `gate` and `conn.log`; a file that is not named is called by its own name.
fn named(asked: &str) -> (String, String) {
    match asked.split_once('=') {
        Some((name, what)) if !name.is_empty() && !name.contains('/') => (name.to_owned(), what.to_owned()),
        _ => {
            let file = Path::new(asked).file_name().map(|name| name.to_string_lossy().into_owned());
            (file.filter(|_| asked != "-").unwrap_or_else(|| asked.to_owned()), asked.to_owned())
        }
    }
}

fn open(what: &str, place: Option<&LogPlace>, has_header: bool, stop: &TailStop) -> Result<Opened, PipelineError> {
    let unreadable = |error: std::io::Error| PipelineError::refuse(format!("cannot watch {what}: {error}"));
    if what == "-" {
        return Ok(Opened::Stdin);
    }
    if let Some(address) = what.strip_prefix("udp://") {
        return FlowPort::bind(address).map(Opened::Port).map_err(unreadable);
    }
    if let Some(name) = what.strip_prefix("interface://") {
        return Interface::open(name, Contact::default())
            .map(|interface| Opened::Interface(Box::new(interface)))
            .map_err(unreadable);
    }
    let path = PathBuf::from(what);
    if path.is_dir() {
        return FolderTail::open(&path, place, has_header, stop.clone())
            .map(|folder| Opened::Folder(Box::new(folder)))
            .map_err(unreadable);
    }
    LogTail::open(&path, place, has_header, stop.clone()).map(Opened::Log).map_err(unreadable)
}

fn options(request: &WatchRequest, model: &Model, name: &str, listener: &dyn Listener) -> ReadOptions {
    let state = model.state.as_ref();
    ReadOptions {
        by: state.map(|state| state.by),
        entity_key: state.map_or([0; 16], |state| state.entity_key),
        sensor_key: state.map(|state| state.sensor_key).unwrap_or_default(),
        sensor: Some(name.to_owned()),
        truth: Truth::Ignore,
        // A line that cannot be read must not end the watch over the others.
        bad_rows: BadRows::SetAside { share: 1.0 },
        batch_rows: request.batch_rows,
        deadline: Some(request.deadline),
        contact: listener.contact(),
        ..ReadOptions::new(Arc::new(model.schema.clone()))
    }
}

fn read(opened: Opened, name: &str, options: &ReadOptions, to: &SyncSender<Message>) {
    let (batches, places): (_, Option<LogPlaces>) = match opened {
        Opened::Log(log) => {
            let places = log.places();
            (follow(log, name, options), Some(places))
        }
        Opened::Folder(folder) => {
            let places = folder.places();
            (follow(folder, name, options), Some(places))
        }
        Opened::Stdin => (follow(std::io::stdin(), name, options), None),
        Opened::Port(port) => (follow(port, name, options), None),
        Opened::Interface(interface) => (follow(*interface, name, options), None),
    };
    let ended = |problem| drop(to.send(Message::Ended { source: name.to_owned(), problem }));
    let mut batches = match batches {
        Ok(batches) => batches,
        // A log that nothing was added to, or that holds nothing yet.
        Err(IngestError::Empty { .. }) => return ended(None),
        Err(problem) => return ended(Some(problem)),
    };
    let mut without_flow = 0;
    while let Some(next) = batches.next() {
        let batch = match next {
            Ok(batch) => batch,
            // Header lines alone are read again after a restart.
            Err(IngestError::HeaderOnly { .. }) => return ended(None),
            Err(problem) => return ended(Some(problem)),
        };
        let place = batch.end.zip(places.as_ref()).and_then(|(end, places)| places.behind(end.offset));
        let so_far = batches.without_flow().total();
        let flows = Flows {
            source: name.to_owned(),
            place,
            set_aside: batches.take_rejects().len() as u64,
            left_out: so_far - std::mem::replace(&mut without_flow, so_far),
            arrived: Instant::now(),
            batch,
        };
        if to.send(Message::Flows(Box::new(flows))).is_err() {
            return;
        }
    }
    ended(None);
}
