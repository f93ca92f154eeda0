//! A watch under way: one loop that puts flows in order, scores them, writes what comes of them and has it saved.

mod saves;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nta_data::{Dataset, HYBRID, Order, Scores};
use nta_ingest::IngestError;
use nta_metrics::{INTERVAL_CONFIDENCE, clopper_pearson};
use nta_model::{Model, Scorer};

use super::clock::{fresh_number, latest_believed};
use super::counts::WatchCounts;
use super::eve::{EveWriter, Flows as AlertFlows, Grouping};
use super::grouping::Closed;
use super::health;
use super::kept::flagged_beside;
use super::line_file::{LineFile, rename_away};
use super::position::Position;
use super::ready::Ready;
use super::request::{MostAlerts, USUAL_WINDOW, WatchRequest};
use super::saver::{Saver, WAIT_FOR_ROOM};
use super::source::{Flows, Message, Sources};
use super::state::SavedState;
use super::state_file::StateFile;
use super::status::Shared;
use super::suppress::Suppressions;
use super::told::WatchEvent;
use super::window::Window;
use crate::error::{PipelineError, failed, is_for_want_of_room, refused};
use crate::event::Listener;
use crate::score::HoldsHere;
use crate::track::{Located, locate};

/// How often the loop looks up from waiting for flows.
const PAUSE: Duration = Duration::from_millis(100);
/// How often it is asked whether the alias names another model.
const LOOK_AT_ALIAS: Duration = Duration::from_secs(5);
/// How often it is measured where the watch stands.
const MEASURED: Duration = Duration::from_secs(1);
/// Flows by which a new model's memory is warmed.
const WARMING: usize = 20_000;
/// Flows by which it is told whether traffic has moved away from the training's.
const DRIFT_ROWS: u64 = 20_000;

/// A watch under way.
pub(super) struct Watch<'a> {
    request: &'a WatchRequest,
    listener: &'a dyn Listener,
    tell: &'a dyn Fn(&WatchEvent),
    located: Located,
    scorer: Scorer,
    eve: EveWriter,
    alerts: LineFile,
    flows: Option<LineFile>,
    /// The flows of the alerts, for whoever gives a verdict on them; where alerts have a file.
    flagged: Option<LineFile>,
    suppressions: Suppressions,
    position: Position,
    reorder: Duration,
    /// By source, once flows have come from it.
    windows: BTreeMap<String, Window>,
    /// The last flows, by which another model would be warmed.
    recent: VecDeque<Dataset>,
    drift: HoldsHere,
    most_alerts_a_day: Option<u64>,
    shared: Arc<Shared>,
    saver: Saver,
    unsaved: bool,
    /// Whether the next save is not to be waited for.
    is_due: bool,
    told: (Instant, u64),
    measured: Instant,
    looked: Instant,
}

impl<'a> Watch<'a> {
    pub(super) fn open(
        request: &'a WatchRequest,
        located: Located,
        model: Arc<Model>,
        listener: &'a dyn Listener,
        tell: &'a dyn Fn(&WatchEvent),
    ) -> Result<Self, PipelineError> {
        let saved = SavedState::load(&request.state, &model)?;
        let resumed = saved.as_ref().map(|saved| saved.position.counts.flows);
        let cold = || Scorer::new(Arc::clone(&model)).map_err(failed);
        let (position, scorer, file) = match saved {
            Some(SavedState { position, scorer: Some(scorer), file }) => (position, scorer, file),
            Some(SavedState { position, scorer: None, file }) => {
                tell(&WatchEvent::Cold);
                (position, cold()?, file)
            }
            None => (Position::default(), cold()?, StateFile::new(&request.state)),
        };
        let in_order_of_ends = model.schema.order == Order::EndTime && model.state.is_some();
        let usual = if in_order_of_ends { USUAL_WINDOW } else { Duration::ZERO };
        let reorder = request.reorder.unwrap_or(usual);
        if !reorder.is_zero() && model.schema.time.is_none() {
            return Err(PipelineError::refuse(format!(
                "{} reads flows without times, which no window can put in order: leave --reorder out",
                located.title
            )));
        }
        let as_they_come = in_order_of_ends && reorder.is_zero();
        let most_alerts_a_day = most_alerts(&model, request)?;
        tell(&WatchEvent::Begun { model: located.title.clone(), resumed, reorder, as_they_come, most_alerts_a_day });
        let alerts = match &request.alerts {
            Some(path) => LineFile::open(path, &position.alerts, request.rotate_bytes)?,
            None => LineFile::stdout(),
        };
        let flows = request.flows.as_ref().map(|path| LineFile::open(path, &position.flows, request.rotate_bytes));
        let beside = flagged_beside(&request.state);
        if resumed.is_none() && request.alerts.is_some() && beside.metadata().is_ok_and(|found| found.len() > 0) {
            // A watch that begins anew gives the same ids to other flows: those that stand there are not taken for them.
            rename_away(&beside)?;
        }
        let open_flagged = |_| LineFile::open(&beside, &position.flagged, request.rotate_bytes);
        let flagged = request.alerts.as_ref().map(open_flagged);
        let eve = eve(&model, &located.title, request)?;
        let shared = Arc::new(Shared::new());
        let threshold = model.threshold(HYBRID).map_err(failed)?.value;
        let drift = HoldsHere::of(&model);
        shared.set(|status| {
            (status.model, status.threshold) = (located.title.clone(), threshold);
            (status.counts, status.promise) = (position.counts.clone(), drift.told());
        });
        if let Some(address) = &request.metrics {
            health::serve(address, Arc::clone(&shared))?;
        }
        let now = Instant::now();
        let told = (now, position.counts.flows);
        Ok(Watch {
            request,
            listener,
            tell,
            located,
            scorer,
            eve,
            alerts,
            flows: flows.transpose()?,
            flagged: flagged.transpose()?,
            suppressions: Suppressions::open(request.suppress.as_deref(), &request.state)?,
            position,
            reorder,
            windows: BTreeMap::new(),
            recent: VecDeque::new(),
            drift,
            most_alerts_a_day,
            shared,
            saver: Saver::start(file)?,
            unsaved: false,
            is_due: false,
            told,
            measured: now,
            looked: now,
        })
    }

    pub(super) fn position(&self) -> &Position {
        &self.position
    }

    pub(super) fn model(&self) -> &Arc<Model> {
        self.scorer.model()
    }

    /// Of sources whose file of the saved place is gone, no flow that comes is one that was scored. Saved at once: a watch that is
    /// killed now must not be followed by one that numbers the same flows otherwise, and writes their alerts again.
    pub(super) fn read_anew(&mut self, lost: &[String]) -> Result<(), PipelineError> {
        if lost.is_empty() {
            return Ok(());
        }
        self.position.read_anew(lost, fresh_number());
        self.save()
    }

    pub(super) fn most_alerts_a_day(&self) -> Option<u64> {
        self.most_alerts_a_day
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Takes flows until all sources have ended or somebody says stop; what was wrong with the first that failed.
    pub(super) fn follow(
        &mut self,
        sources: &Sources,
        messages: &Receiver<Message>,
    ) -> Result<Option<IngestError>, PipelineError> {
        let (mut open, mut failure) = (sources.len(), None);
        while open > 0 && !self.listener.cancelled() {
            match messages.recv_timeout(PAUSE) {
                Ok(Message::Flows(flows)) => self.take(*flows)?,
                Ok(Message::Ended { source, problem }) => {
                    open -= 1;
                    self.end(&source)?;
                    let told = problem.as_ref().map(ToString::to_string);
                    (self.tell)(&WatchEvent::Ended { source, problem: told });
                    failure = failure.or(problem);
                }
                Err(RecvTimeoutError::Timeout) => self.in_silence()?,
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.position.counts.datagrams = sources.datagrams();
            self.position.counts.packets = sources.packets();
            let lost = sources.take_lost_files();
            self.position.counts.lost_files += lost;
            self.unsaved |= lost > 0;
            self.look_up()?;
        }
        Ok(failure)
    }

    /// Scores what waits and cannot be read again, and saves. What waits in a log is left to the next watch, which puts it
    /// in order with what will have come by then.
    pub(super) fn finish(&mut self) -> Result<(), PipelineError> {
        let lost_else = |(_, window): &(&String, &Window)| !window.is_kept_by_its_source();
        let sources: Vec<String> = self.windows.iter().filter(lost_else).map(|(source, _)| source.clone()).collect();
        sources.iter().try_for_each(|source| self.flush(source))?;
        self.saver.give_up();
        self.save()?;
        self.measure();
        Ok(())
    }

    fn take(&mut self, flows: Flows) -> Result<(), PipelineError> {
        let source = flows.source.clone();
        let window = self.windows.entry(source.clone()).or_insert_with(|| {
            Window::new(self.reorder, self.request.reorder_rows, self.position.sources.get(&source))
        });
        self.unsaved = true;
        match window.take(flows, &mut self.position.counts)? {
            Some(ready) => self.score(&source, ready),
            None => Ok(()),
        }
    }

    /// Scores flows and writes what comes of them.
    fn score(&mut self, source: &str, ready: Ready) -> Result<(), PipelineError> {
        let scores = self.scorer.score(&ready.dataset).map_err(failed)?;
        if let Err(error) = self.suppressions.refresh() {
            (self.tell)(&WatchEvent::BadList { problem: error.to_string() });
        }
        self.alert(source, &ready, &scores)?;
        if let Some(file) = &mut self.flows {
            for (id, line) in self.eve.flows(source, &ready, &scores) {
                file.write(&id, &line);
            }
        }
        self.write_out()?;
        self.drift.count(&ready.dataset, &scores);
        if self.drift.n_rows() >= DRIFT_ROWS {
            let drift = std::mem::replace(&mut self.drift, HoldsHere::of(self.scorer.model()));
            self.shared.set(|status| status.promise = drift.told());
        }
        self.shared.set(|status| status.counts = self.position.counts.clone());
        self.shared.latency(ready.arrived.elapsed());
        self.recent.push_back(ready.dataset);
        let mut n = self.recent.iter().map(Dataset::n_rows).sum::<usize>();
        while n > WARMING && self.recent.len() > 1 {
            n -= self.recent.pop_front().map_or(0, |rows| rows.n_rows());
        }
        Ok(())
    }

    /// Counts the flows, and writes their alerts and the ends of groups in the order of the flows.
    fn alert(&mut self, source: &str, ready: &Ready, scores: &Scores) -> Result<(), PipelineError> {
        let mut alerts = self.eve.alerts(source, ready, scores)?.into_iter().peekable();
        let (ends, hybrid) = (ready.dataset.end_time.as_deref(), scores.hybrid());
        let mut now = self.position.clocks.get(source).copied().unwrap_or(i64::MIN);
        let latest_believed = latest_believed();
        for row in 0..scores.n_rows() {
            let mut micros = ends.map_or(0, |ends| ends[row]);
            // A broken clock moves neither the source's nor the day, and keeps no group open: it counts for the last flow's.
            let is_believed = micros <= latest_believed;
            if is_believed {
                now = now.max(micros);
            } else {
                micros = now.max(0);
            }
            let counts = &mut self.position.counts;
            counts.flow(micros, hybrid.p_attack[row], hybrid.flags[row]);
            let Some((_, mut alert)) = alerts.next_if(|(at, _)| *at == row) else { continue };
            if self.suppressions.holds(&alert.src, &alert.dst, &alert.reasons) {
                counts.suppressed += 1;
                continue;
            }
            if !is_believed {
                alert.micros = micros;
            }
            self.close_groups(source, now);
            let groups = &mut self.position.groups;
            let is_grouping = !self.request.group.is_zero();
            if is_grouping && groups.joins(source, &alert) {
                self.position.counts.grouped += 1;
            } else if self.position.counts.is_over_budget(self.most_alerts_a_day) {
                if self.position.counts.today.over_budget == 1 {
                    (self.tell)(&WatchEvent::BudgetSpent { alerts: self.position.counts.today.alerts });
                }
            } else {
                if is_grouping && let Some(closed) = groups.open(source, &alert) {
                    self.alerts.write(&closed.id, &closed.line);
                }
                self.alerts.write(&alert.id, &alert.line);
                if let (Some(file), Some(flow)) = (&mut self.flagged, &alert.flow) {
                    file.write(&alert.id, flow);
                }
                self.shared.alerted(source, &alert);
            }
        }
        self.position.clocks.insert(source.to_owned(), now);
        self.close_groups(source, now);
        Ok(())
    }

    fn close_groups(&mut self, source: &str, now: i64) {
        let groups = &mut self.position.groups;
        let n_open = groups.n_open();
        let closed = groups.close(source, self.request.group, now);
        // Those of one alert too, which say nothing: open in what is saved, they would take the next alert in.
        self.unsaved |= groups.n_open() < n_open;
        closed.iter().for_each(|Closed { id, line }| self.alerts.write(id, line));
    }

    /// Writes what is pending; where there is no room, waits until there is or somebody says stop.
    fn write_out(&mut self) -> Result<(), PipelineError> {
        let mut is_told = false;
        loop {
            // Its flow is there before an alert can be looked at.
            let mut flows = self.flagged.iter_mut().chain(&mut self.flows);
            let flushed = flows.try_for_each(LineFile::flush);
            let Err(error) = flushed.and_then(|()| self.alerts.flush()) else { return Ok(()) };
            if !is_for_want_of_room(&error) || self.listener.cancelled() {
                return Err(error);
            }
            self.lacks_room(&error, is_told);
            is_told = true;
            std::thread::sleep(WAIT_FOR_ROOM);
        }
    }

    fn lacks_room(&mut self, error: &PipelineError, is_told: bool) {
        self.position.counts.no_room += 1;
        self.shared.set(|status| status.counts = self.position.counts.clone());
        if !is_told {
            (self.tell)(&WatchEvent::NoRoom { problem: error.to_string() });
        }
    }

    /// Nothing comes just now: those that have waited for as long as their window are scored, and windows of alerts end.
    fn in_silence(&mut self) -> Result<(), PipelineError> {
        // What is read to its end once ends by itself, and then not by the clock.
        if self.request.once {
            return Ok(());
        }
        let silent = |long: Option<Duration>, windows: &BTreeMap<String, Window>| -> Vec<String> {
            let silent = windows.iter().filter(|(_, window)| window.is_silent_for(long));
            silent.map(|(source, _)| source.clone()).collect()
        };
        for source in silent(None, &self.windows) {
            self.flush(&source)?;
        }
        if !self.request.group.is_zero() {
            for source in silent(Some(self.request.group), &self.windows) {
                self.close_groups(&source, i64::MAX);
            }
            self.write_out()?;
        }
        Ok(())
    }

    /// The source has ended, and its windows with it.
    fn end(&mut self, source: &str) -> Result<(), PipelineError> {
        self.flush(source)?;
        self.close_groups(source, i64::MAX);
        self.unsaved = true;
        self.write_out()
    }

    fn flush(&mut self, source: &str) -> Result<(), PipelineError> {
        let Some(window) = self.windows.get_mut(source) else { return Ok(()) };
        match window.flush(&mut self.position.counts)? {
            Some(ready) => {
                self.unsaved = true;
                self.score(source, ready)
            }
            None => Ok(()),
        }
    }

    /// What is done from time to time.
    fn look_up(&mut self) -> Result<(), PipelineError> {
        let is_to_be_asked = self.looked.elapsed() >= LOOK_AT_ALIAS;
        let has_taken_over = is_to_be_asked && self.follow_alias()?;
        self.is_due |= has_taken_over;
        self.hear_of_saves()?;
        if self.saver.is_due(if self.is_due { Duration::ZERO } else { self.request.save_every })
            && (self.is_due || self.unsaved)
        {
            self.begin_save()?;
        }
        if self.told.0.elapsed() >= self.request.status_every {
            self.tell_status();
        } else if self.measured.elapsed() >= MEASURED {
            self.measure();
        }
        Ok(())
    }

    pub(super) fn tell_status(&mut self) -> WatchCounts {
        let counts = self.position.counts.clone();
        let seconds = self.told.0.elapsed().as_secs_f64().max(1e-9);
        let rate = counts.flows.saturating_sub(self.told.1) as f64 / seconds;
        self.told = (Instant::now(), counts.flows);
        self.shared.set(|status| status.rate = rate);
        self.measure();
        (self.tell)(&WatchEvent::Status(Box::new(self.shared.told())));
        counts
    }

    /// Where the watch stands, for who looks meanwhile.
    fn measure(&mut self) {
        self.measured = Instant::now();
        let counts = &self.position.counts;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let newest = self.position.clocks.values().copied().max().filter(|micros| *micros > 0);
        self.shared.set(|status| {
            status.at = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
            (status.counts, status.datagrams) = (counts.clone(), counts.datagrams);
            status.flagged_share = clopper_pearson(counts.today.flagged, counts.today.flows, INTERVAL_CONFIDENCE);
            status.waiting = self.windows.values().map(|window| window.n_waiting() as u64).sum();
            status.lag = newest.map(|newest| since.as_secs_f64() - newest as f64 / 1e6);
        });
    }

    /// Another model takes over between two flows where the name asked for means another now; whether one did, which is then
    /// to be saved.
    fn follow_alias(&mut self) -> Result<bool, PipelineError> {
        self.looked = Instant::now();
        // A registry that is being written to is looked at again next time.
        let Ok(located) = locate(&self.request.project, &self.request.model, self.listener) else { return Ok(false) };
        if located.folder == self.located.folder {
            return Ok(false);
        }
        let title = located.title.clone();
        let model = match Model::load(&located.folder) {
            Ok(model) => Arc::new(model),
            Err(error) => {
                let problem = format!("the model {title} cannot be loaded and does not take over: {}", refused(error));
                self.located = located;
                (self.tell)(&WatchEvent::Damaged { problem });
                return Ok(false);
            }
        };
        let reads_alike = |a: &Model, b: &Model| {
            let key = |m: &Model| m.state.as_ref().map(|s| (s.by, s.entity_key, s.sensor_key));
            a.schema == b.schema && key(a) == key(b)
        };
        if !reads_alike(self.scorer.model(), &model) {
            self.located = located;
            (self.tell)(&WatchEvent::CannotTake { model: title });
            return Ok(false);
        }
        let mut scorer = Scorer::new(Arc::clone(&model)).map_err(failed)?;
        let mut warmed = 0;
        for rows in &self.recent {
            warmed += scorer.score(rows).map_err(failed)?.n_rows();
        }
        self.eve = eve(&model, &title, self.request)?;
        self.drift = HoldsHere::of(&model);
        // One that promises nothing leaves what the one before promised.
        if let Ok(most) = most_alerts(&model, self.request) {
            self.most_alerts_a_day = most;
        }
        let threshold = model.threshold(HYBRID).map_err(failed)?.value;
        self.shared.set(|status| {
            (status.model, status.threshold, status.promise) = (title.clone(), threshold, self.drift.told());
        });
        (self.scorer, self.located, self.unsaved) = (scorer, located, true);
        self.saver.is_to_save_all();
        (self.tell)(&WatchEvent::Took { model: title, warmed });
        Ok(true)
    }
}

fn eve(model: &Arc<Model>, title: &str, request: &WatchRequest) -> Result<EveWriter, PipelineError> {
    let grouping = if request.group.is_zero() { Grouping::Off } else { Grouping::On };
    // They stand beside the file of alerts, and nowhere without one.
    let flows = if request.alerts.is_some() { AlertFlows::Told } else { AlertFlows::Left };
    EveWriter::new(model, title, request.reasons, grouping, flows)
}

/// Most alerts of a day; `None`: any. Refused: a promise that the model does not make.
fn most_alerts(model: &Model, request: &WatchRequest) -> Result<Option<u64>, PipelineError> {
    match request.most_alerts {
        MostAlerts::Any => Ok(None),
        MostAlerts::Count(n) => Ok(Some(n)),
        MostAlerts::Promised => {
            let site = model.provenance.site.as_ref();
            let alerts = site.and_then(|site| Some(site.budget * site.per_day?.flows)).ok_or_else(|| {
                PipelineError::refuse(
                    "the model promises no alerts a day; make it a baseline of flows with times (`nta baseline`), or give \
                     --most-alerts a number",
                )
            })?;
            // No day is so quiet that its first alert would be held back.
            Ok(Some((alerts.ceil() as u64).max(1)))
        }
    }
}
