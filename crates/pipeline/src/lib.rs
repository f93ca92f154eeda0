//! The stages and the jobs made of them. Progress goes out as events; nothing is printed here.

mod analysis;
mod bad_rows;
mod baseline;
mod compare;
mod config;
mod digest;
mod doctor;
mod drift;
mod drift_limits;
mod dry_run;
mod error;
mod event;
mod external_sort;
mod feedback;
mod inbox;
mod init;
mod labels_file;
mod meter;
mod models;
mod policy;
mod project;
mod promises;
mod promotions;
mod publish;
mod raise;
mod read_again;
mod retrain;
mod run;
mod runs;
mod schemas;
mod score;
mod simulate;
mod track;
mod traffic;
mod watch;
mod yaml;

pub use analysis::{
    AnalysedRows, Analysis, AnalysisRequest, MemberAnalysis, PageRow, RowOrder, RowPage, RowQuery, ScoredAlerts,
    analyse,
};
pub use bad_rows::{BadRowsConfig, BadRowsWord, SetAside};
pub use baseline::{BaselineOutcome, BaselineRequest, LikeAttack, SiteThreshold, Trust, baseline};
pub use compare::{CompareRequest, compare, compare_html, compare_page};
pub use config::{
    Choice, ConfigError, DataConfig, EvaluateConfig, LeaveOutChoice, LoadedConfig, RunConfig, Traffic, TrafficFile,
};
pub use doctor::{Checkup, checkup};
pub use drift::{DriftOutcome, DriftRequest, drift};
pub use dry_run::{DryRun, FIRST_ANSWER, SampleRead, dry_run};
pub use error::{Cause, PipelineError, chain};
pub use event::{
    Begun, DatasetRead, Epoch, Event, FeatureLoss, GivenLabel, Listener, Outcome, PartSize, Remark, Settled, Silence,
    Stage, TimesRead, Unit,
};
pub use feedback::{
    FeedbackOutcome, FeedbackRequest, FeedbackTraffic, Submission, feedback, feedback_kept, feedback_traffic,
};
pub use inbox::{
    AlertOrder, AlertPage, AlertQuery, AlertRule, AlertSlice, AlertState, Gap, HostHour, Inbox, InboxAlert, LabelsKept,
    Mark, MarkRequest, Marked, News, Sample, Seen, SuppressAsked, WatchStanding, WatchView,
};
pub use init::{CheckedConfig, Guess, InitOutcome, InitRequest, check_config, init};
pub use labels_file::LabelsFile;
pub use meter::{MeterOutcome, MeterRequest, meter};
pub use models::{ModelLine, ModelView, model_log, models, show_model};
pub use nta_atomic::remove_unfinished;
pub use nta_audit::{ColumnDrift, Drift, SpreadMoved};
pub use nta_data::{Awaited, Caller, Contact, TimeUnit, Wait, listed};
pub use nta_ingest::{
    Answers, AsWritten, BadRows, ColumnRole, ColumnSeen, Joined, LeftOut, MeterConfig, MeterCounts, OddColumn,
    TimeRead, WithoutTruth, panic_is_caught,
};
pub use nta_leakage::{Finding, Strong};
pub use nta_metrics::{
    AVERAGE, AtRate, Check, Checked, Evaluation, GroupBy, Interval, LeaveOut, MemberEvaluation, OperatingPoint, Paired,
    Promise, UnitKind, implied_precision, metric,
};
pub use nta_model::{
    Act, AliasChange, By, Collected, FromVerdicts, Look, Observed, Reign, Removal, SiteBaseline, SiteCandidate,
    SiteChoice, SiteKept, SitePerDay, SiteUnits,
};
pub use nta_report::{Comparison, Service, Standing, ToldCheck, a_day, inert_cell, tell_check, thousands};
pub use nta_tracking::{Moment, Status};
pub use policy::{Promotion, RetrainConfig};
pub use project::Project;
pub use promises::ObservedPromise;
pub use promotions::{AliasMoved, by_account, collect_garbage, promote, remove_alias, rollback};
pub use publish::{Proved, PublishOutcome, PublishRequest, Verified, VerifyRequest, publish, require_key, verify};
pub use raise::{RaiseOutcome, RaiseRequest, raise};
pub use retrain::{Decision, FreshAudit, RetrainOutcome, RetrainRequest, RowCounts, Unavailable, retrain};
pub use run::{ColumnCheck, Resume, RunOutcome, leave_families_out, run};
pub use runs::{RunLine, RunList, runs, show};
pub use schemas::{infer_schema, list_schemas, show_schema};
pub use score::{
    FamilyCount, HostCount, LoadedModel, Outside, PerDay, PostedScores, ScoreOutcome, ScorePromise, ScoreRequest,
    ScoreSummary, Timeline, TimelineBin, score,
};
pub use simulate::{SimulateRequest, simulate};
pub use track::{RemoteRun, SyncLine, TrackedRun, remote_runs, sync};
pub use traffic::Extent;
pub use watch::{
    Day, ForwardKind, ForwardTo, Forwarded, KeptWatch, LatestAlert, MostAlerts, Suppression, USUAL_WINDOW, WatchCounts,
    WatchEvent, WatchRequest, WatchStatus, timestamp, watch,
};

/// Computes with this many threads from now on; without a call, with all cores. No result depends on it.
pub fn use_threads(n: usize) -> Result<(), PipelineError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build_global();
    pool.map_err(|error| PipelineError::refuse(format!("cannot set {n} threads: {error}")))
}
