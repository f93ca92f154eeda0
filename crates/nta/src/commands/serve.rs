//! `nta serve`.

mod users;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use nta_pipeline::PipelineError;
use nta_web::{Happened, ServeConfig, Token, Watcher, WebError, serve as job};
use serde_json::json;

use crate::args::{Common, ServeArgs, ServeCommand};
use crate::visible::one_line;
use crate::{commands, interrupts};

pub(crate) fn serve(args: &ServeArgs, common: &Common) -> anyhow::Result<()> {
    if let Some(ServeCommand::User(command)) = &args.command {
        return users::users(command, common);
    }
    let config = ServeConfig {
        listen: args.listen,
        project: commands::project(common),
        token: token(args.token_file.as_deref())?.map(|secret| Token { secret, role: args.token_role }),
        most_upload: args.max_upload << 30,
        most_disk: args.max_disk << 30,
        most_rate: args.max_rate,
        watches: args.watch.clone(),
    };
    let log = Log { json: common.json, quiet: common.quiet };
    job(config, Arc::new(log)).map_err(|error| match error {
        // What the user can put right by calling otherwise.
        WebError::Open(_) | WebError::ShortToken(_) | WebError::TwoWatches(_) => {
            PipelineError::usage(error.to_string()).into()
        }
        WebError::Watch(error) => error.into(),
        other => anyhow::Error::from(other),
    })
}

/// The secret of the file, else of the environment.
fn token(file: Option<&Path>) -> anyhow::Result<Option<String>> {
    let Some(path) = file else { return Ok(std::env::var("NTA_TOKEN").ok().filter(|token| !token.is_empty())) };
    let read = || {
        let mut line = String::new();
        BufReader::new(std::fs::File::open(path)?).read_line(&mut line).map(|_| line.trim().to_owned())
    };
    read().map(Some).with_context(|| format!("cannot read the token in {}", path.display()))
}

/// Tells what happens: lines of JSON on standard output, or words on standard error.
struct Log {
    json: bool,
    quiet: bool,
}

impl Watcher for Log {
    fn hear(&self, happened: &Happened<'_>) {
        if self.json {
            let mut out = std::io::stdout().lock();
            let _ = writeln!(out, "{}", line(happened)).and_then(|()| out.flush());
        } else if let Some(words) = words(happened).filter(|_| !self.quiet) {
            let _ = writeln!(std::io::stderr(), "{}", one_line(&words));
        }
    }

    fn stopped(&self) -> bool {
        interrupts::interrupted()
    }
}

fn line(happened: &Happened<'_>) -> serde_json::Value {
    match happened {
        Happened::Listening { address, guarded } => {
            json!({ "event": "listening", "url": format!("http://{address}"), "guarded": guarded })
        }
        Happened::Answered { request, method, path, status, microseconds } => json!({
            "event": "answered", "request": request, "method": method, "path": path, "status": status,
            "microseconds": microseconds,
        }),
        Happened::NotAudited { request, why } => json!({ "event": "not audited", "request": request, "why": why }),
        Happened::Job { job, kind, state, error } => {
            json!({ "event": "job", "job": job, "kind": kind, "state": state, "error": error })
        }
    }
}

/// In words; requests only where the server could not answer them.
fn words(happened: &Happened<'_>) -> Option<String> {
    match happened {
        Happened::Listening { address, guarded } => {
            let who = if *guarded { "those who log in" } else { "this machine alone" };
            Some(format!("  serving     http://{address} for {who}; Ctrl-C ends it"))
        }
        Happened::Answered { request, method, path, status, .. } => {
            (*status >= 500).then(|| format!("  request     {method} {path}: {status} ({request})"))
        }
        Happened::NotAudited { request, why } => Some(format!("  not audited {why} ({request})")),
        Happened::Job { job, kind, state, error } => {
            let why = error.map(|why| format!(": {why}")).unwrap_or_default();
            Some(format!("  job         {kind} {state}{why} ({})", job.get(..8).unwrap_or(job)))
        }
    }
}
