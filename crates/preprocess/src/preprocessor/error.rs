//! Why columns could not be fitted or turned into inputs.

use nta_data::DataError;

use crate::ConfigError;

/// Preprocessing that failed. Each message names the column.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum PreprocessError {
    /// A value of the `preprocess:` section is out of range.
    #[error("in `preprocess`: {0}")]
    Config(#[from] ConfigError),
    /// No labels to rank categories by.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Nothing to fit on.
    #[error("the training part holds no rows")]
    NoRows,
    /// No column carries information.
    #[error("every feature column is constant or missing throughout in the training part: {columns}")]
    NothingLeft { columns: String },
    /// A column that was there in training.
    #[error(
        "{role} column `{column}` is missing: the model was trained with it, and the table of schema {schema} has \
         none by that name"
    )]
    MissingColumn { column: String, role: &'static str, schema: String },
    /// No time or entity where the model was trained with gaps.
    #[error(
        "the model was trained on the time between an entity's flows, and the table of schema {schema} holds no {what}"
    )]
    NoGap { what: &'static str, schema: String },
    /// A saved preprocessor that contradicts itself.
    #[error("the saved preprocessor is damaged: {0}")]
    Damaged(String),
}
