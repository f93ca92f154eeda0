//! `nta`: what the user types becomes a job of the pipeline; what the job answers becomes tables, JSON and an exit code.

mod args;
mod commands;
mod interrupts;
mod panics;
mod progress;
mod table;
mod visible;
mod words;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use nta_pipeline::{PipelineError, chain};

use args::{Cli, Command};

fn main() -> ExitCode {
    panics::report_panics();
    let cli = Cli::parse();
    if matches!(cli.command, Command::Score(_) | Command::Drift(_)) {
        share_one_heap();
    }
    interrupts::listen();
    ignore_file_size_signal();
    match dispatch(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // What commands do themselves is to write their answer; all other errors are the pipeline's.
            let answering = if error.is::<std::io::Error>() { "cannot write standard output: " } else { "" };
            let said = chain(error.as_ref());
            let _ = writeln!(std::io::stderr(), "nta: {answering}{}", visible::one_line(&said));
            ExitCode::from(exit_code(&error))
        }
    }
}

fn dispatch(cli: &Cli) -> anyhow::Result<()> {
    let common = &cli.common;
    if let Some(threads) = common.threads {
        nta_pipeline::use_threads(threads.into())?;
    }
    match &cli.command {
        Command::Run(args) => commands::run::run(args, common),
        Command::Init(args) => commands::init::init(args, common),
        Command::Runs { remote: false } => commands::past_runs::runs(common),
        Command::Runs { remote: true } => commands::past_runs::remote(common),
        Command::Sync(args) => commands::sync::sync(args, common),
        Command::Show { run } => commands::past_runs::show(run, common),
        Command::Compare(args) => commands::past_runs::compare(args, common),
        Command::Score(args) => commands::score::score(args, common),
        Command::Meter(args) => commands::meter::meter(args, common),
        Command::Watch(args) => commands::watch::watch(args, common),
        Command::Baseline(args) => commands::baseline::baseline(args, common),
        Command::Serve(args) => commands::serve::serve(args, common),
        Command::Drift(args) => commands::drift::drift(args, common),
        Command::Retrain(args) => commands::retrain::retrain(args, common),
        Command::Verdicts(args) => commands::verdicts::verdicts(args, common),
        Command::Feedback(args) => commands::feedback::feedback(args, common),
        Command::Models { command: None } => commands::models::models(common),
        Command::Models { command: Some(asked) } => commands::models::of_one(asked, common),
        Command::Promote(args) => commands::promotion::promote(args, common),
        Command::Rollback(args) => commands::promotion::rollback(args, common),
        Command::Gc(args) => commands::promotion::gc(args, common),
        Command::Publish(args) => commands::publish::publish(args, common),
        Command::Verify(args) => commands::publish::verify(args, common),
        Command::Simulate(args) => commands::simulate::simulate(args, common),
        Command::Schema(command) => commands::schema::schema(command, common),
        Command::Config(command) => commands::config::config(command, common),
        Command::Doctor => commands::doctor::doctor(common),
        Command::Notices => commands::notices::notices(common),
        Command::Completions { shell } => commands::completions::completions(*shell),
    }
}

/// A file size limit must come back as an error that names the file, not end the process without a word.
fn ignore_file_size_signal() {
    #[cfg(unix)]
    // SAFETY: SIG_IGN is a valid disposition and no handler of ours runs in signal context.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
}

/// One heap for all threads: each heap of glibc's keeps what its threads once needed, and `nta score` promises memory
/// that does not grow with the file.
fn share_one_heap() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: sets a number inside the allocator, which is made for being called at any time.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// 1 the job failed, 2 bad usage, config or input, 3 a gate said no, 128 and the signal's number where one stopped it.
fn exit_code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<PipelineError>() {
        Some(PipelineError::Refused(_)) => 2,
        Some(PipelineError::Gate(_)) => 3,
        Some(PipelineError::Interrupted(_)) => interrupts::exit_code(),
        _ if error.is::<nta_pipeline::ConfigError>() => 2,
        _ => 1,
    }
}

/// The reader of our output (`head`) went away: no error of ours.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let kind = |e: &(dyn std::error::Error + 'static)| {
        let io = e.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        io.or_else(|| e.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind))
    };
    error.chain().any(|e| kind(e) == Some(std::io::ErrorKind::BrokenPipe))
}
