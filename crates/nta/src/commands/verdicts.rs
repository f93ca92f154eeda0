//! `nta verdicts`.

use std::io::Write;

use nta_pipeline::{RaiseOutcome, RaiseRequest, raise as job, thousands};

use crate::args::{Common, VerdictsArgs};
use crate::progress::Progress;
use crate::{commands, visible, words};

pub(crate) fn verdicts(args: &VerdictsArgs, common: &Common) -> anyhow::Result<()> {
    let request = RaiseRequest {
        model: args.model.clone(),
        input: args.file.clone(),
        flows: args.flows,
        budget: args.budget,
        project: commands::project(common),
    };
    let outcome = job(&request, &Progress::new(common.quiet))?;
    if common.json { commands::json(&outcome) } else { show(&outcome) }
}

fn show(outcome: &RaiseOutcome) -> anyhow::Result<()> {
    let mut out = visible::out();
    let told = &outcome.verdicts;
    writeln!(out, "  verdicts    {}", words::verdicts(told))?;
    let (before, value) = (told.before, outcome.value);
    match &outcome.model {
        Some(model) => {
            let (alarms, above) = (thousands(told.false_alarms), thousands(told.above));
            writeln!(out, "  threshold   {before:.4} → {value:.4}: {above} of {alarms} false alarms lie above it now")?;
            writeln!(out, "  promise     {}", words::verdict_promise(told))?;
            writeln!(out, "  model       models/{model} ← {}", outcome.parent)?;
        }
        None => {
            writeln!(out, "  threshold   {before:.4}, as it was: so many false alarms are within the budget")?;
            writeln!(out, "  promise     {}", words::verdict_promise(told))?;
        }
    }
    Ok(())
}
