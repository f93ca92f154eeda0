//! Which version an alias points at: moved with a reason, and moved back.

use axum::extract::{Extension, Request, State};
use nta_pipeline::{AliasMoved, By};
use serde::Deserialize;

use super::known::{CHAMPION, chosen};
use super::versions;
use crate::answer::{Json, body_of};
use crate::audit::Done;
use crate::error::Problem;
use crate::guard::visitor::Visitor;
use crate::server::Server;
use crate::unheard::Unheard;

/// Characters of a reason at most.
const MOST_WHY: usize = 500;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Promotion {
    /// `name/3`.
    version: String,
    #[serde(default = "champion")]
    alias: String,
    why: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rollback {
    name: String,
    #[serde(default = "champion")]
    alias: String,
    why: String,
}

fn champion() -> String {
    CHAMPION.to_owned()
}

type Moved = Result<(Extension<Done>, Json<AliasMoved>), Problem>;

pub(crate) async fn promote(
    State(server): State<Server>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Moved {
    let Promotion { version, alias, why } = body_of(request.into_body()).await?;
    let (why, version) = (reason(&why)?, chosen(&versions(&server).await?, Some(&version))?);
    let by = by(&visitor, why);
    moved(by, move |by| nta_pipeline::promote(&server.project, &version, &alias, by, &Unheard)).await
}

pub(crate) async fn rollback(
    State(server): State<Server>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Moved {
    let Rollback { name, alias, why } = body_of(request.into_body()).await?;
    let (why, prefix) = (reason(&why)?, format!("{name}/"));
    if !versions(&server).await?.iter().any(|model| model.version.starts_with(&prefix)) {
        return Err(Problem::not_found("model"));
    }
    let by = by(&visitor, why);
    moved(by, move |by| nta_pipeline::rollback(&server.project, &name, &alias, by, &Unheard)).await
}

/// Who comes after wants to know why.
fn reason(why: &str) -> Result<String, Problem> {
    let why: String = why.trim().chars().filter(|c| !c.is_control()).take(MOST_WHY).collect();
    if why.is_empty() { Err(Problem::refuse("say why: the log keeps it")) } else { Ok(why) }
}

/// The user who asks; the account that the server runs under where it knows of none.
fn by(visitor: &Visitor, why: String) -> By {
    match visitor.user() {
        Some(user) => By { who: user.to_owned(), why: Some(why) },
        None => nta_pipeline::by_account(Some(why)),
    }
}

async fn moved(
    by: By,
    to: impl FnOnce(&By) -> Result<AliasMoved, nta_pipeline::PipelineError> + Send + 'static,
) -> Moved {
    let told = by.why.clone().unwrap_or_default();
    let moved = tokio::task::spawn_blocking(move || to(&by)).await??;
    let title = |version: &Option<String>| version.clone().unwrap_or_else(|| "nothing".to_owned());
    let done = format!("{} is {}, was {}: {told}", moved.alias, title(&moved.version), title(&moved.before));
    Ok((Extension(Done(done)), Json(moved)))
}
