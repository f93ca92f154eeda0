//! The hosts of each flow, for the list of those that most flags come from and for finding the rows of one.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use nta_data::Schema;
use nta_ingest::RawBatch;

use crate::score::HostCount;

/// Names of hosts, one a line of JSON text, in the order of their numbers.
pub(super) const NAMES: &str = "hosts.jsonl";
/// Numbers of source and destination of each row: `(n_rows, 2)` times 4 bytes, little-endian.
pub(super) const OF_ROWS: &str = "hosts.idx";
/// In place of a host's number: the row names none.
const UNKNOWN: u32 = u32::MAX;
/// In place of a host's number: there are more hosts than are told apart, and this is one of the others.
pub(super) const UNTOLD: u32 = u32::MAX - 1;

/// Hosts that are told apart: 100 MB of names at most.
pub(super) const MOST: usize = 1_000_000;

/// Hosts on the list.
pub(super) const SHOWN: usize = 20;

/// Hosts under way.
pub(super) struct Hosts {
    folder: PathBuf,
    /// For source and destination the names that the column may have in a file.
    columns: [Vec<String>; 2],
    numbers: HashMap<String, u32>,
    /// By number.
    counts: Vec<(u64, u64)>,
    of_rows: Option<BufWriter<File>>,
}

impl Hosts {
    pub(super) fn of(schema: &Schema, folder: &Path) -> Self {
        let names =
            |role: &Option<String>| role.iter().flat_map(|name| schema.names_of(name)).map(str::to_owned).collect();
        let columns = [names(&schema.entity.src), names(&schema.entity.dst)];
        Hosts { folder: folder.to_owned(), columns, numbers: HashMap::new(), counts: Vec::new(), of_rows: None }
    }

    /// Takes the hosts of the next rows and whether each is flagged, `(n_rows)`.
    pub(super) fn take(&mut self, raw: &RawBatch, flags: &[bool]) -> io::Result<()> {
        if self.of_rows.is_none() {
            let file = File::create(self.folder.join(OF_ROWS))?;
            self.of_rows = Some(BufWriter::with_capacity(1 << 17, file));
        }
        let texts = |names: &[String]| names.iter().find_map(|name| raw.texts(name));
        let [from, to] = [texts(&self.columns[0]), texts(&self.columns[1])];
        for (i, &flagged) in flags.iter().enumerate() {
            let host = |texts: &Option<Vec<Option<String>>>| texts.as_ref().and_then(|t| t[i].clone());
            let [src, dst] = [host(&from), host(&to)].map(|host| host.map_or(UNKNOWN, |host| self.number(host)));
            if let Some(counts) = self.counts.get_mut(src as usize) {
                counts.0 += 1;
                counts.1 += u64::from(flagged);
            }
            if let Some(file) = &mut self.of_rows {
                file.write_all(&src.to_le_bytes())?;
                file.write_all(&dst.to_le_bytes())?;
            }
        }
        Ok(())
    }

    fn number(&mut self, host: String) -> u32 {
        let next = self.counts.len();
        match self.numbers.get(&host) {
            Some(number) => *number,
            None if next >= MOST => UNTOLD,
            None => {
                self.numbers.insert(host, next as u32);
                self.counts.push((0, 0));
                next as u32
            }
        }
    }

    /// Writes what rows are found by; the hosts that most flagged flows come from.
    pub(super) fn finish(self) -> io::Result<Vec<HostCount>> {
        if let Some(mut file) = self.of_rows {
            file.flush()?;
        }
        let mut named: Vec<(String, u32)> = self.numbers.into_iter().collect();
        named.sort_by_key(|(_, number)| *number);
        let mut file = BufWriter::new(File::create(self.folder.join(NAMES))?);
        for (host, _) in &named {
            writeln!(file, "{}", serde_json::Value::from(host.as_str()))?;
        }
        file.flush()?;
        let count = |(host, number): (String, u32)| {
            let (flows, flagged) = self.counts[number as usize];
            HostCount { host, flows, flagged }
        };
        let mut counted: Vec<HostCount> = named.into_iter().map(count).filter(|host| host.flagged > 0).collect();
        counted.sort_by(|a, b| b.flagged.cmp(&a.flagged).then_with(|| a.host.cmp(&b.host)));
        counted.truncate(SHOWN);
        Ok(counted)
    }
}

/// The number that stands in up to eight bytes of an index, the lowest first.
pub(super) fn u64_of(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, &byte| (number << 8) | u64::from(byte))
}
