//! From text columns to a dataset: which column serves which role, and what each cell of it is worth.

pub(crate) mod assembler;
pub(crate) mod columns;
pub(crate) mod entity;
pub(crate) mod fault;
pub(crate) mod label_words;
pub(crate) mod labels;
pub(crate) mod needs;
pub(crate) mod plan;
pub(crate) mod planned_file;
pub(crate) mod refusal;
pub(crate) mod role;
pub(crate) mod screen;
pub(crate) mod starts;
pub(crate) mod truth;
