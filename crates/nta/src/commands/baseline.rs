//! `nta baseline`.

use std::io::Write;

use nta_pipeline::{BaselineOutcome, BaselineRequest, SiteThreshold, Trust, baseline as job, thousands};

use crate::args::{BaselineArgs, Common};
use crate::progress::Progress;
use crate::{commands, table, visible, words};

pub(crate) fn baseline(args: &BaselineArgs, common: &Common) -> anyhow::Result<()> {
    let request = BaselineRequest {
        model: args.model.clone(),
        files: args.benign.clone(),
        sensor: args.sensor.clone(),
        written: args.written.as_written()?,
        bad_rows: args.bad_rows.into(),
        trust: if args.verified && !args.unverified { Trust::Verified } else { Trust::Unverified },
        budget: args.budget,
        alerts_per_day: args.alerts_per_day,
        flows_per_day: args.flows_per_day,
        groups: args.groups.map(Into::into),
        accept: args.accept,
        all_hosts: args.all_hosts,
        project: commands::project(common),
    };
    let outcome = job(&request, &Progress::new(common.quiet))?;
    if common.json { commands::json(&outcome) } else { show(&outcome) }
}

fn show(outcome: &BaselineOutcome) -> anyhow::Result<()> {
    let mut out = visible::out();
    let percent = |share: f64| format!("{:.2} %", 100.0 * share);
    let row = |t: &SiteThreshold| {
        let (before, now) = (format!("{:.4}", t.before), format!("{:.4}", t.value));
        vec![t.name.clone(), before, percent(t.flagged_before), now, percent(t.flagged)]
    };
    writeln!(out)?;
    let rows: Vec<Vec<String>> = outcome.thresholds.iter().map(row).collect();
    table::write(&mut out, &["", "threshold", "of these flows", "now", "of these flows"], &rows)?;
    writeln!(out)?;
    for told in &outcome.thresholds {
        if let Some(reason) = &told.reason {
            writeln!(out, "  note        {}: {}", told.name, visible::one_line(reason))?;
        }
    }
    writeln!(out, "  promise     {}", words::site_promise(&outcome.site))?;
    if let Some(alerts) = words::site_alerts(&outcome.site) {
        writeln!(out, "  alerts      {alerts}")?;
    }
    writeln!(out, "  baseline    {}", words::site(&outcome.site))?;
    if let Some(choice) = &outcome.site.choice {
        writeln!(out, "  hybrid      {}", words::site_choice(choice))?;
    } else if let Some(why) = &outcome.not_chosen {
        writeln!(out, "  hybrid      fused as trained, none chosen for the site: {}", visible::one_line(why))?;
    }
    if !outcome.has_novelty {
        let why = "this model has no member that knows benign traffic alone, so the flows set thresholds and no more: one \
                   trained with `density: {}` in its config learns from them too";
        writeln!(out, "              {why}")?;
    } else if !outcome.site.verified {
        let why = "the flows are not verified and set thresholds alone; where somebody has looked at them, `--verified` \
                   lets them join what the density knows";
        writeln!(out, "              {why}")?;
    }
    for like in &outcome.like_attacks {
        let flow = format!("{}, row {} ({} {:.3})", like.file, like.row, like.member, like.score);
        writeln!(out, "  like attack {}", visible::one_line(&flow))?;
    }
    if outcome.set_aside > 0 {
        writeln!(out, "  set aside   {} rows that cannot be read", thousands(outcome.set_aside))?;
    }
    writeln!(out, "  model       models/{} ← {}", outcome.model, outcome.parent)?;
    Ok(())
}
