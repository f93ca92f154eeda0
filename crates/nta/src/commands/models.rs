//! `nta models`, its changes of aliases, and `nta verify`.

use std::io::Write;

use nta_pipeline::{models as list, remove_alias, set_alias, verify as check};

use crate::args::{Common, ModelsCommand};
use crate::progress::Progress;
use crate::{commands, table, visible};

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
    let row = |line: &nta_pipeline::ModelLine| {
        let digest = line.digest.chars().take(12).collect();
        let what = line.damaged.clone().unwrap_or_else(|| line.run.clone());
        vec![line.version.clone(), line.aliases.join(" "), line.created.clone(), digest, what]
    };
    let rows: Vec<Vec<String>> = lines.iter().map(row).collect();
    table::write(&mut out, &["model", "alias", "trained", "digest", "run"], &rows)?;
    Ok(())
}

pub(crate) fn change(change: &ModelsCommand, common: &Common) -> anyhow::Result<()> {
    let (project, progress) = (commands::project(common), Progress::new(common.quiet));
    let (moved, said) = match change {
        ModelsCommand::Alias { model, alias } => (set_alias(&project, model, alias, &progress)?, "now points at"),
        ModelsCommand::Unalias { alias } => (remove_alias(&project, alias, &progress)?, "no longer points at"),
    };
    if common.json {
        return commands::json(&moved);
    }
    writeln!(visible::out(), "{} {said} {}", moved.alias, moved.version)?;
    Ok(())
}

pub(crate) fn verify(model: &str, common: &Common) -> anyhow::Result<()> {
    let verified = check(&commands::project(common), model)?;
    if common.json {
        return commands::json(&verified);
    }
    let mut out = visible::out();
    writeln!(out, "{} is whole (digest {})", verified.model, verified.digest)?;
    let (rows, difference) = (verified.golden_rows, verified.largest_difference);
    writeln!(out, "{rows} golden rows scored again, largest difference {difference:e}")?;
    Ok(())
}
