//! Which of the versions that there are is meant.

use nta_pipeline::ModelLine;

use crate::error::Problem;

/// The alias of the version in service.
pub(super) const CHAMPION: &str = "champion";

/// Those that can be read; champions first, then the newest.
pub(crate) fn sorted(mut models: Vec<ModelLine>) -> Vec<ModelLine> {
    models.retain(|model| model.damaged.is_none());
    models.sort_by(|a, b| is_champion(b).cmp(&is_champion(a)).then_with(|| b.created.cmp(&a.created)));
    models
}

fn is_champion(model: &ModelLine) -> bool {
    model.aliases.iter().any(|alias| alias == CHAMPION)
}

/// The version that is asked for, or the first. Only what stands in the list: a path or another server's model is not a
/// client's to name.
pub(crate) fn chosen(known: &[ModelLine], asked: Option<&str>) -> Result<String, Problem> {
    let found = match asked {
        Some(asked) => known.iter().find(|model| model.version == asked),
        None => known.first(),
    };
    found.map(|model| model.version.clone()).ok_or_else(|| match asked {
        Some(_) => Problem::not_found("model"),
        None => Problem::refuse("there is no model yet: try it on simulated traffic, or train one"),
    })
}
