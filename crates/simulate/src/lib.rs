//! Believable labelled traffic from a seed: one office site for some days, and seven kinds of attack that unfold in it.
//!
//! Every flow of an attack looks like some benign flow: there are health checks and stale shortcuts beside scans,
//! automated `git fetch` beside guessed passwords, telemetry beside command and control, cloud sync beside
//! exfiltration, torn VPN datagrams beside fragment attacks. What tells is the order: what the same host did just
//! before, how evenly, how often, and whether it asked a name server first. No file is read here and nothing is learned.

mod attack;
mod benign;
mod calendar;
mod config;
mod draw;
mod flow;
mod generate;
mod shape;
mod site;
mod table;
mod traffic;

pub use config::{ConfigError, SimulateConfig, SimulateError};
pub use flow::{Family, Flow, Proto, Service, State};
pub use table::{COLUMNS, to_dataset, write_csv};
