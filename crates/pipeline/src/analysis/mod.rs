//! A scored file to be looked at: the scored table, its rows one by one, and an overview of flags, times, hosts and, where
//! the file holds the truth, of how right each member is. Whole in one folder, or not there.

mod bits;
mod eve;
mod hosts;
mod of_host;
mod overview;
mod page;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nta_ingest::{AsWritten, BadRows, TimeRead};
use nta_metrics::{Curves, OperatingPoint};
use serde::{Deserialize, Serialize};

pub use eve::ScoredAlerts;
use overview::Overview;
pub use page::{AnalysedRows, PageRow, RowOrder, RowPage, RowQuery};

use crate::error::{PipelineError, failed};
use crate::event::Listener;
use crate::project::Project;
use crate::score::{FamilyCount, HostCount, RowsFile, ScorePromise, ScoreRequest, Timeline, score_and};

/// The overview, as JSON: an [`Analysis`].
pub(crate) const ANALYSIS: &str = "analysis.json";
/// The scored table.
pub(crate) const SCORED: &str = "scored.parquet";

/// What to analyse.
#[derive(Debug, Clone)]
pub struct AnalysisRequest {
    /// As for [`ScoreRequest`].
    pub model: String,
    /// The traffic, one file.
    pub input: PathBuf,
    /// What the user calls it; stands in the analysis, and takes no part in any path.
    pub name: String,
    /// The folder to make, which must not be there.
    pub folder: PathBuf,
    /// How many reasons to give of each flagged row; `None` for none.
    pub reasons: Option<usize>,
    /// Where models are looked up.
    pub project: Project,
}

/// A scored file in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// What the user called the file.
    pub name: String,
    /// The model, as `name/3`.
    pub model: String,
    /// Its digest.
    pub digest: String,
    /// Flows.
    pub rows: u64,
    /// Flows that the hybrid flags.
    pub flagged: u64,
    /// From when until when they began.
    pub time: Option<TimeRead>,
    /// Whether the file holds the truth of some flow.
    pub labelled: bool,
    /// Flows of which no truth is known, where the file has labels.
    pub unjudged: u64,
    /// The members, then the hybrid.
    pub members: Vec<MemberAnalysis>,
    /// Why there are no curves though there are labels.
    pub no_curves: Option<String>,
    /// Flows and flagged flows over time; `None` without times.
    pub timeline: Option<Timeline>,
    /// The hosts that most flagged flows come from, the first of them; empty where the model's schema names none.
    pub hosts: Vec<HostCount>,
    /// Flows and flagged flows of each attack family, where the file holds them.
    pub families: BTreeMap<String, FamilyCount>,
    /// What the model promises, and whether that holds for this traffic; `None` where it promises nothing, and in analyses of
    /// before that was kept.
    #[serde(default)]
    pub promise: Option<ScorePromise>,
    /// Lines that hold no flow, by kind.
    pub left_out: Vec<(String, u64)>,
    /// Seconds it took.
    pub seconds: f64,
}

/// One member's, or the hybrid's, scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemberAnalysis {
    /// `forest`, `lstm`, …, `hybrid`.
    pub name: String,
    /// A flow is flagged above it.
    pub threshold: f32,
    /// Flows by score, of which the truth is not known or not held by the file, in 1,001 steps: place `k` holds
    /// scores above `(k - 1) / 1000` up to `k / 1000`, so that those above `k / 1000` stand behind place `k`.
    pub unjudged: Vec<u64>,
    /// The same of benign flows.
    pub benign: Vec<u64>,
    /// The same of attacks.
    pub attacks: Vec<u64>,
    /// How right the flags are, where the file holds the truth.
    pub at_threshold: Option<OperatingPoint>,
    /// ROC and precision over recall, where there are both classes and not too many rows for it.
    pub curves: Option<Curves>,
}

/// Scores `request.input` and puts all that there is to see of it into `request.folder`, whole or not at all.
///
/// # Errors
/// All of [`crate::score`]'s, and a folder that cannot be written.
pub fn analyse(request: &AnalysisRequest, listener: &dyn Listener) -> Result<Analysis, PipelineError> {
    let parent = request.folder.parent().unwrap_or(Path::new("."));
    let unwritten =
        |source| failed(nta_tracking::TrackingError::Io { doing: "make a folder in", path: parent.to_owned(), source });
    std::fs::create_dir_all(parent).map_err(unwritten)?;
    let staging = nta_atomic::staging_in(parent).map_err(unwritten)?;
    let folder = staging.path();
    let scoring = ScoreRequest {
        model: request.model.clone(),
        inputs: vec![request.input.clone()],
        output: folder.join(SCORED),
        batch_rows: 8_192,
        reasons: request.reasons,
        sensor: Some(request.name.clone()),
        written: AsWritten::default(),
        labels: None,
        bad_rows: BadRows::Refuse,
        columns: None,
        only_flagged: false,
        summary: false,
        resume: None,
        project: request.project.clone(),
    };
    let rows = RowsFile::begin(folder)?;
    let (scored, seen) = score_and(&scoring, listener, Some(rows), |model| Overview::of(model, folder))?;
    let mut truth = scored.truth.unwrap_or_default();
    let analysis = Analysis {
        name: request.name.clone(),
        model: scored.model,
        digest: scored.digest,
        rows: scored.rows,
        flagged: scored.flagged,
        time: scored.time,
        labelled: !truth.is_empty() && scored.unjudged < scored.rows,
        unjudged: scored.unjudged,
        members: seen
            .members
            .into_iter()
            .map(|m| MemberAnalysis { at_threshold: truth.remove(&m.name), ..m })
            .collect(),
        no_curves: seen.no_curves,
        timeline: seen.timeline,
        hosts: seen.hosts,
        families: scored.families,
        promise: scored.promise,
        left_out: scored.left_out.kinds().map(|(n, what)| (what.to_string(), n)).collect(),
        seconds: scored.seconds,
    };
    let text = serde_json::to_vec(&analysis).map_err(failed)?;
    nta_atomic::write(&folder.join(ANALYSIS), &text).map_err(failed)?;
    nta_atomic::rename_folder(folder, &request.folder).map_err(failed)?;
    Ok(analysis)
}
