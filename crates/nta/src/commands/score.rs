//! `nta score`.

use std::io::Write;
use std::time::Duration;

use nta_pipeline::{ScoreOutcome, ScoreRequest, ScoreSummary, TimelineBin, require_key, score as job, thousands};

use crate::args::{Common, ScoreArgs};
use crate::progress::Progress;
use crate::{commands, table, visible, words};

pub(crate) fn score(args: &ScoreArgs, common: &Common) -> anyhow::Result<()> {
    let request = ScoreRequest {
        model: args.model.clone(),
        inputs: args.inputs.clone(),
        columns: args.columns.clone(),
        only_flagged: args.only_flagged,
        summary: args.summary,
        output: args.output.clone(),
        batch_rows: args.batch as usize,
        reasons: args.explain.map(|most| most as usize),
        sensor: args.sensor.clone(),
        written: args.written.as_written()?,
        labels: args.labels.file(),
        bad_rows: args.bad_rows.into(),
        resume: args.resume.then(|| Duration::try_from_secs_f64(args.save_every)).transpose()?,
        project: commands::project(common),
    };
    if let Some(key) = &args.require_key {
        require_key(&request.project, &args.model, key)?;
    }
    let outcome = job(&request, &Progress::new(common.quiet))?;
    if common.json {
        return commands::json(&outcome);
    }
    if !common.quiet {
        promise(&outcome)?;
    }
    show(&outcome)
}

/// What the promise is worth here: no result, so on standard error.
fn promise(outcome: &ScoreOutcome) -> std::io::Result<()> {
    let Some(promise) = &outcome.promise else { return Ok(()) };
    let mut err = visible::err();
    writeln!(err, "  promise     {}", words::promise_here(promise))?;
    if let Some(alerts) = words::alerts_here(promise) {
        writeln!(err, "  alerts      {alerts}")?;
    }
    words::outside(promise).map_or(Ok(()), |outside| writeln!(err, "              {outside}"))
}

/// What is told of each member where the scored file has labels.
const AGAINST_LABELS: [&str; 5] = ["accuracy", "precision", "recall", "f1", "fpr"];

fn show(outcome: &ScoreOutcome) -> anyhow::Result<()> {
    let mut out = visible::out();
    if let Some(truth) = &outcome.truth {
        writeln!(out)?;
        let rows: Vec<Vec<String>> = truth
            .iter()
            .map(|(name, at)| {
                let numbers = AGAINST_LABELS.iter().map(|metric| table::number(at.value(metric)));
                [name.clone()].into_iter().chain(numbers).collect()
            })
            .collect();
        let header: Vec<&str> = std::iter::once("").chain(table::columns(&AGAINST_LABELS)).collect();
        table::write(&mut out, &header, &rows)?;
        writeln!(out)?;
    }
    if let Some(summary) = &outcome.summary {
        show_summary(&mut out, outcome, summary)?;
    }
    writeln!(out, "  model       {}", outcome.model)?;
    if let Some(time) = &outcome.time {
        writeln!(out, "  span        {}", words::span(time))?;
    }
    if outcome.newest_first {
        let why = "the newest rows stand first, and this model takes rows as they stand: sort the file by time";
        writeln!(out, "  order       {why}")?;
    }
    writeln!(out, "  flagged     {} of {} flows", outcome.flagged, outcome.rows)?;
    if let Some(joined) = &outcome.joined {
        writeln!(out, "  labels      {}", visible::one_line(&words::joined(joined)))?;
    } else if outcome.unjudged > 0 {
        writeln!(out, "  labels      {}", visible::one_line(&labels(outcome)))?;
    }
    writeln!(out, "  scored      {}", commands::shown(&outcome.output))?;
    for (i, (n, what)) in outcome.left_out.kinds().enumerate() {
        writeln!(out, "  {:<11} {n} {what}", if i == 0 { "left out" } else { "" })?;
    }
    if let Some(rejects) = outcome.rejects.as_ref().filter(|_| outcome.set_aside > 0) {
        writeln!(out, "  set aside   {} rows that cannot be read, {}", outcome.set_aside, commands::shown(rejects))?;
    }
    Ok(())
}

/// Bars of time that are shown.
const BARS: usize = 12;

/// Families, hosts and times, each as a small table.
fn show_summary(out: &mut impl Write, outcome: &ScoreOutcome, summary: &ScoreSummary) -> anyhow::Result<()> {
    let row = |name: &str, flows: u64, flagged: u64| {
        vec![visible::one_line(name).into_owned(), thousands(flows), thousands(flagged)]
    };
    let families: Vec<_> = outcome.families.iter().map(|(name, n)| row(name, n.flows, n.flagged)).collect();
    let talkers: Vec<_> = summary.talkers.iter().map(|host| row(&host.host, host.flows, host.flagged)).collect();
    let bins = summary.over_time.as_ref().map_or(&[][..], |line| &line.bins);
    let bars = bins.chunks(bins.len().div_ceil(BARS).max(1)).map(|bins| {
        let sum = |of: fn(&TimelineBin) -> u64| bins.iter().map(of).sum();
        row(&words::moment(bins[0].start), sum(|bin| bin.flows), sum(|bin| bin.flagged))
    });
    let times: Vec<_> = bars.collect();
    for (title, rows) in [("family", families), ("host", talkers), ("from", times)] {
        if !rows.is_empty() {
            writeln!(out)?;
            table::write(out, &[title, "flows", "flagged"], &rows)?;
        }
    }
    Ok(writeln!(out)?)
}

/// How many flows carry a label that says something, and what stands there of the others.
fn labels(outcome: &ScoreOutcome) -> String {
    let why = &outcome.without_truth;
    let mut others = words::unlabelled(&why.unlabelled);
    others.extend(why.unknown.iter().map(|(label, rows)| format!("`{label}`, which the model does not know × {rows}")));
    others.truncate(5);
    if why.ignored > 0 {
        others.push(format!("left out by the schema × {}", why.ignored));
    }
    let others = others.join(", ");
    match outcome.rows.saturating_sub(outcome.unjudged) {
        0 => format!("none of {} flows carries one that says something ({others}): nothing to judge by", outcome.rows),
        judged => format!("judged on {judged} of {} flows; the others carry none ({others})", outcome.rows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_told_against_labels_is_a_metric() {
        assert_eq!(table::columns(&AGAINST_LABELS).count(), AGAINST_LABELS.len());
    }
}
