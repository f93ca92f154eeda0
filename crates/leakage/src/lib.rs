//! Target leakage, looked for in each column alone: does one column give the label away?
//!
//! A model that has such a column learns nothing else, and what it promises breaks where nobody filled the column in. Two
//! columns that say the same hide from a shuffle, since each still has the other; so each is held against the label by
//! itself. Nothing is learned here for scoring, and no file is read.
//!
//! | rooms | hold |
//! |---|---|
//! | `finding` | what is found, as data, and its words |
//! | `sample` | the rows looked at, and their columns as numbers or codes |
//! | `alone` | how well a column by itself tells the classes apart, held out |
//! | `shape` | whether it looks like a truth that was written down, and not like a measurement |
//! | `name` | what a column's name speaks of: a judgement, a measurement |
//! | `families` | whether it says the attack types in their words |
//! | `trace` | counters, clocks, identifiers, addresses: columns that say which row this is |

mod address;
mod alone;
mod families;
mod finding;
mod look;
mod name;
mod sample;
mod shape;
mod trace;

pub use address::{holds_address, is_address};
pub use finding::{Alone, Clock, Finding, Findings, Shape, Strong, Why};
pub use look::look;
