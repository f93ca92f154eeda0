//! Jobs in two lanes, each a thread: any job in its turn in one, small files alone in the other, so that they need not wait
//! for a large one. Each job is kept in a file: what a killed server left is begun again.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use axum::http::StatusCode;
use nta_pipeline::Moment;

use super::ended::{Done, Ended};
use super::kept::{Job, JobState, Work};
use super::progress::{Followed, Progress};
use crate::error::Problem;
use crate::held::held;
use crate::{Happened, Watcher, random};

/// A job that took the server down with it is not begun for ever.
const MOST_TIMES: u32 = 3;

/// Bytes of a file that may take the lane for small ones.
const SMALL: u64 = 32 << 20;

/// Jobs that may wait, and those of one user.
const MOST_WAITING: usize = 100;
const MOST_OF_ONE: usize = 20;

/// Seconds after which it is worth asking again.
const LATER: u64 = 60;

/// All jobs.
pub(crate) struct Jobs {
    folder: PathBuf,
    watcher: Arc<dyn Watcher>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    all: BTreeMap<String, Job>,
    waiting: VecDeque<String>,
    running: BTreeMap<String, Arc<Followed>>,
    stopping: bool,
    /// Lanes that take jobs.
    working: usize,
}

/// Who asks for a job.
pub(crate) struct By {
    /// As the audit log names them.
    pub(crate) told: String,
    /// Whether that is the name of a user.
    pub(crate) is_user: bool,
}

/// Which jobs a thread takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Any,
    Small,
}

const LANES: [Lane; 2] = [Lane::Any, Lane::Small];

impl Lane {
    fn takes(self, job: &Job) -> bool {
        let is_small = matches!(job.work, Work::Score { .. } | Work::Draft { .. } | Work::Drift { .. })
            && (1..=SMALL).contains(&job.bytes);
        self == Lane::Any || is_small
    }
}

impl Jobs {
    /// The jobs kept in `folder`; those that did not end wait again, in the order in which they were asked for.
    pub(crate) fn open(folder: PathBuf, watcher: Arc<dyn Watcher>) -> Self {
        let mut state = State { all: kept_in(&folder), ..State::default() };
        let mut unfinished: Vec<&mut Job> = state.all.values_mut().filter(|job| !job.state.is_over()).collect();
        unfinished.sort_by_key(|job| job.asked);
        let mut waiting = VecDeque::new();
        for job in unfinished {
            if job.begun >= MOST_TIMES {
                job.state = JobState::Failed;
                job.error = Some(format!(
                    "the server ended {MOST_TIMES} times while it was at this; send the file again to try once more"
                ));
                job.ended = Some(Moment::now());
            } else {
                job.state = JobState::Queued;
                waiting.push_back(job.id.clone());
            }
            // Where this fails, the file still says that it did not end.
            let _ = keep(&folder, job);
        }
        state.waiting = waiting;
        Jobs { folder, watcher, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Begins to work: `perform` does each job, one after the other in each lane.
    pub(crate) fn start(
        self: &Arc<Self>,
        perform: impl Fn(&Job, &Followed) -> Done + Send + Sync + 'static,
    ) -> io::Result<Vec<JoinHandle<()>>> {
        let perform = Arc::new(perform);
        let work = |lane: Lane| {
            let (jobs, perform) = (Arc::clone(self), Arc::clone(&perform));
            held(&jobs.state).working += 1;
            std::thread::Builder::new().name("jobs".to_owned()).spawn(move || {
                while let Some((job, followed)) = jobs.next(lane) {
                    let done = perform(&job, &followed);
                    jobs.end(&job.id, done, &followed);
                }
                held(&jobs.state).working -= 1;
            })
        };
        LANES.into_iter().map(work).collect()
    }

    /// No more jobs are begun; the one at work is asked to stop by its watcher.
    pub(crate) fn stop(&self) {
        held(&self.state).stopping = true;
        self.changed.notify_all();
    }

    pub(crate) fn is_working(&self) -> bool {
        held(&self.state).working == LANES.len()
    }

    /// Takes on work on something of `bytes` that the user calls `name`. `by` asks for it; a user of that name may have so
    /// many jobs wait, so that others come in.
    pub(crate) fn add(&self, name: String, bytes: u64, work: Work, by: By) -> Result<Job, Problem> {
        let asked = Job::asked(random::id()?, name, work);
        let job = Job { bytes, by: Some(by.told), ..asked };
        let mut state = held(&self.state);
        let of_one = |id: &&String| state.all.get(*id).is_some_and(|waiting| waiting.by == job.by);
        let too_many = match () {
            () if state.waiting.len() >= MOST_WAITING => Some("too many jobs wait"),
            () if by.is_user && state.waiting.iter().filter(of_one).count() >= MOST_OF_ONE => {
                Some("too many jobs of yours wait")
            }
            () => None,
        };
        if let Some(why) = too_many {
            let why = format!("{why}; try again when some have ended");
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, why).after(LATER));
        }
        keep(&self.folder, &job)?;
        state.all.insert(job.id.clone(), job.clone());
        state.waiting.push_back(job.id.clone());
        self.tell(&job);
        drop(state);
        self.changed.notify_all();
        Ok(job)
    }

    pub(crate) fn find(&self, id: &str) -> Result<Job, Problem> {
        held(&self.state).all.get(id).cloned().ok_or_else(|| Problem::not_found("job"))
    }

    /// All of them, the newest first.
    pub(crate) fn all(&self) -> Vec<Job> {
        let mut all: Vec<Job> = held(&self.state).all.values().cloned().collect();
        all.sort_by_key(|job| std::cmp::Reverse(job.asked));
        all
    }

    /// Jobs that are done before `id` begins.
    pub(crate) fn before(&self, id: &str) -> usize {
        let state = held(&self.state);
        let place = state.waiting.iter().position(|waiting| waiting == id);
        place.map_or(0, |place| place + state.running.len())
    }

    pub(crate) fn progress(&self, id: &str) -> Option<Progress> {
        let followed = held(&self.state).running.get(id).cloned();
        followed.map(|followed| followed.seen())
    }

    /// Bytes of what jobs that have not ended work on: a result takes about as much as what it comes from.
    pub(crate) fn promised(&self) -> u64 {
        let under_way = |job: &&Job| !job.state.is_over();
        held(&self.state).all.values().filter(under_way).fold(0, |sum, job| sum.saturating_add(job.bytes))
    }

    /// Whether a job that has not ended reads this upload.
    pub(crate) fn uses(&self, upload: &str) -> bool {
        held(&self.state).all.values().any(|job| !job.state.is_over() && job.work.upload() == Some(upload))
    }

    /// Whether a training runs by this draft, or ran by it to its end.
    pub(crate) fn needs_draft(&self, id: &str) -> bool {
        let is_needed = |job: &Job| !job.state.is_over() || job.state == JobState::Done;
        held(&self.state).all.values().any(|job| is_training_by(job, id) && is_needed(job))
    }

    /// Whether a training by this draft has not ended.
    pub(crate) fn trains_by(&self, id: &str) -> bool {
        held(&self.state).all.values().any(|job| is_training_by(job, id) && !job.state.is_over())
    }

    pub(crate) fn cancel(&self, id: &str) -> Result<(), Problem> {
        let mut state = held(&self.state);
        if let Some(followed) = state.running.get(id) {
            followed.cancel();
            return Ok(());
        }
        let Some(job) = state.all.get_mut(id) else { return Err(Problem::not_found("job")) };
        if job.state.is_over() {
            return Err(Problem::new(StatusCode::CONFLICT, "this job has ended"));
        }
        (job.state, job.ended) = (JobState::Cancelled, Some(Moment::now()));
        keep(&self.folder, job)?;
        self.tell(job);
        state.waiting.retain(|waiting| waiting != id);
        Ok(())
    }

    /// Forgets a job that has ended.
    pub(crate) fn forget(&self, id: &str) -> io::Result<()> {
        let mut state = held(&self.state);
        if state.all.get(id).is_some_and(|job| job.state.is_over()) {
            fs::remove_file(place(&self.folder, id))?;
            state.all.remove(id);
        }
        Ok(())
    }

    /// Waits for the next job of a lane; `None` when there will be none.
    fn next(&self, lane: Lane) -> Option<(Job, Arc<Followed>)> {
        let mut state = held(&self.state);
        loop {
            if state.stopping {
                return None;
            }
            let place = state.waiting.iter().position(|id| state.all.get(id).is_none_or(|job| lane.takes(job)));
            if let Some(id) = place.and_then(|place| state.waiting.remove(place)) {
                let Some(job) = state.all.get_mut(&id) else { continue };
                (job.state, job.begun) = (JobState::Running, job.begun + 1);
                // Where the disk is full the work itself will say so.
                let _ = keep(&self.folder, job);
                self.tell(job);
                let (job, followed) = (job.clone(), Arc::new(Followed::new(Arc::clone(&self.watcher))));
                state.running.insert(id, Arc::clone(&followed));
                return Some((job, followed));
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn end(&self, id: &str, done: Done, followed: &Followed) {
        let mut state = held(&self.state);
        state.running.remove(id);
        let Some(job) = state.all.get_mut(id) else { return };
        match done {
            Ok(made) => (job.state, job.made) = (JobState::Done, Some(made)),
            // The server ends: the job is begun again at the next start, and this time does not count.
            Err(Ended::Stopped) if !followed.is_cancelled() => {
                (job.state, job.begun) = (JobState::Queued, job.begun - 1);
            }
            Err(Ended::Stopped) => job.state = JobState::Cancelled,
            Err(Ended::Failed(why)) => (job.state, job.error) = (JobState::Failed, Some(why)),
        }
        job.ended = job.state.is_over().then(Moment::now);
        let _ = keep(&self.folder, job);
        self.tell(job);
    }

    fn tell(&self, job: &Job) {
        let (kind, state) = (job.work.kind(), job.state.name());
        self.watcher.hear(&Happened::Job { job: &job.id, kind, state, error: job.error.as_deref() });
    }
}

fn place(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.json"))
}

fn keep(folder: &Path, job: &Job) -> io::Result<()> {
    let text = serde_json::to_vec(job).map_err(io::Error::other)?;
    nta_atomic::write(&place(folder, &job.id), &text).map_err(|error| error.source)
}

/// The jobs that can be read; others are none of ours.
fn kept_in(folder: &Path) -> BTreeMap<String, Job> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let read = |path: PathBuf| serde_json::from_slice::<Job>(&fs::read(path).ok()?).ok();
    let jobs = files.filter_map(|entry| read(entry.path())).filter(|job| random::is_id(&job.id));
    jobs.map(|job| (job.id.clone(), job)).collect()
}

/// A training that nobody prepared has what is recognised under its own id.
fn is_training_by(job: &Job, draft: &str) -> bool {
    matches!(&job.work, Work::Train { draft: by, .. } if by.as_deref().unwrap_or(&job.id) == draft)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_need_not_wait_for_a_large_one() {
        let score = || Work::Score { upload: String::new(), model: String::new(), explain: false };
        let job = |bytes, work| Job { bytes, ..Job::asked("a".to_owned(), "a.csv".to_owned(), work) };
        assert!(Lane::Small.takes(&job(1_000, score())) && Lane::Any.takes(&job(1_000, score())));
        assert!(!Lane::Small.takes(&job(SMALL + 1, score())) && Lane::Any.takes(&job(SMALL + 1, score())));
        assert!(!Lane::Small.takes(&job(1_000, Work::Train { upload: String::new(), draft: None })));
        assert!(!Lane::Small.takes(&job(0, score())), "a job of before sizes were kept");
    }
}
