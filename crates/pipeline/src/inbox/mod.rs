//! The alerts of a watch as an inbox: read from its files beside it, marked, and found again after a restart of either.
//!
//! Each file has one writer. The watch writes its alerts, their flows and where it stands; whoever serves the inbox writes what
//! people have made of the alerts, and the list of what is not to be alerted, which the watch reads.

mod acts;
mod files;
mod host_hour;
mod labels;
mod line;
mod mark;
mod number;
mod query;
mod since;
mod table;
mod take_away;
mod view;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde_json::{Map, Value, json};

pub use acts::{MarkRequest, Marked, SuppressAsked};
pub use host_hour::HostHour;
pub use labels::LabelsKept;
pub use line::InboxAlert;
pub use mark::{AlertState, Mark};
pub use query::{AlertOrder, AlertPage, AlertQuery, AlertRule, AlertSlice};
pub use since::{Gap, News, Seen};
pub use view::{Sample, WatchStanding, WatchView};

use crate::error::PipelineError;
use crate::watch::{KeptWatch, STATUS_ENDING};
use files::{AlertFiles, Lines};
use mark::Marks;
use table::{Row, Table};

/// Samples of the rates that are held: ten minutes.
const SAMPLES: usize = 600;

/// The alerts of one watch.
pub struct Inbox {
    name: String,
    /// The watch's state, or a folder that holds one.
    place: PathBuf,
    held: RwLock<Held>,
    marks: Mutex<Marks>,
    /// Whoever reads on has it.
    files: Mutex<Option<AlertFiles>>,
    /// Whoever marks alerts has it, from choosing them until their marks are kept.
    acting: Mutex<()>,
    /// Whoever changes the list has it.
    list: Mutex<()>,
    version: AtomicU64,
}

/// What was read.
#[derive(Default)]
struct Held {
    table: Table,
    /// How many tables were before it: a file that is another, or was cut short, begins one.
    nth: u64,
    lines: Lines,
    /// Where the watch's state stands, once it was found.
    state: Option<PathBuf>,
    kept: Option<KeptWatch>,
    samples: VecDeque<Sample>,
    reading: bool,
    problem: Option<String>,
}

impl Inbox {
    /// The watch whose state is `place`, or stands in the folder `place`; it need not have begun. Marks are kept in `folder`.
    ///
    /// # Errors
    /// A folder that cannot be written, marks that are damaged.
    pub fn open(name: &str, place: &Path, folder: &Path) -> Result<Inbox, PipelineError> {
        let unmade = |e: std::io::Error| PipelineError::refuse(format!("cannot make {}: {e}", folder.display()));
        std::fs::create_dir_all(folder).map_err(unmade)?;
        Ok(Inbox {
            name: name.to_owned(),
            place: place.to_owned(),
            held: RwLock::new(Held { reading: true, ..Held::default() }),
            marks: Mutex::new(Marks::open(&folder.join("marks.jsonl"))?),
            files: Mutex::new(None),
            acting: Mutex::new(()),
            list: Mutex::new(()),
            version: AtomicU64::new(1),
        })
    }

    /// What the server calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Looks where the watch stands, and reads the alerts that have come. To be called every second or so, by one thread.
    pub fn refresh(&self) {
        let kept = match self.look() {
            Ok(kept) => kept,
            Err(problem) => {
                let mut held = self.change();
                (held.problem, held.reading) = (Some(problem), false);
                return;
            }
        };
        let Some(alerts) = kept.and_then(|kept| kept.alerts) else {
            self.change().reading = false;
            return;
        };
        let mut files = held(&self.files);
        let is_another = files.as_ref().is_none_or(|files| files.path != alerts || files.is_cut_short());
        if is_another {
            let opened = AlertFiles::new(&alerts);
            let mut held = self.change();
            (held.table, held.lines, held.reading) = (Table::default(), opened.lines(), true);
            held.nth += 1;
            drop(held);
            *files = Some(opened);
        }
        let Some(files) = files.as_mut() else { return };
        let came = files.read_on(&mut |lines| {
            let marks = held(&self.marks);
            let mut held = self.change();
            for (line, file, offset) in lines {
                held.table.take(line, *file, *offset, &marks);
            }
            self.version.fetch_add(1, Ordering::Relaxed);
        });
        let mut held = self.change();
        held.reading = false;
        held.problem = came.err().map(|error| format!("its file of alerts cannot be read: {}", error.kind()));
        let first = held.table.rows().front().map_or(0, |row| row.file);
        for file in files.let_go(first) {
            held.table.remove_file(file);
            self.version.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What the watch says of itself; `None` where none has begun yet.
    fn look(&self) -> Result<Option<KeptWatch>, String> {
        let unreadable =
            |error: std::io::Error| format!("what the watch says of itself cannot be read: {}", error.kind());
        let mut found = self.status_files().map_err(unreadable)?;
        if found.len() > 1 {
            return Err("several watches keep their state in this folder: name the state of one".to_owned());
        }
        let Some(status) = found.pop() else { return Ok(None) };
        let bytes = match std::fs::read(&status) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes.map_err(unreadable)?,
        };
        let kept: KeptWatch = serde_json::from_slice(&bytes)
            .map_err(|error| format!("what the watch says of itself cannot be understood: {error}"))?;
        let mut held = self.change();
        if held.kept.as_ref().is_none_or(|before| before.written != kept.written) {
            let sample = Sample { at: kept.written, rate: kept.status.rate, alerts: kept.status.counts.alerts };
            held.samples.push_back(sample);
            let gone = held.samples.len().saturating_sub(SAMPLES);
            held.samples.drain(..gone);
        }
        let state = status.to_string_lossy().trim_end_matches(STATUS_ENDING).to_owned();
        (held.state, held.kept) = (Some(PathBuf::from(state)), Some(kept.clone()));
        Ok(Some(kept))
    }

    fn status_files(&self) -> std::io::Result<Vec<PathBuf>> {
        if !self.place.is_dir() {
            return Ok(vec![PathBuf::from(format!("{}{STATUS_ENDING}", self.place.display()))]);
        }
        let entries = std::fs::read_dir(&self.place)?.flatten().map(|entry| entry.path());
        Ok(entries.filter(|path| path.to_string_lossy().ends_with(STATUS_ENDING)).collect())
    }

    /// Where it stands.
    pub fn view(&self) -> WatchView {
        let held = self.look_at();
        WatchView {
            alerts: held.table.rows().len() as u64,
            reading: held.reading,
            version: self.version.load(Ordering::Relaxed),
            problem: held.problem.clone(),
            ..WatchView::of(&self.name, held.kept.as_ref())
        }
    }

    /// Its rates of the last ten minutes, as far as the server has seen them.
    pub fn samples(&self) -> Vec<Sample> {
        self.look_at().samples.iter().copied().collect()
    }

    /// The alerts asked for, counted, and the slice of them.
    ///
    /// # Errors
    /// [`AlertQuery::through`] that is not held.
    pub fn page(&self, query: &AlertQuery, slice: AlertSlice) -> Result<AlertPage, PipelineError> {
        let marks = held(&self.marks);
        let held = self.look_at();
        let query::Found { mut page, places } = query::page(&held.table, query, slice)?;
        page.alerts = places
            .into_iter()
            .filter_map(|(at, folded)| Some((held.table.rows().get(at)?, folded)))
            .filter_map(|(row, folded)| told(&held, &marks, row, folded))
            .collect();
        page.newest = newest(&held);
        Ok(page)
    }

    /// One alert, with every act on it.
    ///
    /// # Errors
    /// Marks that cannot be read.
    pub fn alert(&self, id: &str) -> Result<Option<InboxAlert>, PipelineError> {
        let marks = held(&self.marks);
        let held = self.look_at();
        let row = held.table.find(id).and_then(|at| held.table.rows().get(at));
        let Some(mut alert) = row.and_then(|row| told(&held, &marks, row, None)) else { return Ok(None) };
        alert.marks = marks.all(&alert.id, alert.micros)?;
        Ok(Some(alert))
    }

    /// What the host that an alert came from has done in the hour until then; `None` where the alert is not held.
    ///
    /// # Errors
    /// Flows that cannot be read.
    pub fn host_hour(&self, id: &str) -> Result<Option<HostHour>, PipelineError> {
        let Some(alert) = self.alert(id)? else { return Ok(None) };
        let until = alert.micros;
        let hour = HostHour { host: alert.src.clone(), from: until - host_hour::HOUR, until, ..HostHour::default() };
        let flows = self.look_at().kept.as_ref().and_then(|kept| kept.flows.clone());
        if let Some(flows) = flows {
            return host_hour::of_flows(&flows, &alert.sensor, hour).map(Some).map_err(crate::error::failed);
        }
        let (from, until) = (Some(hour.from), Some(until + 1));
        let query = AlertQuery { src: Some(alert.src), from, until, ..AlertQuery::default() };
        let page = self.page(&query, AlertSlice { take: host_hour::MOST_ROWS, ..AlertSlice::default() })?;
        let rows = page.alerts.iter().map(row_of).collect();
        Ok(Some(HostHour { cut: page.matching > host_hour::MOST_ROWS as u64, rows, ..hour }))
    }

    fn look_at(&self) -> RwLockReadGuard<'_, Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Held> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lock, also where whoever had it panicked: nothing is left half done under it.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The id of the newest alert.
fn newest(held: &Held) -> Option<String> {
    held.table.rows().back().and_then(|row| line_of(held, row)).map(|alert| alert.id)
}

/// The alert of a row as its line tells it.
fn line_of(held: &Held, row: &Row) -> Option<InboxAlert> {
    held.lines.get(row.file, row.offset, row.length).and_then(|line| InboxAlert::of(&line))
}

/// The alert of a row, with what has become of it.
fn told(held: &Held, marks: &Marks, row: &Row, folded: Option<u64>) -> Option<InboxAlert> {
    let mut alert = line_of(held, row)?;
    (alert.state, alert.folded) = (row.state, folded);
    if let Some(group) = held.table.group(row) {
        (alert.count, alert.last, alert.score) = (group.count, group.last, alert.score.max(group.highest));
    }
    alert.marks = marks.last((row.id, row.micros)).cloned().into_iter().collect();
    Some(alert)
}

/// An alert as a row of its host's hour.
fn row_of(alert: &InboxAlert) -> Map<String, Value> {
    let row = json!({
        "nta_id": alert.id, "nta_end": alert.micros, "src": alert.src, "src_port": alert.src_port, "dst": alert.dst,
        "dst_port": alert.dst_port, "proto": alert.proto, "hybrid": alert.score, "flagged": true, "count": alert.count,
        "reasons": alert.reasons.join("; "),
    });
    match row {
        Value::Object(row) => row,
        _ => Map::new(),
    }
}
