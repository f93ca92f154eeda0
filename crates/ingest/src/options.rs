//! How files and streams are read: everything that a caller may choose.

use std::sync::Arc;
use std::time::Duration;

use nta_data::{Contact, Schema, SensorKey, SequenceBy};

use crate::rejects::reject::BadRows;

/// Whether a table must tell the truth about its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// Labels of both classes are needed (training, judging).
    Required,
    /// Labels are read where they are.
    IfPresent,
    /// Labels are not looked at.
    Ignore,
}

/// How files are read. Begin with [`ReadOptions::new`] and change what must be otherwise.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// Column roles. Optional columns that the files lack are dropped; the dataset carries what is left.
    pub schema: Arc<Schema>,
    /// Whose sequences the rows belong to; `None`: no sequences. With `order: none` there are none either.
    pub by: Option<SequenceBy>,
    /// Key of the entity hash; the same key gives a host of a sensor the same hash.
    pub entity_key: [u8; 16],
    /// What tells sensors apart in that hash, where the schema names no capture column.
    pub sensor_key: SensorKey,
    /// One sensor's name for all files, in place of the files' own ([`crate::Source::sensors`]).
    pub sensor: Option<String>,
    /// Whether labels are needed.
    pub truth: Truth,
    /// What becomes of rows that cannot be read.
    pub bad_rows: BadRows,
    /// Most rows of one [`crate::Batch`].
    pub batch_rows: usize,
    /// A batch ends so long after its first record came, however few there are. For streams: a file never waits.
    pub deadline: Option<Duration>,
    /// Who is told of waiting for a pipe, and is asked at every read whether to go on.
    pub contact: Contact,
}

impl ReadOptions {
    /// Rows by `schema`, without sequences and labels, in batches of 65,536 that wait to be full; a row that cannot be
    /// read is refused.
    pub fn new(schema: Arc<Schema>) -> ReadOptions {
        ReadOptions {
            schema,
            by: None,
            entity_key: [0; 16],
            sensor_key: SensorKey::Name,
            sensor: None,
            truth: Truth::Ignore,
            bad_rows: BadRows::Refuse,
            batch_rows: 1 << 16,
            deadline: None,
            contact: Contact::default(),
        }
    }
}
