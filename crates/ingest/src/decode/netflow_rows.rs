//! The text that datagrams of NetFlow are turned into (`input/netflow`): a line that names the columns, a line a flow.

use std::borrow::Cow;

use crate::decode::decoder::{Decoded, LineDecoder};
use crate::error::IngestError;
use crate::framing::framer::{Framed, Framer};
use crate::framing::quoting;
use crate::input::netflow::collector::{NO_HOSTS, NO_TEMPLATE, OPTIONS};
use crate::input::netflow::flow::MAGIC;
use crate::input::netflow::text::WRONG;
use crate::left_out::NoFlow;
use crate::schema::header::clean_names;

/// Reads such lines.
pub(crate) struct NetflowRows {
    columns: Vec<String>,
}

/// Whether a text's first line is of this format.
pub(crate) fn begins(first_line: &[u8]) -> bool {
    first_line.starts_with(MAGIC.as_bytes())
}

impl NetflowRows {
    /// Reads the line that names the columns.
    pub(crate) fn open(framer: &mut Framer) -> Result<Self, IngestError> {
        let file = framer.file().to_owned();
        let names: Vec<String> = match framer.next(None)? {
            Framed::Record(record) => {
                quoting::text(record.bytes).trim_end().split('\t').skip(1).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        Ok(NetflowRows { columns: clean_names(&names, &file)?.names })
    }
}

impl LineDecoder for NetflowRows {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn decode<'l>(&mut self, line: &'l str, fields: &mut Vec<Option<Cow<'l, str>>>) -> Result<Decoded, String> {
        if let Some(problem) = line.strip_prefix(WRONG) {
            return Err(problem.to_owned());
        }
        let markers = [(OPTIONS, NoFlow::Options), (NO_TEMPLATE, NoFlow::NoTemplate), (NO_HOSTS, NoFlow::NoHosts)];
        if let Some((_, kind)) = markers.iter().find(|(marker, _)| marker.trim_end() == line) {
            return Ok(Decoded::LeftOut(*kind));
        }
        fields.extend(line.split('\t').map(|cell| (!cell.is_empty()).then_some(Cow::Borrowed(cell))));
        match fields.len() == self.columns.len() {
            true => Ok(Decoded::Row),
            false => Err(format!("{} values where there are {} columns", fields.len(), self.columns.len())),
        }
    }
}
