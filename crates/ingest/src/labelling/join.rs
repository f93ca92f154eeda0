//! Finds the label of each row of a block in a second file.

use std::sync::Arc;

use nta_data::Schema;
use serde::{Deserialize, Serialize};

use crate::assemble::labels::LabelRule;
use crate::block::Block;
use crate::error::IngestError;
use crate::labelling::by_windows::refuse_blind;
use crate::labelling::given::{GivenLabels, Kind};
use crate::labelling::index::Found;
use crate::labelling::keys::{KeyColumns, KeyKind, times};
use crate::labelling::table::TableLabels;
use crate::schema::layout::Layout;
use crate::values::time::TimeReader;

/// How the rows of one file find their labels.
#[derive(Debug, Clone)]
pub(crate) struct Join {
    given: Arc<GivenLabels>,
    pub(super) keys: KeyColumns,
    how: How,
    time: Option<TimeReader>,
    /// The labels as the schema spells them: a table's by code, the windows' in their order, and the default behind.
    pub(super) spelled: Vec<String>,
}

#[derive(Debug, Clone)]
enum How {
    Table(KeyKind, Arc<TableLabels>),
    Windows,
}

/// What came of looking for labels in a second file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The file of labels.
    pub file: String,
    /// Columns of the traffic that its rows were known by.
    pub by: Vec<String>,
    /// Rows that got a label.
    pub labelled: u64,
    /// Those of them that lie in no window and got the default.
    pub by_default: u64,
    /// Rows that no label was found for.
    pub unmatched: u64,
    /// Rows for which labels were found that differ.
    pub ambiguous: u64,
    /// Each window, with its rows.
    pub windows: Vec<WindowRows>,
}

/// Rows of one window of time and hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowRows {
    /// Where the window stands in its file.
    pub line: u64,
    /// Its label.
    pub label: String,
    /// Rows that lie in it.
    pub rows: u64,
}

impl Joined {
    /// Adds the counts of further rows.
    pub fn add(&mut self, more: &Joined) {
        if self.by.is_empty() {
            *self = more.clone();
            return;
        }
        self.labelled += more.labelled;
        self.by_default += more.by_default;
        self.unmatched += more.unmatched;
        self.ambiguous += more.ambiguous;
        self.windows.iter_mut().zip(&more.windows).for_each(|(to, from)| to.rows += from.rows);
    }
}

impl Join {
    /// Settles by which columns of `file` its rows are known; a table is read here.
    pub(crate) fn new(
        given: &Arc<GivenLabels>,
        schema: &Schema,
        layout: &Layout,
        columns: &[String],
        file: &str,
        rule: &LabelRule,
    ) -> Result<Join, IngestError> {
        let keys = KeyColumns::of(schema, layout, columns);
        let (how, labels) = match &given.kind {
            Kind::Table(table) => {
                let none = || IngestError::NoSharedKey {
                    file: file.to_owned(),
                    found: keys.shown(),
                    labels: given.digest().name.clone(),
                    has: table.keys.shown(),
                };
                let kind = keys.shared(&table.keys).ok_or_else(none)?;
                let labels = table.labels(kind)?;
                let texts = labels.texts.clone();
                (How::Table(kind, labels), texts)
            }
            Kind::Windows(windows) => {
                refuse_blind(windows, &keys, file)?;
                let labels = windows.windows.iter().map(|w| w.label.clone()).chain(windows.default.clone());
                (How::Windows, labels.collect())
            }
        };
        let spelled = labels.iter().map(|label| rule.spelled(label)).collect();
        Ok(Join { given: Arc::clone(given), keys, how, time: schema.time.as_ref().map(TimeReader::new), spelled })
    }

    /// The file's columns that are read to find labels.
    pub(crate) fn columns(&self) -> Vec<&String> {
        match (&self.how, &self.given.kind) {
            (How::Table(kind, _), _) => self.keys.read(*kind),
            (How::Windows, Kind::Windows(windows)) => {
                let hosts = self.keys.src.iter().chain(&self.keys.dst).filter(|_| windows.asks_hosts());
                let ports = self.keys.ports.iter().filter(|_| windows.asks_ports()).flat_map(|(a, b)| [a, b]);
                self.keys.time.iter().chain(hosts).chain(ports).collect()
            }
            (How::Windows, Kind::Table(_)) => Vec::new(),
        }
    }

    /// The name of the file of labels.
    pub(crate) fn name(&self) -> &str {
        &self.given.digest().name
    }

    /// The label of each row of `block`, empty where there is none; what was found is added to `counts`.
    pub(crate) fn labels(&self, file: &str, block: &Block, counts: &mut Joined) -> Result<Vec<&str>, IngestError> {
        if counts.by.is_empty() {
            counts.file = self.name().to_owned();
            counts.by = self.columns().into_iter().cloned().collect();
        }
        match (&self.how, &self.given.kind) {
            (How::Table(kind, labels), _) => self.from_table(*kind, labels, file, block, counts),
            (How::Windows, Kind::Windows(windows)) => self.from_windows(windows, file, block, counts),
            (How::Windows, Kind::Table(_)) => Err(IngestError::internal(file, "windows in a table")),
        }
    }

    fn from_table(
        &self,
        kind: KeyKind,
        labels: &TableLabels,
        file: &str,
        block: &Block,
        counts: &mut Joined,
    ) -> Result<Vec<&str>, IngestError> {
        let keys = self.keys.hashes(kind, &block.frame, file)?;
        let times = if kind == KeyKind::Uid { vec![0; keys.len()] } else { self.times(file, block)? };
        let look = |(key, time): (Option<u64>, i64)| match key {
            Some(key) => labels.index.find(key, time, self.given.tolerance),
            None => Found::Nothing,
        };
        let found = keys.into_iter().zip(times).map(look).map(|found| match found {
            Found::Label(code) => {
                counts.labelled += 1;
                self.spelled[code as usize].as_str()
            }
            Found::Ambiguous => {
                counts.ambiguous += 1;
                ""
            }
            Found::Nothing => {
                counts.unmatched += 1;
                ""
            }
        });
        Ok(found.collect())
    }

    /// When each row's flow began, microseconds since 1970.
    pub(super) fn times(&self, file: &str, block: &Block) -> Result<Vec<i64>, IngestError> {
        let (Some(reader), Some(column)) = (&self.time, &self.keys.time) else {
            return Err(IngestError::internal(file, "labels by time, and no time"));
        };
        times(block, column, reader, file)
    }
}
