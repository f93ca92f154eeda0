//! How files and streams are read: everything that a caller may choose.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use nta_data::{Contact, Schema, SensorKey, SequenceBy, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::error::IngestError;
use crate::labelling::given::GivenLabels;
use crate::rejects::reject::BadRows;
use crate::schema::layout::known_names;

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

/// How files are written, where that is not as the schema says. What is made of them is the schema's all the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AsWritten {
    /// The files' own columns for names of the schema.
    pub columns: BTreeMap<String, String>,
    /// Pattern of a text time.
    pub time_format: Option<String>,
    /// Unit of a number that is a time.
    pub time_unit: Option<TimeUnit>,
    /// Unit of the duration; where the duration is a feature too, its numbers are converted.
    pub duration_unit: Option<TimeUnit>,
    /// Separator of the fields.
    pub delimiter: Option<char>,
}

impl AsWritten {
    /// The schema by which the files are read.
    pub(crate) fn read_by(&self, schema: &Schema) -> Schema {
        let mut read_by = schema.clone();
        if let Some(time) = &mut read_by.time
            && (self.time_format.is_some() || self.time_unit.is_some())
        {
            time.format.clone_from(&self.time_format);
            time.unit = self.time_unit.unwrap_or(time.unit);
        }
        read_by.duration_unit = self.duration_unit.unwrap_or(schema.duration_unit);
        read_by.delimiter = self.delimiter.or(schema.delimiter);
        read_by
    }

    /// Refuses a name that the schema has not, and a time or duration where it has none.
    pub(crate) fn check(&self, schema: &Schema) -> Result<(), IngestError> {
        let known = known_names(schema);
        let of = schema.name.clone();
        if let Some((name, column)) = self.columns.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            let near =
                known.iter().max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
            let (column, name, near) = (column.clone(), name.clone(), near.map(|n| (*n).to_owned()));
            return Err(IngestError::NoSuchName { column, name, schema: of, near });
        }
        if (self.time_format.is_some() || self.time_unit.is_some()) && schema.time.is_none() {
            return Err(IngestError::NoSuchRole { schema: of, role: "time".to_owned() });
        }
        if self.duration_unit.is_some() && schema.duration.is_none() {
            return Err(IngestError::NoSuchRole { schema: of, role: "duration".to_owned() });
        }
        Ok(())
    }
}

/// What a refusal may advise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Advice {
    /// To change the schema, or the file.
    #[default]
    Schema,
    /// To say how the file is written ([`AsWritten`]), as options of the command: the schema belongs to a model.
    Options,
    /// To change the file: the schema belongs to a model, and the command has no such options.
    File,
}

/// How files are read. Begin with [`ReadOptions::new`] and change what must be otherwise.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// Column roles. Optional columns that the files lack are dropped; the dataset carries what is left.
    pub schema: Arc<Schema>,
    /// How the files are written, where not as the schema says.
    pub written: AsWritten,
    /// What refusals may advise.
    pub advice: Advice,
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
    /// Labels of a second file, in place of a column.
    pub labels: Option<Arc<GivenLabels>>,
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
            written: AsWritten::default(),
            advice: Advice::Schema,
            by: None,
            entity_key: [0; 16],
            sensor_key: SensorKey::Name,
            sensor: None,
            truth: Truth::Ignore,
            labels: None,
            bad_rows: BadRows::Refuse,
            batch_rows: 1 << 16,
            deadline: None,
            contact: Contact::default(),
        }
    }
}
