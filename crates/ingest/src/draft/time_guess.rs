//! What a draft takes a column of times for.

use nta_data::{TimeRole, TimeUnit};

use crate::draft::sample::Sample;
use crate::values::time::TimeReader;

/// A time column.
#[derive(Debug, Clone)]
pub(crate) struct TimeGuess {
    pub(crate) column: String,
    /// Pattern of a text time or of a date in digits.
    pub(crate) format: Option<String>,
    pub(crate) unit: TimeUnit,
    pub(crate) twelve_hour_from: Option<u8>,
    pub(crate) relative: bool,
    /// What a reader of the draft should know.
    pub(crate) remarks: Vec<String>,
    /// Microseconds since 1970, in file order.
    pub(crate) times: Vec<i64>,
}

impl TimeGuess {
    pub(super) fn new(sample: &Sample, times: Vec<i64>) -> TimeGuess {
        let (column, unit) = (sample.name.clone(), TimeUnit::Seconds);
        TimeGuess { column, format: None, unit, twelve_hour_from: None, relative: false, remarks: Vec::new(), times }
    }

    /// What reads its cells.
    pub(crate) fn reader(&self) -> TimeReader {
        TimeReader::new(&TimeRole {
            column: self.column.clone(),
            format: self.format.clone(),
            unit: self.unit,
            twelve_hour_from: self.twelve_hour_from,
            relative: self.relative,
            ..TimeRole::default()
        })
    }
}
