//! `nta runs`, `nta show` and `nta compare`.

use std::io::Write;

use nta_pipeline::{RunLine, compare as side_by_side, runs as list, show as find};

use crate::args::Common;
use crate::commands::run::members;
use crate::{commands, table};

pub(crate) fn runs(common: &Common) -> anyhow::Result<()> {
    let found = list(&commands::project(common))?;
    if common.json {
        return commands::json(&found);
    }
    let mut out = std::io::stdout().lock();
    if found.runs.is_empty() {
        writeln!(out, "no run yet: try `nta run configs/quickstart.yaml`")?;
    } else {
        let header = ["run", "experiment", "status", "seconds", "avg.prec", "recall", "FPR", "promise", "model"];
        table::write(&mut out, &header, &found.runs.iter().map(line).collect::<Vec<_>>())?;
    }
    for damaged in &found.damaged {
        writeln!(out, "  damaged: {damaged}")?;
    }
    Ok(())
}

fn line(run: &RunLine) -> Vec<String> {
    let hybrid = run.evaluation.as_ref().and_then(|e| e.members.get("hybrid"));
    let promise = run.evaluation.as_ref().and_then(|e| e.promise.as_ref()).and_then(|p| p.kept);
    let kept = match promise {
        Some(true) => "kept",
        Some(false) => "missed",
        None => "–",
    };
    vec![
        run.record.id.clone(),
        run.record.name.clone(),
        run.status.to_string(),
        format!("{:.1}", run.record.seconds()),
        table::number(hybrid.and_then(|h| h.average_precision)),
        table::number(hybrid.and_then(|h| h.at_budget.recall)),
        table::number(hybrid.and_then(|h| h.at_budget.fpr)),
        kept.to_owned(),
        run.record.model.clone().unwrap_or_else(|| "–".to_owned()),
    ]
}

pub(crate) fn show(asked: &str, common: &Common) -> anyhow::Result<()> {
    let run = find(&commands::project(common), asked)?;
    if common.json {
        return commands::json(&run);
    }
    let mut out = std::io::stdout().lock();
    let record = &run.record;
    writeln!(out, "{} · run {} · seed {} · {}", record.name, record.id, record.seed, run.status)?;
    if let Some(reason) = &record.reason {
        writeln!(out, "  reason      {reason}")?;
    }
    for stage in &record.stages {
        writeln!(out, "  {:<11} {:>8.1} s", stage.name, stage.seconds)?;
    }
    if let Some(evaluation) = &run.evaluation {
        writeln!(out)?;
        members(&mut out, evaluation)?;
        writeln!(out)?;
        if let Some(promise) = &evaluation.promise {
            writeln!(out, "  promise     {}", promise.describe())?;
        }
        writeln!(out, "  verdict     {}", evaluation.verdict)?;
    }
    writeln!(out, "  folder      {}", commands::shown(&run.folder))?;
    if let Some(model) = &record.model {
        writeln!(out, "  model       models/{model}")?;
    }
    Ok(())
}

pub(crate) fn compare(asked: &[String], common: &Common) -> anyhow::Result<()> {
    let comparison = side_by_side(&commands::project(common), asked)?;
    if common.json {
        return commands::json(&comparison);
    }
    let mut out = std::io::stdout().lock();
    for section in &comparison.sections {
        writeln!(out, "{}", section.title)?;
        if section.rows.is_empty() {
            writeln!(out, "  nothing differs\n")?;
            continue;
        }
        if section.rows.iter().flatten().any(|cell| cell.chars().count() > WIDEST_CELL) {
            sentences(&mut out, &section.header, &section.rows)?;
            continue;
        }
        let header: Vec<&str> = section.header.iter().map(String::as_str).collect();
        table::write(&mut out, &header, &section.rows)?;
        writeln!(out)?;
    }
    Ok(())
}

/// Cells longer than this are sentences: they stand below each other.
const WIDEST_CELL: usize = 48;

fn sentences(out: &mut impl Write, header: &[String], rows: &[Vec<String>]) -> std::io::Result<()> {
    for row in rows {
        writeln!(out, "  {}", row.first().map_or("", String::as_str))?;
        for (run, cell) in header.iter().zip(row).skip(1) {
            writeln!(out, "    {run}: {cell}")?;
        }
    }
    writeln!(out)
}
