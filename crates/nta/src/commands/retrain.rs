//! `nta retrain`.

use std::io::Write;

use nta_pipeline::{
    AtRate, Decision, Paired, RetrainOutcome, RetrainRequest, Service, Standing, ToldCheck, UnitKind, retrain as job,
    tell_check, thousands,
};

use crate::args::{Common, RetrainArgs};
use crate::progress::Progress;
use crate::{commands, table, visible, words};

pub(crate) fn retrain(args: &RetrainArgs, common: &Common) -> anyhow::Result<()> {
    let request = RetrainRequest {
        model: args.model.clone(),
        fresh: args.fresh.clone(),
        sets: args.set.clone(),
        promote: args.promotion(),
        labels: args.labels.file(),
        sensor: args.sensor.clone(),
        bad_rows: args.bad_rows(),
        project: commands::project(common),
    };
    let outcome = job(&request, &Progress::new(common.quiet))?;
    match common.json {
        true => commands::json(&outcome)?,
        false => show(&outcome)?,
    }
    Ok(outcome.gate()?)
}

fn show(outcome: &RetrainOutcome) -> anyhow::Result<()> {
    let mut out = visible::out();
    let Some(decision) = &outcome.decision else {
        let champion = &outcome.champion;
        writeln!(out, "nothing is new: {champion} or what it was made from has learned from every file given")?;
        return Ok(());
    };
    writeln!(out)?;
    compared(&mut out, decision)?;
    writeln!(out)?;
    let failed = decision.checks.iter().map(tell_check).filter(|check| !check.passed);
    for (i, ToldCheck { words, found, limit, .. }) in failed.enumerate() {
        let told = format!("{words}: {found}, must be {limit}");
        writeln!(out, "  {:<11} {}", if i == 0 { "not shown" } else { "" }, visible::one_line(&told))?;
    }
    writeln!(out, "  fresh       {}", visible::one_line(&fresh(outcome, decision)))?;
    if let Some(site) = &decision.site {
        writeln!(out, "  promise     {}", words::site_promise(site))?;
        writeln!(out, "  baseline    {}", visible::one_line(&words::site(site)))?;
    }
    let drifted = if decision.drifted.is_empty() { "none".to_owned() } else { decision.drifted.join(", ") };
    writeln!(out, "  drift       {}", visible::one_line(&drifted))?;
    let before = if outcome.decided_before { ", decided before: nothing was trained" } else { "" };
    writeln!(out, "  decision    {}{before}", visible::one_line(&stands(decision)))?;
    writeln!(out, "  report      {}", commands::shown(&decision.report))?;
    Ok(())
}

/// Both models on both sets of rows.
fn compared(out: &mut impl Write, decision: &Decision) -> std::io::Result<()> {
    let fresh = &decision.held_out;
    let header = ["", "recall", "old test", "FPR in service", "recall in service"];
    let row = |name: &str, at: &dyn Fn(&Paired) -> AtRate, service: &Service| {
        let recalls = [Some(at(fresh).recall), decision.old_test.as_ref().map(|old| at(old).recall)];
        let cells = recalls.into_iter().chain([service.fpr, service.recall]).map(table::number);
        std::iter::once(name.to_owned()).chain(cells).collect::<Vec<_>>()
    };
    let rows = [
        row(&decision.champion, &|paired| paired.champion, &decision.champion_in_service),
        row(&decision.challenger, &|paired| paired.challenger, &decision.challenger_in_service),
    ];
    table::write(out, &header, &rows)?;
    let interval = fresh
        .interval
        .map_or("no interval: too few attacks apart".to_owned(), |(low, high)| format!("[{low:+.3}, {high:+.3}]"));
    let by = match fresh.units.by {
        UnitKind::Hosts => "hosts",
        UnitKind::Stretches => "stretches",
    };
    let (rate, p) = (100.0 * fresh.false_positive_rate, fresh.mcnemar.mid_p);
    let p = if p < 1e-4 { "< 0.0001".to_owned() } else { format!("{p:.4}") };
    writeln!(out, "\n  gain        {:+.3} {interval} at FPR {rate} %, by {by}; McNemar p {p}", fresh.gain)
}

fn fresh(outcome: &RetrainOutcome, decision: &Decision) -> String {
    let (learned, held_out) = (thousands(decision.fresh.learned.rows), thousands(decision.fresh.held_out.rows));
    let old = thousands(decision.replay.rows);
    let known = match outcome.known.len() {
        0 => String::new(),
        n => format!("; {n} of the files are learned already"),
    };
    let said = match decision.replay.verdicts {
        0 => String::new(),
        n => format!(", {} by analysts' verdicts", thousands(n)),
    };
    format!("{learned} flows learned with {old} old ones{said}, {held_out} held out{known}")
}

fn stands(decision: &Decision) -> String {
    let Decision { challenger, alias, champion, .. } = decision;
    match decision.standing {
        Standing::Promoted => format!("{alias} points at {challenger} now"),
        Standing::Asked => format!("{challenger} passes: `nta promote {challenger}` puts it in service"),
        Standing::Compared => format!("{challenger} passes; {alias} stays, as asked"),
        Standing::TakenBack => format!("{challenger} passes, and {alias} was moved back from it by hand: it stays"),
        Standing::Refused => format!("{champion} stays"),
    }
}
