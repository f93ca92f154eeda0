//! Which alerts are asked for, and the page of them.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use serde::{Deserialize, Serialize};

use super::line::InboxAlert;
use super::mark::AlertState;
use super::number::{id_number, number_of};
use super::table::{Row, Table};
use crate::error::PipelineError;

/// Bars of a page's figure.
const BARS: i64 = 60;

/// Which alerts: all that is given must fit.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertQuery {
    /// What has become of it.
    pub state: Option<AlertState>,
    /// Either host, whole.
    pub host: Option<String>,
    /// The host that began the flow, whole.
    pub src: Option<String>,
    /// The feature that speaks loudest.
    pub kind: Option<String>,
    /// Whether the watch made one of several.
    pub rule: Option<AlertRule>,
    /// End of the flow in microseconds since 1970, from when on.
    pub from: Option<i64>,
    /// And before when.
    pub until: Option<i64>,
    /// None that was written after the alert of this id.
    pub through: Option<String>,
}

/// By which rule an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertRule {
    /// The hybrid's score of one flow is above its threshold.
    Flow,
    /// Several of one host and kind within the watch's window.
    Group,
}

/// In which order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertOrder {
    /// The last written first.
    #[default]
    Newest,
    /// The highest score first.
    Score,
}

/// Which part of what was found.
#[derive(Debug, Clone, Copy, Default)]
pub struct AlertSlice {
    /// In which order.
    pub order: AlertOrder,
    /// Whether alerts of one host and kind are one.
    pub fold: bool,
    /// Passed over.
    pub skip: usize,
    /// Then taken.
    pub take: usize,
}

/// A page of alerts.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AlertPage {
    /// Alerts that are held.
    pub total: u64,
    /// Those asked for; where they are folded, hosts and kinds.
    pub matching: u64,
    /// Alerts behind those.
    pub alerts_matching: u64,
    /// Alerts that are older than those held; the file has them.
    pub let_go: u64,
    /// Alerts by state, of those asked for in whatever state.
    pub states: BTreeMap<AlertState, u64>,
    /// Alerts over time, from the first asked for to the last.
    pub bars: Vec<u64>,
    /// When the first bar begins and the last ends, in microseconds since 1970.
    pub span: Option<(i64, i64)>,
    /// The id of the newest alert held, for [`AlertQuery::through`].
    pub newest: Option<String>,
    /// The alerts of the page, the newest first.
    pub alerts: Vec<InboxAlert>,
}

/// What was found: places in the table, the newest first, and how many alerts each stands for.
pub(super) struct Found {
    pub(super) page: AlertPage,
    pub(super) places: Vec<(usize, Option<u64>)>,
}

/// A query with its texts as numbers.
struct Wanted<'a> {
    query: &'a AlertQuery,
    host: Option<u64>,
    src: Option<u64>,
    kind: Option<u32>,
}

impl<'a> Wanted<'a> {
    fn of(query: &'a AlertQuery) -> Wanted<'a> {
        let number = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(number_of);
        let kind = query.kind.as_deref().map(|kind| number_of(kind) as u32);
        Wanted { query, host: number(&query.host), src: number(&query.src), kind }
    }

    /// Whatever its state is.
    fn fits(&self, row: &Row, table: &Table) -> bool {
        self.host.is_none_or(|host| row.src == host || row.dst == host)
            && self.src.is_none_or(|src| row.src == src)
            && self.kind.is_none_or(|kind| row.kind == kind)
            && self.query.from.is_none_or(|from| row.micros >= from)
            && self.query.until.is_none_or(|until| row.micros < until)
            && self.query.rule.is_none_or(|rule| (rule == AlertRule::Group) == table.group(row).is_some())
    }
}

/// Places of all alerts asked for, the oldest first; by state, those of whatever state.
fn places(table: &Table, query: &AlertQuery) -> Result<(Vec<u32>, BTreeMap<AlertState, u64>), PipelineError> {
    let wanted = Wanted::of(query);
    let end = match query.through.as_deref() {
        Some(id) => table.find(id).ok_or_else(|| not_held(id))? + 1,
        None => table.rows().len(),
    };
    let mut counts = [0; AlertState::ALL.len()];
    let mut found = Vec::new();
    for (at, row) in table.rows().iter().enumerate().take(end).filter(|(_, row)| wanted.fits(row, table)) {
        counts[row.state as usize] += 1;
        if query.state.is_none_or(|state| row.state == state) {
            found.push(at as u32);
        }
    }
    Ok((found, AlertState::ALL.into_iter().zip(counts).collect()))
}

/// Places of all alerts asked for, the oldest first.
pub(super) fn all(table: &Table, query: &AlertQuery) -> Result<Vec<usize>, PipelineError> {
    Ok(places(table, query)?.0.into_iter().map(|at| at as usize).collect())
}

fn not_held(id: &str) -> PipelineError {
    PipelineError::refuse(format!("the alert {id} is not held: load the page again"))
}

/// The alerts asked for, counted, and the slice of them.
pub(super) fn page(table: &Table, query: &AlertQuery, slice: AlertSlice) -> Result<Found, PipelineError> {
    let (mut found, states) = places(table, query)?;
    let rows = table.rows();
    found.reverse();
    let micros = || found.iter().map(|&at| rows[at as usize].micros);
    let span = micros().min().zip(micros().max());
    let mut bars = Vec::new();
    if let Some((from, until)) = span {
        bars = vec![0; BARS as usize];
        let width = ((until - from) / BARS + 1).max(1);
        micros().for_each(|at| bars[((at - from) / width) as usize] += 1);
    }
    let alerts_matching = found.len() as u64;
    let mut all = match slice.fold {
        true => folded(table, &found, slice.order),
        false => found.into_iter().map(|at| (at, None)).collect(),
    };
    let matching = all.len() as u64;
    if slice.order == AlertOrder::Score {
        first_by_score(table, &mut all, slice.skip.saturating_add(slice.take));
    }
    let part = all.into_iter().skip(slice.skip).take(slice.take);
    let places = part.map(|(at, n)| (at as usize, n)).collect();
    let page = AlertPage {
        total: rows.len() as u64,
        matching,
        alerts_matching,
        let_go: table.let_go,
        states,
        bars,
        span,
        newest: None,
        alerts: Vec::new(),
    };
    Ok(Found { page, places })
}

/// An alert of each host and kind, the newest or that of the highest score, and how many there are; as they were found.
fn folded(table: &Table, found: &[u32], order: AlertOrder) -> Vec<(u32, Option<u64>)> {
    let rows = table.rows();
    let mut place_of: HashMap<(u64, u32), usize, BuildHasherDefault<AsItIs>> = HashMap::default();
    let mut all: Vec<(u32, Option<u64>)> = Vec::new();
    for &at in found {
        let row = &rows[at as usize];
        let place = *place_of.entry((row.src, row.kind)).or_insert_with(|| {
            all.push((at, Some(0)));
            all.len() - 1
        });
        let (shown, n) = &mut all[place];
        *n = n.map(|n| n + 1);
        if order == AlertOrder::Score && row.score > rows[*shown as usize].score {
            *shown = at;
        }
    }
    all
}

/// Puts the `first` alerts of the highest scores in front, in their order; among equal ones the newest first.
fn first_by_score(table: &Table, all: &mut Vec<(u32, Option<u64>)>, first: usize) {
    let by_score = |&(a, _): &(u32, Option<u64>), &(b, _): &(u32, Option<u64>)| {
        let score = |at: u32| table.rows()[at as usize].score;
        score(b).total_cmp(&score(a)).then(b.cmp(&a))
    };
    if first < all.len() {
        all.select_nth_unstable_by(first, by_score);
        all.truncate(first);
    }
    all.sort_unstable_by(by_score);
}

/// Hashes what are hashes already: the numbers of a host and of a kind.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(29) ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// Places of the alerts of these ids; refuses one that is not held.
pub(super) fn of_ids(table: &Table, ids: &[String]) -> Result<Vec<usize>, PipelineError> {
    let mut wanted: HashMap<u64, &String> = ids.iter().map(|id| (id_number(id), id)).collect();
    let mut found = Vec::with_capacity(ids.len());
    for (at, row) in table.rows().iter().enumerate().rev() {
        if wanted.is_empty() {
            break;
        }
        if wanted.remove(&row.id).is_some() {
            found.push(at);
        }
    }
    match wanted.into_values().min() {
        Some(id) => Err(not_held(id)),
        None => Ok(found),
    }
}
