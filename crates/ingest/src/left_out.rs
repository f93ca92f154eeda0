//! Lines of a file that hold no flow, by kind: every line is read, set aside, refused by name, or counted here.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// Why a line or row holds no flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoFlow {
    /// It repeats the header.
    RepeatedHeader,
    /// Nothing stands in it but separators and words for nothing.
    Empty,
    /// A comment, or what a spreadsheet writes for itself.
    Comment,
    /// A record of another log in the same file.
    OtherLog,
    /// What an exporter says of itself and of its flows.
    Options,
    /// Records whose template never came.
    NoTemplate,
    /// A record without both of a flow's hosts.
    NoHosts,
}

/// How many lines or rows of a source hold no flow, and so are neither rows read nor rows set aside. Blank lines are not
/// counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeftOut {
    /// Lines equal to the header.
    pub repeated_headers: u64,
    /// Rows without any value.
    pub empty_rows: u64,
    /// Comments (`# …`) and a spreadsheet's `sep=;`.
    pub comments: u64,
    /// Records of other logs in the same file, by their `_path` or `event_type`.
    pub other_logs: u64,
    /// NetFlow's options: sets in which an exporter tells of itself.
    pub options: u64,
    /// NetFlow's sets of records whose template never came.
    pub without_template: u64,
    /// NetFlow's records that name no two hosts.
    pub without_hosts: u64,
    /// Packets that are not IP.
    pub packets_without_ip: u64,
    /// Packets that are too short, damaged, of a link layer that is not read, or fragments whose first never came.
    pub undecoded_packets: u64,
    /// Bytes behind the place where a capture is cut short or damaged.
    pub bytes_cut_off: u64,
}

impl LeftOut {
    pub(crate) fn add(&mut self, kind: NoFlow) {
        *match kind {
            NoFlow::RepeatedHeader => &mut self.repeated_headers,
            NoFlow::Empty => &mut self.empty_rows,
            NoFlow::Comment => &mut self.comments,
            NoFlow::OtherLog => &mut self.other_logs,
            NoFlow::Options => &mut self.options,
            NoFlow::NoTemplate => &mut self.without_template,
            NoFlow::NoHosts => &mut self.without_hosts,
        } += 1;
    }

    /// Each kind of which there are any, how many, and what they are: `lines equal to the header`.
    pub fn kinds(&self) -> impl Iterator<Item = (u64, &'static str)> {
        [
            (self.repeated_headers, "line equal to the header", "lines equal to the header"),
            (self.empty_rows, "row without any value", "rows without any value"),
            (self.comments, "comment line", "comment lines"),
            (self.other_logs, "record of another log or event", "records of other logs or events"),
            (self.options, "set of an exporter's options", "sets of an exporter's options"),
            (self.without_template, "set without its template", "sets without their templates"),
            (self.without_hosts, "record without two hosts", "records without two hosts"),
            (self.packets_without_ip, "packet that is not IP", "packets that are not IP"),
            (self.undecoded_packets, "packet that could not be decoded", "packets that could not be decoded"),
            (
                self.bytes_cut_off,
                "byte unread where the capture breaks off",
                "bytes unread where the capture breaks off",
            ),
        ]
        .into_iter()
        .filter(|(n, ..)| *n > 0)
        .map(|(n, one, many)| (n, if n == 1 { one } else { many }))
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.kinds().map(|(n, _)| n).sum()
    }
}

impl AddAssign for LeftOut {
    fn add_assign(&mut self, more: LeftOut) {
        self.repeated_headers += more.repeated_headers;
        self.empty_rows += more.empty_rows;
        self.comments += more.comments;
        self.other_logs += more.other_logs;
        self.options += more.options;
        self.without_template += more.without_template;
        self.without_hosts += more.without_hosts;
        self.packets_without_ip += more.packets_without_ip;
        self.undecoded_packets += more.undecoded_packets;
        self.bytes_cut_off += more.bytes_cut_off;
    }
}
