//! What a model's own config says of drift.

use nta_audit::DriftConfig;
use nta_model::Model;

use crate::yaml;

/// The limits of the model's config. A model of before there were limits, or one made by other hands, is held to the usual
/// ones. Its text is read within the bounds of any config's, and no other block of it has a say here.
pub(crate) fn own_limits(model: &Model) -> DriftConfig {
    let own = yaml::parse(&model.provenance.config).ok().and_then(|mut config| {
        let block = config.value.get_mut("drift").map(serde_json::Value::take)?;
        serde_json::from_value::<DriftConfig>(block).ok()
    });
    own.unwrap_or_default()
}
