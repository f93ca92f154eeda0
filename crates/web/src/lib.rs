//! Pages and an HTTP API over the pipeline: a file is sent, scored by a saved model as a job, and looked at.
//!
//! No logic of its own: what is computed, the pipeline computes. Nothing is printed: what happens goes to a [`Watcher`].
//! `router` is the table of contents; a folder a noun.

mod answer;
mod api;
mod audit;
mod disk;
mod error;
mod guard;
mod held;
mod jobs;
mod live;
mod metrics;
mod models;
mod pages;
mod posted;
mod random;
mod results;
mod router;
mod runs;
mod server;
mod spoken;
mod stream;
mod training;
mod unheard;
mod uploads;
mod users;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nta_pipeline::Project;

pub use guard::access::Token;
use server::Server;
pub use users::{Role, UserLine, UsersError, add_user, remove_user, set_password, set_role, users};

/// How to serve.
#[derive(Debug, Clone)]
pub struct ServeConfig {
    /// Where to listen. Other than loopback needs a token or users.
    pub listen: SocketAddr,
    /// Whose models and runs; what is sent stands in `web/` below its home.
    pub project: Project,
    /// What programs give, and browsers where there are no users. Without it and without users everybody is let in who
    /// reaches a loopback address.
    pub token: Option<Token>,
    /// Bytes of one file at most.
    pub most_upload: u64,
    /// Bytes of all files and results together at most.
    pub most_disk: u64,
    /// Requests a second of one address at most, 0 for any number; 200 where not given, of other machines alone.
    pub most_rate: Option<u32>,
    /// Watches whose alerts are an inbox on the live page.
    pub watches: Vec<WatchPlace>,
}

/// A watch, and what it is called on pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchPlace {
    /// Letters, digits, `.`, `-` and `_`.
    pub name: String,
    /// Its state (`nta watch --state`), or the folder where that stands.
    pub place: PathBuf,
}

/// What happened, as data.
#[derive(Debug, Clone, Copy)]
pub enum Happened<'a> {
    /// The server takes requests.
    Listening {
        /// Where.
        address: SocketAddr,
        /// Whether one must log in.
        guarded: bool,
    },
    /// A request was answered.
    Answered {
        /// As sent back in `x-request-id`.
        request: &'a str,
        /// `GET`, …
        method: &'a str,
        /// The path without its query.
        path: &'a str,
        /// The status.
        status: u16,
        /// Microseconds until the answer began.
        microseconds: u64,
    },
    /// A job changed its state.
    Job {
        /// Its id.
        job: &'a str,
        /// `score`, `try`, `train`.
        kind: &'a str,
        /// `queued`, `running`, `done`, `failed`, `cancelled`.
        state: &'a str,
        /// Why it failed.
        error: Option<&'a str>,
    },
    /// A change stands in no line of the audit log, for it cannot be written.
    NotAudited {
        /// As sent back in `x-request-id`.
        request: &'a str,
        /// Why not.
        why: &'a str,
    },
}

/// Is told what happens, from any thread, and says when to stop.
pub trait Watcher: Send + Sync + 'static {
    /// Takes one thing that happened.
    fn hear(&self, happened: &Happened<'_>);

    /// Whether to stop: no more requests are taken, and a job stops at its next safe point, to go on after the next start.
    fn stopped(&self) -> bool;
}

/// Why the server could not be.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum WebError {
    #[error(
        "{0} can be reached from other machines: add users (`nta serve user add NAME --role work`), set NTA_TOKEN or \
         --token-file to a secret of 16 or more characters, or listen on 127.0.0.1"
    )]
    Open(SocketAddr),
    #[error("the token has {0} characters; 16 or more are needed (`openssl rand -hex 16`)")]
    ShortToken(usize),
    #[error("cannot listen on {address}: {source}; choose another with --listen")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("cannot {doing} {path}: {source}")]
    Io { doing: &'static str, path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Users(#[from] UsersError),
    #[error("two watches are called {0}; name one: other=FOLDER")]
    TwoWatches(String),
    #[error(transparent)]
    Watch(#[from] nta_pipeline::PipelineError),
    #[error("cannot start: {0}")]
    Start(std::io::Error),
}

/// Characters of a token at least.
const TOKEN_LENGTH: usize = 16;

/// How long open answers may take when the server stops.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Serves until `watcher` says to stop.
///
/// # Errors
/// An address that is open to others without a token and without users, one that cannot be had, a home that cannot be written.
pub fn serve(config: ServeConfig, watcher: Arc<dyn Watcher>) -> Result<(), WebError> {
    let has_users = || Ok::<_, WebError>(!users(&config.project)?.is_empty());
    match &config.token {
        None if !config.listen.ip().is_loopback() && !has_users()? => return Err(WebError::Open(config.listen)),
        Some(token) if token.secret.chars().count() < TOKEN_LENGTH => {
            return Err(WebError::ShortToken(token.secret.chars().count()));
        }
        _ => {}
    }
    let wanted = config.listen;
    let listen = move |source| WebError::Listen { address: wanted, source };
    let listener = TcpListener::bind(wanted).map_err(listen)?;
    listener.set_nonblocking(true).map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let server = Server::open(config, Arc::clone(&watcher))?;
    let guarded = server.access.is_guarded();
    let worker = server.clone();
    let workers =
        server.jobs.start(move |job, followed| jobs::perform(&worker, job, followed)).map_err(WebError::Start)?;
    server.live.follow(Arc::clone(&watcher)).map_err(WebError::Start)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(WebError::Start)?;
    let jobs = Arc::clone(&server.jobs);
    let served = runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).map_err(listen)?;
        watcher.hear(&Happened::Listening { address, guarded });
        let service = router::router(server).into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(listener, service).with_graceful_shutdown(stop(Arc::clone(&watcher)));
        tokio::select! {
            ended = async { serving.await } => ended.map_err(WebError::Start),
            () = async { stop(watcher).await; tokio::time::sleep(LAST_ANSWERS).await } => Ok(()),
        }
    });
    jobs.stop();
    runtime.shutdown_timeout(Duration::from_secs(1));
    workers.into_iter().for_each(|worker| drop(worker.join()));
    served
}

/// Waits until `watcher` says to stop.
async fn stop(watcher: Arc<dyn Watcher>) {
    while !watcher.stopped() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
