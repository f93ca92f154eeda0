//! `nta config`.

use std::io::Write;

use nta_pipeline::RunConfig;

use crate::args::{Common, ConfigCommand};
use crate::commands;

pub(crate) fn config(command: &ConfigCommand, common: &Common) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match command {
        ConfigCommand::Schema => writeln!(out, "{}", RunConfig::json_schema())?,
        ConfigCommand::Check { config, set } => {
            let loaded = RunConfig::load(config, set, common.home.as_deref())?;
            if common.json {
                drop(out);
                return commands::json(&loaded.config);
            }
            write!(out, "{}", loaded.config.to_yaml())?;
        }
    }
    Ok(())
}
