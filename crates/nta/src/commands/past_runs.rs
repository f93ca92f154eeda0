//! `nta runs`, `nta show` and `nta compare`.

use std::io::Write;

use nta_pipeline::{
    CompareRequest, Evaluation, RemoteRun, RunLine, compare as side_by_side, compare_page, listed, remote_runs,
    runs as list, show as find,
};

use crate::args::{Common, CompareArgs};
use crate::commands::run::{give_aways, members};
use crate::progress::Progress;
use crate::visible::one_line;
use crate::{commands, table, visible};

pub(crate) fn runs(common: &Common) -> anyhow::Result<()> {
    let found = list(&commands::project(common))?;
    if common.json {
        return commands::json(&found);
    }
    let mut out = visible::out();
    if found.runs.is_empty() {
        writeln!(out, "no run yet: try `nta run configs/quickstart.yaml`")?;
    } else {
        let of_run = ["run", "experiment", "status", "seconds"];
        let header: Vec<&str> = of_run.into_iter().chain(table::columns(&LISTED)).chain(["promise", "model"]).collect();
        table::write(&mut out, &header, &found.runs.iter().map(line).collect::<Vec<_>>())?;
    }
    for run in &found.runs {
        let accepted = run.columns.iter().flat_map(|columns| &columns.accepted).map(|f| f.column.as_str());
        let accepted: Vec<&str> = accepted.collect();
        if !accepted.is_empty() {
            let (id, columns) = (&run.record.id, listed(&accepted));
            writeln!(out, "  give-away   {id} learned from {}, accepted by name", one_line(&columns))?;
        }
    }
    for damaged in &found.damaged {
        writeln!(out, "  damaged: {}", one_line(&damaged.to_string()))?;
    }
    Ok(())
}

/// `nta runs --remote`.
pub(crate) fn remote(common: &Common) -> anyhow::Result<()> {
    let found = remote_runs(&commands::project(common), &Progress::new(common.quiet))?;
    if common.json {
        return commands::json(&found);
    }
    let mut out = visible::out();
    if found.is_empty() {
        writeln!(out, "the server holds no run of nta")?;
        return Ok(());
    }
    let header: Vec<&str> =
        ["run", "experiment", "status"].into_iter().chain(table::columns(&LISTED)).chain(["promise", "page"]).collect();
    table::write(&mut out, &header, &found.iter().map(remote_line).collect::<Vec<_>>())?;
    Ok(())
}

fn remote_line(run: &RemoteRun) -> Vec<String> {
    let metric = |name: &&str| {
        let at = |place: &str| run.metrics.get(&format!("test/hybrid/{place}{name}")).copied();
        table::number(at("").or_else(|| at("at_budget/")))
    };
    let mut cells = vec![run.run.clone(), run.experiment.clone(), run.status.to_lowercase()];
    cells.extend(LISTED.iter().map(metric));
    cells.push(run.tags.get("nta.promise").cloned().unwrap_or_else(|| "–".to_owned()));
    cells.push(run.page.clone());
    cells
}

/// What a line of `nta runs` tells of the hybrid.
const LISTED: [&str; 3] = ["average_precision", "recall", "fpr"];

fn line(run: &RunLine) -> Vec<String> {
    let hybrid = run.evaluation.as_ref().and_then(Evaluation::hybrid);
    let promise = run.evaluation.as_ref().and_then(|e| e.promise.as_ref()).and_then(|p| p.kept);
    let kept = match promise {
        Some(true) => "kept",
        Some(false) => "missed",
        None => "–",
    };
    let (record, seconds) = (&run.record, format!("{:.1}", run.record.seconds()));
    let mut cells = vec![record.id.clone(), record.name.clone(), run.status.to_string(), seconds];
    cells.extend(LISTED.iter().map(|metric| table::number(hybrid.and_then(|h| h.value(metric)))));
    cells.extend([kept.to_owned(), record.model.clone().unwrap_or_else(|| "–".to_owned())]);
    cells
}

pub(crate) fn show(asked: &str, common: &Common) -> anyhow::Result<()> {
    let run = find(&commands::project(common), asked)?;
    if common.json {
        return commands::json(&run);
    }
    let mut out = visible::out();
    let record = &run.record;
    writeln!(out, "{} · run {} · seed {} · {}", record.name, record.id, record.seed, run.status)?;
    if let Some(reason) = &record.reason {
        writeln!(out, "  reason      {}", one_line(reason))?;
    }
    if let Some(columns) = &run.columns {
        give_aways(&mut out, columns)?;
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
        writeln!(out, "  verdict     {}", one_line(&evaluation.verdict))?;
    }
    writeln!(out, "  folder      {}", commands::shown(&run.folder))?;
    if let Some(model) = &record.model {
        writeln!(out, "  model       models/{model}")?;
    }
    Ok(())
}

pub(crate) fn compare(args: &CompareArgs, common: &Common) -> anyhow::Result<()> {
    let request = CompareRequest { runs: args.runs.clone(), baseline: args.baseline.clone() };
    let project = commands::project(common);
    if let Some(output) = &args.output {
        let page = compare_page(&project, &request, output)?;
        if common.json {
            return commands::json(&serde_json::json!({ "page": page }));
        }
        writeln!(visible::out(), "  page        {}", commands::shown(&page))?;
        return Ok(());
    }
    let comparison = side_by_side(&project, &request)?;
    if common.json {
        return commands::json(&comparison);
    }
    let mut out = visible::out();
    if let Some(differ_on) = &comparison.other_rows {
        writeln!(
            out,
            "These runs judged different test rows, so numbers differ by the rows as well as by the models."
        )?;
        writeln!(out, "They differ on {}.\n", one_line(&differ_on.join(", ")))?;
    }
    for section in &comparison.sections {
        writeln!(out, "{}", one_line(&section.title))?;
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
        writeln!(out, "  {}", one_line(row.first().map_or("", String::as_str)))?;
        for (run, cell) in header.iter().zip(row).skip(1) {
            writeln!(out, "    {}: {}", one_line(run), one_line(cell))?;
        }
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_a_listed_run_is_a_metric() {
        assert_eq!(table::columns(&LISTED).count(), LISTED.len());
    }
}
