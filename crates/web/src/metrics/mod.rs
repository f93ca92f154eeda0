//! What Prometheus asks for: requests, latencies, jobs.

pub(crate) mod counts;

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::server::Server;
use counts::{head, line};

pub(crate) async fn show(State(server): State<Server>) -> Response {
    let mut text = server.metrics.text();
    text += &head("nta_jobs", "gauge", "Jobs kept, by state.");
    let mut states: BTreeMap<&str, u64> = BTreeMap::new();
    for job in server.jobs.all() {
        *states.entry(job.state.name()).or_default() += 1;
    }
    for (state, n) in states {
        line(&mut text, &format!("nta_jobs{{state=\"{state}\"}}"), n);
    }
    text += &head("nta_build_info", "gauge", "1, with the version.");
    line(&mut text, &format!("nta_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), 1);
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
