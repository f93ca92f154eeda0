//! `nta promote`, `nta rollback`, `nta gc`, and the aliases of `nta models`.

use std::io::Write;

use nta_pipeline::{AliasMoved, Collected, Removal, by_account, collect_garbage, remove_alias};

use crate::args::{Common, GcArgs, PromoteArgs, RollbackArgs};
use crate::progress::Progress;
use crate::{commands, table, visible};

pub(crate) fn promote(args: &PromoteArgs, common: &Common) -> anyhow::Result<()> {
    let project = commands::project(common);
    tell(
        &nta_pipeline::promote(
            &project,
            &args.model,
            &args.alias,
            &by_account(args.why.clone()),
            &Progress::new(common.quiet),
        )?,
        common,
    )
}

pub(crate) fn rollback(args: &RollbackArgs, common: &Common) -> anyhow::Result<()> {
    let project = commands::project(common);
    tell(
        &nta_pipeline::rollback(
            &project,
            &args.name,
            &args.alias,
            &by_account(args.why.clone()),
            &Progress::new(common.quiet),
        )?,
        common,
    )
}

pub(crate) fn alias(model: &str, alias: &str, common: &Common) -> anyhow::Result<()> {
    tell(
        &nta_pipeline::promote(
            &commands::project(common),
            model,
            alias,
            &by_account(None),
            &Progress::new(common.quiet),
        )?,
        common,
    )
}

pub(crate) fn unalias(alias: &str, common: &Common) -> anyhow::Result<()> {
    tell(&remove_alias(&commands::project(common), alias, &Progress::new(common.quiet))?, common)
}

fn tell(moved: &AliasMoved, common: &Common) -> anyhow::Result<()> {
    if common.json {
        return commands::json(moved);
    }
    let mut out = visible::out();
    let alias = &moved.alias;
    match (&moved.before, &moved.version) {
        (Some(before), Some(now)) if before == now => writeln!(out, "{alias} points at {now}, as before")?,
        (Some(before), Some(now)) => writeln!(out, "{alias} now points at {now}, in place of {before}")?,
        (Some(before), None) => writeln!(out, "{alias} no longer points at {before}")?,
        (None, now) => writeln!(out, "{alias} now points at {}", now.as_deref().unwrap_or("nothing"))?,
    }
    Ok(())
}

pub(crate) fn gc(args: &GcArgs, common: &Common) -> anyhow::Result<()> {
    let removal = if args.dry_run { Removal::OnlySay } else { Removal::Do };
    let told = collect_garbage(&commands::project(common), args.keep as usize, removal, &Progress::new(common.quiet))?;
    if common.json {
        return commands::json(&told);
    }
    let mut out = visible::out();
    let goes = if args.dry_run { "would go" } else { "gone" };
    let size = |bytes: u64| match bytes as f64 {
        small if small < 1e6 => format!("{:.0} kB", small / 1e3),
        large => format!("{:.1} MB", large / 1e6),
    };
    let row = |one: &Collected| {
        let what = one.kept.as_ref().map_or_else(|| goes.to_owned(), |why| format!("stays: {why}"));
        vec![one.version.clone(), size(one.bytes), what]
    };
    if !told.is_empty() {
        table::write_words(&mut out, &["model", "size", ""], &told.iter().map(row).collect::<Vec<_>>())?;
    }
    let gone: Vec<&Collected> = told.iter().filter(|one| one.kept.is_none()).collect();
    let (n_gone, n_kept) = (gone.len(), told.len() - gone.len());
    writeln!(out, "{n_gone} {goes} ({}), {n_kept} stay", size(gone.iter().map(|one| one.bytes).sum()))?;
    Ok(())
}
