//! `nta init`.

use std::io::Write;

use nta_pipeline::{Answers, Guess, InitOutcome, InitRequest, Resume, RunConfig, init as job, listed};

use crate::args::{Common, InitArgs};
use crate::progress::Progress;
use crate::visible::one_line;
use crate::{commands, table, visible};

pub(crate) fn init(args: &InitArgs, common: &Common) -> anyhow::Result<()> {
    let request = InitRequest {
        files: args.files.clone(),
        test: args.test.clone(),
        output: args.output.clone(),
        answers: Answers { columns: args.columns.iter().cloned().collect(), benign: args.benign.clone() },
        force: args.force,
        home: common.home.clone(),
    };
    let progress = Progress::new(common.quiet);
    let outcome = job(&request, &progress)?;
    if !args.run {
        if common.json {
            commands::json(&outcome)?
        } else {
            show(&mut visible::out(), &outcome)?
        }
        return Ok(outcome.require_runnable()?);
    }
    // The answer of a run is the run's; what was guessed on the way is told beside it.
    if !common.quiet {
        show(&mut visible::err(), &outcome)?;
    }
    outcome.require_runnable()?;
    let loaded = RunConfig::load(&outcome.config, &[], common.home.as_deref())?;
    commands::run::train(&loaded, &Resume::No, &progress, common).map(drop)
}

fn show(out: &mut impl Write, outcome: &InitOutcome) -> anyhow::Result<()> {
    match &outcome.builtin {
        Some(builtin) => writeln!(out, "  schema      {builtin}, built in: the columns are its own")?,
        None => writeln!(out, "  schema      drafted; read it before you trust it")?,
    }
    if let Some(plan) = &outcome.plan {
        commands::run::show_parts(out, plan)?;
    }
    writeln!(out)?;
    let rows: Vec<Vec<String>> = outcome.guesses.iter().map(row).collect();
    table::write_words(out, &["guessed", "", "to change it"], &rows)?;
    writeln!(out)?;
    writeln!(out, "  config      {}", commands::shown(&outcome.config))?;
    if outcome.problem.is_none() {
        writeln!(out, "  next        nta run {}", commands::shown(&outcome.config))?;
    }
    Ok(())
}

fn row(guess: &Guess) -> Vec<String> {
    let is = match (&guess.becomes, guess.values.is_empty()) {
        (Some(becomes), _) => format!("{}: {becomes}", one_line(&listed(&guess.values))),
        (None, true) => "none found".to_owned(),
        (None, false) => one_line(&listed(&guess.values)).into_owned(),
    };
    vec![guess.key.clone(), is, format!("{}:{}", commands::shown(&guess.file), guess.line)]
}
