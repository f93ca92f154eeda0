//! `nta models`, `nta models show` and `log`.

use std::io::Write;

use nta_pipeline::{
    AliasChange, ModelLine, Observed, Reign, SiteBaseline, model_log, models as list, show_model, thousands,
};

use crate::args::{Common, ModelsCommand};
use crate::visible::one_line;
use crate::{commands, table, visible, words};

pub(crate) fn of_one(asked: &ModelsCommand, common: &Common) -> anyhow::Result<()> {
    match asked {
        ModelsCommand::Show { model } => show(model, common),
        ModelsCommand::Log { name } => log(name, common),
        ModelsCommand::Alias { model, alias } => commands::promotion::alias(model, alias, common),
        ModelsCommand::Unalias { alias } => commands::promotion::unalias(alias, common),
    }
}

pub(crate) fn models(common: &Common) -> anyhow::Result<()> {
    let lines = list(&commands::project(common))?;
    if common.json {
        return commands::json(&lines);
    }
    let mut out = visible::out();
    if lines.is_empty() {
        writeln!(out, "no model yet: every completed `nta run` adds one")?;
        return Ok(());
    }
    let of_version = ["model", "alias", "trained (UTC)"];
    let header: Vec<&str> = of_version.into_iter().chain(table::columns(&LISTED)).chain(["promise", "run"]).collect();
    table::write(&mut out, &header, &lines.iter().map(line).collect::<Vec<_>>())?;
    reigns(&mut out, &lines)?;
    let mut damaged: Vec<&String> = lines.iter().filter_map(|line| line.damaged.as_ref()).collect();
    // Damaged aliases are those of every version.
    damaged.dedup();
    for why in damaged {
        writeln!(out, "  damaged: {}", one_line(why))?;
    }
    Ok(())
}

/// What a line tells of the whole model.
const LISTED: [&str; 3] = ["average_precision", "recall", "fpr"];

fn line(line: &ModelLine) -> Vec<String> {
    let of_site = |site: &SiteBaseline| format!("≤ {} % site", site.budget * 100.0);
    let promise = line.promise.as_ref().map_or_else(
        || line.site.as_ref().map_or_else(|| "–".to_owned(), of_site),
        |promise| {
            let kept = promise.kept.map_or("unseen", |kept| if kept { "kept" } else { "missed" });
            format!("≤ {} % {kept}", promise.budget * 100.0)
        },
    );
    let from = line.parent.as_ref().map_or_else(String::new, |parent| format!(" ← {parent}"));
    let mut cells = vec![line.version.clone(), line.aliases.join(" "), commands::minute(&line.created)];
    cells.extend(LISTED.iter().map(|metric| table::number(line.metrics.get(metric).copied().flatten())));
    cells.extend([promise, format!("{}{from}", line.run)]);
    cells
}

/// Times of each alias that are told without being asked for.
const TOLD: usize = 3;

/// Who was champion when: the last times of every alias, newest first.
fn reigns(out: &mut impl Write, lines: &[ModelLine]) -> std::io::Result<()> {
    let name = |line: &ModelLine| line.version.rsplit_once('/').map_or(String::new(), |(name, _)| name.to_owned());
    let mut all: Vec<(String, &Reign)> = Vec::new();
    for line in lines {
        all.extend(line.reigns.iter().map(|reign| (format!("{}@{}", name(line), reign.alias), reign)));
    }
    all.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.since.cmp(&a.1.since)));
    let mut rows = Vec::new();
    for of_one in all.chunk_by(|a, b| a.0 == b.0) {
        for (alias, reign) in of_one.iter().take(TOLD) {
            rows.push([vec![alias.clone(), reign.version.to_string()], times(reign)].concat());
        }
        if of_one.len() > TOLD {
            let earlier = format!("{} earlier", of_one.len() - TOLD);
            rows.push(vec![String::new(), String::new(), earlier, "nta models log".to_owned()]);
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    table::write_words(out, &["alias", "version", "since (UTC)", "until", "by", "why"], &rows)
}

fn times(reign: &Reign) -> Vec<String> {
    let until = reign.until.as_deref().map_or_else(|| "now".to_owned(), commands::minute);
    vec![commands::minute(&reign.since), until, reign.who.clone(), reign.why.clone().unwrap_or_default()]
}

fn show(model: &str, common: &Common) -> anyhow::Result<()> {
    let found = show_model(&commands::project(common), model)?;
    if common.json {
        return commands::json(&found);
    }
    let (line, mut out) = (&found.line, visible::out());
    let aliases: Vec<String> = line.aliases.iter().map(|alias| format!(" · {alias}")).collect();
    writeln!(out, "{}{}", one_line(&line.version), one_line(&aliases.concat()))?;
    let from = match found.ancestors.is_empty() {
        true => line.parent.clone().unwrap_or_default(),
        false => found.ancestors.join(" ← "),
    };
    let facts = [("trained", &line.created), ("run", &line.run), ("made from", &from), ("digest", &line.digest)];
    for (name, fact) in facts.into_iter().filter(|(_, fact)| !fact.is_empty()) {
        writeln!(out, "  {name:<11} {}", one_line(fact))?;
    }
    for finding in &line.accepted {
        writeln!(out, "  give-away   {}", one_line(&words::give_away(finding, true)))?;
    }
    data(&mut out, line)?;
    if let Some(site) = &line.site {
        writeln!(out, "  baseline    {}", one_line(&words::site(site)))?;
        if let Some(choice) = &site.choice {
            writeln!(out, "  hybrid      {}", words::site_choice(choice))?;
        }
    }
    let promise = match (&line.promise, &line.site) {
        (Some(promise), Some(site)) => format!("{}; {}", words::site_promise(site), promise.describe()),
        (Some(promise), None) => promise.describe(),
        (None, Some(site)) => words::site_promise(site),
        (None, None) if line.metrics.is_empty() => "not known: its run is gone".to_owned(),
        (None, None) => "none was made".to_owned(),
    };
    writeln!(out, "  promise     {promise}")?;
    if let Some(alerts) = line.site.as_ref().and_then(words::site_alerts) {
        writeln!(out, "  alerts      {alerts}")?;
    }
    if let Some(told) = &line.verdicts {
        writeln!(out, "  verdicts    {}; {}", words::verdicts(told), words::verdict_promise(told))?;
    }
    observed(&mut out, &found.observed)?;
    if !line.metrics.is_empty() {
        let header: Vec<&str> = std::iter::once("").chain(table::columns(&SHOWN)).collect();
        let numbers = SHOWN.iter().map(|metric| table::number(line.metrics.get(metric).copied().flatten()));
        table::write(&mut out, &header, &[std::iter::once("hybrid".to_owned()).chain(numbers).collect()])?;
    }
    let row = |reign: &Reign| [vec![reign.alias.clone()], times(reign)].concat();
    if !line.reigns.is_empty() {
        let rows: Vec<Vec<String>> = line.reigns.iter().rev().map(row).collect();
        table::write_words(&mut out, &["alias", "since (UTC)", "until", "by", "why"], &rows)?;
    }
    Ok(())
}

/// The promise so far: all looks at labelled traffic together, then the last.
fn observed(out: &mut impl Write, looks: &[Observed]) -> std::io::Result<()> {
    let Some(last) = looks.last() else { return Ok(()) };
    let sum = |of: fn(&Observed) -> u64| looks.iter().map(of).sum::<u64>();
    let (alarms, benign) = (sum(|look| look.false_alarms), sum(|look| look.benign));
    let share = |alarms: u64, benign: u64| alarms as f64 / benign.max(1) as f64;
    let kept = if share(alarms, benign) <= last.budget { "kept" } else { "MISSED" };
    let times = if looks.len() == 1 { "1 look".to_owned() } else { format!("{} looks", looks.len()) };
    writeln!(
        out,
        "  so far      {:.2} % of {} benign flows flagged in {times}: {kept}; last {} {:.2} %",
        100.0 * share(alarms, benign),
        thousands(benign),
        commands::minute(&last.time),
        100.0 * share(last.false_alarms, last.benign)
    )
}

/// The files that it was trained and judged on.
fn data(out: &mut impl Write, line: &ModelLine) -> std::io::Result<()> {
    for (i, file) in line.data.iter().enumerate() {
        let head = if i == 0 { "data" } else { "" };
        let (name, digest) = (one_line(&file.name), file.sha256.get(..12).unwrap_or(&file.sha256));
        writeln!(out, "  {head:<11} {:<5} {name} ({} bytes, sha256 {digest}…)", file.role, file.bytes)?;
    }
    Ok(())
}

/// What is shown of one model.
const SHOWN: [&str; 6] = ["precision", "recall", "f1", "fpr", "roc_auc", "average_precision"];

fn log(name: &str, common: &Common) -> anyhow::Result<()> {
    let changes = model_log(&commands::project(common), name)?;
    if common.json {
        return commands::json(&changes);
    }
    let mut out = visible::out();
    if changes.is_empty() {
        writeln!(out, "no alias of {} was moved yet: `nta promote {}` does", one_line(name), one_line(name))?;
        return Ok(());
    }
    let number = |version: Option<u32>| version.map_or_else(|| "–".to_owned(), |number| number.to_string());
    let row = |change: &AliasChange| {
        let (from, to) = (number(change.from), number(change.to));
        let why = change.why.clone().unwrap_or_default();
        let words = [commands::minute(&change.time), change.alias.clone(), change.act.to_string(), from, to];
        words.into_iter().chain([change.who.clone(), why]).collect()
    };
    let rows: Vec<Vec<String>> = changes.iter().rev().map(row).collect();
    table::write_words(&mut out, &["time (UTC)", "alias", "what", "from", "to", "by", "why"], &rows)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_that_is_told_is_a_metric() {
        assert_eq!(table::columns(&LISTED).count(), LISTED.len());
        assert_eq!(table::columns(&SHOWN).count(), SHOWN.len());
    }
}
