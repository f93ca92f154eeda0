//! Packets to bidirectional flows, in one pass and bounded memory.
//!
//! [`Capture`] takes the bytes of a pcap or pcapng file, as they come, and gives packets; a [`Meter`] takes packets and gives
//! each [`Flow`] when it ends; [`COLUMNS`] says what is told of a flow, each with its unit and definition. Columns and rules
//! are those of Zeek's conn.log where it has one (docs/flow-meter.md). Reads no file, waits for nothing, learns nothing.
//!
//! | room | is for |
//! |---|---|
//! | `capture` | bytes of a file or pipe -> packets; what a file declares is held against what is there |
//! | `decode` | a packet -> addresses, ports, flags, lengths: link layers, IP, transport |
//! | `flow` | what is kept of a flow while it lasts |
//! | `fragments` | which flow a fragment without ports belongs to |
//! | `table` | the flows that last, by key and by when they end |
//! | `meter` | the three together |
//! | `columns` | what is told of a flow |
//!
//! ```
//! use nta_flowmeter::{Capture, COLUMNS, Meter, MeterConfig, Next};
//!
//! # fn main() -> Result<(), nta_flowmeter::CaptureError> {
//! // A pcap file of one DNS question: header, then one packet.
//! let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0];
//! file.extend([0, 0, 0, 0, 0, 0, 0, 0, 29, 0, 0, 0, 29, 0, 0, 0]);
//! file.extend([0x45, 0, 0, 29, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
//! file.extend([0xc0, 0, 0, 53, 0, 9, 0, 0, 7]);
//!
//! let (mut capture, mut meter) = (Capture::new(), Meter::new(MeterConfig::default()));
//! capture.push(&file);
//! while let Next::Packet(packet) = capture.next_packet()? {
//!     meter.packet(&packet);
//! }
//! meter.finish();
//! let flow = meter.take_finished().next().unwrap();
//! let told: Vec<String> = COLUMNS[2..8].iter().map(|column| (column.value)(&flow).to_string()).collect();
//! assert_eq!(told, ["10.0.0.1", "49152", "10.0.0.2", "53", "udp", "dns"]);
//! # Ok(())
//! # }
//! ```

mod capture;
mod columns;
mod community_id;
mod config;
mod counts;
mod decode;
mod flow;
mod fragments;
mod meter;
mod ports;
mod table;
mod text;
mod uid;
mod zeek_log;

pub use capture::{Capture, CaptureError, Cut, MAGICS, Next, Packet};
pub use columns::{COLUMNS, Column, Kind, N_ZEEK_COLUMNS, Value};
pub use community_id::{community_id, community_id_of};
pub use config::MeterConfig;
pub use counts::{MeterCounts, TunnelCounts};
pub use flow::{EndReason, Flow};
pub use meter::Meter;
pub use text::Text;
pub use zeek_log::{zeek_header, zeek_line};

#[cfg(test)]
mod tests;
