//! `nta doctor`.

use std::io::Write;

use nta_pipeline::checkup;

use crate::args::Common;
use crate::{commands, visible};

pub(crate) fn doctor(common: &Common) -> anyhow::Result<()> {
    let found = checkup(&commands::project(common));
    if common.json {
        return commands::json(&found);
    }
    let mut out = visible::out();
    let unknown = || "unknown".to_owned();
    let memory = found.memory_bytes.map_or_else(unknown, |bytes| format!("{:.1} GB", bytes as f64 / 1e9));
    let lines = [
        ("nta", found.version),
        ("system", found.system),
        ("cpu", found.cpu.unwrap_or_else(unknown)),
        ("vectors", found.vectors),
        ("threads", found.threads.to_string()),
        ("memory", memory),
        ("home", commands::shown(&found.home)),
    ];
    for (name, what) in lines {
        writeln!(out, "  {name:<11} {what}")?;
    }
    for (i, device) in found.devices.iter().enumerate() {
        let head = if i == 0 { "lstm.device" } else { "" };
        let not = if device.available { "" } else { "not available: " };
        writeln!(out, "  {head:<11} {:<8} {not}{}", device.name, device.what)?;
    }
    Ok(())
}
