//! Captures to a table of flows, with every column: what `nta meter` does.

use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use nta_atomic::AtomicFile;
use nta_data::{Contact, Watch};
use nta_flowmeter::{Column, Cut, Flow, MeterConfig, MeterCounts, zeek_header, zeek_line};
use serde::Serialize;

use crate::capture::frame::{all, frame};
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

/// Flows written at a time.
const BLOCK: usize = 8_192;

/// Longest that a flow waits for others where somebody reads along.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Where flows go.
pub struct FlowWriter(Target);

enum Target {
    Table(Box<TableWriter>),
    Log { file: AtomicFile, output: Output },
    Text(Box<dyn Write>),
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
            return Ok(FlowWriter(Target::Table(Box::new(TableWriter::create(path, None)?))));
        }
        let file = AtomicFile::create(path).map_err(|e| IngestError::write(path, e.source))?;
        let handle = file.handle().map_err(|e| IngestError::write(path, e.source))?;
        let mut output = if is_packed { Output::gzip(handle) } else { Output::plain(handle) };
        output.write_all(zeek_header().as_bytes()).map_err(|e| IngestError::write(path, e))?;
        Ok(FlowWriter(Target::Log { file, output }))
    }

    /// Writes a Zeek log to `text` as flows end.
    ///
    /// # Errors
    /// What writing fails with.
    pub fn log(mut text: Box<dyn Write>) -> std::io::Result<FlowWriter> {
        text.write_all(zeek_header().as_bytes())?;
        Ok(FlowWriter(Target::Text(text)))
    }

    fn write(&mut self, flows: &[Box<Flow>]) -> Result<(), IngestError> {
        let lines = || {
            let mut lines = String::new();
            flows.iter().for_each(|flow| zeek_line(flow, &mut lines));
            lines
        };
        match &mut self.0 {
            Target::Table(table) => {
                let columns: Vec<&Column> = all().iter().collect();
                let frame = frame(flows, &columns).map_err(|e| IngestError::internal("flows", e))?;
                table.write(&RawBatch::of(frame), &[])
            }
            Target::Log { file, output } => {
                output.write_all(lines().as_bytes()).map_err(|e| IngestError::write(file.path(), e))
            }
            Target::Text(text) => {
                let written = text.write_all(lines().as_bytes()).and_then(|()| text.flush());
                written.map_err(|e| IngestError::write(Path::new("-"), e))
            }
        }
    }

    fn finish(self) -> Result<(), IngestError> {
        match self.0 {
            Target::Table(table) => table.finish(),
            Target::Log { file, output } => {
                let path = file.path().to_owned();
                output.close().map_err(|e| IngestError::write(&path, e))?;
                file.commit().map_err(|e| IngestError::write(&path, e.source))
            }
            Target::Text(_) => Ok(()),
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
    let mut job = Job { packets: None, config, writer, ready: Vec::new(), cut: Vec::new(), first };
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
    let mut job = Job { packets: None, config, writer, ready: Vec::new(), cut: Vec::new(), first: name.to_owned() };
    job.pass(Box::new(feed), name, &|| contact.cancelled())?;
    job.finish()
}

struct Job {
    packets: Option<Packets>,
    config: MeterConfig,
    writer: FlowWriter,
    #[expect(clippy::vec_box, reason = "they come boxed, and moving the pointers costs less than the flows")]
    ready: Vec<Box<Flow>>,
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
            self.ready.extend(packets.take_finished());
            n_steps += 1;
            let is_awaited = matches!(self.writer.0, Target::Text(_)) && !self.ready.is_empty();
            if self.ready.len() >= BLOCK || (is_awaited && written.elapsed() >= LONGEST_WAIT) {
                self.writer.write(&self.ready)?;
                self.ready.clear();
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
        self.ready.extend(packets.take_finished());
        let counts = packets.meter.counts();
        if counts.flows == 0 {
            let cut = self.cut.first().map(|(_, cut)| cut);
            return Err(IngestError::NoFlows { file: self.first, problem: why_no_flow(&counts, packets.link, cut) });
        }
        for flows in self.ready.chunks(BLOCK) {
            self.writer.write(flows)?;
        }
        self.writer.finish()?;
        Ok(MeterSummary { counts, cut: self.cut })
    }
}
