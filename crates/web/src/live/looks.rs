//! Looking: the page, where a watch stands, its alerts, one of them, its host's last hour, and alerts to take away.

use axum::extract::{Extension, Path, Query, State};
use axum::response::Response;
use nta_pipeline::{
    AlertOrder, AlertPage, AlertQuery, AlertRule, AlertSlice, AlertState, HostHour, InboxAlert, Sample, WatchView,
};
use serde::{Deserialize, Serialize};

use crate::answer::Json;
use crate::error::Problem;
use crate::guard::visitor::Visitor;
use crate::server::Server;
use crate::stream::{self, written};

/// Alerts of a page where nobody says.
const PAGE: usize = 50;
/// And at most.
const MOST_PAGE: usize = 200;

#[derive(Serialize)]
struct LivePage {
    /// Names of the watches.
    watches: Vec<String>,
}

pub(crate) async fn page(
    State(server): State<Server>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Problem> {
    let watches = server.live.inboxes.iter().map(|inbox| inbox.name().to_owned()).collect();
    server.pages.page(&visitor, "live.html", "Live", &LivePage { watches })
}

#[derive(Serialize)]
pub(crate) struct Watches {
    watches: Vec<WatchView>,
}

pub(crate) async fn list(State(server): State<Server>) -> Json<Watches> {
    Json(Watches { watches: server.live.inboxes.iter().map(|inbox| inbox.view()).collect() })
}

#[derive(Serialize)]
pub(crate) struct Shown {
    #[serde(flatten)]
    view: WatchView,
    /// Of the last ten minutes, as far as this server has seen them.
    samples: Vec<Sample>,
}

pub(crate) async fn show(State(server): State<Server>, Path(name): Path<String>) -> Result<Json<Shown>, Problem> {
    let inbox = server.live.find(&name)?;
    Ok(Json(Shown { view: inbox.view(), samples: inbox.samples() }))
}

/// Which alerts are asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    state: Option<AlertState>,
    host: Option<String>,
    src: Option<String>,
    kind: Option<String>,
    rule: Option<AlertRule>,
    from: Option<i64>,
    until: Option<i64>,
    through: Option<String>,
    /// Whether those of one host and kind are one.
    fold: Option<bool>,
    #[serde(default)]
    sort: AlertOrder,
    /// From 1.
    page: Option<usize>,
    size: Option<usize>,
}

impl Wanted {
    fn query(self) -> AlertQuery {
        let Wanted { state, host, src, kind, rule, from, until, through, .. } = self;
        AlertQuery { state, host, src, kind, rule, from, until, through }
    }
}

pub(crate) async fn alerts(
    State(server): State<Server>,
    Path(name): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<AlertPage>, Problem> {
    let inbox = server.live.find(&name)?;
    let take = wanted.size.unwrap_or(PAGE).clamp(1, MOST_PAGE);
    let skip = wanted.page.unwrap_or(1).saturating_sub(1).saturating_mul(take);
    let slice = AlertSlice { order: wanted.sort, fold: wanted.fold.unwrap_or(false), skip, take };
    let query = wanted.query();
    Ok(Json(tokio::task::spawn_blocking(move || inbox.page(&query, slice)).await??))
}

pub(crate) async fn alert(
    State(server): State<Server>,
    Path((name, id)): Path<(String, String)>,
) -> Result<Json<InboxAlert>, Problem> {
    let inbox = server.live.find(&name)?;
    let found = tokio::task::spawn_blocking(move || inbox.alert(&id)).await??;
    found.map(Json).ok_or_else(|| Problem::not_found("alert"))
}

pub(crate) async fn hour(
    State(server): State<Server>,
    Path((name, id)): Path<(String, String)>,
) -> Result<Json<HostHour>, Problem> {
    let inbox = server.live.find(&name)?;
    let found = tokio::task::spawn_blocking(move || inbox.host_hour(&id)).await??;
    found.map(Json).ok_or_else(|| Problem::not_found("alert"))
}

pub(crate) async fn download(
    State(server): State<Server>,
    Path((name, format)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let (inbox, query) = (server.live.find(&name)?, wanted.query());
    let (kind, ending, body) = match format.as_str() {
        "eve" => ("application/jsonl", "eve.json", written(move |out| inbox.write_eve(&query, out))),
        "verdicts" => ("application/jsonl", "verdicts.jsonl", written(move |out| inbox.write_verdicts(&query, out))),
        _ => return Err(Problem::not_found("format; there are eve and verdicts")),
    };
    stream::download(kind, &format!("{name}.{ending}"), body)
}
