//! `nta sync`: what a server lacks of runs goes there, once.

use std::collections::BTreeMap;
use std::time::Duration;

use nta_tracking::mlflow::{Delivered, Delivery, Remaining, Server, TRACKING, Tracked};
use nta_tracking::{RunSummary, Status, TrackingError};
use serde::Serialize;

use super::{about::About, picture, server, title};
use crate::error::{PipelineError, failed, refused};
use crate::event::{Event, Listener, Stage, Unit};
use crate::project::Project;

/// What became of one run.
#[derive(Debug, Clone, Serialize)]
pub struct SyncLine {
    /// `name/id`.
    pub run: String,
    /// Its page on the server, once there is one.
    pub page: Option<String>,
    /// What the server lacked before.
    pub lacked: Remaining,
    /// What it lacks now.
    pub remaining: Remaining,
    /// Why something is not there.
    pub why: Option<String>,
}

impl SyncLine {
    /// A run whose folder cannot be read.
    fn damaged(run: &RunSummary, delivered: &Delivered, error: &TrackingError) -> Self {
        let (lacked, remaining) = (Remaining::default(), Remaining::default());
        SyncLine { run: title(&run.record), page: delivered.page(), lacked, remaining, why: Some(error.to_string()) }
    }

    /// Whether the server holds the whole run.
    pub fn is_whole(&self) -> bool {
        self.remaining.is_nothing() && self.why.is_none()
    }
}

/// Sends the runs that are asked for to the server `to`, to their own or to that of the environment; none asked for:
/// every run that was told to a server and is not wholly there. A server that does not answer is not asked again for the
/// runs after.
///
/// # Errors
/// A run that is not there, no server named, an interrupt.
pub fn sync(
    project: &Project,
    asked: &[String],
    to: Option<&str>,
    listener: &dyn Listener,
) -> Result<Vec<SyncLine>, PipelineError> {
    let runs = if asked.is_empty() {
        // One that still runs sends by itself.
        let was_tracked =
            |run: &RunSummary| run.status != Status::Running && run.folder.join(TRACKING).join("about.json").exists();
        nta_tracking::runs(&project.home).map_err(refused)?.runs.into_iter().filter(was_tracked).collect()
    } else {
        let find = |run: &String| nta_tracking::find(&project.home, run).map_err(refused);
        asked.iter().map(find).collect::<Result<Vec<_>, _>>()?
    };
    let mut lines: Vec<SyncLine> = Vec::new();
    let mut silent = BTreeMap::new();
    for (done, run) in runs.iter().enumerate() {
        let total = Some(runs.len() as u64);
        listener.hear(&Event::Progress { stage: Stage::Sync, done: done as u64, total, unit: Unit::RunsSent });
        let line = send(project, run, to, listener, &mut silent)?;
        if !asked.is_empty() || !line.lacked.is_nothing() || line.why.is_some() {
            lines.push(line);
        }
    }
    Ok(lines)
}

/// Sends one run. `silent` holds the servers that did not answer, and why.
fn send(
    project: &Project,
    run: &RunSummary,
    to: Option<&str>,
    listener: &dyn Listener,
    silent: &mut BTreeMap<String, String>,
) -> Result<SyncLine, PipelineError> {
    let server = server_of(run, to)?;
    let before = Delivered::read(&run.folder).filter(|d| d.server == server.address()).unwrap_or_default();
    let tracked = match tracked(project, run) {
        Ok(tracked) => tracked,
        // A damaged run keeps no other from being sent.
        Err(error) => return Ok(SyncLine::damaged(run, &before, &error)),
    };
    let lacked = Remaining::of(&before, &tracked);
    let line = |delivered: &Delivered, why: Option<String>| SyncLine {
        run: title(&run.record),
        page: delivered.page(),
        lacked,
        remaining: Remaining::of(delivered, &tracked),
        why,
    };
    if run.status == Status::Running {
        return Ok(line(&before, Some("it is still running, and sends by itself".to_owned())));
    }
    if lacked.is_nothing() {
        return Ok(line(&before, None));
    }
    let address = server.address().to_owned();
    if let Some(why) = silent.get(&address) {
        return Ok(line(&before, Some(why.clone())));
    }
    let (delivered, refusal) = deliver(run, &tracked, server, listener)?;
    let why = refusal.as_ref().map(TrackingError::to_string);
    if let (Some(why), Some(true)) = (&why, refusal.map(|error| error.is_passing())) {
        silent.insert(address, why.clone());
    }
    Ok(line(&delivered, why))
}

/// Sends what the server lacks of `tracked`: what it holds then, and why that is not all.
fn deliver(
    run: &RunSummary,
    tracked: &Tracked,
    server: Server,
    listener: &dyn Listener,
) -> Result<(Delivered, Option<TrackingError>), PipelineError> {
    let stopped =
        || PipelineError::Interrupted(format!("while sending run {}; `nta sync` goes on with it", run.record.id));
    let wait = |pause: Duration| wait(pause, listener);
    let delivery = Delivery::open(&run.folder, server, Box::new(wait)).map_err(failed)?;
    let mut delivery = delivery.ok_or_else(stopped)?;
    let sent = delivery.deliver(tracked);
    if listener.cancelled() {
        return Err(stopped());
    }
    Ok((delivery.delivered().clone(), sent.err()))
}

/// How a run that is not being written stands for a server.
fn tracked(project: &Project, run: &RunSummary) -> Result<Tracked, TrackingError> {
    let mut record = run.record.clone();
    record.status = run.status;
    Ok(picture::picture(picture::material(project, &run.folder, record)?))
}

fn server_of(run: &RunSummary, to: Option<&str>) -> Result<Server, PipelineError> {
    let own = || Delivered::read(&run.folder).map(|d| d.server).or_else(|| began_with(run));
    server::named(to.map(str::to_owned).or_else(own).as_deref())
}

/// The server that the run was told to when it began.
fn began_with(run: &RunSummary) -> Option<String> {
    Some(About::read(&run.folder, &run.record).server).filter(|server| !server.is_empty())
}

/// Sleeps so that an interrupt is noticed.
pub(super) fn wait(pause: Duration, listener: &dyn Listener) -> bool {
    let end = std::time::Instant::now() + pause;
    loop {
        let left = end.saturating_duration_since(std::time::Instant::now());
        if listener.cancelled() {
            return false;
        }
        if left.is_zero() {
            return true;
        }
        std::thread::sleep(left.min(Duration::from_millis(100)));
    }
}
