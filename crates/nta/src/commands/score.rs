//! `nta score`.

use std::io::Write;

use nta_pipeline::{ScoreOutcome, ScoreRequest, require_key, score as job};

use crate::args::{Common, ScoreArgs};
use crate::progress::Progress;
use crate::{commands, table, visible, words};

pub(crate) fn score(args: &ScoreArgs, common: &Common) -> anyhow::Result<()> {
    let request = ScoreRequest {
        model: args.model.clone(),
        input: args.input.clone(),
        output: args.output.clone(),
        batch_rows: args.batch as usize,
        reasons: args.explain.map(|most| most as usize),
        sensor: args.sensor.clone(),
        bad_rows: args.bad_rows.into(),
        project: commands::project(common),
    };
    if let Some(key) = &args.require_key {
        require_key(&request.project, &args.model, key)?;
    }
    let outcome = job(&request, &Progress::new(common.quiet))?;
    if common.json {
        return commands::json(&outcome);
    }
    show(&outcome)
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
    writeln!(out, "  model       {}", outcome.model)?;
    if let Some(time) = &outcome.time {
        writeln!(out, "  span        {}", words::span(time))?;
    }
    if outcome.newest_first {
        let why = "the newest rows stand first, and this model takes rows as they stand: sort the file by time";
        writeln!(out, "  order       {why}")?;
    }
    writeln!(out, "  flagged     {} of {} flows", outcome.flagged, outcome.rows)?;
    writeln!(out, "  scored      {}", commands::shown(&outcome.output))?;
    if let Some(rejects) = outcome.rejects.as_ref().filter(|_| outcome.set_aside > 0) {
        writeln!(out, "  set aside   {} rows that cannot be read, {}", outcome.set_aside, commands::shown(rejects))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_told_against_labels_is_a_metric() {
        assert_eq!(table::columns(&AGAINST_LABELS).count(), AGAINST_LABELS.len());
    }
}
