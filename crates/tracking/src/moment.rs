//! A point in time, UTC, written as RFC 3339.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A point in time to the microsecond; ordered, and written as `2026-11-22T10:15:03.250000Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    /// Now.
    pub fn now() -> Self {
        Moment(jiff::Timestamp::now().as_microsecond())
    }

    /// Microseconds since 1970-01-01 UTC.
    #[cfg(test)]
    pub(crate) fn from_microseconds(microseconds: i64) -> Self {
        Moment(microseconds)
    }

    /// Microseconds since 1970-01-01 UTC.
    pub(crate) fn microseconds(self) -> i64 {
        self.0
    }

    /// Milliseconds since 1970-01-01 UTC, as MLflow counts.
    pub fn milliseconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// `20261122-101503`, the first part of a run's id.
    pub(crate) fn compact(self) -> String {
        self.timestamp().strftime("%Y%m%d-%H%M%S").to_string()
    }

    fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.timestamp())
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let timestamp: jiff::Timestamp = text.parse().map_err(de::Error::custom)?;
        Ok(Moment(timestamp.as_microsecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_rfc_3339_and_read_back() {
        let moment = Moment::from_microseconds(1_795_342_503_250_000);
        assert_eq!(moment.to_string(), "2026-11-22T10:15:03.250000Z");
        assert_eq!(moment.compact(), "20261122-101503");
        let text = serde_json::to_string(&moment).unwrap();
        assert_eq!(serde_json::from_str::<Moment>(&text).unwrap(), moment);
        assert!(serde_json::from_str::<Moment>("\"yesterday\"").is_err());
        assert_eq!(moment.milliseconds(), 1_795_342_503_250);
    }
}
