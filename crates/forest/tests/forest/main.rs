//! The forest from outside: the contract that both models keep, hostile files, quality on real traffic.

#![allow(missing_docs)]
#![allow(clippy::print_stderr)]

mod nsl_kdd;
