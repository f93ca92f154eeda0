//! `nta run`.

use std::io::Write;

use nta_pipeline::{DryRun, Evaluation, MemberEvaluation, Resume, RunConfig, RunOutcome, dry_run, run as job};

use crate::args::{Common, RunArgs};
use crate::progress::Progress;
use crate::{commands, table, visible, words};

pub(crate) fn run(args: &RunArgs, common: &Common) -> anyhow::Result<()> {
    let loaded = RunConfig::load(&args.config, &args.set, common.home.as_deref())?;
    let progress = Progress::new(common.quiet);
    if args.dry_run {
        let plan = dry_run(&loaded, &progress)?;
        return if common.json { commands::json(&plan) } else { show_plan(&plan) };
    }
    let resume = match args.resume.as_deref() {
        None => Resume::No,
        Some("") => Resume::Last,
        Some(run) => Resume::Run(run.to_owned()),
    };
    let outcome = job(&loaded, &resume, &progress)?;
    if common.json {
        commands::json(&outcome)?;
    } else {
        show(&outcome)?;
    }
    if args.require_promise {
        outcome.require_promise()?;
    }
    Ok(())
}

fn show(outcome: &RunOutcome) -> anyhow::Result<()> {
    let mut out = visible::out();
    writeln!(out)?;
    members(&mut out, &outcome.evaluation)?;
    writeln!(out)?;
    if let Some(promise) = &outcome.evaluation.promise {
        writeln!(out, "  promise     {}", promise.describe())?;
    }
    writeln!(out, "  verdict     {}", visible::one_line(&outcome.evaluation.verdict))?;
    writeln!(out, "  report      {}", commands::shown(&outcome.report))?;
    writeln!(out, "  model       models/{}", outcome.model)?;
    if let Some(page) = outcome.tracking.as_ref().and_then(|tracking| tracking.page.as_ref()) {
        writeln!(out, "  tracked     {}", visible::one_line(page))?;
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
    let rows: Vec<Vec<String>> = evaluation.members.iter().map(row).collect();
    table::write(out, &header, &rows)
}

fn show_plan(plan: &DryRun) -> anyhow::Result<()> {
    let mut out = visible::out();
    writeln!(out, "  rows        {}", plan.rows)?;
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
    writeln!(out, "  numbers     {}", visible::one_line(&plan.numeric.join(", ")))?;
    writeln!(out, "  categories  {}", visible::one_line(&plan.categorical.join(", ")))?;
    writeln!(out, "  memory      about {} MB", plan.memory_bytes >> 20)?;
    writeln!(out, "  time        about {:.0} s ({})", plan.seconds, plan.basis)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_the_closing_table_is_a_metric() {
        assert_eq!(table::columns(&CLOSING).count(), CLOSING.len());
    }
}
