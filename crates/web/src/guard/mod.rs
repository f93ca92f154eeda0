//! Who is let in, what may change something, and what stands on every answer.

pub(crate) mod access;
mod dress;
mod limits;
pub(crate) mod login;
mod sessions;
pub(crate) mod visitor;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Instant;

use axum::extract::{ConnectInfo, Extension, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use crate::audit::{self, Entry};
use crate::error::Problem;
use crate::server::Server;
use crate::users::Role;
use crate::{Happened, posted, random};
use sessions::LASTS;
use visitor::{CSRF, Visitor, Who};

/// The cookie that holds the id of a session.
const COOKIE: &str = "nta_session";

/// Stands before and behind every handler.
///
/// A change that has begun goes on when its client hangs up, or the log, the count of wrong logins and the limits on work would
/// miss it. Pieces of a file end where they break off, and are sent on from there.
pub(crate) async fn guard(State(server): State<Server>, request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::POST | Method::DELETE) {
        return answer(server, request, next).await;
    }
    match tokio::spawn(answer(server, request, next)).await {
        Ok(response) => response,
        Err(error) => Problem::from(error).into_response(),
    }
}

async fn answer(server: Server, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = random::id().unwrap_or_default();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let wants_page = wants_page(&method, &uri, request.headers());
    let cookie = cookie(request.headers());
    // A new visitor gets a session id at once, so that the page it asked for can change something.
    let session = cookie.clone().or_else(|| random::id().ok()).unwrap_or_default();
    let visitor = Visitor {
        who: server.access.who(bearer(request.headers()), cookie.as_deref()),
        csrf: server.access.csrf(&session),
        session: session.clone(),
        has_session: cookie.is_some(),
        guarded: server.access.is_guarded(),
    };
    request.extensions_mut().insert(visitor.clone());
    let mut response = match admit(&server, &request, &visitor) {
        Admission::In => next.run(request).await,
        Admission::Login => Redirect::to("/login").into_response(),
        Admission::Refused(problem) => problem.into_response(),
    };
    record(&server, &id, &method, &uri, &visitor, &mut response).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>().filter(|_| wants_page) {
        response = server.pages.problem(&problem, &visitor);
    }
    let new = (cookie.is_none() && wants_page).then(|| session_cookie(&session));
    dress::dress(&mut response, &id, &uri, new.as_deref());
    let (status, took) = (response.status().as_u16(), begun.elapsed());
    server.metrics.answered(known(&method), status, took.as_secs_f64());
    server.watcher.hear(&Happened::Answered {
        request: &id,
        method: method.as_str(),
        path: uri.path(),
        status,
        microseconds: took.as_micros() as u64,
    });
    response
}

/// Stands before the handlers of those who may do what takes `role`.
pub(crate) async fn require(
    State(role): State<Role>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
    next: Next,
) -> Response {
    match visitor.role() {
        Some(own) if own < role => {
            let why =
                format!("this takes the role `{role}`, and yours is `{own}`; whoever runs this server can give it");
            Problem::new(StatusCode::FORBIDDEN, why).into_response()
        }
        _ => next.run(request).await,
    }
}

/// The method, where it is one that is answered: others are a client's to invent.
fn known(method: &Method) -> &str {
    match *method {
        Method::GET | Method::HEAD | Method::POST | Method::PATCH | Method::DELETE => method.as_str(),
        _ => "other",
    }
}

/// Adds a change to the audit log. Pieces of a file are none: its beginning is, and what is then made of it; nor are posted
/// rows, of which nothing stays.
async fn record(server: &Server, id: &str, method: &Method, uri: &Uri, visitor: &Visitor, response: &mut Response) {
    let done = response.extensions_mut().remove::<audit::Done>();
    let is_change = matches!(*method, Method::POST | Method::DELETE) && uri.path() != posted::PLACE;
    let changes = is_change && response.status().is_success();
    let is_wrong_login = uri.path() == login::PLACE && response.status() == StatusCode::UNAUTHORIZED;
    if !changes && !is_wrong_login {
        return;
    }
    let server = server.clone();
    let (id, method, path) = (id.to_owned(), method.as_str().to_owned(), uri.path().to_owned());
    let (who, status) = (visitor.told(), response.status().as_u16());
    let added = tokio::task::spawn_blocking(move || {
        let time = nta_pipeline::Moment::now().to_string();
        let done = done.map(|done| done.0);
        let entry = Entry { time, request: &id, who: &who, method: &method, path: &path, status, done };
        if let Err(error) = server.audit.add(&entry) {
            server.watcher.hear(&Happened::NotAudited { request: &id, why: &error.to_string() });
        }
    });
    // It hears of its own failures.
    drop(added.await);
}

enum Admission {
    In,
    Login,
    Refused(Problem),
}

fn admit(server: &Server, request: &Request, visitor: &Visitor) -> Admission {
    let (headers, path) = (request.headers(), request.uri().path());
    let access = &server.access;
    if let Err(seconds) = access.take(address(request)) {
        let why = format!("too many requests from this address; wait {seconds} s");
        return Admission::Refused(Problem::new(StatusCode::TOO_MANY_REQUESTS, why).after(seconds));
    }
    if !visitor.guarded && !is_local_host(host(request)) {
        let why =
            "this server answers to localhost, 127.0.0.1 and [::1] alone; for another name, set a token or add users";
        return Admission::Refused(Problem::new(StatusCode::MISDIRECTED_REQUEST, why));
    }
    if visitor.who == Who::Nobody && !is_open(path) {
        return match is_for_programs(path) {
            true => Admission::Refused(Problem::new(StatusCode::UNAUTHORIZED, "send `Authorization: Bearer TOKEN`")),
            false => Admission::Login,
        };
    }
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if is_safe || matches!(visitor.who, Who::Program(_)) {
        return Admission::In;
    }
    // A program on this machine sends neither; a browser sends one of them whatever page made it ask.
    let from_browser =
        visitor.has_session || headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site");
    let sent = headers.get(CSRF).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if (from_browser || visitor.guarded) && !access::same(sent, &visitor.csrf) {
        return Admission::Refused(Problem::new(
            StatusCode::FORBIDDEN,
            "this request does not come from a page of this server; load the page again",
        ));
    }
    Admission::In
}

/// Where a request comes from.
fn address(request: &Request) -> IpAddr {
    let connected = request.extensions().get::<ConnectInfo<SocketAddr>>();
    connected.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip())
}

/// Answered without a login.
fn is_open(path: &str) -> bool {
    matches!(path, "/login" | "/health" | "/ready" | login::PLACE) || path.starts_with("/assets/")
}

fn wants_page(method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("text/html");
    let is_page = !is_for_programs(uri.path());
    method == Method::GET && is_page && (accepts.contains("text/html") || accepts.contains("*/*"))
}

/// What no person looks at as a page: a login page in its place would be taken for the answer.
fn is_for_programs(path: &str) -> bool {
    ["/api/", "/assets/"].iter().any(|above| path.starts_with(above))
        || matches!(path, "/health" | "/ready" | "/metrics")
}

fn host(request: &Request) -> &str {
    let named = request.uri().authority().map(|authority| authority.as_str());
    named.or_else(|| request.headers().get(header::HOST).and_then(|value| value.to_str().ok())).unwrap_or_default()
}

/// Whether a `Host` names this machine by a name that no one else can give it.
fn is_local_host(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost") || matches!(name, "127.0.0.1" | "[::1]")
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, value)| *name == COOKIE && random::is_id(value)).map(|(_, value)| value.to_owned())
}

fn session_cookie(session: &str) -> String {
    format!("{COOKIE}={session}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}", LASTS.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_local() {
        for local in ["localhost", "LocalHost:8470", "127.0.0.1:1", "[::1]", "[::1]:8470"] {
            assert!(is_local_host(local), "{local}");
        }
        for other in
            ["", "evil.example", "evil.example:8470", "localhost.evil.example", "127.0.0.1.evil.example", "[::1", "a:b"]
        {
            assert!(!is_local_host(other), "{other}");
        }
    }
}
