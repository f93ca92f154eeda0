//! `nta watch`: growing logs, pipes and ports through the one `Scorer`, out as alerts. Position, the scorer's memory and the
//! length of what was written are saved together, so that whatever ends the process, the next one goes on as if nothing had
//! been: no flow is lost or scored twice, and a line that was written after the last save is not written again.

mod counts;
mod eve;
mod forward;
mod health;
mod line_file;
mod source;
mod state;
mod suppress;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use nta_data::Order;
use nta_ingest::IngestError;
use nta_model::{Model, Scorer};

pub use counts::WatchCounts;
pub use eve::timestamp;
pub use forward::{ForwardKind, ForwardTo};

use crate::error::{PipelineError, failed, refused};
use crate::event::Listener;
use crate::project::Project;
use crate::track::{Located, locate};
use counts::Shared;
use eve::EveWriter;
use forward::Forwarder;
use line_file::LineFile;
use source::{Message, Sources};
use state::{Position, SavedState};
use suppress::Suppressions;

/// How often the loop looks up from waiting for flows.
const PAUSE: Duration = Duration::from_millis(100);
/// How often it is told how far the watch is.
const STATUS: Duration = Duration::from_secs(10);
/// How often it is asked whether the alias names another model.
const LOOK_AT_ALIAS: Duration = Duration::from_secs(5);
/// Flows by which a new model's memory is warmed.
const WARMING: usize = 20_000;
/// Saving takes no more than this share of the time.
const SAVING_SHARE: u32 = 10;

/// What to watch.
#[derive(Debug, Clone)]
pub struct WatchRequest {
    /// A path, `name`, `name/3` or `name@alias`; an alias is followed when it moves.
    pub model: String,
    /// Growing files, `-` for standard input, `udp://0.0.0.0:2055` for NetFlow and IPFIX; `name=SOURCE` names the sensor.
    pub sources: Vec<String>,
    /// Where alerts go, one EVE line each; `None`: standard output, which cannot be looked at after a restart.
    pub alerts: Option<PathBuf>,
    /// Where all scored flows go, one line of JSON each.
    pub flows: Option<PathBuf>,
    /// Bytes after which these files are renamed away and begun anew; 0: never.
    pub rotate_bytes: u64,
    /// Where position and memory are saved.
    pub state: PathBuf,
    /// How often, at most.
    pub save_every: Duration,
    /// Longest that a flow waits for others.
    pub deadline: Duration,
    /// Most flows scored at a time.
    pub batch_rows: usize,
    /// How many reasons an alert names.
    pub reasons: usize,
    /// Ends when what is there now was read.
    pub once: bool,
    /// Who else is sent the alerts; needs `alerts`, which is their spool.
    pub forward: Vec<ForwardTo>,
    /// A file of what is not to be alerted, read again when it changes.
    pub suppress: Option<PathBuf>,
    /// Most alerts of 24 hours; those behind are counted.
    pub most_alerts_a_day: Option<u64>,
    /// Where metrics and health are shown: `127.0.0.1:9469`.
    pub metrics: Option<String>,
    /// Where models are looked up.
    pub project: Project,
}

/// What a watch tells.
#[derive(Debug, Clone)]
pub enum WatchEvent {
    /// It begins, or goes on.
    Begun {
        /// `name/3`.
        model: String,
        /// Flows that were scored before, where it goes on.
        resumed: Option<u64>,
        /// Whether rows are scored as they come though the model was trained on order of flow end.
        as_they_come: bool,
    },
    /// The file that was read last is gone; its log is read from the front.
    Lost {
        /// The source.
        source: String,
    },
    /// The memory saved is another model's: positions are kept, hosts begin anew.
    Cold,
    /// The alias names another model, which takes over.
    Took {
        /// `name/4`.
        model: String,
        /// Whether it knows the hosts from their last flows.
        warmed: usize,
    },
    /// The alias names a model that cannot take over: it reads traffic in another way.
    CannotTake {
        /// `name/4`.
        model: String,
    },
    /// The list of what is not to be alerted was changed and cannot be understood; the one before holds.
    BadList {
        /// What is wrong.
        problem: String,
    },
    /// A source came to its end, or cannot be read any more.
    Ended {
        /// The source.
        source: String,
        /// What is wrong, if anything.
        problem: Option<String>,
    },
    /// Where it stands.
    Status {
        /// All counts since the watch first began.
        counts: WatchCounts,
        /// Flows a second since the last status.
        rate: f64,
    },
}

/// Watches until the sources end or `listener` says stop.
///
/// # Errors
/// A model or state that cannot be used, sources that cannot be opened, files that cannot be written.
pub fn watch(
    request: &WatchRequest,
    listener: &dyn Listener,
    tell: &dyn Fn(&WatchEvent),
) -> Result<WatchCounts, PipelineError> {
    if request.alerts.is_none() && !request.forward.is_empty() {
        return Err(PipelineError::refuse(
            "alerts are sent on from their file: name one with --alerts FILE".to_owned(),
        ));
    }
    let located = locate(&request.project, &request.model, listener)?;
    let model = Arc::new(Model::load(&located.folder).map_err(refused)?);
    let mut watch = Watch::open(request, located, model, tell)?;
    let (sources, messages) = Sources::open(request, &watch.position, watch.scorer.model(), listener, tell)?;
    let forwarders = Forwarder::start_all(request, &watch.shared)?;
    let ended = watch.follow(&sources, &messages, listener);
    sources.stop();
    // Where flows could not be scored or written, what is saved stays behind them, and the next watch takes them again.
    let saved = ended.and_then(|failure| watch.save().map(|()| failure));
    forwarders.into_iter().for_each(Forwarder::finish);
    let failure = saved?;
    watch.tell_status();
    // Where one of several sources fails, the others are watched on; in the end it is told.
    failure.map_or(Ok(watch.position.counts), |problem| Err(refused(problem)))
}

/// A watch under way.
struct Watch<'a> {
    request: &'a WatchRequest,
    tell: &'a dyn Fn(&WatchEvent),
    located: Located,
    scorer: Scorer,
    eve: EveWriter,
    alerts: LineFile,
    flows: Option<LineFile>,
    suppressions: Suppressions,
    position: Position,
    /// The last flows, by which another model would be warmed.
    recent: std::collections::VecDeque<nta_data::Dataset>,
    shared: Arc<Shared>,
    unsaved: bool,
    saved_at: Instant,
    saving_took: Duration,
    told: (Instant, u64),
    looked: Instant,
}

impl<'a> Watch<'a> {
    fn open(
        request: &'a WatchRequest,
        located: Located,
        model: Arc<Model>,
        tell: &'a dyn Fn(&WatchEvent),
    ) -> Result<Self, PipelineError> {
        let saved = SavedState::load(&request.state, &model)?;
        let resumed = saved.as_ref().map(|saved| saved.position.counts.flows);
        let (position, scorer) = match saved {
            Some(SavedState { position, scorer: Some(scorer) }) => (position, scorer),
            Some(SavedState { position, scorer: None }) => {
                tell(&WatchEvent::Cold);
                (position, Scorer::new(Arc::clone(&model)).map_err(failed)?)
            }
            None => (Position::default(), Scorer::new(Arc::clone(&model)).map_err(failed)?),
        };
        let as_they_come = model.schema.order == Order::EndTime && model.state.is_some();
        tell(&WatchEvent::Begun { model: located.title.clone(), resumed, as_they_come });
        let alerts = match &request.alerts {
            Some(path) => LineFile::open(path, position.alerts, request.rotate_bytes)?,
            None => LineFile::stdout(),
        };
        let flows = request.flows.as_ref().map(|path| LineFile::open(path, position.flows, request.rotate_bytes));
        let eve = EveWriter::new(&model, &located.title, request.reasons)?;
        let shared = Arc::new(Shared::new(&located.title));
        shared.set(&position.counts);
        if let Some(address) = &request.metrics {
            health::serve(address, Arc::clone(&shared))?;
        }
        let now = Instant::now();
        let told = (now, position.counts.flows);
        Ok(Watch {
            request,
            tell,
            located,
            scorer,
            eve,
            alerts,
            flows: flows.transpose()?,
            suppressions: Suppressions::open(request.suppress.as_deref())?,
            position,
            recent: Default::default(),
            shared,
            unsaved: false,
            saved_at: now,
            saving_took: Duration::ZERO,
            told,
            looked: now,
        })
    }

    fn follow(
        &mut self,
        sources: &Sources,
        messages: &Receiver<Message>,
        listener: &dyn Listener,
    ) -> Result<Option<IngestError>, PipelineError> {
        let (mut open, mut failure) = (sources.len(), None);
        while open > 0 && !listener.cancelled() {
            match messages.recv_timeout(PAUSE) {
                Ok(Message::Flows(flows)) => self.take(*flows)?,
                Ok(Message::Ended { source, problem }) => {
                    open -= 1;
                    let told = problem.as_ref().map(ToString::to_string);
                    (self.tell)(&WatchEvent::Ended { source, problem: told });
                    failure = failure.or(problem);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.position.counts.datagrams = sources.datagrams();
            self.look_up(listener)?;
        }
        Ok(failure)
    }

    /// Scores flows and writes what comes of them.
    fn take(&mut self, flows: source::Flows) -> Result<(), PipelineError> {
        let source::Flows { source, batch, place, set_aside, left_out, arrived } = flows;
        let scores = self.scorer.score(&batch.dataset).map_err(failed)?;
        let known = self.position.sources.entry(source.clone()).or_default();
        let first = known.flows;
        known.flows += scores.n_rows() as u64;
        known.place = place.or(known.place.take());
        let counts = &mut self.position.counts;
        counts.flows += scores.n_rows() as u64;
        counts.set_aside += set_aside;
        counts.left_out += left_out;
        if let Err(error) = self.suppressions.refresh() {
            (self.tell)(&WatchEvent::BadList { problem: error.to_string() });
        }
        for alert in self.eve.alerts(&source, first, &batch, &scores)? {
            counts.flagged += 1;
            if self.suppressions.holds(&alert) {
                counts.suppressed += 1;
            } else if counts.is_over_budget(alert.micros, self.request.most_alerts_a_day) {
                counts.over_budget += 1;
            } else {
                counts.alerts += 1;
                self.alerts.write(&alert.id, &alert.line)?;
            }
        }
        if let Some(file) = &mut self.flows {
            for (id, line) in self.eve.flows(&source, first, &batch, &scores) {
                file.write(&id, &line)?;
            }
        }
        self.alerts.flush()?;
        self.shared.set(&self.position.counts);
        self.shared.latency(arrived.elapsed());
        self.recent.push_back(batch.dataset);
        let mut n = self.recent.iter().map(nta_data::Dataset::n_rows).sum::<usize>();
        while n > WARMING && self.recent.len() > 1 {
            n -= self.recent.pop_front().map_or(0, |rows| rows.n_rows());
        }
        self.unsaved = true;
        Ok(())
    }

    /// What is done from time to time.
    fn look_up(&mut self, listener: &dyn Listener) -> Result<(), PipelineError> {
        let pause = self.request.save_every.max(self.saving_took * SAVING_SHARE);
        if self.unsaved && self.saved_at.elapsed() >= pause {
            self.save()?;
        }
        if self.told.0.elapsed() >= STATUS {
            self.tell_status();
        }
        if self.looked.elapsed() >= LOOK_AT_ALIAS {
            self.looked = Instant::now();
            self.follow_alias(listener)?;
        }
        Ok(())
    }

    fn tell_status(&mut self) {
        let counts = self.position.counts.clone();
        let seconds = self.told.0.elapsed().as_secs_f64().max(1e-9);
        let rate = counts.flows.saturating_sub(self.told.1) as f64 / seconds;
        self.told = (Instant::now(), counts.flows);
        (self.tell)(&WatchEvent::Status { counts, rate });
    }

    /// Another model takes over between two flows where the name asked for means another now.
    fn follow_alias(&mut self, listener: &dyn Listener) -> Result<(), PipelineError> {
        // A registry that is being written to is looked at again next time.
        let Ok(located) = locate(&self.request.project, &self.request.model, listener) else { return Ok(()) };
        if located.folder == self.located.folder {
            return Ok(());
        }
        let model = Arc::new(Model::load(&located.folder).map_err(refused)?);
        let title = located.title.clone();
        let reads_alike = |a: &Model, b: &Model| {
            let key = |m: &Model| m.state.as_ref().map(|s| (s.by, s.entity_key, s.sensor_key));
            a.schema == b.schema && key(a) == key(b)
        };
        if !reads_alike(self.scorer.model(), &model) {
            self.located = located;
            (self.tell)(&WatchEvent::CannotTake { model: title });
            return Ok(());
        }
        let mut scorer = Scorer::new(Arc::clone(&model)).map_err(failed)?;
        let mut warmed = 0;
        for rows in &self.recent {
            warmed += scorer.score(rows).map_err(failed)?.n_rows();
        }
        self.eve = EveWriter::new(&model, &title, self.request.reasons)?;
        self.shared.takes_over(&title);
        (self.scorer, self.located, self.unsaved) = (scorer, located, true);
        (self.tell)(&WatchEvent::Took { model: title, warmed });
        self.save()
    }

    /// Saves position, memory and the lengths of the files together.
    fn save(&mut self) -> Result<(), PipelineError> {
        let begun = Instant::now();
        self.position.alerts = self.alerts.settle()?;
        if let Some(file) = &mut self.flows {
            self.position.flows = file.settle()?;
        }
        state::save(&self.request.state, &self.position, &self.scorer)?;
        // Between two saves: a file that was begun anew and no save since reads as one of no settled bytes.
        let mut rotated = self.alerts.rotate_if_full()?;
        if let Some(file) = &mut self.flows {
            rotated |= file.rotate_if_full()?;
        }
        if rotated {
            self.position.alerts = self.alerts.settle()?;
            self.position.flows = self.flows.as_mut().map_or(Ok(0), LineFile::settle)?;
            state::save(&self.request.state, &self.position, &self.scorer)?;
        }
        (self.unsaved, self.saved_at, self.saving_took) = (false, Instant::now(), begun.elapsed());
        Ok(())
    }
}
