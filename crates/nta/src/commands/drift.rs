//! `nta drift`.

use std::io::Write;

use nta_pipeline::{ColumnDrift, DriftOutcome, DriftRequest, PipelineError, drift as job, listed, thousands};

use crate::args::{Common, DriftArgs};
use crate::progress::Progress;
use crate::{commands, table, visible};

/// Columns shown where none is asked for; the JSON and the page hold all.
const SHOWN: usize = 10;

pub(crate) fn drift(args: &DriftArgs, common: &Common) -> anyhow::Result<()> {
    let request = DriftRequest {
        name: None,
        model: args.model.clone(),
        fresh: args.fresh.clone(),
        sensor: args.sensor.clone(),
        written: args.written.as_written()?,
        bad_rows: args.bad_rows.into(),
        psi: args.psi,
        alert_factor: args.alert_factor,
        false_discovery: args.false_discovery,
        output: args.output.clone(),
        project: commands::project(common),
    };
    let outcome = job(&request, &Progress::new(common.quiet))?;
    match common.json {
        true => commands::json(&outcome)?,
        false => show(&outcome, args)?,
    }
    if outcome.past_limit.is_empty() {
        return Ok(());
    }
    Err(PipelineError::Gate(format!("past the limit: {}", listed(&outcome.past_limit))).into())
}

fn show(outcome: &DriftOutcome, args: &DriftArgs) -> anyhow::Result<()> {
    let mut out = visible::out();
    let drift = &outcome.drift;
    let moved = drift.columns.iter().filter(|column| column.drifted).count();
    let rows: Vec<Vec<String>> = drift.columns.iter().take(moved.max(SHOWN)).map(row).collect();
    writeln!(out)?;
    table::write(&mut out, &["", "holds", "PSI", "95 %", "KS", "missing", "q", ""], &rows)?;
    if drift.columns.len() > rows.len() {
        writeln!(out, "  and {} columns that moved less", drift.columns.len() - rows.len())?;
    }
    writeln!(out)?;
    writeln!(out, "  model       {}, trained on {} flows", outcome.model, thousands(drift.trained_rows))?;
    writeln!(out, "  fresh       {} flows", thousands(drift.fresh_rows))?;
    let alerts = &drift.alerts;
    let (low, high) = alerts.factor_interval;
    let moved = if alerts.drifted { ": MOVED" } else { "" };
    writeln!(
        out,
        "  alerts      {} of flows, x{:.2} [{low:.2}, {high:.2}] of training's {}{moved}",
        percent(alerts.fresh),
        alerts.factor,
        percent(alerts.trained)
    )?;
    if let Some(promise) = &outcome.promise {
        let interval = promise.observed.interval;
        let interval = interval.map_or(String::new(), |(low, high)| format!(" [{}, {}]", percent(low), percent(high)));
        let observed = promise.observed.rate.map_or("no benign flow".to_owned(), percent);
        let broken = if promise.broken() { ": MISSED" } else { "" };
        writeln!(out, "  promise     FPR ≤ {}, observed {observed}{interval}{broken}", percent(promise.budget))?;
    }
    if outcome.set_aside > 0 {
        writeln!(out, "  set aside   {} rows that cannot be read", outcome.set_aside)?;
    }
    if let Some(folder) = &args.output {
        writeln!(out, "  report      {}", commands::shown(&folder.join("drift.html")))?;
    }
    Ok(())
}

fn row(column: &ColumnDrift) -> Vec<String> {
    let (low, high) = column.psi_interval;
    let missing = match column.missing {
        (0.0, 0.0) => "-".to_owned(),
        (then, now) => format!("{} > {}", percent(then), percent(now)),
    };
    vec![
        column.name.clone(),
        column.kind.name().to_owned(),
        format!("{:.3}", column.psi),
        format!("[{low:.3}, {high:.3}]"),
        table::number(column.ks),
        missing,
        format!("{:.3}", column.q),
        if column.drifted { "moved".to_owned() } else { String::new() },
    ]
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}
