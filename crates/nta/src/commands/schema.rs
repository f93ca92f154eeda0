//! `nta schema`.

use std::io::Write;

use nta_pipeline::{infer_schema, list_schemas, show_schema};

use crate::args::{Common, SchemaCommand};
use crate::progress::Progress;
use crate::{commands, visible};

pub(crate) fn schema(command: &SchemaCommand, common: &Common) -> anyhow::Result<()> {
    match command {
        SchemaCommand::List if common.json => commands::json(&list_schemas())?,
        SchemaCommand::List => {
            let mut out = visible::out();
            let schemas = list_schemas();
            let width = schemas.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
            for (name, description) in schemas {
                writeln!(out, "  {name:<width$}  {description}")?;
            }
        }
        SchemaCommand::Show { name } => commands::yaml(&show_schema(name, &commands::project(common))?)?,
        SchemaCommand::Infer { file } => commands::yaml(&infer_schema(file, &Progress::new(common.quiet))?)?,
    }
    Ok(())
}
