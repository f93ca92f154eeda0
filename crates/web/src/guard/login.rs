//! Logging in and out.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::visitor::Visitor;
use super::{address, session_cookie};
use crate::answer::body_of;
use crate::audit::Done;
use crate::error::Problem;
use crate::random;
use crate::server::Server;
use crate::users::file::is_name;

/// The address of both.
pub(super) const PLACE: &str = "/api/v1/session";

/// What a browser gives: a user's name and password, or the token.
#[derive(Deserialize)]
#[serde(untagged)]
enum Login {
    ByPassword(Named),
    ByToken(Secret),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    password: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Secret {
    token: String,
}

/// What is wrong is answered this much later.
const WRONG: Duration = Duration::from_millis(500);

/// A name and password, or the token, for a session.
pub(crate) async fn log_in(State(server): State<Server>, request: Request) -> Result<Response, Problem> {
    let (address, access) = (address(&request), &server.access);
    let login: Login = body_of(request.into_body()).await?;
    access.may_try(address).map_err(|seconds| {
        let why = format!("too many wrong logins; wait {seconds} s");
        Problem::new(StatusCode::TOO_MANY_REQUESTS, why).after(seconds)
    })?;
    // A new id: one that somebody else may have set is worth nothing.
    let session = random::id()?;
    let (is_in, who, wrong) = match login {
        Login::ByPassword(Named { name, password }) => {
            let is_in = access.log_in_by_password(&name, password, &session).await;
            let name = if is_name(&name) { name } else { "a name that nobody has".to_owned() };
            (is_in, name, "no user has this name and this password")
        }
        Login::ByToken(Secret { token }) => {
            (access.log_in_by_token(&token, &session), "the token".to_owned(), "this is not the token")
        }
    };
    if !is_in {
        tokio::time::sleep(WRONG).await;
        let refused = Problem::new(StatusCode::UNAUTHORIZED, wrong).into_response();
        return Ok((Extension(Done(format!("refused {who} from {address}"))), refused).into_response());
    }
    access.was_right(address);
    let done = Extension(Done(format!("let {who} in from {address}")));
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, session_cookie(&session))], done).into_response())
}

/// Ends the session.
pub(crate) async fn log_out(State(server): State<Server>, request: axum::http::Request<Body>) -> StatusCode {
    if let Some(visitor) = request.extensions().get::<Visitor>() {
        server.access.log_out(&visitor.session);
    }
    StatusCode::NO_CONTENT
}
