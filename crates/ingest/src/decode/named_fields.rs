//! Decodes lines that name their own fields, whatever their syntax, into fields in a fixed order.

use std::borrow::Cow;
use std::collections::HashMap;

use nta_data::Schema;

use crate::decode::decoder::{Decoded, LineDecoder};
use crate::error::{IngestError, Position};
use crate::framing::framer::Framer;
use crate::framing::quoting;
use crate::limits::refuse_wide;
use crate::schema::layout;

/// Lines of a file that are looked at to find its fields.
const LOOK_LINES: usize = 1_000;

/// A field's name and its value; `None` where it is unset.
pub(crate) type NamedField<'l> = (Cow<'l, str>, Option<Cow<'l, str>>);

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
    syntax: Syntax,
    names: Vec<String>,
    place_of: HashMap<String, usize>,
}

impl NamedFields {
    /// Looks at the first lines, and takes none. The fields are `always`, which a line may leave out, then others in
    /// order of appearance.
    pub(crate) fn open(
        framer: &mut Framer,
        syntax: Syntax,
        always: &[&str],
        schema: &Schema,
        from: FieldsFrom,
    ) -> Result<Self, IngestError> {
        let mut fields = NamedFields { syntax, names: Vec::new(), place_of: HashMap::new() };
        always.iter().for_each(|name| fields.add(name));
        let most = if from == FieldsFrom::FirstLines { LOOK_LINES } else { 1 };
        fields.add_those_ahead(framer, most)?;
        if from == FieldsFrom::FirstLineAndSchema {
            layout::spellings(schema).into_iter().for_each(|spellings| fields.add_column(spellings));
        }
        Ok(fields)
    }

    fn add_those_ahead(&mut self, framer: &mut Framer, most: usize) -> Result<(), IngestError> {
        let file = framer.file().to_owned();
        let mut is_first = true;
        framer.look_ahead(most, |record| {
            match (self.syntax)(&quoting::text(record.bytes)) {
                Ok(found) => {
                    found.iter().for_each(|(name, _)| self.add(name));
                    refuse_wide(self.names.len(), &file)?;
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
        Ok(())
    }

    fn add(&mut self, name: &str) {
        if !self.place_of.contains_key(name) {
            self.place_of.insert(name.to_owned(), self.names.len());
            self.names.push(name.to_owned());
        }
    }

    /// Makes room for a column of the schema, under any of its names, unless one of them is there.
    fn add_column(&mut self, spellings: Vec<String>) {
        if spellings.iter().all(|s| !self.place_of.contains_key(s)) {
            self.names.extend(spellings.first().cloned());
            self.place_of.extend(spellings.into_iter().map(|s| (s, self.names.len() - 1)));
        }
    }
}

impl LineDecoder for NamedFields {
    fn columns(&self) -> &[String] {
        &self.names
    }

    fn decode<'l>(&mut self, line: &'l str, fields: &mut Vec<Option<Cow<'l, str>>>) -> Result<Decoded, String> {
        let found = (self.syntax)(line)?;
        if found.is_empty() {
            return Ok(Decoded::NoRow);
        }
        fields.resize(self.names.len(), None);
        for (name, value) in found {
            if let Some(place) = self.place_of.get(&*name) {
                fields[*place] = value;
            }
        }
        Ok(Decoded::Row)
    }
}
