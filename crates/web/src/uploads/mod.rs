//! Files on their way here, in pieces: begun by a name and a size, asked how far they are (HEAD), carried on (PATCH).

pub(crate) mod store;

use axum::body::Body;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;

use crate::answer::{Json, body_of};
use crate::audit::Done;
use crate::error::Problem;
use crate::server::Server;

const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");

/// What a client says of a file before it sends it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Announced {
    name: String,
    size: u64,
}

#[derive(Serialize)]
pub(crate) struct Begun {
    id: String,
    offset: u64,
}

/// A file, and whether it can be removed.
#[derive(Serialize)]
pub(crate) struct UploadRow {
    #[serde(flatten)]
    upload: store::Upload,
    /// Bytes that are here.
    held: u64,
    /// A job that has not ended reads it.
    in_use: bool,
}

#[derive(Serialize)]
pub(crate) struct UploadList {
    uploads: Vec<UploadRow>,
}

/// All of them, the newest first.
pub(crate) async fn rows(server: &Server) -> Result<Vec<UploadRow>, Problem> {
    let server = server.clone();
    let read = move || {
        let row = |upload: store::Upload| UploadRow {
            held: server.uploads.held(&upload).unwrap_or(0),
            in_use: server.jobs.uses(&upload.id),
            upload,
        };
        server.uploads.all().into_iter().map(row).collect()
    };
    Ok(tokio::task::spawn_blocking(read).await?)
}

pub(crate) async fn list(State(server): State<Server>) -> Result<Json<UploadList>, Problem> {
    Ok(Json(UploadList { uploads: rows(&server).await? }))
}

pub(crate) async fn begin(State(server): State<Server>, request: Request) -> Result<Response, Problem> {
    let Announced { name, size } = body_of(request.into_body()).await?;
    let begin = move || {
        server.uploads.require(size)?;
        server.disk.with_room(size, || server.promised(), || server.uploads.begin(&name, size))
    };
    let upload = tokio::task::spawn_blocking(begin).await??;
    let done = Done(format!("{} of {size} bytes as upload {}", upload.name, upload.id));
    let place = HeaderValue::from_str(&format!("/api/v1/uploads/{}", upload.id)).map_err(std::io::Error::other)?;
    let begun = Json(Begun { id: upload.id, offset: 0 });
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Extension(done), begun).into_response())
}

/// How much of the file is here.
pub(crate) async fn offset(State(server): State<Server>, Path(id): Path<String>) -> Result<Response, Problem> {
    let upload = server.uploads.find(&id)?;
    let numbers =
        [(OFFSET, HeaderValue::from(server.uploads.held(&upload)?)), (LENGTH, HeaderValue::from(upload.size))];
    Ok((StatusCode::NO_CONTENT, numbers).into_response())
}

/// Appends what is sent to what is here, from the offset that the client names on. What has arrived when the connection
/// breaks stays.
pub(crate) async fn append(
    State(server): State<Server>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let from = headers.get(OFFSET).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    // In a task of its own: where the client goes away this future is dropped, and a write under way must have ended before
    // another request may append.
    tokio::spawn(receive(server, id, from, body)).await?
}

async fn receive(server: Server, id: String, from: Option<u64>, mut body: Body) -> Result<Response, Problem> {
    let upload = server.uploads.find(&id)?;
    let _alone = server.uploads.alone(&id)?;
    let held = server.uploads.held(&upload)?;
    if from != Some(held) {
        let why = format!("{held} bytes are here: send those from there on, with `Upload-Offset: {held}`");
        let mut response = Problem::new(StatusCode::CONFLICT, why).into_response();
        response.headers_mut().insert(OFFSET, HeaderValue::from(held));
        return Ok(response);
    }
    let mut file = tokio::fs::OpenOptions::new().append(true).open(server.uploads.data(&id)).await?;
    let received = copy(&mut body, &mut file, upload.size - held.min(upload.size)).await;
    file.flush().await?;
    let now = held + received?;
    Ok((StatusCode::NO_CONTENT, [(OFFSET, HeaderValue::from(now))]).into_response())
}

/// Writes the body to the file, at most `room` bytes of it; how many there were.
async fn copy(body: &mut Body, file: &mut tokio::fs::File, room: u64) -> Result<u64, Problem> {
    let broken = |_| Problem::refuse("the connection broke off; ask with HEAD how much is here, and go on from there");
    let mut copied = 0;
    while let Some(frame) = body.frame().await {
        let Ok(bytes) = frame.map_err(broken)?.into_data() else { continue };
        copied += bytes.len() as u64;
        if copied > room {
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "more bytes than the file was said to have"));
        }
        file.write_all(&bytes).await?;
    }
    Ok(copied)
}

pub(crate) async fn remove(State(server): State<Server>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    server.uploads.find(&id)?;
    if server.jobs.uses(&id) {
        return Err(Problem::new(StatusCode::CONFLICT, "a job reads this file; cancel it first"));
    }
    server.uploads.remove(&id)?;
    Ok(StatusCode::NO_CONTENT)
}
