//! Guesses what a column is from its name and its first values.

use nta_leakage::{holds_address, is_address};

use crate::draft::numbers::numbers;
use crate::draft::sample::Sample;
use crate::draft::text::in_comment;
use crate::draft::time::Times;

/// What a column that has no role of its own could be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    Number,
    Hexadecimal,
    Category {
        n_distinct: usize,
    },
    Address,
    Identifier,
    Empty,
    Time,
    /// A part of a time that stands in several columns.
    TimePart,
    /// Looks like a time, in no known format.
    OddTime,
    /// The same cells as another column's.
    Copy {
        of: String,
    },
    /// Somebody said that it is no feature.
    LeftOut,
    /// Numbers whose fractions a spreadsheet lost.
    Spoiled {
        example: String,
    },
}

const SOURCES: [&str; 16] = [
    "src",
    "src_ip",
    "srcip",
    "source ip",
    "source_ip",
    "src ip",
    "src_addr",
    "srcaddr",
    "saddr",
    "source",
    "id.orig_h",
    "ipv4_src_addr",
    "src ip addr",
    "sa",
    "src_host",
    "client",
];
const TARGETS: [&str; 16] = [
    "dst",
    "dst_ip",
    "dstip",
    "destination ip",
    "destination_ip",
    "dst ip",
    "dst_addr",
    "dstaddr",
    "daddr",
    "destination",
    "id.resp_h",
    "ipv4_dst_addr",
    "dst ip addr",
    "da",
    "dst_host",
    "server",
];

/// The column of the first name in `names` that `fits`.
fn named<'s>(samples: &'s [Sample], names: &[&str], fits: impl Fn(&Sample) -> bool) -> Option<&'s Sample> {
    names.iter().find_map(|name| samples.iter().find(|s| s.name.to_lowercase() == **name && fits(s)))
}

/// Source and destination: by name, and their values must not be numbers.
pub(crate) fn hosts(samples: &[Sample]) -> (Option<String>, Option<String>) {
    let is_host = |s: &Sample| !s.texts.is_empty() && !is_number(s);
    let find = |names: &[&str]| named(samples, names, is_host).map(|s| s.name.clone());
    (find(&SOURCES), find(&TARGETS))
}

/// What a column without a role of its own could be. A column that is the duration is a number and nothing else.
pub(crate) fn kind(sample: &Sample, times: &Times) -> ColumnKind {
    if sample.texts.is_empty() {
        return ColumnKind::Empty;
    }
    if times.duration.as_ref().is_some_and(|d| d.column == sample.name) {
        return ColumnKind::Number;
    }
    if sample.is_time || times.clocks.contains(&sample.name) {
        return ColumnKind::Time;
    }
    if times.parts.contains(&sample.name) {
        return ColumnKind::TimePart;
    }
    if times.unknown.iter().any(|(name, _)| *name == sample.name) {
        return ColumnKind::OddTime;
    }
    let n = sample.texts.len();
    let n_addresses = sample.texts.iter().filter(|t| is_address(t) || holds_address(t)).count();
    if n_addresses * 2 > n {
        return ColumnKind::Address;
    }
    let (n_distinct, name) = (sample.distinct.len(), sample.name.to_lowercase());
    let all_differ = n_distinct == n && n > 20;
    let may_be_id = name.ends_with("_id") || name.ends_with(" id") || name.starts_with("unnamed");
    if is_identifier(&name) || (all_differ && may_be_id) {
        return ColumnKind::Identifier;
    }
    match numbers(sample) {
        Some(found) if found.is_spoiled => {
            return ColumnKind::Spoiled { example: found.example.map(|(text, _)| text).unwrap_or_default() };
        }
        Some(found) if found.hex => return ColumnKind::Hexadecimal,
        Some(_) => return ColumnKind::Number,
        None => {}
    }
    if n_distinct * 2 > n && n_distinct > 50 {
        return ColumnKind::Identifier;
    }
    ColumnKind::Category { n_distinct }
}

/// Names of what is dealt out to rows, flows or connections, however few values there are.
fn is_identifier(name: &str) -> bool {
    const NAMES: [&str; 14] = [
        "id",
        "uid",
        "uuid",
        "guid",
        "index",
        "flowid",
        "sessionid",
        "connectionid",
        "connid",
        "recordid",
        "rowid",
        "pkseqid",
        "communityid",
        "rownumber",
    ];
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    NAMES.contains(&plain.as_str())
}

fn is_number(sample: &Sample) -> bool {
    numbers(sample).is_some_and(|found| !found.hex && !found.is_spoiled)
}

impl ColumnKind {
    pub(crate) fn is_number(&self) -> bool {
        matches!(self, ColumnKind::Number | ColumnKind::Hexadecimal)
    }

    pub(crate) fn is_category(&self) -> bool {
        matches!(self, ColumnKind::Category { .. })
    }

    /// A YAML comment, or nothing.
    pub(crate) fn remark(&self) -> String {
        match self {
            ColumnKind::Number | ColumnKind::Hexadecimal => String::new(),
            ColumnKind::Category { n_distinct } => format!("  # {n_distinct} values"),
            ColumnKind::Address => "  # addresses".to_owned(),
            ColumnKind::Identifier => "  # an identifier".to_owned(),
            ColumnKind::Empty => "  # no values in the rows looked at".to_owned(),
            ColumnKind::Time => "  # an absolute time".to_owned(),
            ColumnKind::TimePart => "  # a part of an absolute time".to_owned(),
            ColumnKind::OddTime => "  # looks like a time, in no known format".to_owned(),
            ColumnKind::LeftOut => "  # left out, as asked".to_owned(),
            ColumnKind::Copy { of } => format!("  # the same as `{}`", in_comment(of)),
            ColumnKind::Spoiled { example } => format!(
                "  # numbers such as `{}`: a spreadsheet seems to have lost the decimal point, so export them again",
                in_comment(example)
            ),
        }
    }
}
