//! Reads traffic records of any supported format into [`nta_data::Dataset`]s, and writes tables.
//!
//! The format is told by the first line, columns by their names, and roles by a [`nta_data::Schema`]. Nothing is learned
//! here, and no type of polars leaves this crate.
//!
//! A file, a pipe and a file that grows go the same way, a room a step:
//!
//! | room | is for |
//! |---|---|
//! | `input` | where bytes come from: files by pattern and opened once, packing, pipes, files that grow |
//! | `framing` | bytes -> records, each with line and offset, as soon as it is whole |
//! | `decode` | one record -> the fields of a flow, a file a text format |
//! | `parquet` | the format without lines |
//! | `capture` | packets, metered into flows |
//! | `format` | the list of formats: name, first line, decoder |
//! | `assemble` | text columns -> a dataset: roles, labels, entities, what is wrong with a cell |
//! | `labelling` | labels that stand in no column: of a second table, or of windows of time and hosts |
//! | `values` | one cell: number, time, text, nothing |
//! | `limits` | what a file may ask of memory |
//! | `left_out` | lines that hold no flow, counted by kind |
//! | `rejects` | rows that cannot be read: refused, or set aside up to a share |
//! | `reading` | the doors: [`read`] whole, [`batches`], [`follow`] a stream, [`read_columns`] |
//! | `schema` | schemas by name, and which column stands for which of their names |
//! | `draft` | a first schema for a file that has none |
//! | `writing` | tables out: CSV, packed CSV, Parquet |
//!
//! A CSV file, read by a schema:
//!
//! ```
//! use std::sync::Arc;
//!
//! use nta_data::{Quiet, SequenceBy};
//! use nta_ingest::{ReadOptions, Source, Truth, load_schema, read};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! std::fs::write(
//!     folder.path().join("flows.csv"),
//!     "time,host,bytes,proto,label\n\
//!      1700000000,10.0.0.1,512,tcp,benign\n\
//!      1700000001,10.0.0.2,,udp,scan\n",
//! )?;
//! std::fs::write(
//!     folder.path().join("roles.yaml"),
//!     "name: mine\n\
//!      order: file\n\
//!      label: { column: label, benign: [benign] }\n\
//!      time: { column: time }\n\
//!      entity: { src: host }\n\
//!      numeric: [{ name: bytes }]\n\
//!      categorical: [{ name: proto }]\n",
//! )?;
//! let schema = Arc::new(load_schema("roles.yaml", folder.path())?);
//! let options = ReadOptions { by: Some(SequenceBy::Src), truth: Truth::Required, ..ReadOptions::new(schema) };
//! let source = Source::resolve(&["*.csv".to_owned()], folder.path())?;
//! let flows = read(&source, &options, &Quiet)?.dataset;
//!
//! assert_eq!((flows.n_rows(), flows.n_attacks()), (2, 1));
//! assert!(flows.numeric[0][1].is_nan(), "an empty cell is a missing value");
//! assert_eq!(flows.categorical[0].text(0), Some("tcp"));
//! assert_ne!(flows.entity[0], flows.entity[1], "two hosts, two entities");
//! # Ok(())
//! # }
//! ```

mod assemble;
mod block;
mod capture;
mod decode;
mod draft;
mod error;
mod format;
mod framing;
mod input;
mod labelling;
mod left_out;
mod limits;
mod lines;
mod options;
mod parquet;
mod reading;
mod rejects;
mod schema;
mod values;
mod writing;

pub use assemble::label_words::says_no_label;
pub use assemble::labels::with_benign;
pub use assemble::planned_file::FileLabel;
pub use assemble::truth::WithoutTruth;
pub use block::TextPosition;
pub use capture::meter::{FlowWriter, MeterSummary, meter, meter_stream};
pub use draft::answers::{Answers, ColumnRole};
pub use draft::infer::{ColumnSeen, Drafted, draft_schema, infer_schema};
pub use draft::recognise::{Recognised, recognise, recognise_as_said};
pub use error::{CellError, IngestError, Position};
pub use format::Format;
pub use input::flow_port::{FlowPort, PortCounts};
pub use input::folder_tail::FolderTail;
pub use input::interface::{Interface, PacketCounts};
pub use input::log_place::{LogPlace, LogPlaces};
pub use input::log_tail::LogTail;
pub use input::source::{FileDigest, Source};
pub use input::tail::{Tail, TailStop};
pub use labelling::given::GivenLabels;
pub use labelling::join::{Joined, WindowRows};
pub use left_out::LeftOut;
pub use nta_flowmeter::{Cut, MeterConfig, MeterCounts, TunnelCounts, community_id_of};
pub use options::{Advice, AsWritten, ReadOptions, Truth};
pub use parquet::guard::panic_is_caught;
pub use reading::batches::{Batch, Batches, batches, follow, in_memory};
pub use reading::odd_columns::OddColumn;
pub use reading::plain_columns::{ColumnValues, Columns, read_columns, read_columns_named};
pub use reading::summary::{ColumnMissing, FileRows, ReadSummary, Sampled, TimeDoubt};
pub use reading::whole::{Read, read};
pub use rejects::file::RejectsFile;
pub use rejects::reject::{BadRows, Reject};
pub use schema::builtin::{builtin_schema, builtin_schemas, load_schema};
pub use values::time::civil::days_from_civil;
pub use values::time::span::{TimeRead, TimeSpan};
pub use writing::added::{Added, AddedValues};
pub use writing::raw::RawBatch;
pub use writing::table_writer::TableWriter;

#[cfg(test)]
mod tests;
