//! Where a table keeps the columns that were fitted: matched by name, never by position.

use nta_data::{Categories, Dataset};

use super::Preprocessor;
use super::error::PreprocessError;

/// The fitted columns as the table has them, in the order of the fit.
pub(super) struct Columns<'a> {
    pub(super) numeric: Vec<&'a [f32]>,
    pub(super) categorical: Vec<&'a Categories>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(preprocessor: &Preprocessor, dataset: &'a Dataset) -> Result<Self, PreprocessError> {
        let missing = |role: &'static str, name: &str| PreprocessError::MissingColumn {
            column: name.to_owned(),
            role,
            schema: dataset.schema.name.clone(),
        };
        let schema = &dataset.schema;
        let numeric = preprocessor.numeric.iter().map(|fitted| {
            let place = schema.numeric.iter().position(|c| c.name == fitted.name);
            let column = place.and_then(|p| dataset.numeric.get(p));
            column.map(Vec::as_slice).ok_or_else(|| missing("number", &fitted.name))
        });
        let categorical = preprocessor.categorical.iter().map(|fitted| {
            let place = schema.categorical.iter().position(|c| c.name == fitted.name);
            place.and_then(|p| dataset.categorical.get(p)).ok_or_else(|| missing("text", &fitted.name))
        });
        Ok(Columns { numeric: numeric.collect::<Result<_, _>>()?, categorical: categorical.collect::<Result<_, _>>()? })
    }
}
