//! Where bytes come from: files by pattern, one open file, packed bytes, pipes and files that grow. Knows no format.

pub(crate) mod bytes;
pub(crate) mod feed;
pub(crate) mod file;
pub(crate) mod flow_port;
pub(crate) mod folder_tail;
pub(crate) mod interface;
mod log_files;
pub(crate) mod log_place;
pub(crate) mod log_tail;
pub(crate) mod netflow;
pub(crate) mod pieces;
pub(crate) mod sensor;
pub(crate) mod source;
pub(crate) mod spool;
mod stamp;
pub(crate) mod tail;
pub(crate) mod tap;
pub(crate) mod unpack;
mod utf16;
