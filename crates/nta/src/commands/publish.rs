//! `nta publish` and `nta verify`.

use std::io::Write;

use nta_pipeline::{Proved, PublishRequest, VerifyRequest, publish as job, thousands, verify as check};

use crate::args::{Common, PublishArgs, VerifyArgs};
use crate::progress::Progress;
use crate::{commands, visible};

pub(crate) fn publish(args: &PublishArgs, common: &Common) -> anyhow::Result<()> {
    let request = PublishRequest {
        model: args.model.clone(),
        output: args.output.clone(),
        rows: args.proof.rows.clone(),
        onnxruntime: args.proof.onnxruntime.clone(),
        sign: args.sign.clone(),
        licence: args.licence.clone(),
        project: commands::project(common),
    };
    let outcome = job(&request, &Progress::new(common.quiet))?;
    if common.json {
        return commands::json(&outcome);
    }
    let mut out = visible::out();
    let signed = if outcome.signed { ", signed" } else { "" };
    writeln!(out, "  model       {}", outcome.model)?;
    writeln!(out, "  proved      {}", proved(&outcome.proved))?;
    writeln!(out, "  published   {} ({} files{signed})", commands::shown(&outcome.folder), outcome.files)?;
    Ok(())
}

pub(crate) fn verify(args: &VerifyArgs, common: &Common) -> anyhow::Result<()> {
    let request = VerifyRequest {
        model: args.model.clone(),
        rows: args.proof.rows.clone(),
        onnxruntime: args.proof.onnxruntime.clone(),
        key: args.key.clone(),
        project: commands::project(common),
    };
    let verified = check(&request, &Progress::new(common.quiet))?;
    if common.json {
        return commands::json(&verified);
    }
    let mut out = visible::out();
    writeln!(out, "{} is whole (digest {})", verified.model, verified.digest)?;
    let (rows, difference) = (verified.golden_rows, verified.largest_difference);
    writeln!(out, "{rows} golden rows scored again, largest difference {difference:e}")?;
    if let (Some(files), Some(found)) = (verified.published_files, &verified.proved) {
        writeln!(out, "{files} files as they were published")?;
        writeln!(out, "{}", proved(found))?;
    }
    Ok(())
}

fn proved(proved: &Proved) -> String {
    let (rows, flagged) = (thousands(proved.parity.rows), thousands(proved.parity.flagged));
    let (by, difference) = (proved.by.join(" and "), proved.parity.largest_difference);
    format!(
        "{rows} flows through graph and model by {by}: scores within {difference:.1e}, all flags equal ({flagged} set)"
    )
}
