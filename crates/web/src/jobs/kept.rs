//! A job as it is kept on disk.

use nta_pipeline::{GroupBy, Moment};
use serde::{Deserialize, Serialize};

/// One job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) id: String,
    /// What the user calls what it works on.
    pub(crate) name: String,
    /// Bytes of that.
    #[serde(default)]
    pub(crate) bytes: u64,
    #[serde(flatten)]
    pub(crate) work: Work,
    pub(crate) state: JobState,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    pub(crate) asked: Moment,
    /// Who asked for it, as the audit log names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended: Option<Moment>,
    /// How often it was begun: a server that was killed begins it again.
    #[serde(default)]
    pub(crate) begun: u32,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) made: Option<Made>,
}

impl Job {
    /// One that waits.
    pub(crate) fn asked(id: String, name: String, work: Work) -> Self {
        Job {
            id,
            name,
            bytes: 0,
            work,
            state: JobState::Queued,
            error: None,
            asked: Moment::now(),
            by: None,
            ended: None,
            begun: 0,
            made: None,
        }
    }
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Work {
    Score {
        upload: String,
        model: String,
        explain: bool,
    },
    Try,
    /// Looks at a file that a model is to be trained on.
    Draft {
        upload: String,
    },
    Train {
        upload: String,
        /// The training in preparation whose config it runs; else the one that `nta init` makes.
        #[serde(default)]
        draft: Option<String>,
    },
    /// Labelled flows of later make a challenger of a model, which is held against it.
    Retrain {
        upload: String,
        model: String,
    },
    /// A scored file against what its model was trained on.
    Drift {
        upload: String,
        model: String,
        /// The result that it belongs to.
        result: String,
    },
    /// Benign flows of a site make the next version of a model.
    Baseline(SiteFlows),
}

/// Benign flows of a site, and what is promised there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SiteFlows {
    pub(crate) upload: String,
    /// `name/3`.
    pub(crate) model: String,
    /// Somebody has looked at the flows: they are benign.
    #[serde(default)]
    pub(crate) verified: bool,
    /// Flows that score like known attacks were looked at, and are benign.
    #[serde(default)]
    pub(crate) accept: bool,
    /// The site has no other hosts than those of the flows.
    #[serde(default)]
    pub(crate) all_hosts: bool,
    /// The false positive rate to promise; the model's own where not given.
    #[serde(default)]
    pub(crate) budget: Option<f64>,
    /// The false alarms a day to promise in its place.
    #[serde(default)]
    pub(crate) alerts_per_day: Option<f64>,
    /// Flows a day, where their times do not tell.
    #[serde(default)]
    pub(crate) flows_per_day: Option<f64>,
    /// The rate is kept in nine of ten of these groups.
    #[serde(default)]
    pub(crate) groups: Option<GroupBy>,
}

impl Work {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Work::Score { .. } => "score",
            Work::Try => "try",
            Work::Draft { .. } => "draft",
            Work::Train { .. } => "train",
            Work::Retrain { .. } => "retrain",
            Work::Drift { .. } => "drift",
            Work::Baseline(_) => "baseline",
        }
    }

    /// The file that it reads.
    pub(crate) fn upload(&self) -> Option<&str> {
        match self {
            Work::Score { upload, .. }
            | Work::Draft { upload }
            | Work::Retrain { upload, .. }
            | Work::Drift { upload, .. }
            | Work::Train { upload, .. }
            | Work::Baseline(SiteFlows { upload, .. }) => Some(upload),
            Work::Try => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JobState {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

impl JobState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            JobState::Queued => "queued",
            JobState::Running => "running",
            JobState::Done => "done",
            JobState::Failed => "failed",
            JobState::Cancelled => "cancelled",
        }
    }

    pub(crate) fn is_over(self) -> bool {
        !matches!(self, JobState::Queued | JobState::Running)
    }
}

/// What a job made.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "made", rename_all = "snake_case")]
pub(crate) enum Made {
    /// A result, under the job's id.
    Result { rows: u64, flagged: u64, model: String },
    /// A training in preparation, under the job's id.
    Draft { problem: Option<String> },
    /// A run and its model.
    Run {
        run: String,
        model: String,
        /// What was taken for granted: the key, and what it became.
        guesses: Vec<(String, String)>,
    },
    /// A challenger, and how it stands against the champion.
    Challenge {
        champion: String,
        /// Where the champion has learned from the file already there is none.
        model: Option<String>,
        run: Option<String>,
        passed: bool,
        /// What it had to show, what was found, what it must be, and whether it is.
        checks: Vec<(String, String, String, bool)>,
        /// More of the attacks found at one false positive rate, with its interval.
        gain: Option<f64>,
        interval: Option<(f64, f64)>,
        /// What of the file is past its limit of drift.
        drifted: Vec<String>,
    },
    /// How far a file has moved from the training; the page stands beside the result.
    Drift { result: String, rows: u64, past_limit: Vec<String> },
    /// The next version of a model, with the thresholds of a site.
    Site {
        model: String,
        parent: String,
        /// Benign flows that it rests on.
        rows: u64,
        /// Largest share of benign flows there that may be flagged, and how surely.
        budget: f64,
        confidence: f64,
        /// False alarms that this is a day, and flows of one, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        a_day: Option<(f64, f64)>,
        /// Thresholds until now and from now on, with the share of these flows above each: by member.
        thresholds: Vec<(String, f32, f64, f32, f64)>,
        /// Why nothing is flagged, or less than the budget allows.
        notes: Vec<String>,
    },
}
