//! Labels that stand in no column of the traffic: told by a second table, flow by flow, or by windows of time and hosts.

mod by_windows;
pub(crate) mod given;
mod hosts;
pub(crate) mod index;
pub(crate) mod join;
pub(crate) mod keys;
mod names;
pub(crate) mod table;
pub(crate) mod windows;
