//! Which column of a table plays which role. Columns are matched by name, never by position, where there is a header.

use std::collections::{BTreeMap, HashSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Column roles of one kind of traffic record. Built in for known data sets, or written by the user as YAML.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// Short name, e.g. `nsl-kdd`.
    pub name: String,
    /// One sentence for `nta schema list`.
    #[serde(default)]
    pub description: String,
    /// Column names in file order, for files that carry no header line. Empty: the first line is the header.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub header: Vec<String>,
    /// Columns that a file may lack. A feature, host, time, duration, capture or family listed here takes part where
    /// the files hold it and is dropped from the schema where they do not; a trailing column of `header` listed here
    /// may be absent from a file without a header line (NSL-KDD's `difficulty`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub optional: Vec<String>,
    /// Field separator of text files; absent: a comma.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// Other header names under which a column is known: `{ src_bytes: [sbytes, SrcBytes] }`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<String, Vec<String>>,
    /// Where the truth stands. Absent: the traffic is unlabelled and can only be scored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<LabelRole>,
    /// Where the attack type stands. Absent: the label text itself is the family.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<FamilyRole>,
    /// Column that names the sensor or capture. Absent: each file is one capture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<String>,
    /// When the flow began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeRole>,
    /// Column that holds the flow's duration, used with `time` for the arrival order. It may also be a feature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// Unit of the `duration` column; seconds when absent.
    #[serde(default)]
    pub duration_unit: TimeUnit,
    /// Host columns by which sequences can be formed.
    #[serde(default)]
    pub entity: EntityRole,
    /// In which order the rows reached the sensor's reader.
    pub order: Order,
    /// Text columns that are features.
    #[serde(default)]
    pub categorical: Vec<CategoricalColumn>,
    /// Number columns that are features.
    #[serde(default)]
    pub numeric: Vec<NumericColumn>,
    /// Columns known and left out of the features on purpose (addresses, identifiers, difficulty).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
    /// Features that a run takes though they give the label away or say which row it is. Every model remembers them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<String>,
}

/// The label column and which of its values mean what. Values are compared trimmed and without regard to case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelRole {
    /// Column name.
    pub column: String,
    /// Values that mean benign.
    pub benign: Vec<String>,
    /// Values that mean attack. Empty: every value that is neither benign nor ignored is an attack.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attack: Vec<String>,
    /// Values whose rows are left out and counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// How a cell is held against the values above.
    #[serde(default, rename = "match")]
    pub matching: LabelMatch,
}

/// How a label cell is held against the listed values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LabelMatch {
    /// The whole cell, trimmed, one trailing dot dropped (`normal.` in KDD99), case ignored.
    #[default]
    Whole,
    /// The listed value stands somewhere in the cell, case ignored (`flow=From-Botnet-V48-…` contains `Botnet`).
    Contains,
}

/// The attack type's column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FamilyRole {
    /// Column name; it may be the label column.
    pub column: String,
}

/// The time column.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeRole {
    /// Column name.
    pub column: String,
    /// `strftime` pattern of a text time, e.g. `%Y/%m/%d %H:%M:%S%.f`, or of a date in digits (`%Y%m%d%H%M%S`). Absent:
    /// a number since 1970-01-01 UTC, or RFC 3339 text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Unit of a numeric time.
    #[serde(default)]
    pub unit: TimeUnit,
    /// Minutes east of UTC of a time that names no zone.
    #[serde(default)]
    pub utc_offset_minutes: i32,
    /// For hours written 1 to 12 without AM or PM (CICFlowMeter): the hour at which a day's traffic begins. Hours before it
    /// are in the afternoon, so that with 7 the hours run 7 to 12, 1 to 6. 0: hours are what they say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twelve_hour_from: Option<u8>,
    /// Numbers count from the start of the capture and name no date. Otherwise a time outside 1990 to 2100 is refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub relative: bool,
}

/// Unit of a number that stands for a time or a duration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum TimeUnit {
    #[default]
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
    /// Days since 1899-12-30, as spreadsheets count them (45413.375 is 2024-05-01 09:00). Of a time only.
    ExcelDays,
    /// Not told apart: what a draft leaves for its reader to answer. Refused.
    Unknown,
}

/// The hosts of a flow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntityRole {
    /// Column of the host that began the flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub src: Option<String>,
    /// Column of the host that was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dst: Option<String>,
}

/// Whose flows form one sequence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SequenceBy {
    /// The host that began the flow, within its capture.
    #[default]
    Src,
    /// The host that was called, within its capture.
    Dst,
    /// Both hosts together, within their capture.
    Pair,
    /// The capture as a whole: for records without hosts that stand in time order (KDD99).
    Capture,
}

/// How the order in which flow records arrived can be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The file stands in arrival order (Zeek, Suricata, KDD99).
    File,
    /// Arrival is time + duration, ties by file order (Argus, most CSV exports sorted by start).
    EndTime,
    /// There is none; every row is a sequence of one.
    None,
}

/// A text feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoricalColumn {
    /// Column name. A column may be listed here and under `numeric` (ports).
    pub name: String,
}

/// A number feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NumericColumn {
    /// Column name.
    pub name: String,
    /// Cells may be hexadecimal (`0x0303`, Argus ports).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hex: bool,
    /// How its numbers are written where that is not the plain way; only text is read by it.
    #[serde(default, skip_serializing_if = "NumberNotation::is_plain")]
    pub numbers: NumberNotation,
}

impl NumericColumn {
    /// A column of plain numbers.
    pub fn plain(name: impl Into<String>) -> NumericColumn {
        NumericColumn { name: name.into(), hex: false, numbers: NumberNotation::Plain }
    }
}

/// How the numbers of a column are written. One notation holds for the whole column: `1.234` is another number in each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NumberNotation {
    /// `1234.5`, `1.2345e3`.
    #[default]
    Plain,
    /// `1234,5` or `1.234,5`: a comma before the fraction, points between groups of three digits.
    DecimalComma,
    /// `1,234.5`: commas between groups of three digits.
    CommaGroups,
    /// `1 234.5`, `1 234,5`, `1'234.5`: blanks or apostrophes between groups of three digits.
    SpaceGroups,
    /// `1.2 M`, `3K`, `7.5 GB`, `2 MiB`, `12 %`: powers of 1000 (of 1024 with an `i`) behind the number.
    UnitSuffixes,
}

impl NumberNotation {
    /// Whether it is the plain one.
    pub fn is_plain(&self) -> bool {
        *self == NumberNotation::Plain
    }

    /// Its name in a schema.
    pub fn name(self) -> &'static str {
        match self {
            NumberNotation::Plain => "plain",
            NumberNotation::DecimalComma => "decimal_comma",
            NumberNotation::CommaGroups => "comma_groups",
            NumberNotation::SpaceGroups => "space_groups",
            NumberNotation::UnitSuffixes => "unit_suffixes",
        }
    }
}

impl Schema {
    /// The names under which a column may stand: its own, and those of other tools.
    pub fn names_of<'a>(&'a self, column: &'a str) -> impl Iterator<Item = &'a str> {
        let aliases = self.aliases.get(column).into_iter().flatten();
        std::iter::once(column).chain(aliases.map(String::as_str))
    }

    /// Whether sequences by `by` can be formed from this schema's columns.
    pub fn supports(&self, by: SequenceBy) -> bool {
        self.order != Order::None
            && match by {
                SequenceBy::Src => self.entity.src.is_some(),
                SequenceBy::Dst => self.entity.dst.is_some(),
                SequenceBy::Pair => self.entity.src.is_some() && self.entity.dst.is_some(),
                SequenceBy::Capture => true,
            }
    }

    /// The schema as it stands for files that hold the columns for which `is_present` is true: optional columns that
    /// are absent have left their roles, and without its time column `order: end_time` has become `order: none`. What
    /// a table was read by, and so what a model remembers; a table of the resolved schema needs every column left.
    pub fn resolved(&self, is_present: impl Fn(&str) -> bool) -> Schema {
        let is_gone = |name: &str| self.optional.iter().any(|o| o == name) && !is_present(name);
        let mut resolved = self.clone();
        resolved.numeric.retain(|c| !is_gone(&c.name));
        resolved.categorical.retain(|c| !is_gone(&c.name));
        resolved.accepted.retain(|name| !is_gone(name));
        resolved.time = resolved.time.filter(|t| !is_gone(&t.column));
        resolved.duration = resolved.duration.filter(|d| !is_gone(d));
        resolved.capture = resolved.capture.filter(|c| !is_gone(c));
        resolved.entity.src = resolved.entity.src.filter(|s| !is_gone(s));
        resolved.entity.dst = resolved.entity.dst.filter(|d| !is_gone(d));
        if resolved.order == Order::EndTime && resolved.time.is_none() {
            resolved.order = Order::None;
        }
        // Still optional: the truth, and columns that no other role names, such as a headerless file's last ones.
        let used: Vec<String> = resolved.role_columns().into_iter().map(str::to_owned).collect();
        let was_used = self.role_columns();
        resolved.optional.retain(|n| !used.contains(n) && (self.header.contains(n) || !was_used.contains(&n.as_str())));
        resolved
    }

    /// Names of all columns with a role other than label, family or ignored; a name may stand twice.
    pub fn role_columns(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.numeric.iter().map(|c| c.name.as_str()).collect();
        names.extend(self.categorical.iter().map(|c| c.name.as_str()));
        names.extend(self.time.as_ref().map(|t| t.column.as_str()));
        names.extend(self.duration.as_deref());
        names.extend(self.capture.as_deref());
        names.extend(self.entity.src.as_deref());
        names.extend(self.entity.dst.as_deref());
        names
    }

    /// Whether the column is a feature, as a number or as a text.
    pub fn is_feature(&self, name: &str) -> bool {
        self.numeric.iter().any(|c| c.name == name) || self.categorical.iter().any(|c| c.name == name)
    }

    /// Refuses a schema that contradicts itself: a name listed twice in a role, a label or entity among the features.
    ///
    /// # Errors
    /// Also one without any feature, and an order by flow ends without a time column.
    pub fn check(&self) -> Result<(), SchemaError> {
        let refuse = |column: &str, why: &str| {
            Err(SchemaError::Contradiction {
                schema: self.name.clone(),
                column: column.to_owned(),
                why: why.to_owned(),
            })
        };
        let numeric = self.numeric.iter().map(|c| c.name.as_str());
        let categorical = self.categorical.iter().map(|c| c.name.as_str());
        for names in [numeric.clone().collect::<Vec<_>>(), categorical.clone().collect()] {
            let mut seen = HashSet::new();
            if let Some(name) = names.into_iter().find(|name| !seen.insert(*name)) {
                return refuse(name, "is listed twice");
            }
        }
        let hidden = [self.label.as_ref().map(|l| &l.column), self.family.as_ref().map(|f| &f.column)];
        let ignored: HashSet<&str> = self.ignored.iter().map(String::as_str).collect();
        for name in numeric.chain(categorical) {
            if hidden.iter().flatten().any(|h| h.as_str() == name) {
                return refuse(name, "is the label or family and cannot be a feature");
            }
            if ignored.contains(name) {
                return refuse(name, "is a feature and is ignored");
            }
        }
        if let Some(name) = self.accepted.iter().find(|name| !self.is_feature(name)) {
            return refuse(name, "is accepted, but is no feature: list it under `numeric` or `categorical` too");
        }
        if self.numeric.is_empty() && self.categorical.is_empty() {
            return Err(SchemaError::NoFeatures { schema: self.name.clone() });
        }
        if self.order == Order::EndTime && self.time.is_none() {
            return Err(SchemaError::NoTime { schema: self.name.clone() });
        }
        self.check_time()
    }

    /// Refuses what a draft left open about times, and keys that say nothing together.
    fn check_time(&self) -> Result<(), SchemaError> {
        let open =
            |key: &str, answer: String| Err(SchemaError::Open { schema: self.name.clone(), key: key.into(), answer });
        const UNITS: &str = "seconds, milliseconds, microseconds or nanoseconds";
        if let Some(column) = self.duration.as_ref().filter(|_| self.time.is_some())
            && matches!(self.duration_unit, TimeUnit::Unknown | TimeUnit::ExcelDays)
        {
            return open("duration_unit", format!("say whether `{column}` counts {UNITS}"));
        }
        let Some(time) = &self.time else { return Ok(()) };
        if time.unit == TimeUnit::Unknown {
            return open("time.unit", format!("say whether `{}` counts {UNITS}", time.column));
        }
        let format = time.format.as_deref().unwrap_or_default();
        if format.contains("%?") {
            return open("time.format", "put %d where the day stands and %m where the month does".into());
        }
        let clock =
            time.twelve_hour_from.filter(|from| *from > 12 || !(format.contains("%H") || format.contains("%I")));
        if clock.is_some() {
            let answer = "give an hour from 0 to 12, beside a `time.format` with %H";
            return open("time.twelve_hour_from", answer.into());
        }
        Ok(())
    }
}

impl TimeUnit {
    /// Its name as schemas spell it.
    pub fn name(self) -> &'static str {
        match self {
            TimeUnit::Seconds => "seconds",
            TimeUnit::Milliseconds => "milliseconds",
            TimeUnit::Microseconds => "microseconds",
            TimeUnit::Nanoseconds => "nanoseconds",
            TimeUnit::ExcelDays => "excel_days",
            TimeUnit::Unknown => "unknown",
        }
    }
}

/// A schema that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// One column in two roles that exclude each other.
    #[error("schema {schema}: column `{column}` {why}")]
    #[allow(missing_docs)]
    Contradiction { schema: String, column: String, why: String },
    /// Nothing to learn from.
    #[error("schema {schema} names no feature: list columns under `numeric` or `categorical`")]
    #[allow(missing_docs)]
    NoFeatures { schema: String },
    /// Arrival order cannot be computed.
    #[error("schema {schema}: `order: end_time` needs a `time` column")]
    #[allow(missing_docs)]
    NoTime { schema: String },
    /// Something about times is left open or says nothing.
    #[error("schema {schema}: `{key}` is not settled: {answer}")]
    #[allow(missing_docs)]
    Open { schema: String, key: String, answer: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Schema {
        Schema {
            name: "t".to_owned(),
            description: String::new(),
            header: Vec::new(),
            optional: ["time", "src", "packets", "family"].map(str::to_owned).to_vec(),
            delimiter: None,
            aliases: BTreeMap::new(),
            label: None,
            family: Some(FamilyRole { column: "family".to_owned() }),
            capture: None,
            time: Some(TimeRole { column: "time".to_owned(), ..TimeRole::default() }),
            duration: None,
            duration_unit: TimeUnit::Seconds,
            entity: EntityRole { src: Some("src".to_owned()), dst: None },
            order: Order::EndTime,
            categorical: Vec::new(),
            numeric: vec![NumericColumn::plain("bytes"), NumericColumn::plain("packets")],
            ignored: Vec::new(),
            accepted: Vec::new(),
        }
    }

    #[test]
    fn absent_optional_columns_leave_the_schema_and_take_the_order_along() {
        let all = schema().resolved(|_| true);
        assert_eq!((all.order, all.numeric.len()), (Order::EndTime, 2));
        assert_eq!(all.optional, ["family"], "what was found is needed from now on");
        let few = schema().resolved(|name| name == "bytes" || name == "src");
        assert_eq!((few.order, few.numeric.len(), few.time.is_none()), (Order::None, 1, true));
        assert_eq!(few.resolved(|name| name == "bytes" || name == "src"), few);
    }

    #[test]
    fn what_a_draft_leaves_open_about_times_is_refused_with_the_answer() {
        let refusal = |change: fn(&mut Schema)| {
            let mut schema = schema();
            change(&mut schema);
            schema.check().unwrap_err().to_string()
        };
        fn time(schema: &mut Schema) -> &mut TimeRole {
            schema.time.as_mut().unwrap()
        }
        let message = refusal(|s| (s.duration, s.duration_unit) = (Some("dur".into()), TimeUnit::Unknown));
        assert!(message.contains("`duration_unit`") && message.contains("`dur` counts seconds, "), "{message}");
        assert!(refusal(|s| time(s).format = Some("%?/%?/%Y".into())).contains("%d where the day stands"));
        assert!(refusal(|s| time(s).twelve_hour_from = Some(7)).contains("`time.format` with %H"));
        let mut whole = schema();
        (time(&mut whole).format, time(&mut whole).twelve_hour_from) = (Some("%H".into()), Some(7));
        whole.check().unwrap();
    }
}
