//! `nta sync`.

use std::io::Write;

use nta_pipeline::{SyncLine, sync as job};

use crate::args::{Common, SyncArgs};
use crate::progress::Progress;
use crate::visible::one_line;
use crate::{commands, visible};

pub(crate) fn sync(args: &SyncArgs, common: &Common) -> anyhow::Result<()> {
    let lines = job(&commands::project(common), &args.runs, args.to.as_deref(), &Progress::new(common.quiet))?;
    if common.json {
        commands::json(&lines)?;
    } else {
        show(&lines)?;
    }
    let unsent = lines.iter().filter(|line| !line.is_whole()).count();
    anyhow::ensure!(unsent == 0, "{unsent} of {} runs are not wholly on the server", lines.len());
    Ok(())
}

fn show(lines: &[SyncLine]) -> anyhow::Result<()> {
    let mut out = visible::out();
    if lines.is_empty() {
        writeln!(out, "nothing to send: every tracked run is on its server")?;
    }
    for line in lines {
        match line.is_whole() {
            true if line.lacked.is_nothing() => writeln!(out, "{} was there already", one_line(&line.run))?,
            true => writeln!(out, "{} sent: {}", one_line(&line.run), line.lacked)?,
            false => writeln!(out, "{} not delivered: {}", one_line(&line.run), line.remaining)?,
        }
        if let Some(why) = &line.why {
            writeln!(out, "  {}", one_line(why))?;
        }
        if let Some(page) = &line.page {
            writeln!(out, "  {}", one_line(page))?;
        }
    }
    Ok(())
}
