//! `nta meter`: packet captures into a table of flows.

use std::io::Write;
use std::path::{Path, PathBuf};

use nta_data::Contact;
use nta_ingest::{FlowWriter, Interface, MeterConfig, MeterSummary, Source, meter as metered, meter_stream};
use serde::Serialize;

use crate::error::{PipelineError, failed, refused};
use crate::event::{Listener, Stage, StageWatch, Unit};

/// What to meter.
#[derive(Debug, Clone)]
pub struct MeterRequest {
    /// Captures, paths or patterns, in the order of time; `-` alone is standard input, `interface://NAME` alone an
    /// interface until the listener cancels.
    pub captures: Vec<String>,
    /// The table to write; `None` for a Zeek log that goes where the caller says.
    pub output: Option<PathBuf>,
    /// When flows end.
    pub config: MeterConfig,
}

/// What was metered.
#[derive(Debug, Clone, Serialize)]
pub struct MeterOutcome {
    /// Packets, flows, and what is in none.
    #[serde(flatten)]
    pub summary: MeterSummary,
    /// Where the flows were written.
    pub output: Option<PathBuf>,
}

/// Meters; `log` takes the flows where the request names no table.
///
/// # Errors
/// Captures that cannot be read, an output that cannot be written.
pub fn meter(
    request: &MeterRequest,
    log: Box<dyn Write>,
    listener: &dyn Listener,
) -> Result<MeterOutcome, PipelineError> {
    // Nothing is written before there is something to read.
    let writer = || match &request.output {
        Some(path) => FlowWriter::create(path).map_err(refused),
        None => FlowWriter::log(log).map_err(failed),
    };
    let summary = if request.captures == ["-"] {
        meter_stream(std::io::stdin(), "standard input", request.config, writer()?, &listener.contact())
    } else if let [asked] = &request.captures[..]
        && let Some(name) = asked.strip_prefix("interface://")
    {
        // An interruption ends the capture, and what was metered by then is written.
        let interface = Interface::open(name, listener.contact())
            .map_err(|error| PipelineError::refuse(format!("cannot capture from {name}: {error}")))?;
        meter_stream(interface, asked, request.config, writer()?, &Contact::default())
    } else {
        let source = Source::resolve(&request.captures, Path::new("")).map_err(refused)?;
        let watch = StageWatch { listener, stage: Stage::Meter, unit: Unit::BytesRead };
        metered(&source, request.config, writer()?, &listener.contact(), &watch)
    };
    Ok(MeterOutcome { summary: summary.map_err(refused)?, output: request.output.clone() })
}
