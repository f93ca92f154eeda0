//! Answers in JSON, and bodies of JSON.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Problem;

/// A value as JSON.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(text) => {
                let kind = HeaderValue::from_static("application/json");
                ([(header::CONTENT_TYPE, kind)], text).into_response()
            }
            Err(error) => {
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("not to be told: {error}")).into_response()
            }
        }
    }
}

/// Bytes of a body of JSON at most.
const MOST: usize = 64 << 10;

/// The body as JSON.
pub(crate) async fn body_of<T: DeserializeOwned>(body: Body) -> Result<T, Problem> {
    body_up_to(body, MOST).await
}

/// The body, of at most `most` bytes, as JSON.
pub(crate) async fn body_up_to<T: DeserializeOwned>(body: Body, most: usize) -> Result<T, Problem> {
    let why = || format!("the body has more than {} KiB, or broke off", most >> 10);
    let too_large = |_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, why());
    let bytes = Limited::new(body, most).collect().await.map_err(too_large)?.to_bytes();
    serde_json::from_slice(&bytes).map_err(|error| Problem::refuse(format!("the body: {error}")))
}
