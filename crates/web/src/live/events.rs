//! What comes, told as server-sent events: alerts under their ids, so that a page that was cut off goes on behind the last one
//! that it saw, and where the watch stands.

use std::io;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use nta_pipeline::Seen;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::error::Problem;
use crate::guard::visitor::Visitor;
use crate::server::Server;
use crate::stream::channel;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(1);
/// Alerts told at a time; of more the last, and how many are not told.
const MOST: usize = 200;
/// Where nothing changes, a line is sent as often as this, so that whoever is gone is noticed.
const ALIVE: Duration = Duration::from_secs(15);
/// Whoever takes nothing for so long is told no more.
const TAKES: Duration = Duration::from_secs(30);
/// Then the page asks again, and is asked again who it is.
const LASTS: Duration = Duration::from_secs(600);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Behind {
    /// The id of the last alert that was seen; `Last-Event-ID` goes before it.
    after: Option<String>,
}

pub(crate) async fn events(
    State(server): State<Server>,
    Extension(visitor): Extension<Visitor>,
    Path(name): Path<String>,
    Query(behind): Query<Behind>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let inbox = server.live.find(&name)?;
    let too_many = || {
        let why = "too many pages are told of alerts at once";
        Problem::new(StatusCode::TOO_MANY_REQUESTS, why).after(10)
    };
    let turn = server.live.listeners.turn(visitor.told()).ok_or_else(too_many)?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let mut seen = Seen::after(last.or(behind.after));
    let (sender, body) = channel();
    let watcher = server.watcher.clone();
    let tell = async move {
        let _turn = turn;
        let (begun, mut before, mut told_at) = (Instant::now(), None, Instant::now());
        let mut text = "retry: 2000\n\n".to_owned();
        while begun.elapsed() < LASTS && !watcher.stopped() {
            let asked = inbox.clone();
            let look = move || {
                let news = asked.since(&mut seen, MOST);
                (seen, news, asked.view())
            };
            let Ok((behind, news, view)) = tokio::task::spawn_blocking(look).await else { return };
            seen = behind;
            if let Some(gap) = &news.gap {
                // Under the newest's id where no alert follows: a page that was cut off now goes on there.
                text += &event("gap", news.newest.as_deref().filter(|_| news.alerts.is_empty()), gap);
            }
            for alert in &news.alerts {
                text += &event("alert", Some(&alert.id), alert);
            }
            let now = (view.version, view.heard, view.standing, view.reading);
            if before.replace(now) != Some(now) {
                text += &event("status", None, &view);
            } else if text.is_empty() && told_at.elapsed() >= ALIVE {
                text += ":\n\n";
            }
            if !text.is_empty() {
                told_at = Instant::now();
                let sent = sender.send(Ok::<_, io::Error>(Bytes::from(std::mem::take(&mut text))));
                // Gone, or takes nothing.
                if !matches!(timeout(TAKES, sent).await, Ok(Ok(()))) {
                    return;
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    };
    tokio::spawn(tell);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        // A proxy that gathers answers before it passes them on would hold events back.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, body).into_response())
}

/// One event; JSON is one line.
fn event(name: &str, id: Option<&str>, data: &impl Serialize) -> String {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    format!("event: {name}\n{id}data: {}\n\n", serde_json::to_string(data).unwrap_or_default())
}
