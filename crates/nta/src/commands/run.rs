//! `nta run`.

use std::io::Write;

use nta_pipeline::{
    ColumnCheck, DryRun, Evaluation, Extent, FIRST_ANSWER, LeaveOut, LoadedConfig, MemberEvaluation, Resume, RunConfig,
    RunOutcome, dry_run, leave_families_out, listed, run as job,
};

use crate::args::{Common, RunArgs};
use crate::progress::Progress;
use crate::{commands, table, visible, words};

pub(crate) fn run(args: &RunArgs, common: &Common) -> anyhow::Result<()> {
    let loaded = RunConfig::load(&args.config, &args.set, common.home.as_deref())?;
    let progress = Progress::new(common.quiet);
    if args.dry_run {
        let extent = if args.whole { Extent::Whole } else { FIRST_ANSWER };
        let plan = dry_run(&loaded, extent, &progress)?;
        if common.json {
            commands::json(&plan)?
        } else {
            show_plan(&plan)?
        };
        return Ok(plan.require_honest()?);
    }
    if args.leave_out {
        let found = leave_families_out(&loaded, &progress)?;
        return if common.json { commands::json(&found) } else { Ok(left_out(&mut visible::out(), &found)?) };
    }
    let resume = match args.resume.as_deref() {
        None => Resume::No,
        Some("") => Resume::Last,
        Some(run) => Resume::Run(run.to_owned()),
    };
    let outcome = train(&loaded, &resume, &progress, common)?;
    if args.require_promise {
        outcome.require_promise()?;
    }
    Ok(())
}

/// Runs a config and answers what came of it.
pub(crate) fn train(
    loaded: &LoadedConfig,
    resume: &Resume,
    progress: &Progress,
    common: &Common,
) -> anyhow::Result<RunOutcome> {
    let outcome = job(loaded, resume, progress)?;
    if common.json {
        commands::json(&outcome)?
    } else {
        show(&outcome)?
    }
    Ok(outcome)
}

fn show(outcome: &RunOutcome) -> anyhow::Result<()> {
    let mut out = visible::out();
    writeln!(out)?;
    give_aways(&mut out, &outcome.columns)?;
    members(&mut out, &outcome.evaluation)?;
    writeln!(out)?;
    if let Some(promise) = &outcome.evaluation.promise {
        writeln!(out, "  promise     {}", promise.describe())?;
        if let Some(moved) = &outcome.evaluation.moved {
            writeln!(out, "  holds for   {}", visible::one_line(&moved.describe()))?;
        }
    }
    if let Some(fitted) = &outcome.evaluation.cross_fitted {
        writeln!(out, "  fitted      {}", fitted.describe())?;
    }
    if let Some(found) = &outcome.evaluation.leave_out {
        let head = if found.chosen.is_some() { "chosen" } else { "left out" };
        let said = words::left_out(found).unwrap_or_else(|| "nothing could be left out of training".to_owned());
        writeln!(out, "  {head:<11} {}", visible::one_line(&said))?;
    }
    writeln!(out, "  verdict     {}", visible::one_line(&outcome.evaluation.verdict))?;
    writeln!(out, "  report      {}", commands::shown(&outcome.report))?;
    writeln!(out, "  model       models/{}", outcome.model)?;
    if let Some(page) = outcome.tracking.as_ref().and_then(|tracking| tracking.page.as_ref()) {
        writeln!(out, "  tracked     {}", visible::one_line(page))?;
    }
    Ok(())
}

/// Features that give the label away, before any number that they make worthless.
pub(crate) fn give_aways(out: &mut impl Write, columns: &ColumnCheck) -> std::io::Result<()> {
    for (findings, accepted) in [(&columns.refused, false), (&columns.accepted, true)] {
        for finding in findings {
            writeln!(out, "  give-away   {}", visible::one_line(&words::give_away(finding, accepted)))?;
        }
    }
    Ok(())
}

/// What the closing table tells of a member.
const CLOSING: [&str; 8] =
    ["accuracy", "precision", "recall", "f1", "fpr", "roc_auc", "average_precision", "detection_rate_at_fpr_0_01"];

/// The closing table: every member, then the hybrid, at the threshold chosen before the test part was opened.
pub(crate) fn members(out: &mut impl Write, evaluation: &Evaluation) -> std::io::Result<()> {
    let header: Vec<&str> = std::iter::once("").chain(table::columns(&CLOSING)).collect();
    let row = |(name, member): (&str, &MemberEvaluation)| {
        let numbers = CLOSING.iter().map(|metric| table::number(member.value(metric)));
        std::iter::once(name.to_owned()).chain(numbers).collect()
    };
    let rows: Vec<Vec<String>> = evaluation.with_beside().map(row).collect();
    table::write(out, &header, &rows)
}

/// What each candidate finds of families left out of training, and of the others.
fn left_out(out: &mut impl Write, found: &LeaveOut) -> std::io::Result<()> {
    for time in &found.left_out {
        let group = time.benign_group.as_ref().map_or(String::new(), |group| format!(" · benign {group}"));
        writeln!(out, "  left out    {}", visible::one_line(&format!("{}{group}", time.name)))?;
    }
    writeln!(out)?;
    let header = ["", "left out", "known"];
    let rows = found.candidates.iter().map(|(name, detection)| {
        vec![name.to_owned(), table::number(detection.unseen), table::number(detection.known)]
    });
    table::write(out, &header, &rows.collect::<Vec<_>>())?;
    writeln!(
        out,
        "
  best        {}",
        words::left_out(found).unwrap_or_else(|| "none".to_owned())
    )
}

fn show_plan(plan: &DryRun) -> anyhow::Result<()> {
    let mut out = visible::out();
    give_aways(&mut out, &plan.columns)?;
    show_parts(&mut out, plan)?;
    for settled in &plan.settled {
        writeln!(out, "  note        {}", words::settled(settled))?;
    }
    writeln!(out, "  numbers     {}", visible::one_line(&counted(&plan.numeric)))?;
    writeln!(out, "  categories  {}", visible::one_line(&counted(&plan.categorical)))?;
    writeln!(out, "  memory      about {} MB", plan.memory_bytes >> 20)?;
    writeln!(out, "  time        about {:.0} s ({})", plan.seconds, plan.basis)?;
    Ok(())
}

/// The rows that a run would read, and how it would deal them.
pub(crate) fn show_parts(out: &mut impl Write, plan: &DryRun) -> std::io::Result<()> {
    match &plan.sample {
        None => writeln!(out, "  rows        {}", plan.rows)?,
        Some(sample) => writeln!(out, "  rows        {}", words::sample(plan.rows, sample))?,
    }
    for times in &plan.times {
        writeln!(out, "  {:<11} {}", format!("{} span", times.role), words::span(&times.read))?;
    }
    for (i, part) in plan.partition.parts.iter().enumerate() {
        let head = if i == 0 { "parts" } else { "" };
        let (name, benign, attacks) = (part.part.to_string(), part.benign, part.attacks);
        writeln!(out, "  {head:<11} {name:<12} {benign:>10} benign {attacks:>10} attacks")?;
    }
    if !plan.partition.note.is_empty() {
        writeln!(out, "              {}", plan.partition.note)?;
    }
    for (i, remark) in plan.remarks.iter().enumerate() {
        let head = if i == 0 { "notes" } else { "" };
        writeln!(out, "  {head:<11} {}", visible::one_line(&words::remark(remark)))?;
    }
    if plan.sample.is_some() {
        writeln!(out, "              {}", words::NOT_TOLD_BY_A_SAMPLE)?;
    }
    if !plan.columns.strong.is_empty() {
        let head = if plan.remarks.is_empty() { "notes" } else { "" };
        writeln!(out, "  {head:<11} {}", visible::one_line(&words::strong(&plan.columns.strong)))?;
    }
    Ok(())
}

fn counted(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { format!("{}: {}", names.len(), listed(names)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_the_closing_table_is_a_metric() {
        assert_eq!(table::columns(&CLOSING).count(), CLOSING.len());
    }
}
