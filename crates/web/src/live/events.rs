//! What comes, told as server-sent events: alerts under their ids, so that a page that was cut off goes on behind the last one
//! that it saw, and where the watch stands.

use std::io;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::Problem;
use crate::server::Server;
use crate::stream::channel;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(1);
/// Alerts told at a time; of more the last, and how many are not told.
const MOST: usize = 200;
/// Where nothing changes, a line is sent as often as this, so that whoever is gone is noticed.
const ALIVE: Duration = Duration::from_secs(15);
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
    Path(name): Path<String>,
    Query(behind): Query<Behind>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let inbox = server.live.find(&name)?;
    let too_many = |_| {
        let why = "too many pages are told of alerts at once";
        Problem::new(StatusCode::TOO_MANY_REQUESTS, why).after(10)
    };
    let turn = server.live.listeners.clone().try_acquire_owned().map_err(too_many)?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let mut seen = last.or(behind.after).or_else(|| inbox.newest());
    let (sender, body) = channel();
    let watcher = server.watcher.clone();
    let tell = async move {
        let _turn = turn;
        let (begun, mut before, mut told_at) = (Instant::now(), None, Instant::now());
        let mut text = "retry: 2000\n\n".to_owned();
        while begun.elapsed() < LASTS && !watcher.stopped() {
            let (asked, after) = (inbox.clone(), seen.clone());
            let look = move || (asked.since(after.as_deref(), MOST), asked.view());
            let Ok(((alerts, passed_over), view)) = tokio::task::spawn_blocking(look).await else { return };
            if passed_over > 0 {
                text += &event("gap", None, &json!({ "alerts": passed_over }));
            }
            for alert in &alerts {
                text += &event("alert", Some(&alert.id), alert);
                seen = Some(alert.id.clone());
            }
            if seen.is_none() {
                seen = inbox.newest();
            }
            let now = (view.version, view.heard, view.standing, view.reading);
            if before.replace(now) != Some(now) {
                text += &event("status", None, &view);
            } else if text.is_empty() && told_at.elapsed() >= ALIVE {
                text += ":\n\n";
            }
            if !text.is_empty() {
                told_at = Instant::now();
                if sender.send(Ok::<_, io::Error>(Bytes::from(std::mem::take(&mut text)))).await.is_err() {
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
