//! Every alert in 56 bytes: enough to find, count and order them without reading their lines.

use std::collections::{HashMap, HashSet, VecDeque};

use super::line::{GroupEnd, Line};
use super::mark::{AlertState, Key, Marks};
use super::number::{id_number, number_of};

/// Alerts that are held; of more the first are let go, and are no longer found here.
pub(super) const MOST: usize = 1_000_000;

/// One alert.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) id: u64,
    pub(super) src: u64,
    pub(super) dst: u64,
    pub(super) micros: i64,
    /// Where its line begins in the file, and its bytes.
    pub(super) offset: u64,
    pub(super) length: u32,
    pub(super) kind: u32,
    pub(super) score: f32,
    /// The number of the file among those that were read.
    pub(super) file: u16,
    pub(super) state: AlertState,
}

/// Alerts in the order in which they were written.
#[derive(Default)]
pub(super) struct Table {
    rows: VecDeque<Row>,
    /// By the id of the first alert of the group.
    groups: HashMap<u64, GroupEnd>,
    /// Alerts that were let go.
    pub(super) let_go: u64,
    /// Alerts whose file was removed.
    removed: u64,
}

impl Table {
    /// Takes a line that stands at `offset` of `file`; what is no alert of ours is passed over.
    pub(super) fn take(&mut self, line: &str, file: u16, offset: u64, marks: &Marks) {
        let Some(read) = Line::of(line) else { return };
        if let Some((first, end)) = read.group_end() {
            self.groups.insert(id_number(first), end);
            return;
        }
        let (id, micros) = (id_number(read.id()), read.micros());
        self.rows.push_back(Row {
            id,
            micros,
            offset,
            file,
            length: u32::try_from(line.len()).unwrap_or(u32::MAX),
            src: number_of(read.src()),
            dst: number_of(read.dst()),
            kind: number_of(read.kind()) as u32,
            score: read.score(),
            state: marks.last((id, micros)).map(|mark| mark.state).unwrap_or_default(),
        });
        if self.rows.len() > MOST
            && let Some(gone) = self.rows.pop_front()
        {
            self.groups.remove(&gone.id);
            self.let_go += 1;
        }
    }

    /// Alerts that came before the first held; with its place, an alert's number for as long as this table is read.
    pub(super) fn first(&self) -> u64 {
        self.let_go + self.removed
    }

    /// Lets go of the alerts of a file that is there no more.
    pub(super) fn remove_file(&mut self, file: u16) {
        let (n, groups) = (self.rows.len(), &mut self.groups);
        self.rows.retain(|row| {
            if row.file == file {
                groups.remove(&row.id);
            }
            row.file != file
        });
        self.removed += (n - self.rows.len()) as u64;
    }

    pub(super) fn rows(&self) -> &VecDeque<Row> {
        &self.rows
    }

    /// What an alert stands for, where the watch made one of several.
    pub(super) fn group(&self, row: &Row) -> Option<GroupEnd> {
        self.groups.get(&row.id).copied()
    }

    /// The place of the newest alert of this id.
    pub(super) fn find(&self, id: &str) -> Option<usize> {
        let id = id_number(id);
        self.rows.iter().rposition(|row| row.id == id)
    }

    /// Notes what the alerts of these ids and times are from now on.
    pub(super) fn mark(&mut self, keys: &HashSet<Key>, state: AlertState) {
        let marked = self.rows.iter_mut().filter(|row| keys.contains(&(row.id, row.micros)));
        marked.for_each(|row| row.state = state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_takes_no_more_than_is_said() {
        assert_eq!(size_of::<Row>(), 56);
    }
}
