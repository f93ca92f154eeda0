//! A table of labels, of any format that traffic has.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use nta_data::{Contact, Schema};

use crate::assemble::columns::Interner;
use crate::assemble::label_words::says_no_label;
use crate::block::{Block, BlockLimit, Places};
use crate::draft::sample::Sample;
use crate::draft::{labels, time::start};
use crate::error::{IngestError, Position};
use crate::format;
use crate::input::file::{Input, OpenInput};
use crate::input::tap::Hashing;
use crate::labelling::index::{Entry, Index, MOST_ROWS};
use crate::labelling::keys::{KeyColumns, KeyKind, texts, times};
use crate::limits::MOST_LABELS;
use crate::rejects::reject::BadRows;
use crate::schema::any::any_columns;
use crate::schema::layout::Layout;
use crate::values::time::TimeReader;

/// Rows looked at to see what the columns are.
const LOOK: BlockLimit = BlockLimit { rows: 20_000, bytes: 64 << 20, deadline: None };
const STEP: BlockLimit = BlockLimit { rows: 1 << 16, bytes: 16 << 20, deadline: None };

/// Stands between a label and its family while they are counted as one.
const APART: char = '\u{1f}';

/// A table whose columns are known and whose rows are read when it is known by what they are found.
#[derive(Debug)]
pub(crate) struct LabelTable {
    input: OpenInput,
    as_text: Schema,
    label: String,
    /// The column of the attack's kind, beside a label that says only whether it was one.
    family: Option<String>,
    pub(crate) keys: KeyColumns,
    time: Option<TimeReader>,
    read: Mutex<Option<(KeyKind, Arc<TableLabels>)>>,
}

/// The labels of a table by one kind of key.
#[derive(Debug)]
pub(crate) struct TableLabels {
    pub(crate) index: Index,
    /// Label and family by code; where there is no family it is empty.
    pub(crate) told: Vec<(String, String)>,
}

impl LabelTable {
    /// Looks at the first rows: which columns hold the label, the key and the time, by the schema's names, else by usual
    /// ones.
    pub(crate) fn open(path: &Path, schema: &Schema, contact: &Contact) -> Result<LabelTable, IngestError> {
        let input = Input::new(path, true).open(contact)?;
        let as_text =
            Schema { name: "labels".to_owned(), delimiter: format::sniff_delimiter(&input)?, ..any_columns() };
        let mut reader = format::open(&input, &as_text, BadRows::Refuse, Hashing::No)?.reader;
        let columns = reader.columns().to_vec();
        let block = reader.next_block(LOOK)?.ok_or_else(|| IngestError::HeaderOnly { file: input.name.clone() })?;
        let samples: Vec<Sample> = columns.iter().map(|name| Sample::of(&block.frame, name, false)).collect();
        let layout = Layout::new(schema, &columns);
        let guess = labels::label(&samples);
        let family = schema.family.as_ref().and_then(|f| layout.column(&f.column)).map(str::to_owned);
        let family = family.or_else(|| labels::family(&samples, guess.as_ref()));
        let own = schema.label.as_ref().and_then(|l| layout.column(&l.column)).map(str::to_owned);
        let label = own.or(guess.map(|guess| guess.column));
        let none = || IngestError::NoLabelInTable { file: input.name.clone(), found: columns.clone() };
        let label = label.ok_or_else(none)?;
        let family = family.filter(|family| *family != label);
        let mut keys = KeyColumns::of(schema, &layout, &columns);
        let time = time_of(schema, keys.time.take(), &samples);
        let (column, time) = time.unzip();
        keys.time = column;
        Ok(LabelTable { label, family, keys, time, as_text, input, read: Mutex::new(None) })
    }

    pub(crate) fn input(&self) -> &OpenInput {
        &self.input
    }

    /// Its labels by this kind of key. Read once.
    pub(crate) fn labels(&self, kind: KeyKind) -> Result<Arc<TableLabels>, IngestError> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        match &*read {
            Some((of, labels)) if *of == kind => Ok(Arc::clone(labels)),
            _ => {
                let labels = Arc::new(self.read(kind)?);
                *read = Some((kind, Arc::clone(&labels)));
                Ok(labels)
            }
        }
    }

    fn read(&self, kind: KeyKind) -> Result<TableLabels, IngestError> {
        let file = &self.input.name;
        let mut reader = format::open(&self.input, &self.as_text, BadRows::Refuse, Hashing::No)?.reader;
        let (mut entries, mut interner, mut has_lines) = (Vec::new(), Interner::default(), true);
        while let Some(block) = reader.next_block(STEP)? {
            if self.input.contact.cancelled() {
                return Err(IngestError::Cancelled);
            }
            has_lines = matches!(block.places, Places::Lines(_));
            let times = if kind == KeyKind::Uid { None } else { Some(self.times(&block)?) };
            let keys = self.keys.hashes(kind, &block.frame, file)?;
            let labels = texts(&block.frame, &self.label, file)?;
            let families = self.family.as_ref().map(|family| texts(&block.frame, family, file)).transpose()?;
            for (row, (key, label)) in keys.into_iter().zip(&labels).enumerate() {
                let Some(key) = key.filter(|_| !says_no_label(label)) else { continue };
                let family = families.as_ref().map(|f| f[row].as_str()).filter(|f| !says_no_label(f));
                let told = format!("{label}{APART}{}", family.unwrap_or_default());
                let time = times.as_ref().map_or(0, |times| times[row]);
                let (Position::Line(place) | Position::Row(place)) = block.position(row);
                entries.push(Entry { key, time, label: interner.code(&told), place });
            }
            if interner.values.len() > MOST_LABELS {
                let examples = interner.values[..3].join(", ").replace(APART, " ");
                let (file, column) = (file.clone(), self.label.clone());
                return Err(IngestError::NoLabelColumn { file, column, limit: MOST_LABELS, examples });
            }
            if entries.len() > MOST_ROWS {
                return Err(IngestError::TooManyRows { file: file.clone(), limit: MOST_ROWS as u64 });
            }
        }
        let position = if has_lines { Position::Line } else { Position::Row };
        let told = interner.values.iter().filter_map(|t| t.split_once(APART));
        let told: Vec<(String, String)> = told.map(|(l, f)| (l.trim().to_owned(), f.trim().to_owned())).collect();
        let index = Index::new(entries, file, &told, position)?;
        Ok(TableLabels { index, told })
    }

    /// When each row's flow began, microseconds since 1970.
    fn times(&self, block: &Block) -> Result<Vec<i64>, IngestError> {
        match (&self.time, &self.keys.time) {
            (Some(reader), Some(column)) => times(block, column, reader, &self.input.name),
            _ => Err(IngestError::internal(&self.input.name, "a key with a time, and no time")),
        }
    }
}

/// The time column and how it reads: as the schema says where it names it, else as its cells look.
fn time_of(schema: &Schema, named: Option<String>, samples: &[Sample]) -> Option<(String, TimeReader)> {
    if let (Some(column), Some(role)) = (named, &schema.time) {
        let reader = TimeReader::new(role);
        let texts = samples.iter().find(|s| s.name == column).map(|s| &s.texts);
        if texts.is_some_and(|texts| texts.iter().all(|t| reader.text(t).is_some())) {
            return Some((column, reader));
        }
    }
    start(samples).map(|time| (time.column.clone(), time.reader()))
}
