//! `nta meter`.

use std::io::Write;

use nta_pipeline::{MeterConfig, MeterOutcome, MeterRequest, meter as job};

use crate::args::{Common, MeterArgs};
use crate::progress::Progress;
use crate::{commands, visible, words};

const SECOND: i64 = 1_000_000_000;

pub(crate) fn meter(args: &MeterArgs, common: &Common) -> anyhow::Result<()> {
    let idle = i64::from(args.idle) * SECOND;
    let config = MeterConfig {
        tcp_idle: i64::from(args.tcp_idle) * SECOND,
        udp_idle: idle,
        other_idle: idle,
        active: args.active.map(|seconds| i64::from(seconds) * SECOND),
        max_flows: args.max_flows as usize,
        ..MeterConfig::default()
    };
    let captures = args.captures.iter().map(|path| path.display().to_string()).collect();
    let request = MeterRequest { captures, output: args.output.clone(), config };
    let outcome = job(&request, Box::new(std::io::stdout()), &Progress::new(common.quiet))?;
    match (&outcome.output, common.json) {
        (Some(_), true) => commands::json(&outcome),
        (Some(path), false) => {
            let mut out = visible::out();
            show(&mut out, &outcome)?;
            Ok(writeln!(out, "  written     {}", commands::shown(path))?)
        }
        // The flows themselves are on standard output.
        (None, _) if common.quiet => Ok(()),
        (None, _) => Ok(show(&mut visible::err(), &outcome)?),
    }
}

fn show(out: &mut impl Write, outcome: &MeterOutcome) -> std::io::Result<()> {
    let counts = &outcome.summary.counts;
    writeln!(out, "  flows       {} of {} packets", counts.flows, counts.metered)?;
    for (i, what) in words::unmetered(counts).iter().enumerate() {
        writeln!(out, "  {:<11} {what}", if i == 0 { "besides" } else { "" })?;
    }
    for (file, cut) in &outcome.summary.cut {
        let cut = format!("{file} ends at byte {}: {}; {} bytes were not read", cut.offset, cut.problem, cut.bytes);
        writeln!(out, "  cut         {}", visible::one_line(&cut))?;
    }
    Ok(())
}
