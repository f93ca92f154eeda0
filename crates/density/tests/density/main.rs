//! The density from outside: the contract that every member keeps, surprises against their definition, hostile files.

#![allow(missing_docs)]

mod contract;
mod hostile_bytes;
mod naive;
mod reasons;
mod tables;
