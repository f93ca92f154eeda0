//! Templates: which elements a set's records hold, in which order and how long.

use crate::input::netflow::elements::{REVERSE, REVERSE_ENTERPRISE, UNREAD};
use crate::input::netflow::{number, u16_at};

/// The length that says that each value carries its own.
const VARIABLE: u16 = u16::MAX;

/// Most fields of a template: those of a datagram's length have fewer, those of a set's length could have 16,000.
const MOST_FIELDS: usize = 2_048;

/// One field of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    /// The element, with [`REVERSE`] where it speaks of the way back.
    pub(super) element: u32,
    length: u16,
}

/// The fields of a set's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) id: u16,
    pub(super) fields: Vec<Field>,
    /// Whether its records tell of the exporter, and not of flows.
    pub(super) is_options: bool,
    /// Bytes of a record, values that carry their own length counted as one.
    least: usize,
}

impl Template {
    /// The templates of a set's body; those without fields are withdrawals. The error says what is wrong.
    pub(super) fn read_all(mut body: &[u8], version: u16, is_options: bool) -> Result<Vec<Template>, String> {
        let mut templates = Vec::new();
        // What is left may be padding.
        while body.len() >= 4 && u16_at(body, 0).is_some_and(|id| id > 255) {
            let (template, length) = Template::read(body, version, is_options)?;
            templates.push(template);
            body = &body[length..];
        }
        Ok(templates)
    }

    fn read(body: &[u8], version: u16, is_options: bool) -> Result<(Template, usize), String> {
        let short = || "a template is cut short".to_owned();
        let word = |at: usize| u16_at(body, at).ok_or_else(short);
        let (id, count) = (word(0)?, usize::from(word(2)?));
        let (n_fields, mut at) = match (version, is_options) {
            (_, false) => (count, 4),
            // A withdrawal has no count of scopes.
            (10, true) if count == 0 => (0, 4),
            (10, true) => (count, 6),
            // Lengths of scopes and of options, in bytes.
            _ => ((count + usize::from(word(4)?)) / 4, 6),
        };
        if n_fields > MOST_FIELDS {
            return Err(format!("template {id} has {n_fields} fields, more than the {MOST_FIELDS} that are read"));
        }
        let mut fields = Vec::with_capacity(n_fields);
        for place in 0..n_fields {
            let (element, length) = (u32::from(word(at)?), word(at + 2)?);
            at += 4;
            let is_scope = version == 9 && is_options && place < count / 4;
            let element = if version == 10 && element & 0x8000 != 0 {
                let enterprise = number(body.get(at..at + 4).ok_or_else(short)?) as u32;
                at += 4;
                if enterprise == REVERSE_ENTERPRISE { (element & 0x7fff) | REVERSE } else { UNREAD }
            } else if is_scope {
                UNREAD
            } else {
                element
            };
            fields.push(Field { element, length });
        }
        let least = fields.iter().map(|f| if f.length == VARIABLE { 1 } else { usize::from(f.length) }).sum();
        if least == 0 && n_fields > 0 {
            return Err(format!("template {id} has records of no length"));
        }
        Ok((Template { id, fields, is_options, least }, at))
    }

    /// Gives each record of `body` as the values of its fields; what is too short for one is padding. The error says
    /// what is wrong.
    pub(super) fn each_record<'b>(
        &self,
        mut body: &'b [u8],
        mut take: impl FnMut(&[(u32, &'b [u8])]),
    ) -> Result<(), String> {
        let mut values = Vec::with_capacity(self.fields.len());
        while body.len() >= self.least && self.least > 0 {
            values.clear();
            for field in &self.fields {
                let (value, rest) =
                    field.value(body).ok_or_else(|| format!("a record of template {} is cut short", self.id))?;
                values.push((field.element, value));
                body = rest;
            }
            take(&values);
        }
        Ok(())
    }
}

impl Field {
    fn value<'b>(&self, bytes: &'b [u8]) -> Option<(&'b [u8], &'b [u8])> {
        let (length, at) = match (self.length, bytes.first()) {
            (VARIABLE, Some(255)) => (usize::from(u16_at(bytes, 1)?), 3),
            (VARIABLE, first) => (usize::from(*first?), 1),
            (length, _) => (usize::from(length), 0),
        };
        bytes.get(at..)?.split_at_checked(length)
    }
}
