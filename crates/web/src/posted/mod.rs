//! Rows scored as they are sent, in memory, by a model that stays loaded.

pub(crate) mod loaded;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use http_body_util::{BodyExt, Limited};
use nta_pipeline::PostedScores;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::answer::Json;
use crate::error::Problem;
use crate::server::Server;

/// Bytes of a body at most; more is a file's business.
const MOST: usize = 16 << 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// `name/3`; the champion, else the newest, when not given.
    model: Option<String>,
}

/// A JSON array, lines of JSON, or any other text that a file can hold.
pub(crate) async fn score(
    State(server): State<Server>,
    Query(asked): Query<Asked>,
    body: Body,
) -> Result<Json<PostedScores>, Problem> {
    let too_large =
        |_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "more than 16 MiB, or broken off: send it as a file instead");
    let rows = Limited::new(body, MOST).collect().await.map_err(too_large)?.to_bytes();
    let loaded = Arc::clone(&server.loaded);
    let _turn = loaded.turn().await?;
    let work = move || {
        let model = server.loaded.model(&server.project, asked.model.as_deref())?;
        Ok::<_, Problem>(model.score(as_lines(&rows)?)?)
    };
    tokio::task::spawn_blocking(work).await?.map(Json)
}

/// An array of objects as lines of JSON; anything else as it is.
fn as_lines(rows: &[u8]) -> Result<Vec<u8>, Problem> {
    let Some(b'[') = rows.iter().find(|byte| !byte.is_ascii_whitespace()) else { return Ok(rows.to_vec()) };
    let flows: Vec<Map<String, Value>> =
        serde_json::from_slice(rows).map_err(|error| Problem::refuse(format!("the array of flows: {error}")))?;
    let mut lines = Vec::with_capacity(rows.len());
    for flow in &flows {
        serde_json::to_writer(&mut lines, flow).map_err(std::io::Error::other)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_is_lines_and_all_else_stays() {
        assert_eq!(as_lines(b" [{\"b\": 1, \"a\": \"x\"}, {}]").unwrap(), b"{\"b\":1,\"a\":\"x\"}\n{}\n");
        assert_eq!(as_lines(b"a,b\n1,2\n").unwrap(), b"a,b\n1,2\n");
        assert!(as_lines(b"[1]").is_err());
    }
}
