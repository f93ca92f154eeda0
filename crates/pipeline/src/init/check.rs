//! A config as it stands, edited or not: what each column is by its schema, and what a run would do.

use std::collections::BTreeMap;

use nta_data::Schema;
use nta_ingest::ColumnRole;

use super::tried;
use crate::config::LoadedConfig;
use crate::dry_run::DryRun;
use crate::error::PipelineError;
use crate::event::Listener;

/// What is found.
#[derive(Debug, Clone, Default)]
pub struct CheckedConfig {
    /// What each column that the schema names is.
    pub roles: BTreeMap<String, ColumnRole>,
    /// Labels that mean benign.
    pub benign: Vec<String>,
    /// What a run would do; `None` where there would be none.
    pub plan: Option<DryRun>,
    /// Why there would be none, by file, line and column where a text is wrong.
    pub problem: Option<String>,
}

/// Looks at the config and its schema, and tries both on the files, on a sample of them where they are large.
///
/// # Errors
/// A system that refuses. What the texts get wrong is a problem, and no error.
pub fn check_config(loaded: &LoadedConfig, listener: &dyn Listener) -> Result<CheckedConfig, PipelineError> {
    let mut checked = CheckedConfig::default();
    match nta_ingest::load_schema(&loaded.config.data.schema, &loaded.project.root) {
        Ok(schema) => {
            checked.roles = roles(&schema);
            checked.benign = schema.label.map(|label| label.benign).unwrap_or_default();
        }
        Err(error) => return Ok(CheckedConfig { problem: Some(error.to_string()), ..checked }),
    }
    (checked.plan, checked.problem) = tried(loaded, listener)?;
    Ok(checked)
}

/// What each column is; of several that one is, the one that says most.
pub(super) fn roles(schema: &Schema) -> BTreeMap<String, ColumnRole> {
    let mut roles = BTreeMap::new();
    let mut of = |role, names: Vec<&String>| {
        for name in names {
            roles.entry(name.clone()).or_insert(role);
        }
    };
    of(ColumnRole::Label, schema.label.iter().map(|label| &label.column).collect());
    of(ColumnRole::Family, schema.family.iter().map(|family| &family.column).collect());
    of(ColumnRole::Time, schema.time.iter().map(|time| &time.column).collect());
    of(ColumnRole::Duration, schema.duration.iter().collect());
    of(ColumnRole::Src, schema.entity.src.iter().collect());
    of(ColumnRole::Dst, schema.entity.dst.iter().collect());
    of(ColumnRole::Number, schema.numeric.iter().map(|column| &column.name).collect());
    of(ColumnRole::Category, schema.categorical.iter().map(|column| &column.name).collect());
    of(ColumnRole::Ignored, schema.ignored.iter().collect());
    roles
}
