//! Captures to a table of flows, with every column: what `nta meter` does.

use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use nta_atomic::AtomicFile;
use nta_data::{Contact, Watch};
use nta_flowmeter::{Cut, Flow, MeterConfig, MeterCounts, zeek_header, zeek_line};
use serde::Serialize;

use crate::capture::frame::{FlowTable, all};
use crate::capture::left_out::why_no_flow;
use crate::capture::packets::{Metered, Packets};
use crate::error::IngestError;
use crate::input::bytes::ByteSource;
use crate::input::feed::Feed;
use crate::input::source::Source;
use crate::input::tap::{Hashing, Tap};
use crate::input::unpack::Unpacked;
use crate::writing::output::Output;
use crate::writing::raw::RawBatch;
use crate::writing::table_writer::TableWriter;

/// Flows of a table that are written at a time, and bytes of a log.
const BLOCK: usize = 8_192;
const ROOM: usize = 1 << 16;

/// Longest that a flow waits for others where somebody reads along.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Where flows go.
pub struct FlowWriter(Target);

enum Target {
    Table { table: Box<TableWriter>, waiting: Box<FlowTable> },
    Log { file: AtomicFile, output: Output, waiting: Vec<u8> },
    Text { text: Box<dyn Write>, waiting: Vec<u8> },
}

impl FlowWriter {
    /// Begins a table at `path`, whose ending tells the format: `.csv`, `.csv.gz`, `.parquet`, or a Zeek log (`.log`,
    /// `.log.gz`). Nothing stands there before [`meter`] is through.
    ///
    /// # Errors
    /// Another ending, and a place that cannot be written to.
    pub fn create(path: &Path) -> Result<FlowWriter, IngestError> {
        let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
        let is_packed = name.ends_with(".log.gz");
        if !is_packed && !name.ends_with(".log") {
            let table = Box::new(TableWriter::create(path, None)?);
            return Ok(FlowWriter(Target::Table { table, waiting: Box::new(FlowTable::new(all(), BLOCK)) }));
        }
        let file = AtomicFile::create(path).map_err(|e| IngestError::write(path, e.source))?;
        let handle = file.handle().map_err(|e| IngestError::write(path, e.source))?;
        let output = if is_packed { Output::gzip(handle) } else { Output::plain(handle) };
        Ok(FlowWriter(Target::Log { file, output, waiting: zeek_header().into_bytes() }))
    }

    /// Writes a Zeek log to `text` as flows end.
    ///
    /// # Errors
    /// What writing fails with.
    pub fn log(mut text: Box<dyn Write>) -> std::io::Result<FlowWriter> {
        text.write_all(zeek_header().as_bytes())?;
        Ok(FlowWriter(Target::Text { text, waiting: Vec::new() }))
    }

    /// Takes a flow; write what waits once it is much.
    fn push(&mut self, flow: &Flow) {
        match &mut self.0 {
            Target::Table { waiting, .. } => waiting.push(flow),
            Target::Log { waiting, .. } | Target::Text { waiting, .. } => zeek_line(flow, waiting),
        }
    }

    /// Whether enough flows wait to be written together.
    fn is_full(&self) -> bool {
        match &self.0 {
            Target::Table { waiting, .. } => waiting.n_rows() >= BLOCK,
            Target::Log { waiting, .. } | Target::Text { waiting, .. } => waiting.len() >= ROOM,
        }
    }

    /// Whether flows wait that somebody reads as they end.
    fn is_awaited(&self) -> bool {
        matches!(&self.0, Target::Text { waiting, .. } if !waiting.is_empty())
    }

    fn write_waiting(&mut self) -> Result<(), IngestError> {
        match &mut self.0 {
            Target::Table { waiting, .. } if waiting.n_rows() == 0 => Ok(()),
            Target::Table { table, waiting } => {
                let full = std::mem::replace(&mut **waiting, FlowTable::new(all(), BLOCK));
                let frame = full.finish().map_err(|e| IngestError::internal("flows", e))?;
                table.write(&RawBatch::of(frame), &[])
            }
            Target::Log { file, output, waiting } => {
                let written = output.write_all(waiting);
                waiting.clear();
                written.map_err(|e| IngestError::write(file.path(), e))
            }
            Target::Text { text, waiting } => {
                let written = text.write_all(waiting).and_then(|()| text.flush());
                waiting.clear();
                written.map_err(|e| IngestError::write(Path::new("-"), e))
            }
        }
    }

    fn finish(mut self) -> Result<(), IngestError> {
        self.write_waiting()?;
        match self.0 {
            Target::Table { table, .. } => table.finish(),
            Target::Log { file, output, .. } => {
                let path = file.path().to_owned();
                output.close().map_err(|e| IngestError::write(&path, e))?;
                file.commit().map_err(|e| IngestError::write(&path, e.source))
            }
            Target::Text { .. } => Ok(()),
        }
    }
}

/// What was metered.
#[derive(Debug, Clone, Serialize)]
pub struct MeterSummary {
    /// What became of the packets.
    #[serde(flatten)]
    pub counts: MeterCounts,
    /// Files that could not be read to their end: name, where, why.
    pub cut: Vec<(String, Cut)>,
}

/// Meters the packets of all captures, one after the other (a flow may go on from one file to the next), and writes the
/// flows as they end. Memory does not grow with the captures. `watch` is told bytes read of bytes there are.
///
/// # Errors
/// A file that cannot be read or is no capture, captures without any flow, and what writing fails with.
pub fn meter(
    source: &Source,
    config: MeterConfig,
    writer: FlowWriter,
    contact: &Contact,
    watch: &dyn Watch,
) -> Result<MeterSummary, IngestError> {
    let first = source.names().first().cloned().unwrap_or_default();
    let mut job = Job { packets: None, config, writer, cut: Vec::new(), first };
    let (mut before, total) = (0, source.bytes());
    for (input, name) in source.inputs().iter().zip(source.names()) {
        let opened = input.open(contact)?;
        let tap = Tap::new(Hashing::No);
        let bytes = Unpacked::new(tap.on(opened.bytes(0))).map_err(|e| IngestError::read(name, &e))?;
        job.pass(Box::new(bytes), name, &|| {
            watch.step(before + tap.bytes_read(), total);
            watch.cancelled()
        })?;
        input.refuse_changed()?;
        before += opened.length;
    }
    job.finish()
}

/// The same of a stream: a flow is written when it ends, by the packets' time, and where those are of now by the clock.
///
/// # Errors
/// Those of [`meter`].
pub fn meter_stream(
    stream: impl Read + Send + 'static,
    name: &str,
    config: MeterConfig,
    writer: FlowWriter,
    contact: &Contact,
) -> Result<MeterSummary, IngestError> {
    let feed = Feed::start(stream, contact).map_err(|e| IngestError::read(name, &e))?;
    let mut job = Job { packets: None, config, writer, cut: Vec::new(), first: name.to_owned() };
    job.pass(Box::new(feed), name, &|| contact.cancelled())?;
    job.finish()
}

struct Job {
    packets: Option<Packets>,
    config: MeterConfig,
    writer: FlowWriter,
    cut: Vec<(String, Cut)>,
    /// What the first capture is called.
    first: String,
}

impl Job {
    /// Meters one capture; `stop` is told of every read, and says whether to end.
    fn pass(&mut self, source: Box<dyn ByteSource>, name: &str, stop: &dyn Fn() -> bool) -> Result<(), IngestError> {
        match &mut self.packets {
            Some(packets) => packets.go_on(source),
            none => drop(none.insert(Packets::new(source, &[], self.config))),
        }
        let Some(packets) = &mut self.packets else { return Ok(()) };
        let (mut n_steps, mut written) = (0u32, Instant::now());
        loop {
            let metered = packets.read_on(None).map_err(|e| IngestError::read(name, &e))?;
            let is_over = matches!(metered, Metered::End);
            packets.take_finished().for_each(|flow| self.writer.push(&flow));
            n_steps += 1;
            if self.writer.is_full() || (self.writer.is_awaited() && written.elapsed() >= LONGEST_WAIT) {
                self.writer.write_waiting()?;
                written = Instant::now();
            }
            if is_over {
                self.cut.extend(packets.cut.take().map(|cut| (name.to_owned(), cut)));
                return Ok(());
            }
            if n_steps.is_multiple_of(64) && stop() {
                return Err(IngestError::Cancelled);
            }
        }
    }

    fn finish(mut self) -> Result<MeterSummary, IngestError> {
        let Some(mut packets) = self.packets.take() else { return Err(IngestError::NoInput) };
        packets.meter.finish();
        let counts = packets.meter.counts();
        if counts.flows == 0 {
            let cut = self.cut.first().map(|(_, cut)| cut);
            return Err(IngestError::NoFlows { file: self.first, problem: why_no_flow(&counts, packets.link, cut) });
        }
        for flow in packets.take_finished() {
            self.writer.push(&flow);
            if self.writer.is_full() {
                self.writer.write_waiting()?;
            }
        }
        self.writer.finish()?;
        Ok(MeterSummary { counts, cut: self.cut })
    }
}
