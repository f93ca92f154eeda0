//! Decodes lines that name their own fields, whatever their syntax, into fields in a fixed order.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use nta_data::Schema;

use crate::decode::decoder::{Decoded, LineDecoder};
use crate::error::{IngestError, Position};
use crate::framing::framer::Framer;
use crate::framing::quoting;
use crate::left_out::NoFlow;
use crate::limits::refuse_wide;
use crate::schema::layout;

/// Lines of a file that are looked at to find its fields.
const LOOK_LINES: usize = 1_000;

/// A field's name and its value; `None` where it is unset.
pub(crate) type NamedField<'l> = (Cow<'l, str>, Option<Cow<'l, str>>);

/// How lines of one syntax look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialect {
    /// What a line holds.
    pub(crate) syntax: Syntax,
    /// Fields that a line may leave out.
    pub(crate) always: &'static [&'static str],
    /// The field in which a line names its log, where several stand in one file.
    pub(crate) log_field: &'static str,
    /// The log of connections.
    pub(crate) connections: &'static str,
    /// Whether no other log than that of connections is ever read.
    pub(crate) connections_alone: bool,
}

/// Fields that logs of other kinds have too.
const SHARED: [&str; 9] =
    ["ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "service", "tunnel_parents"];

/// What a syntax makes of a line: its fields in the order written, none where the line is blank. The error says what is
/// wrong with the line.
pub(crate) type Syntax = for<'l> fn(&'l str) -> Result<Vec<NamedField<'l>>, String>;

/// Which lines tell the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldsFrom {
    /// The first thousand of a file.
    FirstLines,
    /// The first of a stream, which must not be kept waiting, and the schema: what neither names is passed over.
    FirstLineAndSchema,
}

/// Decodes lines of one syntax.
pub(crate) struct NamedFields {
    dialect: Dialect,
    /// The log that is read, where the file holds several: what its lines' log field says.
    path: Option<String>,
    names: Vec<String>,
    place_of: HashMap<String, usize>,
    /// The names of the last line and their places, for the next line often has the same.
    last: Vec<(String, Option<usize>)>,
}

impl NamedFields {
    /// Looks at the first lines, and takes none. The fields are those that a line may leave out, then others in order of
    /// appearance.
    pub(crate) fn open(
        framer: &mut Framer,
        dialect: Dialect,
        schema: &Schema,
        from: FieldsFrom,
    ) -> Result<Self, IngestError> {
        let mut fields =
            NamedFields { dialect, path: None, names: Vec::new(), place_of: HashMap::new(), last: Vec::new() };
        let always = dialect.always;
        always.iter().for_each(|name| fields.add(name));
        // Log shippers that allow no points in a name write `id_orig_h`.
        for (place, name) in always.iter().enumerate().filter(|(_, name)| name.contains('.')) {
            fields.place_of.insert(name.replace('.', "_"), place);
        }
        let most = if from == FieldsFrom::FirstLines { LOOK_LINES } else { 1 };
        let records = fields.those_ahead(framer, most)?;
        fields.path = path_read(&records, dialect, schema);
        // To a draft, which knows no column, the log's name would look like a category.
        let is_draft = layout::known_names(schema).is_empty();
        for record in &records {
            if fields.is_of_the_log(record.path.as_deref()) {
                let offered = record.names.iter().filter(|name| !is_draft || *name != dialect.log_field);
                offered.for_each(|name| fields.add(name));
                refuse_wide(fields.names.len(), framer.file())?;
            }
        }
        if from == FieldsFrom::FirstLineAndSchema {
            layout::spellings(schema).into_iter().for_each(|spellings| fields.add_column(spellings));
        }
        Ok(fields)
    }

    /// The log and the fields of the records ahead.
    fn those_ahead(&self, framer: &mut Framer, most: usize) -> Result<Vec<Ahead>, IngestError> {
        let file = framer.file().to_owned();
        let mut records: Vec<Ahead> = Vec::new();
        let mut names: HashSet<String> = HashSet::new();
        let mut is_first = true;
        framer.look_ahead(most, |record| {
            match (self.dialect.syntax)(&quoting::text(record.bytes)) {
                Ok(found) => {
                    let path = self.path_of(&found).map(str::to_owned);
                    let mut fields: Vec<String> = found.iter().map(|(name, _)| name.to_string()).collect();
                    // Each name once a log is enough.
                    let log = path.as_deref().unwrap_or_default();
                    fields.retain(|name| names.insert(format!("{log} {name}")));
                    records.push(Ahead { path, names: fields });
                    refuse_wide(names.len(), &file)?;
                }
                Err(problem) if is_first => {
                    let at = Position::Line(record.line);
                    return Err(IngestError::BadLine { file: file.clone(), at, problem });
                }
                // Told, or set aside, when its turn comes.
                Err(_) => {}
            }
            is_first = false;
            Ok(())
        })?;
        Ok(records)
    }

    /// Whether a line that names the log `path` is of the one that is read.
    fn is_of_the_log(&self, path: Option<&str>) -> bool {
        self.path.is_none() || path.is_none() || path == self.path.as_deref()
    }

    fn path_of<'f>(&self, fields: &'f [NamedField<'_>]) -> Option<&'f str> {
        fields.iter().find(|(name, _)| name == self.dialect.log_field).and_then(|(_, value)| value.as_deref())
    }

    fn add(&mut self, name: &str) {
        if !self.place_of.contains_key(name) {
            self.place_of.insert(name.to_owned(), self.names.len());
            self.names.push(name.to_owned());
        }
    }

    /// The place of the name that stands at `nth` in a line.
    fn place_of_nth(&mut self, nth: usize, name: &str) -> Option<usize> {
        if let Some((last, place)) = self.last.get(nth)
            && last == name
        {
            return *place;
        }
        let place = self.place_of.get(name).copied();
        self.last.truncate(nth);
        self.last.push((name.to_owned(), place));
        place
    }

    /// Makes room for a column of the schema, under any of its names, unless one of them is there.
    fn add_column(&mut self, spellings: Vec<String>) {
        if spellings.iter().all(|s| !self.place_of.contains_key(s)) {
            self.names.extend(spellings.first().cloned());
            self.place_of.extend(spellings.into_iter().map(|s| (s, self.names.len() - 1)));
        }
    }
}

/// A record that was looked at: the log that it names, and its fields that no record of that log had before it.
struct Ahead {
    path: Option<String>,
    names: Vec<String>,
}

/// Which log is read of a file whose records name theirs: that of connections where the schema asks for its fields or
/// the records ahead hold some, else that of the first record. `None` where none names its log, or the schema reads the
/// name itself.
fn path_read(records: &[Ahead], dialect: Dialect, schema: &Schema) -> Option<String> {
    let Dialect { always, connections, .. } = dialect;
    if dialect.connections_alone {
        return Some(connections.to_owned());
    }
    if schema.role_columns().contains(&dialect.log_field) {
        return None;
    }
    let known = layout::known_names(schema);
    let mut paths = records.iter().filter_map(|record| record.path.as_deref());
    let first = paths.next()?;
    let of_connections = |name: &&str| always.contains(name) && !SHARED.contains(name);
    let is_conn = first == connections || paths.any(|path| path == connections) || known.iter().any(of_connections);
    Some(if is_conn { connections } else { first }.to_owned())
}

impl LineDecoder for NamedFields {
    fn columns(&self) -> &[String] {
        &self.names
    }

    fn decode<'l>(&mut self, line: &'l str, fields: &mut Vec<Option<Cow<'l, str>>>) -> Result<Decoded, String> {
        let found = (self.dialect.syntax)(line)?;
        if found.is_empty() {
            return Ok(Decoded::NoRow);
        }
        if self.path.is_some() && !self.is_of_the_log(self.path_of(&found)) {
            return Ok(Decoded::LeftOut(NoFlow::OtherLog));
        }
        fields.resize(self.names.len(), None);
        for (nth, (name, value)) in found.into_iter().enumerate() {
            if let Some(place) = self.place_of_nth(nth, &name) {
                fields[place] = value;
            }
        }
        Ok(Decoded::Row)
    }
}
