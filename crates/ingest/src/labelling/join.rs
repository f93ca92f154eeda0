//! Finds the label of each row of a block in a second file.

use std::sync::Arc;

use nta_data::Schema;
use serde::{Deserialize, Serialize};

use crate::assemble::labels::LabelRule;
use crate::block::Block;
use crate::error::IngestError;
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
    /// The labels as the schema spells them, and the attack's kind where that is told apart: a table's by code, the windows'
    /// in their order, and the default behind.
    pub(super) told: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
enum How {
    Table(KeyKind, Arc<TableLabels>),
    Windows,
}

/// What is told of a row; empty where nothing is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Told<'j> {
    pub(crate) label: &'j str,
    /// The attack's kind, where that is told apart from the label.
    pub(crate) family: &'j str,
}

/// What came of looking for labels in a second file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The file of labels.
    pub file: String,
    /// Columns of the traffic that its rows were known by.
    pub by: Vec<String>,
    /// How far a flow's start and its label's time might be apart, microseconds, where time was compared.
    pub tolerance_micros: Option<i64>,
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
                let told = labels.told.clone();
                (How::Table(kind, labels), told)
            }
            Kind::Windows(windows) => {
                windows.refuse_blind(&keys, file)?;
                let labels = windows.windows.iter().map(|w| w.label.clone()).chain(windows.default.clone());
                (How::Windows, labels.map(|label| (label, String::new())).collect())
            }
        };
        let told = labels.into_iter().map(|(label, family)| (rule.spelled(&label), family)).collect();
        Ok(Join { given: Arc::clone(given), keys, how, time: schema.time.as_ref().map(TimeReader::new), told })
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

    /// What is told of each row of `block`; what was found is added to `counts`.
    pub(crate) fn labels(&self, file: &str, block: &Block, counts: &mut Joined) -> Result<Vec<Told<'_>>, IngestError> {
        if counts.by.is_empty() {
            let by_time = !matches!(self.how, How::Table(KeyKind::Uid, _) | How::Windows);
            counts.tolerance_micros = by_time.then_some(self.given.tolerance);
            counts.file = self.name().to_owned();
            counts.by = self.columns().into_iter().cloned().collect();
        }
        match (&self.how, &self.given.kind) {
            (How::Table(kind, labels), _) => self.by_table(*kind, labels, file, block, counts),
            (How::Windows, Kind::Windows(windows)) => self.by_windows(windows, file, block, counts),
            (How::Windows, Kind::Table(_)) => Err(IngestError::internal(file, "windows in a table")),
        }
    }

    fn by_table(
        &self,
        kind: KeyKind,
        labels: &TableLabels,
        file: &str,
        block: &Block,
        counts: &mut Joined,
    ) -> Result<Vec<Told<'_>>, IngestError> {
        let keys = self.keys.hashes(kind, &block.frame, file)?;
        let times = if kind == KeyKind::Uid { vec![0; keys.len()] } else { self.times(file, block)? };
        let look = |(key, time): (Option<u64>, i64)| match key {
            Some(key) => labels.index.find(key, time, self.given.tolerance),
            None => Found::Nothing,
        };
        let found = keys.into_iter().zip(times).map(look).map(|found| match found {
            Found::Label(code) => {
                counts.labelled += 1;
                self.told(code as usize)
            }
            Found::Ambiguous => {
                counts.ambiguous += 1;
                Told::default()
            }
            Found::Nothing => {
                counts.unmatched += 1;
                Told::default()
            }
        });
        Ok(found.collect())
    }

    pub(super) fn told(&self, at: usize) -> Told<'_> {
        let (label, family) = &self.told[at];
        Told { label, family }
    }

    /// When each row's flow began, microseconds since 1970.
    pub(super) fn times(&self, file: &str, block: &Block) -> Result<Vec<i64>, IngestError> {
        let (Some(reader), Some(column)) = (&self.time, &self.keys.time) else {
            return Err(IngestError::internal(file, "labels by time, and no time"));
        };
        times(block, column, reader, file)
    }
}
