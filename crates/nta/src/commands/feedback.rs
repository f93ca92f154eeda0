//! `nta feedback`.

use std::collections::BTreeMap;
use std::io::Write;

use nta_pipeline::{
    FeedbackOutcome, FeedbackRequest, Submission, by_account, feedback as job, feedback_kept, thousands,
};

use crate::args::{Common, FeedbackArgs};
use crate::progress::Progress;
use crate::{commands, table, visible};

pub(crate) fn feedback(args: &FeedbackArgs, common: &Common) -> anyhow::Result<()> {
    let project = commands::project(common);
    let Some(file) = &args.file else {
        let kept = feedback_kept(&project, &args.model)?;
        return if common.json { commands::json(&kept) } else { list(&kept) };
    };
    let request = FeedbackRequest {
        model: args.model.clone(),
        input: file.clone(),
        verdict: args.verdict.clone(),
        by: by_account(args.why.clone()),
        from: None,
        written: args.written.as_written()?,
        project,
    };
    let outcome = job(&request, &Progress::new(common.quiet))?;
    if common.json { commands::json(&outcome) } else { show(&outcome) }
}

fn show(outcome: &FeedbackOutcome) -> anyhow::Result<()> {
    let mut out = visible::out();
    writeln!(out, "  model       {}", outcome.model)?;
    let verdicts = if outcome.kept > 0 { format!(": {}", said(&outcome.verdicts)) } else { String::new() };
    writeln!(out, "  kept        {} flows{}", thousands(outcome.kept), visible::one_line(&verdicts))?;
    for (rows, what) in [
        (outcome.revised, "of them had another verdict before; the later one counts"),
        (outcome.known, "with that verdict were kept already"),
        (outcome.without, "have no verdict and are passed over"),
    ] {
        if rows > 0 {
            writeln!(out, "              {} {what}", thousands(rows))?;
        }
    }
    if let Some(file) = &outcome.file {
        writeln!(out, "  file        {}", commands::shown(file))?;
    }
    Ok(())
}

fn list(kept: &[Submission]) -> anyhow::Result<()> {
    let mut out = visible::out();
    if kept.is_empty() {
        writeln!(out, "no feedback is kept; `nta feedback MODEL FILE` adds some")?;
        return Ok(());
    }
    let row = |s: &Submission| {
        let (when, why) = (commands::minute(&s.when), s.why.clone().unwrap_or_default());
        vec![when, s.who.clone(), s.model.clone(), thousands(s.rows), said(&s.verdicts), why]
    };
    let rows: Vec<Vec<String>> = kept.iter().map(row).collect();
    table::write_words(&mut out, &["when", "who", "model", "flows", "verdicts", "why"], &rows)?;
    Ok(())
}

fn said(verdicts: &BTreeMap<String, u64>) -> String {
    let all: Vec<String> = verdicts.iter().map(|(verdict, rows)| format!("{} {verdict}", thousands(*rows))).collect();
    all.join(", ")
}
