//! `nta config`.

use std::io::Write;

use nta_pipeline::RunConfig;

use crate::args::{Common, ConfigCommand};
use crate::commands;

pub(crate) fn config(command: &ConfigCommand, common: &Common) -> anyhow::Result<()> {
    match command {
        ConfigCommand::Schema => writeln!(std::io::stdout().lock(), "{}", RunConfig::json_schema())?,
        ConfigCommand::Check { config, set } => {
            let loaded = RunConfig::load(config, set, common.home.as_deref())?;
            if common.json {
                return commands::json(&loaded.config);
            }
            commands::yaml(&loaded.config.to_yaml())?;
        }
    }
    Ok(())
}
