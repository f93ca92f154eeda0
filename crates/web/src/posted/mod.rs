//! Rows scored as they are sent, in memory, by a model that stays loaded.

pub(crate) mod loaded;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use http_body_util::{BodyExt, Limited};
use nta_pipeline::PostedScores;
use serde::Deserialize;
use serde::de::IgnoredAny;

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

/// An array of objects as lines of JSON; anything else as it is. The objects stay as they are written: the reader of lines
/// takes them apart once.
fn as_lines(rows: &[u8]) -> Result<Vec<u8>, Problem> {
    let begin = rows.iter().position(|byte| !byte.is_ascii_whitespace());
    let Some(begin) = begin.filter(|begin| rows[*begin] == b'[') else { return Ok(rows.to_vec()) };
    let refuse = |why: String| Problem::refuse(format!("the array of flows: {why}"));
    let mut lines = Vec::with_capacity(rows.len());
    let mut rest = rows[begin + 1..].trim_ascii_start();
    for nth in 1.. {
        if nth == 1 && rest.first() == Some(&b']') {
            break;
        }
        if rest.first() != Some(&b'{') {
            return Err(refuse(format!("element {nth} is no object; it breaks off, or holds something else")));
        }
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<IgnoredAny>();
        values.next().transpose().map_err(|error| refuse(format!("element {nth}: {error}")))?;
        let (flow, after) = rest.split_at(values.byte_offset());
        // Between names and values a line may end; within texts none can.
        lines.extend(flow.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
        lines.push(b'\n');
        rest = after.trim_ascii_start();
        match rest.first() {
            Some(b',') => rest = rest[1..].trim_ascii_start(),
            Some(b']') => break,
            _ => return Err(refuse(format!("it breaks off after element {nth}"))),
        }
    }
    match rest[1..].trim_ascii().is_empty() {
        true => Ok(lines),
        false => Err(refuse("something stands behind its end".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_is_lines_and_all_else_stays() {
        let lines = as_lines(b" [{\"b\": 1,\n \"a\": \"x],\\\"\"}, {\"c\":{}}\n]\n").unwrap();
        assert_eq!(lines, b"{\"b\": 1,  \"a\": \"x],\\\"\"}\n{\"c\":{}}\n");
        assert_eq!(as_lines(b"[ ]").unwrap(), b"");
        assert_eq!(as_lines(b"a,b\n1,2\n").unwrap(), b"a,b\n1,2\n");
        for broken in ["[1]", "[", "[{}", "[{},", "[{},]", "[{} {}]", "[{}] x", "[{\"a\":}]", "[{\"a\":\"\n\"}]"] {
            assert_eq!(as_lines(broken.as_bytes()).unwrap_err().status, StatusCode::BAD_REQUEST, "{broken}");
        }
    }
}
