//! What somebody makes of alerts: acknowledged, a false alarm, escalated, suppressed; and what is suppressed no more.

use std::collections::HashMap;
use std::path::Path;

use nta_model::By;
use serde::{Deserialize, Serialize};
use serde_json::to_vec;

use super::labels::{self, LabelsKept};
use super::line::InboxAlert;
use super::mark::{AlertState, Key, Mark};
use super::number::id_number;
use super::query::{self, AlertQuery};
use super::table::Row;
use super::{Inbox, held};
use crate::error::{PipelineError, failed};
use crate::event::Listener;
use crate::project::Project;
use crate::watch::{Suppression, check_suppression, is_plain, list_beside, read_list, write_list};

/// Alerts that one act may name, and that are marked by one line.
const MOST_NAMED: usize = 10_000;
/// Alerts that one act may be on.
const MOST: usize = 100_000;
/// Characters of a note, and of the text in reasons that are suppressed.
const MOST_TEXT: usize = 500;

/// An act.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarkRequest {
    /// The alerts, by id.
    #[serde(default)]
    pub ids: Vec<String>,
    /// Else all of these, in whatever page.
    #[serde(default)]
    pub all: Option<AlertQuery>,
    /// What they are from now on.
    pub state: AlertState,
    /// Why.
    #[serde(default)]
    pub note: String,
    /// What is not to be alerted from now on; with `suppressed`, and with it alone.
    #[serde(default)]
    pub suppress: Option<SuppressAsked>,
}

/// What is not to be alerted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuppressAsked {
    /// An address or a network, of either host.
    #[serde(default)]
    pub host: Option<String>,
    /// Text in the reasons.
    #[serde(default)]
    pub reason: Option<String>,
    /// Until when, in milliseconds since 1970; for ever where not given.
    #[serde(default)]
    pub until: Option<i64>,
}

/// What came of an act.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Marked {
    /// Alerts that it was on.
    pub marked: u64,
    /// What became of their labels, where the act is a verdict.
    pub labels: Option<LabelsKept>,
    /// The entry of the list, where something is suppressed.
    pub suppression: Option<Suppression>,
}

impl Inbox {
    /// Notes what `who` makes of alerts. A false alarm and an escalated one keep their label with the model that judged them.
    ///
    /// One act at a time. Its marks come last: where it fails or is killed before, the same act does the rest when it is asked for
    /// again, for a label or an entry of the list that is there already is not added again.
    ///
    /// # Errors
    /// Alerts that are not held, more than 100,000, a list without a watch, marks that cannot be written.
    pub fn mark(
        &self,
        project: &Project,
        request: &MarkRequest,
        who: &str,
        listener: &dyn Listener,
    ) -> Result<Marked, PipelineError> {
        let note: String = request.note.trim().chars().filter(|c| is_plain(*c)).take(MOST_TEXT).collect();
        match (request.state == AlertState::Suppressed, &request.suppress) {
            (true, None) => {
                return Err(PipelineError::refuse("say what to suppress: a host, a reason, or both".to_owned()));
            }
            (false, Some(_)) => {
                return Err(PipelineError::refuse(
                    "something is suppressed with the state `suppressed` alone".to_owned(),
                ));
            }
            (true, Some(_)) if note.is_empty() => {
                return Err(PipelineError::refuse(
                    "say why it is suppressed: who comes after wants to know".to_owned(),
                ));
            }
            _ => {}
        }
        let now = nta_tracking::Moment::now().milliseconds();
        let entry = request.suppress.as_ref().map(|asked| entry(asked, who, &note, now)).transpose()?;
        let by = By { who: who.to_owned(), why: Some(note.clone()).filter(|note| !note.is_empty()) };
        let mark = Mark { when: now, who: who.to_owned(), state: request.state, note };
        let _turn = held(&self.acting);
        let chosen = self.chosen(request)?;
        let suppression = entry.map(|entry| self.suppress(entry, now)).transpose()?;
        let labels = self.keep_labels(project, &chosen, request.state, &by, listener);
        for part in chosen.chunks(MOST_NAMED) {
            let mut marks = held(&self.marks);
            marks.add(mark.clone(), part.iter().map(|alert| (alert.id.clone(), alert.micros)).collect())?;
            let keys = part.iter().map(Chosen::key).collect();
            self.change().table.mark(&keys, request.state);
            self.version.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        Ok(Marked { marked: chosen.len() as u64, labels, suppression })
    }

    /// The alerts of a request; as they were.
    fn chosen(&self, request: &MarkRequest) -> Result<Vec<Chosen>, PipelineError> {
        // Of many at once, those that somebody has given a verdict on stay as they are, unless another is given.
        let is_verdict = |state| matches!(state, AlertState::FalseAlarm | AlertState::Escalated);
        let spares =
            request.all.is_some() && matches!(request.state, AlertState::Acknowledged | AlertState::Suppressed);
        let (rows, lines) = {
            let held = self.look_at();
            let places = match (&request.all, request.ids.is_empty()) {
                (None, false) if request.ids.len() <= MOST_NAMED => query::of_ids(&held.table, &request.ids)?,
                (Some(all), true) => query::all(&held.table, all)?,
                (None, false) => return Err(too_many(request.ids.len(), MOST_NAMED)),
                _ => {
                    return Err(PipelineError::refuse(
                        "name alerts by `ids`, or `all` of a kind; one of the two".to_owned(),
                    ));
                }
            };
            match places.len() {
                0 => return Err(PipelineError::refuse("no alert is like that: load the page again".to_owned())),
                n if n > MOST => return Err(too_many(n, MOST)),
                _ => {}
            }
            let rows = places.into_iter().filter_map(|at| held.table.rows().get(at).copied());
            (rows.filter(|row| !(spares && is_verdict(row.state))).collect::<Vec<Row>>(), held.lines.clone())
        };
        let of = |row: &Row| {
            let alert = InboxAlert::of(&lines.get(row.file, row.offset, row.length)?)?;
            Some(Chosen { id: alert.id, micros: alert.micros, model: alert.model, before: row.state })
        };
        Ok(rows.iter().filter_map(of).collect())
    }

    /// Keeps what the act says of the flows; `None` where it says nothing.
    fn keep_labels(
        &self,
        project: &Project,
        chosen: &[Chosen],
        state: AlertState,
        by: &By,
        listener: &dyn Listener,
    ) -> Option<LabelsKept> {
        let (mut judged, mut alerts) = (None, HashMap::new());
        for alert in chosen {
            if let Some(verdict) = labels::verdict(state, alert.before) {
                judged = Some(verdict);
                alerts.insert(alert.key(), alert.model.clone());
            }
        }
        // An act is of one state, and so of one verdict.
        let (verdict, watch_state) = (judged?, self.look_at().state.clone()?);
        Some(labels::keep(project, (&watch_state, &self.name), &alerts, verdict, by, listener))
    }

    /// Adds to the list that the watch reads, unless the same is held back for as long already; the entry that stands there.
    fn suppress(&self, entry: Suppression, now: i64) -> Result<Suppression, PipelineError> {
        let _turn = held(&self.list);
        let path = list_beside(&self.watch_state()?);
        let mut all = listed(&path)?;
        let is_same = |other: &Suppression| (&other.host, &other.reason) == (&entry.host, &entry.reason);
        let lasts = |entry: &Suppression| entry.until.unwrap_or(i64::MAX);
        if let Some(there) = all.iter().find(|other| is_same(other) && lasts(other) >= lasts(&entry)) {
            return Ok(there.clone());
        }
        // What has ended is history, which the marks keep.
        all.retain(|other| lasts(other) > now && !is_same(other));
        all.push(entry.clone());
        write_list(&path, &all)?;
        Ok(entry)
    }

    /// What this list holds back, the newest first.
    ///
    /// # Errors
    /// A list that somebody has spoilt.
    pub fn suppressions(&self) -> Result<Vec<Suppression>, PipelineError> {
        let Ok(state) = self.watch_state() else { return Ok(Vec::new()) };
        let path = list_beside(&state);
        let mut all = listed(&path)?;
        let now = nta_tracking::Moment::now().milliseconds();
        all.retain(|entry| entry.until.is_none_or(|until| now < until));
        all.reverse();
        Ok(all)
    }

    /// Takes the entry of that id off the list; what it was, `None` where there is none.
    ///
    /// # Errors
    /// A list that cannot be read or written.
    pub fn lift(&self, id: &str) -> Result<Option<Suppression>, PipelineError> {
        let _turn = held(&self.list);
        let path = list_beside(&self.watch_state()?);
        let mut all = listed(&path)?;
        let Some(at) = all.iter().position(|entry| entry.id.as_deref() == Some(id)) else { return Ok(None) };
        let gone = all.remove(at);
        write_list(&path, &all)?;
        Ok(Some(gone))
    }

    fn watch_state(&self) -> Result<std::path::PathBuf, PipelineError> {
        let none = || PipelineError::refuse("no watch has begun there yet: its list cannot be written".to_owned());
        self.look_at().state.clone().ok_or_else(none)
    }
}

/// The list that the page writes, which nobody may have begun.
fn listed(path: &Path) -> Result<Vec<Suppression>, PipelineError> {
    if path.exists() { read_list(path) } else { Ok(Vec::new()) }
}

/// An alert that an act is on.
struct Chosen {
    id: String,
    micros: i64,
    model: String,
    before: AlertState,
}

impl Chosen {
    fn key(&self) -> Key {
        (id_number(&self.id), self.micros)
    }
}

fn too_many(n: usize, most: usize) -> PipelineError {
    PipelineError::refuse(format!(
        "these are {n} alerts, and at most {most} go at once: narrow them by host, kind or time"
    ))
}

/// The entry of the list that is asked for.
fn entry(asked: &SuppressAsked, who: &str, why: &str, now: i64) -> Result<Suppression, PipelineError> {
    let given = |text: &Option<String>| text.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
    let mut entry = Suppression {
        host: given(&asked.host),
        reason: given(&asked.reason),
        until: asked.until,
        id: None,
        who: Some(who.to_owned()),
        why: Some(why.to_owned()),
        since: Some(now),
    };
    let reason = entry.reason.as_deref().unwrap_or_default();
    if let Some(c) = reason.chars().find(|c| !is_plain(*c)) {
        let c = c.escape_unicode();
        return Err(PipelineError::refuse(format!(
            "the reason holds the character {c}, which no list can: leave it out"
        )));
    }
    let n = reason.chars().count();
    if n > MOST_TEXT {
        return Err(PipelineError::refuse(format!("the reason has {n} characters: give at most {MOST_TEXT}")));
    }
    check_suppression(&entry).map_err(PipelineError::refuse)?;
    if entry.until.is_some_and(|until| until <= now) {
        return Err(PipelineError::refuse(
            "`until` has passed: say when it ends, in milliseconds since 1970".to_owned(),
        ));
    }
    let text = to_vec(&entry).map_err(failed)?;
    entry.id = Some(nta_data::hex(&<sha2::Sha256 as sha2::Digest>::digest(text)[..8]));
    Ok(entry)
}
