//! The forest from outside: the contract that both models keep, settings that all do something, trees against their
//! definition, hostile files, quality on real traffic.

#![allow(missing_docs)]
#![allow(clippy::print_stderr)]

mod by_hand;
mod contract;
mod explain;
mod hostile_bytes;
mod layout;
mod nsl_kdd;
mod permutation;
mod reference;
mod settings;
mod tables;
mod walk;
